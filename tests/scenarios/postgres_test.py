"""The hub on PostgreSQL: a case from end to end, also with a database that is killed, frozen and
comes back meanwhile. Judged at the partners."""

from __future__ import annotations

import unittest

import cast
from cluster import Cluster
from stage import ROOT, Stage, call, wait_for
from trial import MASAR, masar, temporary_folder

WAY = (
    "verifying-sketch",
    "assessing",
    "checking-insurance",
    "awaiting-payment",
    "lifting",
    "cleared",
)


class OnPostgres(unittest.TestCase):
    def setUp(self) -> None:
        folder = temporary_folder(self)
        self.database = Cluster(folder / "postgresql")
        self.addCleanup(self.database.end)
        self.stage = Stage(MASAR, folder, settings=self.database.settings())
        self.addCleanup(self.stage.end)
        self.stage.hub.start()
        self.stage.settle()

    def ready(self) -> bool:
        return call(self.stage.hub.addresses["admin"], "GET", "/ready")[0] == 200

    def submit(self, name: str) -> cast.Applicant:
        who = cast.applicant(name)
        who.policy(self.stage, "EXPIRED")
        who.submit(self.stage)
        return who

    def finish(self, who: cast.Applicant) -> None:
        cast.reach(self.stage, who, "awaiting-payment")
        cast.pay(self.stage, who)
        cast.reach(self.stage, who, "cleared")
        cast.expect_states(self.stage, who, *WAY)
        cast.expect_end(self.stage, who, "cleared", 1)

    def test_killed_and_restarted(self) -> None:
        first = self.submit("database-killed-1")
        cast.reach(self.stage, first, "awaiting-payment")
        self.database.kill()
        wait_for(lambda: not self.ready(), "the hub to say that it is not ready")
        second = self.submit("database-killed-2")
        self.database.start()
        wait_for(self.ready, "the hub to be ready again")
        self.finish(first)
        self.finish(second)

    def test_frozen(self) -> None:
        first = self.submit("database-frozen-1")
        cast.reach(self.stage, first, "awaiting-payment")
        self.database.freeze()
        second = self.submit("database-frozen-2")
        wait_for(lambda: not self.ready(), "the hub to say that it is not ready")
        self.database.thaw()
        wait_for(self.ready, "the hub to be ready again")
        self.finish(first)
        self.finish(second)

    def test_read_beside_the_hub(self) -> None:
        """The same commands as beside a file; the store is what hub.xml names."""
        self.submit("read-beside")
        self.stage.settle()
        configured = ["--state", str(self.stage.hub.folder / "state")]
        for name, value in self.stage.hub.settings.items():
            configured += ["--set", f"{name}={value}"]
        config = str(ROOT / "config")
        done = masar("check", config, *configured)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

        configured += ["--config", config]
        done = masar("audit", "verify", *configured)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"^\d+ audit records in order; ")
        self.database.query("UPDATE audit SET text = text || '.' WHERE id = 3")
        done = masar("audit", "verify", *configured)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, "masar: audit row 3 was changed\n")


if __name__ == "__main__":
    unittest.main()
