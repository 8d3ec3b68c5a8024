"""Where the hub is: its addresses file, read anew before each connection, the broker before it
where there is one, and its business clock."""

from __future__ import annotations

import http.client
import json
import pathlib
import threading
import time
from collections.abc import Mapping

POLL_SECONDS = 0.05
CLOCK_TIMEOUT_SECONDS = 1.0


class Hub:
    """Any thread."""

    def __init__(self, addresses_file: pathlib.Path | None, broker: str | None = None) -> None:
        self._file, self._broker = addresses_file, broker

    def address(self, name: str) -> tuple[str, int] | None:
        """Host and port of `amqp`, `http` or `admin`; None while the hub has not written them."""
        text = self._broker if name == "amqp" and self._broker else self._written(name)
        host, _, port = text.rpartition(":")
        return (host.strip("[]"), int(port)) if port.isdigit() else None

    def _written(self, name: str) -> str:
        """What the file says of it; empty: nothing."""
        if self._file is None:
            return ""
        try:
            return str(json.loads(self._file.read_text("utf-8"))[name])
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def link_address(self, name: str) -> str:
        """What a link to this address asks for: of the hub itself, or of RabbitMQ before it."""
        return f"/amq/queue/{name}" if self._broker else name

    def wait_for(self, name: str, stop: threading.Event | None = None) -> tuple[str, int]:
        while True:
            found = self.address(name)
            if found is not None or (stop is not None and stop.is_set()):
                return found or ("127.0.0.1", 0)
            time.sleep(POLL_SECONDS)

    def clock(self) -> dict[str, str] | None:
        """`{"now", "local", "zone"}` of the business clock, or None where the hub cannot be
        asked."""
        found = self.address("admin")
        if found is None:
            return None
        try:
            status, body = request(found, "GET", "/clock", timeout=CLOCK_TIMEOUT_SECONDS)
            answer = json.loads(body)
        except (OSError, http.client.HTTPException, ValueError):
            return None
        return answer if status == 200 and "now" in answer else None

    def now(self) -> str | None:
        answer = self.clock()
        return answer["now"] if answer else None

    def local_now(self) -> str:
        """The business time of Amman without a zone, to the second; waits until the hub tells
        it."""
        while True:
            answer = self.clock()
            if answer:
                return answer["local"][:19]
            time.sleep(POLL_SECONDS)


def request(
    address: tuple[str, int],
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 30.0,
) -> tuple[int, bytes]:
    """One HTTP exchange on a connection of its own. OSError or HTTPException: no answer."""
    connection = http.client.HTTPConnection(*address, timeout=timeout)
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
