"""A copy of the store, taken beside a hub at work, is restored after the world has gone on: nothing
leaves until its partner is resumed, and the release happens once. Judged at the partners."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import unittest
from typing import Any

import cast
from cluster import Cluster, as_server, tool
from stage import ROOT, Stage
from trial import MASAR, masar, temporary_folder


class Restored(unittest.TestCase):
    def begin(self, settings: dict[str, str] | None = None) -> None:
        self.folder = temporary_folder(self)
        self.stage = Stage(MASAR, self.folder, settings=settings)
        self.addCleanup(self.stage.end)
        self.state = self.stage.hub.folder / "state"
        self.stage.hub.start()
        self.stage.settle()

    def client(self, *command: str) -> str:
        done = masar(*command, "--address", self.stage.hub.addresses["admin"],
                     "--token-file", str(self.state / "admin.token"))
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def documented(self, start: str) -> list[str]:
        """The command of ops/BACKUP.md that begins so, on this stage's files."""
        lines = (ROOT / "ops" / "BACKUP.md").read_text("utf-8").splitlines()
        found = [line.strip() for line in lines if line.strip().startswith(f"masar {start}")]
        self.assertEqual(len(found), 1, found)
        command = found[0].replace("/var/lib/masar", str(self.state))
        return command.replace("/mnt/backup", str(self.folder)).split()[1:]

    def resume_all(self) -> None:
        for endpoint in self.stage.hub.get("/api/endpoints")["endpoints"]:
            if endpoint["direction"] == "out":
                self.assertTrue(endpoint["paused"], endpoint)
                self.client("endpoints", "resume", endpoint["id"])

    def go_on(self, who: cast.Applicant, numbers: list[str]) -> None:
        """What the lost hub did since is done again, and the release of it once."""
        told = json.loads(self.client(*self.documented("restore list"), "--json"))
        self.assertEqual(told["times"], 1)
        self.assertIn("traffic-department", self.client(*self.documented("endpoints list")))
        sent = len(self.stage.portal.entries("CaseUpdated"))
        late = cast.applicant("after-the-restore")
        late.policy(self.stage, "EXPIRED")
        late.submit(self.stage)
        self.stage.settle()
        self.assertEqual(len(self.stage.portal.entries("CaseUpdated")), sent)
        self.resume_all()
        self.client(*self.documented("endpoints resume"))  # once more: it goes on
        cast.reach(self.stage, late, "awaiting-payment")
        self.assertNotIn(cast.billing_number(self.stage, late), numbers)
        # The switch sends again what the restored hub has not: the payment.
        self.stage.switch.act("pay", billingNo=numbers[0], wait=True)
        self.stage.settle()
        self.assertEqual(self.stage.case(who.application)["state"], "cleared")
        self.assertEqual(cast.releases(self.stage, who), 1)
        cast.pay(self.stage, late)
        cast.reach(self.stage, late, "cleared")
        cast.expect_end(self.stage, late, "cleared", 1)

    def world_goes_on(self, who: cast.Applicant) -> list[str]:
        """After the backup: the case ends, and others get numbers."""
        numbers = [cast.billing_number(self.stage, who)]
        cast.pay(self.stage, who)
        cast.reach(self.stage, who, "cleared")
        for name in ("lost-1", "lost-2"):
            numbers.append(cast.billing_number(self.stage, cast.to_number(self.stage, name)))
        self.stage.settle()
        self.assertEqual(cast.releases(self.stage, who), 1)
        return numbers

    def test_a_file(self) -> None:
        self.begin()
        who = cast.to_number(self.stage, "backed-up")
        self.stage.hub.kill()  # its heads of now, so that the restore loses some that they know
        self.stage.hub.start()
        command = self.documented("backup")
        copy = pathlib.Path(command[-1])
        done = masar(*command)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        self.assertEqual(copy.stat().st_mode & 0o777, 0o600)
        done = masar(*command)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is there already", done.stderr)
        numbers = self.world_goes_on(who)
        self.stage.hub.end()  # it writes its heads a last time

        for part in ("masar.db", "masar.db-wal", "masar.db-shm"):
            (self.state / part).unlink(missing_ok=True)
        shutil.copy(copy, self.state / "masar.db")
        self.stage.hub.start()
        self.go_on(who, numbers)
        done = masar("audit", "verify", "--state", str(self.state))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"(?m)^restored from the backup of .* that the heads knew")

    def test_a_dump(self) -> None:
        database = Cluster(temporary_folder(self) / "postgresql")
        self.addCleanup(database.end)
        database.query("CREATE ROLE hub LOGIN")  # as it should be: no superuser
        self.make(database, "first")
        self.begin(database.settings(self.connection(database, "first")))
        who = cast.to_number(self.stage, "dumped")
        dump = self.run_tool("pg_dump", "-d", self.connection(database, "first"))
        numbers = self.world_goes_on(who)
        self.stage.hub.end()
        self.make(database, "second")
        self.run_tool("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d",
                      self.connection(database, "second"), given=dump)
        self.stage.hub.settings |= database.settings(self.connection(database, "second"))
        self.stage.hub.start()
        self.go_on(who, numbers)

    def connection(self, database: Cluster, name: str) -> str:
        return f"host={database.folder} user=hub dbname={name}"

    def make(self, database: Cluster, name: str) -> None:
        database.query(f"CREATE DATABASE {name} OWNER hub TEMPLATE template0 ENCODING 'UTF8'")

    def run_tool(self, name: str, *arguments: str, given: str = "") -> str:
        who: dict[str, Any] = as_server()
        done = subprocess.run([tool(name), *arguments], input=given, capture_output=True,
                              text=True, check=False, **who)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout


if __name__ == "__main__":
    unittest.main()
