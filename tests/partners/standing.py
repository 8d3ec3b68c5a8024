"""What the tests of the simulated partners stand on: a partner as a process, and a hub made of
Proton's Python container and http.server, so that no code of the real hub is needed."""

from __future__ import annotations

import json
import pathlib
import queue
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from proton import Condition, Message
from proton.handlers import MessagingHandler
from proton.reactor import ApplicationEvent, Container, EventInjector

PARTNERS = pathlib.Path(__file__).resolve().parents[2] / "ops" / "partners"
PATIENCE_SECONDS = 20
sys.path.insert(0, str(PARTNERS))


def until(true: Any, what: str = "it") -> Any:
    """Waits for a condition, not for a time; fails after PATIENCE_SECONDS."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        value = true()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"{what} did not happen")


class PartnerProcess:
    """One partner, started as the demonstration starts it."""

    def __init__(
        self, name: str, folder: pathlib.Path, secrets: pathlib.Path | None = None
    ) -> None:
        file = folder / f"{name}.announce"
        command = [
            sys.executable,
            str(PARTNERS / f"{name}.py"),
            "--announce",
            str(file),
            "--hub",
            str(folder / "hub.json"),
        ]
        if secrets:
            command += ["--secrets", str(secrets)]
        self.process = subprocess.Popen(command)
        self.where = json.loads(
            until(lambda: file.exists() and file.read_text(), f"{name}'s start")
        )

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.where["doors"] + path, data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def act(self, name: str, **fields: Any) -> Any:
        status, answer = self.call("POST", "/acts", {"act": name, **fields})
        assert status == 200, answer
        return answer

    def fault(self, kind: str, **fields: Any) -> None:
        status, answer = self.call("POST", "/faults", {"fault": kind, **fields})
        assert status == 200, answer

    def entries(self, **filters: Any) -> list[dict[str, Any]]:
        found = self.call("GET", "/ledger")[1]["entries"]
        return [e for e in found if all(e[name] == value for name, value in filters.items())]

    def busy(self) -> int:
        return self.call("GET", "/ledger")[1]["busy"]

    def quiet(self) -> None:
        until(lambda: self.busy() == 0, "busy 0")

    def end(self) -> int:
        self.process.terminate()
        return self.process.wait(PATIENCE_SECONDS)


class AmqpHub(MessagingHandler):
    """Listens like the hub: accepts what comes (or answers as `verdicts` say), sends what is
    put."""

    def __init__(self, file: pathlib.Path) -> None:
        super().__init__(auto_accept=False, prefetch=50)
        self._file = file
        self.received: list[tuple[str, Message]] = []
        self.verdicts: list[str] = []
        self.outcomes: queue.Queue[tuple[str, str]] = queue.Queue()
        self.receivers: dict[str, Any] = {}
        self.resets = 0
        self.acceptor: Any = None
        self._connections: list[Any] = []
        self._injector = EventInjector()
        self._container = Container(self)
        self._container.selectable(self._injector)
        threading.Thread(target=self._container.run, daemon=True).start()
        until(lambda: self.acceptor, "listening")

    def on_start(self, event: Any) -> None:
        self.acceptor = event.container.listen("127.0.0.1:0")
        port = self.acceptor._selectable._delegate.getsockname()[1]
        self._file.write_text(json.dumps({"amqp": f"127.0.0.1:{port}"}))

    def on_connection_opening(self, event: Any) -> None:
        self._connections.append(event.connection)

    def on_link_opening(self, event: Any) -> None:
        link = event.link
        if link.is_sender:
            link.source.address = link.remote_source.address
            self.receivers[link.source.address] = link
        else:
            link.target.address = link.remote_target.address

    def on_message(self, event: Any) -> None:
        verdict = self.verdicts.pop(0) if self.verdicts else "accept"
        self.received.append((event.link.target.address, event.message))
        if verdict == "cut":
            self._close(event.connection)
        elif verdict == "accept":
            self.accept(event.delivery)
        elif verdict == "release":
            self.release(event.delivery, delivered=False)
        else:
            event.delivery.local.condition = Condition(
                "masar:refused", "because"
            )
            self.reject(event.delivery)

    def _close(self, connection: Any) -> None:
        connection.transport.close_tail()
        connection.transport.close_head()

    def put(self, address: str, body: bytes, message_id: str) -> None:
        until(lambda: address in self.receivers, f"a receiver from {address}")
        self._injector.trigger(ApplicationEvent("put", subject=(address, body, message_id)))

    def on_put(self, event: Any) -> None:
        address, body, message_id = event.subject
        self.receivers[address].send(
            Message(id=message_id, body=body, inferred=True, content_type="application/xml")
        )

    def reset(self) -> None:
        """Resets the connections once what was put before has gone out."""
        self._injector.trigger(ApplicationEvent("reset"))

    def on_reset(self, event: Any) -> None:
        self._reset_when_sent()

    def on_timer_task(self, event: Any) -> None:
        self._reset_when_sent()

    def _reset_when_sent(self) -> None:
        live = [c for c in self._connections if c.transport is not None]
        if any(connection.transport.pending() > 0 for connection in live):
            self._container.schedule(0.01, self)
            return
        for connection in live:
            peer = connection.transport._selectable._delegate
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._close(connection)
            self.resets += 1
        self._connections.clear()

    def on_accepted(self, event: Any) -> None:
        self.outcomes.put(("accepted", event.link.source.address))

    def on_rejected(self, event: Any) -> None:
        self.outcomes.put(("rejected", event.link.source.address))

    def on_released(self, event: Any) -> None:
        self.outcomes.put(("released", event.link.source.address))

    def on_transport_error(self, event: Any) -> None:
        pass


class HttpHub(ThreadingHTTPServer):
    """The hub's HTTP side: `answer(path, query, headers, body)` gives (status, body)."""

    daemon_threads = True

    def __init__(self, file: pathlib.Path, answer: Any) -> None:
        super().__init__(("127.0.0.1", 0), _Exchange)
        self.answer = answer
        self.calls: list[tuple[str, bytes]] = []
        self.local = "2026-01-04T08:00:00"
        here = f"127.0.0.1:{self.server_address[1]}"
        file.write_text(json.dumps({"http": here, "admin": here}))
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def end(self) -> None:
        self.shutdown()
        self.server_close()


class _Exchange(BaseHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/clock":
            status, answer = (
                200,
                json.dumps(
                    {
                        "now": "2026-01-04T05:00:00Z",
                        "local": self.server.local,
                        "zone": "Asia/Amman",
                    }
                ).encode(),
            )
        else:
            self.server.calls.append((self.path, body))
            given = self.server.answer(self.path, self.headers, body)
            if given is None:
                self.close_connection = True
                return
            status, answer = given
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET


def folder() -> pathlib.Path:
    return pathlib.Path(tempfile.mkdtemp(prefix="partners-"))
