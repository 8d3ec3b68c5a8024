"""What every partner has in common: its command line, its HTTP server, and its three doors.

    GET  /ledger?since=N&kind=K&key=X   all it saw and did, in order, and `busy`
    GET  /faults   POST /faults   DELETE /faults
    GET  /acts     POST /acts           what its people do

A partner is a class with an `acts` table and, where it serves HTTP itself, a `serve` method.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import pathlib
import select
import signal
import socket
import struct
import threading
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from faults import GARBAGE, BadRequest, Fault, Faults, Swap
from hub import Hub
from ledger import Busy, Ledger

BODY_BYTES_MAX = 4 << 20
IDLE_SECONDS = 120

Act = Callable[[dict[str, Any]], dict[str, Any] | None]


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: Any
    body: bytes
    alive: Callable[[], bool] = lambda: True


@dataclass
class Reply:
    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    after: Callable[[], None] | None = None  #: done once the answer is written
    headers: dict[str, str] = field(default_factory=dict)


class Drop(Exception):
    """The connection ends without an answer; `reset` sends a TCP reset."""

    def __init__(self, reset: bool) -> None:
        super().__init__("no answer")
        self.reset = reset


class Partner:
    """Base of all partners. Subclasses register their acts and serve their protocol."""

    name = "partner"
    service_path: str | None = None

    def __init__(self, options: argparse.Namespace) -> None:
        self.hub = Hub(options.hub, options.broker)
        self.secrets_dir: pathlib.Path | None = options.secrets
        self.busy = Busy()
        self.faults = Faults()
        self.swap = Swap()
        self.ledger = Ledger(self.name, self.hub.now, self.busy)
        self.acts: dict[str, tuple[Act, str, dict[str, Any]]] = {}

    def act(self, name: str, do: Act, about: str, **example: Any) -> None:
        self.acts[name] = (do, about, {"act": name, **example})

    def secret(self, name: str) -> str | None:
        """A secret by name; None where this partner was given no secrets or not this one."""
        if self.secrets_dir is None:
            return None
        try:
            return (self.secrets_dir / name).read_text("utf-8").removesuffix("\n")
        except FileNotFoundError:
            return None

    def start(self) -> None:
        """Begins whatever the partner does by itself."""

    def stop(self) -> None:
        """Ends it."""

    def summary(self) -> dict[str, Any]:
        """Further members of the ledger's page."""
        return {}

    def serve(self, request: Request) -> Reply:
        return Reply(404, b"there is nothing here\n")

    def faulty(self, operation: str, request: Request, do: Callable[[], Reply]) -> Reply:
        """Does one call as the faults of the moment have it."""
        fault = self.faults.take(
            operation,
            among=(
                "slow",
                "silent",
                "500",
                "reset",
                "did-it-but-no-answer",
                "out-of-order",
                "garbage",
            ),
        )
        if fault is None:
            reply = do()
            self.swap.gone_by()
            return reply
        self.ledger.add("fault", fault.kind, None, {"operation": operation})
        if fault.kind == "silent":
            with self.busy.held():
                self.faults.wait_until_cleared(request.alive)
            raise Drop(reset=False)
        if fault.kind == "reset":
            raise Drop(reset=True)
        if fault.kind == "500":
            return Reply(500, b"internal error\n")
        return self._late_or_lost(fault, do)

    def _late_or_lost(self, fault: Fault, do: Callable[[], Reply]) -> Reply:
        if fault.kind == "slow":
            threading.Event().wait(fault.ms / 1000)
            return do()
        if fault.kind == "out-of-order":
            self.swap.wait_for_next(fault.ms)
            return do()
        reply = do()
        if fault.kind == "garbage":
            return Reply(200, GARBAGE, "text/html", after=reply.after)
        if reply.after is not None:
            reply.after()
        raise Drop(reset=False)

    def page(self, query: dict[str, str]) -> dict[str, Any]:
        since = query.get("since", "0")
        if not since.isdigit():
            raise BadRequest("since is a number")
        found = self.ledger.page(int(since), query.get("kind"), query.get("key"))
        return {**self.summary(), **found}

    def perform(self, wanted: dict[str, Any]) -> dict[str, Any]:
        name = str(wanted.get("act", ""))
        if name not in self.acts:
            raise BadRequest(f"act is one of {', '.join(sorted(self.acts))}")
        fields = {k: v for k, v in wanted.items() if k != "act"}
        key = fields.get("applicationId") or fields.get("billingNo") or fields.get("sketchNo")
        with self.busy.work():
            self.ledger.add("act", name, key, fields)
            return {"ok": True, **(self.acts[name][0](fields) or {})}


class Handler(BaseHTTPRequestHandler):
    """One connection. Answers are written in one piece."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS
    server: Server

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_DELETE = do_PUT = do_GET

    def _answer(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        try:
            request = Request(
                self.command, url.path, query_of(url.query), self.headers, self._body(), self._alive
            )
            self._write(self._door(request) or self._service(request))
        except Drop as drop:
            self._drop(drop.reset)
        except BadRequest as error:
            self._write(as_json(400, {"ok": False, "error": str(error)}))
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _service(self, request: Request) -> Reply:
        partner = self.server.partner
        with partner.busy.work():
            reply = partner.serve(request)
            if reply.after is not None:
                partner.busy.add(1)  # until it is done, below
        return reply

    def _door(self, request: Request) -> Reply | None:
        partner = self.server.partner
        match request.method, request.path:
            case "GET", "/ledger":
                return as_json(200, partner.page(request.query))
            case "GET", "/acts":
                return as_json(
                    200,
                    {
                        "acts": [
                            {"act": name, "about": about, "example": example}
                            for name, (_, about, example) in partner.acts.items()
                        ]
                    },
                )
            case "POST", "/acts":
                return as_json(200, partner.perform(object_of(request.body)))
            case "POST", "/faults":
                wanted = object_of(request.body)
                partner.faults.set(wanted)
                partner.ledger.add("act", "faults", None, wanted)
            case "DELETE", "/faults":
                partner.faults.clear()
                partner.ledger.add("act", "faults", None, {"fault": "none"})
            case "GET", "/faults":
                pass
            case _:
                return None
        return as_json(200, {"ok": True, "faults": partner.faults.shown()})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self._chunks()
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > BODY_BYTES_MAX:
            self.close_connection = True
            raise BadRequest("a Content-Length of at most 4 MiB is needed")
        return self.rfile.read(int(length))

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(64).split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline(8)
            if len(body) > BODY_BYTES_MAX:
                raise BadRequest("the body is over 4 MiB")
        while self.rfile.readline(1024).strip():
            pass
        return body

    def _alive(self) -> bool:
        """Whether the caller still waits. Never blocks: recv alone would, up to the time-out."""
        try:
            poll = select.poll()
            poll.register(self.connection, select.POLLIN)
            if not poll.poll(0):
                return True
            return self.connection.recv(1, socket.MSG_PEEK) != b""
        except OSError:
            return False

    def _write(self, reply: Reply) -> None:
        head = [
            f"HTTP/1.1 {reply.status} {self.responses.get(reply.status, ('',))[0]}",
            f"Content-Type: {reply.content_type}",
            f"Content-Length: {len(reply.body)}",
            *(f"{name}: {value}" for name, value in reply.headers.items()),
        ]
        if self.close_connection:
            head.append("Connection: close")
        try:
            self.wfile.write("\r\n".join(head).encode() + b"\r\n\r\n" + reply.body)
        finally:
            if reply.after is not None:
                reply.after()
                self.server.partner.busy.add(-1)

    def _drop(self, reset: bool) -> None:
        self.close_connection = True
        if reset:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
        else:
            self.connection.shutdown(socket.SHUT_RDWR)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, partner: Partner, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.partner = partner

    def handle_error(self, request: Any, client_address: Any) -> None:
        logging.getLogger("partner").exception("a connection failed")


def query_of(text: str) -> dict[str, str]:
    return dict(urllib.parse.parse_qsl(text, keep_blank_values=True))


def as_json(status: int, value: Any) -> Reply:
    body = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    return Reply(status, body, "application/json; charset=utf-8")


def object_of(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise BadRequest("the body is a JSON object")
    return value


def needed(fields: dict[str, Any], name: str) -> str:
    """A text that an act cannot do without."""
    value = fields.get(name)
    if value in (None, ""):
        raise BadRequest(f"{name} is missing")
    return str(value)


def options_of(name: str, arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"{name}.py", description=f"simulated partner: {name}")
    parser.add_argument("--announce", type=pathlib.Path, help="write where this partner listens")
    parser.add_argument("--hub", type=pathlib.Path, help="the hub's addresses (JSON)")
    parser.add_argument("--secrets", type=pathlib.Path, help="folder of secrets, a file each")
    parser.add_argument("--broker", help="host:port of the AMQP broker before the hub, if any")
    parser.add_argument("--port", type=int, default=0, help="of the doors and the service")
    return parser.parse_args(arguments)


def announce(file: pathlib.Path | None, partner: Partner, port: int) -> None:
    doors = f"http://127.0.0.1:{port}"
    where = {"name": partner.name, "doors": doors}
    if partner.service_path is not None:
        where["url"] = doors + partner.service_path
    if file is None:
        print(json.dumps(where), flush=True)
        return
    fresh = file.with_name(file.name + ".new")
    fresh.write_text(json.dumps(where) + "\n", "utf-8")
    fresh.rename(file)


def run(kind: type[Partner]) -> None:
    """The partner's main: serves until SIGTERM or Ctrl-C."""
    logging.basicConfig(level=logging.WARNING, format=f"{kind.name}: %(message)s")
    options = options_of(kind.name)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    partner = kind(options)
    server = Server(partner, options.port)
    threading.Thread(target=server.serve_forever, args=(0.05,), name="doors", daemon=True).start()
    partner.start()
    announce(options.announce, partner, server.server_address[1])
    ended.wait()
    partner.stop()
    os._exit(0)  # whatever still hangs on a stalled peer is nobody's concern any more
