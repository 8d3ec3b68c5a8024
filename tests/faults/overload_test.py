"""Far more than the hub can carry, behind a slow partner: memory, threads and descriptors stay
under their caps, every 503 says when to come again, and all that was accepted reaches the partner.
"""

from __future__ import annotations

import base64
import http.client
import pathlib
import socket
import subprocess
import sys
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler
from typing import Any

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "scenarios")]

from seventh_partner_test import NAMESPACE, PATH, SECRETS, Archive  # noqa: E402
from stage import PYTHON, ROOT, Hub, call, change, copy_shipped, wait_for  # noqa: E402
from trial import MASAR, temporary_folder  # noqa: E402

VISIT = (
    f'<i:Visit xmlns:i="{NAMESPACE}"><i:visitNo>{{}}</i:visitNo><i:finding>x</i:finding></i:Visit>'
)
CONNECTIONS = 48  # of the listener, which is set so
REFUSALS = 256  # of it at once: its default
CLIENTS = 96
ACCEPTED = 600  # then the flood ends …
FLOOD_SECONDS = 15.0  # … or then
SLOW_SECONDS = 0.5  # for which the archive sits on a report, two at once: it carries four a second
HELD_SECONDS = 4.0  # for which it does where a stop is looked at
CARRIED_A_SECOND = 4
DRAIN_SECONDS = 30.0
# Caps: what the configuration allows, and room for the program itself.
RSS_KIB_MAX = 128 << 10
DESCRIPTORS_MAX = CONNECTIONS + REFUSALS + 64
THREADS_MAX = 40
STOP_ACCEPTING_SECONDS, STOP_SECONDS = 1.0, 30.0


class SlowArchive(Archive):
    """Sits on each report for a while; counts them by their keys, for the hub may repeat one."""

    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__()
        self.RequestHandlerClass = SlowHandler
        self.sits = 0.0  # so many seconds on each
        self.fast = threading.Event()  # ends the sitting at once
        self.busy = 0
        self.visits: dict[str, str] = {}  # by key


class SlowHandler(BaseHTTPRequestHandler):
    server: SlowArchive
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        archive = self.server
        body = self.rfile.read(int(self.headers["Content-Length"])).decode("utf-8")
        archive.busy += 1
        archive.fast.wait(archive.sits)
        visit = body.partition("visitNo>")[2].partition("<")[0]
        archive.visits[self.headers["Idempotency-Key"]] = visit
        answer = f'<Archived xmlns="{NAMESPACE}"><archiveNo>R</archiveNo></Archived>'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


class Flood:
    """Clients that post visit after visit, each on a connection of its own."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.accepted: list[str] = []
        self.statuses: dict[int, int] = {}
        self.wrong: list[str] = []
        self.threads = [threading.Thread(target=self.run, args=(n,)) for n in range(CLIENTS)]

    def run(self, client: int) -> None:
        number = 0
        while not self.over.is_set():
            number += 1
            visit = f"V{client}-{number}"
            try:
                status, again = post(self.address, visit)
            except (OSError, http.client.HTTPException) as error:
                with self.lock:
                    self.wrong.append(f"{visit} got no answer: {error!r}")
                continue
            with self.lock:
                self.statuses[status] = self.statuses.get(status, 0) + 1
                if status == 200:
                    self.accepted.append(visit)
                elif status != 503 or not again.isdigit():
                    self.wrong.append(f"{visit}: {status}, Retry-After {again!r}")
                if len(self.accepted) >= ACCEPTED:
                    self.over.set()

    def join(self) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join()


def post(address: str, visit: str, timeout: float = 20.0) -> tuple[int, str]:
    """Status and Retry-After."""
    login = base64.b64encode(f"inspectorate:{SECRETS['http-inspectorate']}".encode()).decode()
    connection = http.client.HTTPConnection(address, timeout=timeout)
    try:
        headers = {"Content-Type": "application/xml", "Authorization": f"Basic {login}"}
        connection.request("POST", PATH, VISIT.format(visit).encode(), headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers["Retry-After"] or ""
    finally:
        connection.close()


def held(pid: int) -> dict[str, int]:
    """What the process holds: resident KiB, threads, descriptors."""
    rows = pathlib.Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    of = {name: value.split() for name, _, value in (row.partition(":") for row in rows)}
    descriptors = len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))
    return {"rss": int(of["VmRSS"][0]), "threads": int(of["Threads"][0]), "fds": descriptors}


class Overload(unittest.TestCase):
    def setUp(self) -> None:
        folder = temporary_folder(self)
        copy_shipped(folder, ROOT / "tests" / "scenarios" / "seventh")
        self.archive = SlowArchive()
        self.addCleanup(self.archive.server_close)
        self.addCleanup(self.archive.shutdown)
        self.addCleanup(self.archive.fast.set)
        change(
            folder / "config" / "hub.xml",
            "  <namespaces>\n",
            f'  <setting name="archive-url" value="{self.archive.url}"/>\n'
            f'  <namespaces>\n    <namespace prefix="insp" uri="{NAMESPACE}"/>\n',
        )
        change(
            folder / "config" / "hub.xml",
            'connector="http" address="${http-address}"',
            'connector="http" address="${http-address}" ' f'connections-max="{CONNECTIONS}"',
        )
        change(
            folder / "config" / "endpoints" / "inspectorate-archive.xml",
            '<rate per-second="100"/>',
            '<rate per-second="1000"/>',
        )
        secrets = folder / "secrets"
        make = [PYTHON, str(ROOT / "ops" / "partners" / "make_secrets.py"), str(secrets)]
        subprocess.run(make, check=True)
        for name, secret in SECRETS.items():
            (secrets / name).write_text(secret, "utf-8")
        local = ("amqp-address", "http-address", "public-address", "admin-address")
        settings = {name: "127.0.0.1:0" for name in local}
        self.hub = Hub(MASAR, folder, secrets, settings, config=folder / "config")
        self.addCleanup(self.hub.end)
        self.hub.start()
        assert self.hub.process is not None
        self.pid = self.hub.process.pid

    def ready(self) -> tuple[int, Any]:
        return call(self.hub.addresses["admin"], "GET", "/ready")

    def test_ten_times_what_it_can_carry(self) -> None:
        self.archive.sits = SLOW_SECONDS
        flood = Flood(self.hub.addresses["http"])
        host, _, port = self.hub.addresses["http"].rpartition(":")
        # Some callers wait outside from the beginning, however fast this machine's clients are.
        crowd = [socket.create_connection((host, int(port))) for _ in range(CONNECTIONS)]
        for one in crowd:
            self.addCleanup(one.close)
        most = held(self.pid)
        begun = time.monotonic()
        for thread in flood.threads:
            thread.start()
        try:
            wait_for(lambda: flood.statuses.get(503, 0) > 0, "something to be too much")
            for one in crowd:
                one.close()
            while not flood.over.wait(0.1) and time.monotonic() < begun + FLOOD_SECONDS:
                now = held(self.pid)
                most = {name: max(most[name], now[name]) for name in most}
                # Neither the load nor the slow partner makes the hub unready.
                self.assertEqual(self.ready()[0], 200)
        finally:
            flood.join()
        seconds = time.monotonic() - begun
        self.assertEqual(flood.wrong[:5], [])
        self.assertGreater(sum(flood.statuses.values()), 10 * CARRIED_A_SECOND * seconds)
        self.assertGreater(len(flood.accepted), 10 * len(self.archive.visits))
        self.archive.fast.set()
        accepted = set(flood.accepted)
        missing = lambda: accepted - set(self.archive.visits.values())  # noqa: E731
        wait_for(lambda: not missing(), "all that was accepted", DRAIN_SECONDS)
        rows = lambda: self.hub.get("/api/endpoints")["endpoints"]  # noqa: E731
        wait_for(lambda: all(row.get("sending", 0) == 0 for row in rows()), "nothing under way")
        once = list(self.archive.visits.values())
        self.assertEqual(len(once), len(set(once)), "one visit under two keys")
        self.assertLess(most["rss"], RSS_KIB_MAX)
        self.assertLess(most["fds"], DESCRIPTORS_MAX)
        self.assertLess(most["threads"], THREADS_MAX)

    def test_a_stop_says_so_and_finishes_what_is_under_way(self) -> None:
        self.archive.sits = HELD_SECONDS
        self.assertEqual(post(self.hub.addresses["http"], "V-1")[0], 200)
        wait_for(lambda: self.archive.busy > 0, "the report to be under way")
        assert self.hub.process is not None
        begun = time.monotonic()
        self.hub.process.terminate()
        says = lambda: "draining" in str(self.ready()[1])  # noqa: E731
        wait_for(says, "/ready to say why it is not", STOP_ACCEPTING_SECONDS)

        accepted = {"V-1"}

        def refuses() -> bool:
            visit = f"V-{len(accepted) + 1}"
            try:
                status, again = post(self.hub.addresses["http"], visit)
            except OSError:
                return True  # nobody listens any more
            if status == 200:
                accepted.add(visit)
                return False
            self.assertEqual((status, again.isdigit()), (503, True))
            return True

        wait_for(refuses, "it to stop accepting", STOP_ACCEPTING_SECONDS)
        self.archive.fast.set()
        self.assertEqual(self.hub.process.wait(STOP_SECONDS), 0)
        self.assertLess(time.monotonic() - begun, STOP_SECONDS)
        self.assertLessEqual(set(self.archive.visits.values()), accepted)
        self.assertIn("V-1", self.archive.visits.values())


if __name__ == "__main__":
    unittest.main()
