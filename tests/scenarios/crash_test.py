"""One case, with the hub killed after every single commit in turn, and at every crash point that
the code names (core/base/crash_point.h; only the test build has them): the same end, the release
exactly once, each SMS at most once and a missing one shown as unknown."""

from __future__ import annotations

import os
import pathlib
import re
import signal
import tempfile
import threading
import time
import unittest

import cast
from cluster import Cluster
from many import judge_killed
from stage import ROOT, Failed, Stage

COMMITS_MAX = 200  # more than one case takes
OFTEN = ("commit", "answer", "attempt")  # points that a case visits many times, before and after
POINT = re.compile(r'\bcrash_point\("([^"]+)"\)')


def crash_points() -> list[str]:
    files = [*(ROOT / "core").rglob("*.cpp"), *(ROOT / "connectors").rglob("*.cpp")]
    return sorted({name for file in files for name in POINT.findall(file.read_text("utf-8"))})


class Crash(unittest.TestCase):
    """`settings()` is what the hub stands on."""

    def new_stage(self) -> Stage:
        masar = pathlib.Path(os.environ.get("MASAR", ROOT / "build" / "release" / "masar"))
        crash = masar.with_name("masar-crash")
        self.assertTrue(crash.exists(), f"{crash} is not there: build the target masar-crash")
        folder = tempfile.TemporaryDirectory(prefix="masar-crash-")
        self.addCleanup(folder.cleanup)
        folder_path = pathlib.Path(folder.name)
        stage = Stage(crash.resolve(), folder_path, settings=self.settings(folder_path))
        self.addCleanup(stage.end)
        return stage

    def setUp(self) -> None:
        self.stage = self.new_stage()

    def settings(self, folder: pathlib.Path) -> dict[str, str]:
        return {}

    def start_until_ready(self) -> None:
        """A crash may come during the start, too."""
        hub = self.stage.hub
        try:
            hub.start()
        except Failed:
            if not hub.ended():
                raise
            hub.environment = {}
            hub.start()

    def play(self, point: str, visit: int) -> bool:
        """One case and a stop, with a crash at that visit of that point; whether there was one."""
        hub = self.stage.hub
        hub.end()
        hub.environment = {"MASAR_CRASH": f"{point}:{visit}"}
        self.start_until_ready()
        who = cast.applicant(f"crash-{point}-{visit}")
        who.policy(self.stage, "EXPIRED")
        over = threading.Event()
        crashed = not hub.environment

        def watch() -> None:
            nonlocal crashed
            while not over.is_set():
                if hub.ended():
                    crashed = True
                    hub.environment = {}
                    hub.start()
                time.sleep(0.005)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            who.submit(self.stage)
            cast.reach(self.stage, who, "awaiting-payment")
            self.stage.switch.act("pay", billingNo=cast.billing_number(self.stage, who))
            cast.reach(self.stage, who, "cleared")
            self.stage.settle()
        finally:
            over.set()
            watcher.join()
        if not crashed:
            hub.end()
            crashed = hub.status() == -signal.SIGKILL
            hub.environment = {}
            hub.start()
            self.stage.settle()
        judge_killed(self.stage, who)
        cast.expect_states(
            self.stage,
            who,
            "verifying-sketch",
            "assessing",
            "checking-insurance",
            "awaiting-payment",
            "lifting",
            "cleared",
        )
        return crashed


class CrashAfterEveryCommit(Crash):
    def test_every_commit(self) -> None:
        self.stage.hub.start()
        commit = 1
        while self.play("after-commit", commit):
            commit += 1
            self.assertLess(commit, COMMITS_MAX, "no case takes so many commits")
        self.assertGreater(commit, 10, "a case takes more commits than that")


class CrashAtEveryPoint(Crash):
    def test_every_point(self) -> None:
        points = crash_points()
        self.assertGreater(len(points), 8)
        for point in points:
            with self.subTest(point):
                if not self.play(point, 1):  # of those that only a new store visits
                    self.stage.end()
                    self.stage = self.new_stage()
                    self.assertTrue(self.play(point, 1), "it is never visited")
                if point.partition("-")[2] in OFTEN:
                    self.assertTrue(self.play(point, 4))


class CrashOnPostgres(Crash):
    def settings(self, folder: pathlib.Path) -> dict[str, str]:
        database = Cluster(folder / "postgresql")
        self.addCleanup(database.end)
        return database.settings()

    def test_commits(self) -> None:
        for commit in (1, 5, 11, 18):
            for point in ("before-commit", "after-commit"):
                with self.subTest(point, commit=commit):
                    self.assertTrue(self.play(point, commit))


if __name__ == "__main__":
    unittest.main()
