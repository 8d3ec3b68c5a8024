"""A PostgreSQL server of the tests' own: made in a folder, reached by a socket in it only, with
fsync on, as a user that is not root; ended by process id, and with whoever started it."""

from __future__ import annotations

import concurrent.futures
import ctypes
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
from typing import Any

from processes import Failed, wait_for

PROGRAMS = pathlib.Path("/usr/lib/postgresql")
PR_SET_PDEATHSIG = 1


def tool(name: str) -> str:
    found = sorted(PROGRAMS.glob(f"*/bin/{name}"))
    if not found:
        raise Failed(f"{name} is not installed: run ops/setup")
    return str(found[-1])


def as_server() -> dict[str, Any]:
    """PostgreSQL refuses to run as root. The server goes when its parent is killed."""
    parent = os.getpid()
    libc = ctypes.CDLL(None)

    def child() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)
        if os.getppid() != parent:
            os._exit(1)

    who: dict[str, Any] = {"preexec_fn": child, "start_new_session": True, "cwd": "/"}
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        who |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    return who


class Cluster:
    """One server; may be killed, frozen and started again on the same data."""

    def __init__(self, folder: pathlib.Path, connections: int = 40) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "log"
        self.connections = connections
        self.process: subprocess.Popen[bytes] | None = None
        # A child goes with the thread that started it: one that lives as long as this process.
        self._starter = concurrent.futures.ThreadPoolExecutor(1, "cluster")
        folder.mkdir(parents=True, exist_ok=True)
        for above in (folder, *folder.parents):  # the server's user must come by
            if above.stat().st_uid == os.geteuid() and above != pathlib.Path("/"):
                above.chmod(above.stat().st_mode | 0o011)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        self._run(
            "initdb",
            "-D",
            str(self.data),
            "-A",
            "trust",
            "-U",
            "masar",
            "-E",
            "UTF8",
            "--no-locale",
            "--no-sync",
            "--no-instructions",
        )
        self.start()

    def _run(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            [tool(name), *arguments], capture_output=True, text=True, **as_server()
        )
        if done.returncode != 0:
            raise Failed(f"{name}: {done.stdout}{done.stderr}")

    @property
    def connection(self) -> str:
        return f"host={self.folder} user=masar dbname=postgres"

    def settings(self, connection: str = "") -> dict[str, str]:
        """What a hub is told to use it."""
        return {"store": "postgresql", "store-connection": connection or self.connection}

    def launch(self) -> None:
        self.process = self._starter.submit(self._launch).result()

    def _launch(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [
                    tool("postgres"),
                    "-D",
                    str(self.data),
                    "-k",
                    str(self.folder),
                    "-c",
                    "listen_addresses=",
                    "-c",
                    "fsync=on",
                    "-c",
                    "shared_buffers=64MB",
                    "-c",
                    f"max_connections={self.connections}",
                ],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                **as_server(),
            )

    def start(self) -> None:
        """Returns when it answers."""
        self.launch()

        def answers() -> bool:
            assert self.process is not None
            if self.process.poll() is not None:
                self.launch()  # killed before, its last processes still held the shared memory
            return (
                subprocess.run(
                    [tool("pg_isready"), "-q", "-U", "masar", "-h", str(self.folder)], check=False
                ).returncode
                == 0
            )

        wait_for(answers, "PostgreSQL")

    def processes(self) -> list[int]:
        """The server's own, the first one first."""
        assert self.process is not None
        first = self.process.pid
        listed = pathlib.Path(f"/proc/{first}/task/{first}/children").read_text("ascii")
        return [first, *map(int, listed.split())]

    def kill(self) -> None:
        assert self.process is not None
        for process in self.processes():
            os.kill(process, signal.SIGKILL)
        self.process.wait()

    def freeze(self) -> None:
        for process in self.processes():
            os.kill(process, signal.SIGSTOP)

    def thaw(self) -> None:
        for process in reversed(self.processes()):
            os.kill(process, signal.SIGCONT)

    @property
    def socket(self) -> pathlib.Path:
        return self.folder / ".s.PGSQL.5432"

    def visitor(self) -> subprocess.Popen[bytes]:
        """Somebody who holds a connection, where one is free, until he is killed."""
        return subprocess.Popen(
            [tool("psql"), "-X", "-q", "-d", self.connection],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def query(self, sql: str) -> str:
        done = subprocess.run(
            [tool("psql"), "-X", "-A", "-t", "-d", self.connection, "-c", sql],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise Failed(f"psql: {done.stderr}")
        return done.stdout.strip()

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
