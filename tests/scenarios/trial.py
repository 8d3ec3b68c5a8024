"""What the tests of the whole hub stand on: a stage for a class of tests, the metrics as numbers, a
socket that says exactly what it is told, and what must be the same where nothing may happen."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import unittest
from collections.abc import Iterator
from typing import Any

from stage import ROOT, Stage, call, wait_for

MASAR = pathlib.Path(os.environ.get("MASAR", ROOT / "build" / "release" / "masar")).resolve()
SOCKET_SECONDS = 20.0
SAMPLE = re.compile(r"^(masar_[a-z0-9_]+(?:\{[^}]*\})?) (\S+)$")
# The hub's answers to what a partner did itself; the switch gets nothing else.
ANSWERS = ("Settled", "LinkClosed", "SketchAmendedResponse")


def masar(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """One call of the executable that ends by itself."""
    return subprocess.run([str(MASAR), *arguments], capture_output=True, text=True, timeout=60,
                          env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL)


def temporary_folder(case: type[unittest.TestCase] | unittest.TestCase) -> pathlib.Path:
    """Goes away with the class or the test."""
    folder = tempfile.TemporaryDirectory(prefix="masar-trial-")
    add = case.addClassCleanup if isinstance(case, type) else case.addCleanup
    add(folder.cleanup)
    return pathlib.Path(folder.name)


def raw(address: str, request: bytes, timeout: float = SOCKET_SECONDS) -> tuple[int, str, str]:
    """Status, head and body of what is answered to these very bytes; the status is 0 where the
    connection ends without an answer."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout) as peer:
        peer.sendall(request)
        return read_answer(peer)


def read_answer(peer: socket.socket) -> tuple[int, str, str]:
    got = b""
    while not answered(got):
        more = peer.recv(65536)
        if not more:
            break
        got += more
    if not got:
        return 0, "", ""
    head, _, body = got.decode("utf-8", "replace").partition("\r\n\r\n")
    return int(head.split(" ", 2)[1]), head, body


def answered(got: bytes) -> bool:
    head, end, body = got.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)^content-length: (\d+)", head, re.MULTILINE)
    return bool(end) and length is not None and len(body) >= int(length[1])


def metrics(stage: Stage) -> dict[str, float]:
    """Every sample of /metrics by name and labels."""
    status, text = call(stage.hub.addresses["admin"], "GET", "/metrics", token=stage.hub.token)
    if status != 200:
        raise AssertionError(f"/metrics was answered {status}")
    found = (SAMPLE.match(line) for line in text.splitlines())
    return {sample[1]: float(sample[2]) for sample in found if sample}


def count(stage: Stage, name: str) -> int:
    return int(metrics(stage)[f"masar_{name}"])


def effects(stage: Stage) -> dict[str, int]:
    """How much each partner was told or asked by the hub."""
    return {partner.name: sum(1 for entry in partner.ledger()["entries"]
                              if entry["direction"] == "in" and entry["kind"] not in ANSWERS)
            for partner in stage.partners.values() if partner.name != "switch"}


def picture(stage: Stage) -> dict[str, Any]:
    """All that must stay as it is where a message is refused."""
    numbers = metrics(stage)
    kept = ("journal_rows", "journal_undone", "outbox_ready", "outbox_sending", "cases_open",
            "tasks_open", "dead_letters_open", "timers")
    cases = stage.hub.get("/api/cases?limit=500")["cases"]
    return {"numbers": {name: numbers[f"masar_{name}"] for name in kept},
            "cases": {case["key"]: stage.case(case["key"]) for case in cases},
            "tasks": stage.hub.get("/api/tasks?limit=500"), "effects": effects(stage)}


class OnStage(unittest.TestCase):
    """Tests that share one hub with its partners."""

    stage: Stage
    maxDiff = 2000

    @classmethod
    def setUpClass(cls) -> None:
        cls.stage = Stage(MASAR, temporary_folder(cls))
        cls.addClassCleanup(cls.stage.end)
        cls.stage.hub.start()
        cls.stage.settle()

    @contextlib.contextmanager
    def only_audited(self, **what: Any) -> Iterator[None]:
        """What is done inside adds one row to the audit log, and nothing else happens."""
        with self.subTest(**what):
            self.stage.settle()
            audited, before = count(self.stage, "audit_rows"), picture(self.stage)
            yield
            wait_for(lambda: count(self.stage, "audit_rows") > audited, "the audit row")
            self.stage.settle()
            self.assertEqual(count(self.stage, "audit_rows"), audited + 1)
            self.assertEqual(picture(self.stage), before)
