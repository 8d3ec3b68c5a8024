"""One case, with the hub killed after every single commit in turn (by a crash point that only the
test build has): the same end, the release exactly once, each SMS at most once and a missing
one shown as unknown."""

from __future__ import annotations

import os
import pathlib
import tempfile
import threading
import time
import unittest

import cast
from many import judge_killed
from stage import ROOT, Failed, Stage

COMMITS_MAX = 200  # more than one case takes


class CrashAfterEveryCommit(unittest.TestCase):
    def setUp(self) -> None:
        masar = pathlib.Path(os.environ.get("MASAR", ROOT / "build" / "release" / "masar"))
        crash = masar.with_name("masar-crash")
        self.assertTrue(crash.exists(), f"{crash} is not there: build the target masar-crash")
        folder = tempfile.TemporaryDirectory(prefix="masar-crash-")
        self.addCleanup(folder.cleanup)
        self.stage = Stage(crash.resolve(), pathlib.Path(folder.name))
        self.addCleanup(self.stage.end)

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

    def play(self, commit: int) -> bool:
        """One case with a crash after that commit; whether there was one."""
        hub = self.stage.hub
        hub.end()
        hub.environment = {"MASAR_CRASH": f"after-commit:{commit}"}
        self.start_until_ready()
        who = cast.applicant(f"crash-{commit}")
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

    def test_every_commit(self) -> None:
        self.stage.hub.start()
        commit = 1
        while self.play(commit):
            commit += 1
            self.assertLess(commit, COMMITS_MAX, "no case takes so many commits")
        self.assertGreater(commit, 10, "a case takes more commits than that")


if __name__ == "__main__":
    unittest.main()
