"""Debian's Kannel in the place of the partner sms, and the network around it: what the hub asks of
the gateway and what the gateway reports to the hub goes through here. What was sent is judged at
the phones, which fakesmsc writes down."""

from __future__ import annotations

import pathlib
import re
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable

from stage import Failed, call

from kannel import Kannel, Part  # the path is set by stage

SENDSMS = "/cgi-bin/sendsms"
NO_ANSWER = "did-it-but-no-answer"
RETRY_SECONDS = 0.1
FINAL = ("1", "2", "16")  # delivered, not delivered, rejected: no other report comes after it
STATE = re.compile(r"(?<=state=)(?:%d|\d+)")


def whole(parts: list[Part]) -> list[dict[str, str]]:
    """The messages of these parts, in the order in which their last parts came."""
    begun: dict[str, list[Part]] = {}
    messages = []
    for part in parts:
        begun.setdefault(part.to, []).append(part)
        if part.place == part.of:
            messages.append({"to": part.to, "text": "".join(p.text for p in begun.pop(part.to))})
    return messages


class Gateway:
    """Has a simulated partner's face as far as the scenarios use it."""

    name, doors = "sms", ""

    def __init__(
        self,
        folder: pathlib.Path,
        password: str,
        hub_address: Callable[[], str],
    ) -> None:
        self._hub_address = hub_address
        self._lock = threading.Lock()
        self._accepted: dict[str, int] = {}  # messages by the address of their reports
        self._unreported: set[str] = set()
        self._reports, self._no_answer = True, 0
        self._ended = threading.Event()
        self.kannel = Kannel(folder / "kannel", password)
        self.log = folder / "kannel" / "fakesmsc.out"
        self._network = Network(self)
        self.kannel.start()

    @property
    def reports_url(self) -> str:
        return f"http://127.0.0.1:{self._network.server_address[1]}"

    @property
    def url(self) -> str:
        return self.reports_url + SENDSMS

    def end(self) -> None:
        self._ended.set()
        self._network.shutdown()
        self._network.server_close()
        self.kannel.end()

    # The scenarios.

    def act(self, act: str, answer: str = "accept", report: str = "delivered") -> None:
        if act != "mode" or answer != "accept" or report not in ("delivered", "none"):
            raise Failed(f"Kannel is not told to {act} {answer} {report}")
        with self._lock:
            self._reports = report == "delivered"

    def fault(self, fault: str, count: int = 1, operation: str = "sendsms") -> None:
        if fault != NO_ANSWER or operation != "sendsms":
            raise Failed(f"there is no fault {fault} of {operation} before Kannel")
        with self._lock:
            self._no_answer += count

    def ready(self) -> None:
        """It is, once it is there."""

    def mark(self) -> int:
        return len(self.messages())

    def messages(self) -> list[dict[str, str]]:
        return whole(self.kannel.parts())

    def busy(self) -> int:
        """Messages on their way to a phone, and reports on their way to the hub."""
        with self._lock:
            accepted, unreported = sum(self._accepted.values()), len(self._unreported)
        return max(accepted - len(self.messages()), 0) + unreported

    def entries(self, kind: str = "", key: str = "", direction: str = "") -> list[dict[str, Any]]:
        return [
            {"kind": "sendsms", "direction": "in", "key": message["to"], "fields": message}
            for message in self.messages()
            if kind in ("", "sendsms") and key in ("", message["to"]) and direction in ("", "in")
        ]

    def ledger(self, _query: str = "") -> dict[str, Any]:
        entries = self.entries()
        with self._lock:
            accepted = dict(self._accepted)
        return {"entries": entries, "last": len(entries), "byReportUrl": accepted}

    # The network.

    def pass_on(self, path: str) -> tuple[int, bytes] | None:
        """What Kannel answers; none: it did, and nobody is told."""
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query))
        reports = STATE.sub("*", asked.get("dlr-url", "").removeprefix(self.reports_url))
        with self._lock:
            if self._reports:
                self._unreported.add(reports)  # before it is sent: they may come before its answer
        status, text = call(f"127.0.0.1:{self.kannel.sendsms}", "GET", path)
        with self._lock:
            if status == 202:
                self._accepted[reports] = self._accepted.get(reports, 0) + 1
            else:
                self._unreported.discard(reports)
            if self._no_answer > 0:
                self._no_answer -= 1
                return None
        return status, str(text or "").encode()

    def report(self, path: str) -> None:
        with self._lock:
            wanted = self._reports
        if wanted:
            threading.Thread(target=self._report, args=(path,), daemon=True).start()

    def _report(self, path: str) -> None:
        """Until the hub answers; one that comes back on another port is found."""
        while not self._ended.is_set():
            address = self._hub_address()
            try:
                if address and call(address, "GET", path)[0] < 500:
                    break
            except OSError:
                pass
            self._ended.wait(RETRY_SECONDS)
        if (found := STATE.search(path)) and found[0] in FINAL:
            with self._lock:
                self._unreported.discard(STATE.sub("*", path))


class Network(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(("127.0.0.1", 0), Passage)
        self.gateway = gateway
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The hub was killed while it asked."""


class Passage(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Network

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        answer: tuple[int, bytes] | None = (200, b"")
        if self.path.startswith(SENDSMS + "?"):
            answer = self.server.gateway.pass_on(self.path)
        else:
            self.server.gateway.report(self.path)
        self.close_connection = answer is None
        if answer is not None:
            self.send_response(answer[0])
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(answer[1])))
            self.end_headers()
            self.wfile.write(answer[1])
