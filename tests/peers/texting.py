"""A hub that sends texts by the small configuration in texting/, what stands between it and a
gateway, and what people and phones see of a text."""

from __future__ import annotations

import http.client
import pathlib
import shutil
import socket
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "scenarios"))

from stage import Hub, wait_for  # noqa: E402  (the path is set above)
from trial import MASAR  # noqa: E402

TEXT = "<Text><no>{}</no><to>{}</to><text>{}</text></Text>"


class Reports(ThreadingHTTPServer):
    """The network between the gateway and the hub: holds every delivery report that the gateway
    sends, and hands it on when, and as often as, a test wants."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ReportHandler)
        self.held: list[str] = []
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def states(self) -> list[str]:
        return [urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)["state"][0]
                for path in list(self.held)]

    def hand_on(self, hub: Hub, state: str) -> int:
        """The hub's answer to the held report of that state."""
        path = next(path for path in self.held if path.endswith(f"state={state}"))
        connection = http.client.HTTPConnection(hub.addresses["http"], timeout=20)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()


class ReportHandler(BaseHTTPRequestHandler):
    server: Reports

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.server.held.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


class Deaf:
    """A relay to a gateway that passes every request on, waits for the answer and drops it."""

    def __init__(self, port: int) -> None:
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port, self.calls = port, 0
        threading.Thread(target=self.serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.door.getsockname()[1]}/cgi-bin/sendsms"

    def serve(self) -> None:
        while True:
            try:
                caller, _ = self.door.accept()
            except OSError:
                return
            with caller, socket.create_connection(("127.0.0.1", self.port), 20) as gateway:
                request = b""
                while b"\r\n\r\n" not in request:
                    request += caller.recv(65536)
                gateway.sendall(request)
                gateway.recv(65536)
                self.calls += 1

    def close(self) -> None:
        self.door.close()


class Texting:
    """The hub; `settings` are those of texting/config/hub.xml, `changes` replace text in files of
    the configuration."""

    def __init__(self, folder: pathlib.Path, secrets: dict[str, str], settings: dict[str, str],
                 changes: dict[str, tuple[str, str]] | None = None) -> None:
        own = folder / "own"
        shutil.copytree(pathlib.Path(__file__).parent / "texting", own)
        for name, (old, new) in (changes or {}).items():
            text = (own / name).read_text("utf-8")
            if old not in text:
                raise AssertionError(f"{name} does not hold {old}")
            (own / name).write_text(text.replace(old, new), "utf-8")
        (folder / "secrets").mkdir()
        for name, value in {"report-key": "not-to-be-guessed-ever",
                            "national-password": "n", **secrets}.items():
            (folder / "secrets" / name).write_text(value + "\n", "utf-8")
        self.hub = Hub(MASAR, folder, folder / "secrets", settings, config=own / "config")
        self.hub.start()

    def end(self) -> None:
        self.hub.end()

    def send(self, number: str, text: str, to: str = "962791234567") -> None:
        connection = http.client.HTTPConnection(self.hub.addresses["http"], timeout=20)
        try:
            connection.request("POST", "/texts", TEXT.format(number, to, text).encode(),
                               {"Content-Type": "application/xml"})
            answer = connection.getresponse()
            if answer.status != 200:
                raise AssertionError(f"{answer.status}: {answer.read().decode()}")
        finally:
            connection.close()

    def case(self, number: str) -> dict[str, Any]:
        return self.hub.get(f"/api/cases/{number}")

    def effects(self, number: str) -> list[dict[str, Any]]:
        return self.case(number)["effects"]

    def ended(self, number: str) -> dict[str, Any]:
        """The text's effect once no attempt of it is to come; the last one where it failed over."""
        def over() -> dict[str, Any] | None:
            last = self.effects(number)[-1]
            return last if last["state"] not in ("ready", "sending") else None
        return wait_for(over, f"the end of text {number}")

    def tasks(self, number: str) -> list[dict[str, Any]]:
        return self.hub.get(f"/api/tasks?case={number}")["tasks"]

    def attempts(self, number: str) -> list[str]:
        """The outcomes of all attempts, as the timeline has them."""
        return [row["text"] for row in self.case(number)["timeline"] if row["kind"] == "outcome"]
