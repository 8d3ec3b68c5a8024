"""A TCP relay between partners and hub that does what networks do: it cuts a connection after so
many bytes of one direction, or lets nothing through while both ends believe the other is there."""

from __future__ import annotations

import contextlib
import select
import socket
import threading

CHUNK = 16_384
CONNECT_SECONDS = 5


class Relay:
    """Listens on a free port of 127.0.0.1 for its whole life; its target may move. Any thread."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._target = ""
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._to_cut: int | None = None  # bytes to partners until the next cut
        self._through = threading.Event()
        self._through.set()
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def point_to(self, target: str) -> None:
        """Where new connections go, `host:port` or a socket's path; those of before end with whom
        they reached."""
        self._target = target

    def cut_after(self, count: int) -> None:
        """The next `count` bytes of the hub still reach their partners; then the connection that
        carries the last of them is reset, and what followed is lost."""
        with self._lock:
            self._to_cut = count

    def freeze(self) -> None:
        """Nothing gets through in either direction, and nobody is told."""
        self._through.clear()

    def thaw(self) -> None:
        """What was held back is lost with its connections, as where an address has moved."""
        with self._lock:
            lost = list(self._open)
        if not self._through.is_set():
            for each in lost:
                _reset(each)
        self._through.set()

    def heal(self) -> None:
        with self._lock:
            self._to_cut = None
        self.thaw()

    def end(self) -> None:
        self._listener.close()
        self._through.set()
        with self._lock:
            for each in self._open:
                _reset(each)

    def _accept(self) -> None:
        while True:
            try:
                partner, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(partner,), daemon=True).start()

    def _carry(self, partner: socket.socket) -> None:
        try:
            hub = _connect(self._target)
        except (OSError, ValueError):
            _reset(partner)
            return
        with self._lock:
            self._open |= {partner, hub}
        try:
            while True:
                readable, _, _ = select.select([partner, hub], [], [])
                self._through.wait()
                for each in readable:
                    data = each.recv(CHUNK)
                    if not data:
                        return
                    if each is partner:
                        hub.sendall(data)
                    elif not self._to_partner(partner, data):
                        return
        except (OSError, ValueError):
            return
        finally:
            with self._lock:
                self._open -= {partner, hub}
            _reset(partner)
            _reset(hub)

    def _to_partner(self, partner: socket.socket, data: bytes) -> bool:
        with self._lock:
            left = self._to_cut
            if left is not None and left < len(data):
                self._to_cut = None
                self.cuts += 1
            elif left is not None:
                self._to_cut = left - len(data)
        if left is None or left >= len(data):
            partner.sendall(data)
            return True
        partner.sendall(data[:left])
        return False


def _connect(target: str) -> socket.socket:
    if target.startswith("/"):
        end = socket.socket(socket.AF_UNIX)
        end.connect(target)
        return end
    host, port = target.rsplit(":", 1)
    end = socket.create_connection((host, int(port)), CONNECT_SECONDS)
    end.settimeout(None)
    if end.getsockname() == end.getpeername():  # nobody listens: TCP connected it to itself
        end.close()
        raise ConnectionRefusedError(target)
    return end


def _reset(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        end.close()
