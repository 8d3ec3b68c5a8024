"""Programs that the tests start: on free ports of 127.0.0.1, with a folder of their own, ended by
process id."""

from __future__ import annotations

import os
import pathlib
import signal
import socket
import subprocess
import time
from typing import Any, Callable

START_SECONDS = 300.0  # a net for what never starts, on a busy machine too
WAIT_SECONDS = 60.0
POLL_SECONDS = 0.02


class Failed(Exception):
    """What was expected did not happen; the text says what."""


def wait_for(condition: Callable[[], Any], what: str, seconds: float = WAIT_SECONDS) -> Any:
    """Polls until the condition is true and returns its value."""
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise Failed(f"waited {seconds:.0f} s for {what}")
        time.sleep(POLL_SECONDS)


def free_ports(count: int) -> list[int]:
    """Ports that were free together just now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Program:
    """One program and the processes that it starts; it runs in the folder of its log, so that what
    it leaves when it is killed goes with that."""

    def __init__(self, command: list[str], log: pathlib.Path,
                 environment: dict[str, str] | None = None) -> None:
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=out, env={**os.environ, **(environment or {})},
                                            cwd=log.parent)

    def running(self) -> bool:
        return self.process.poll() is None

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def ready(self, listening: Callable[[], bool]) -> None:
        def is_ready() -> bool:
            if not self.running():
                raise AssertionError(f"it ended at once:\n{self.said()[-4000:]}")
            return listening()

        wait_for(is_ready, f"{self.process.args[0]}, which logs to {self.log}", START_SECONDS)

    def end(self, how: int = signal.SIGTERM) -> None:
        """All its processes, the youngest last; those that do not go are killed."""
        pids = [self.process.pid, *descendants(self.process.pid)]
        for pid in pids:
            send(pid, how)
        try:
            self.process.wait(20)
            wait_for(lambda: not any(alive(pid) for pid in pids), "the processes' end", 20)
        except (subprocess.TimeoutExpired, Failed):
            for pid in pids:
                send(pid, signal.SIGKILL)
            self.process.wait()

    def kill(self) -> None:
        self.end(signal.SIGKILL)


class Server:
    """A broker on a port of its own; may be killed and started again on the same data."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._program: Program | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def kill(self) -> None:
        """SIGKILL: what was not on its disk is lost."""
        if self._program:
            self._program.kill()
        self._program = None

    def end(self) -> None:
        self.kill()  # the data are thrown away


def descendants(pid: int) -> list[int]:
    try:
        text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    except OSError:
        return []
    children = [int(child) for child in text.split()]
    return children + [below for child in children for below in descendants(child)]


def alive(pid: int) -> bool:
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def send(pid: int, how: int) -> None:
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        pass
