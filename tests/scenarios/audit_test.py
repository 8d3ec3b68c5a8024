"""The audit log of a hub at work: checked beside it and without it, by the hub's own command and by
a program that shares no code with it; an edit is named."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import unittest
from typing import Any

import cast
from stage import PYTHON, ROOT, wait_for
from trial import OnStage, masar

CHECK = ROOT / "tests" / "core" / "store" / "audit_check.py"


class AuditLog(OnStage):
    def setUp(self) -> None:
        super().setUp()
        self.state = self.stage.hub.folder / "state"

    def verify(self, *more: str) -> Any:
        return masar("audit", "verify", "--state", str(self.state), *more)

    def test_beside_the_hub_and_without_it(self) -> None:
        who = cast.to_number(self.stage, "audited")
        cast.pay(self.stage, who)
        cast.reach(self.stage, who, "cleared")
        done = self.verify()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"^\d+ audit records in order; ")

        client = (
            "--address",
            self.stage.hub.addresses["admin"],
            "--token-file",
            str(self.state / "admin.token"),
        )
        listed = masar("audit", "list", "--json", *client)
        rows = json.loads(listed.stdout)["audit"]
        self.assertEqual([row["id"] for row in rows], list(range(1, len(rows) + 1)))
        self.assertTrue(all(len(row["hash"]) == 64 for row in rows))
        self.assertIn(who.application, {row["case"] for row in rows})
        behind = masar("audit", "list", "--after", str(rows[-2]["id"]), *client)
        self.assertTrue(behind.stdout.startswith(f"{rows[-1]['id']}\t"), behind.stdout)

        self.stage.hub.end()  # it writes its heads a last time
        done = self.verify()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        count = int(done.stdout.split()[0])
        self.assertIn(f"at record {count}", done.stdout)
        self.check_by_others(count)
        self.assertIn("PUBLIC KEY", masar("audit", "key", "--state", str(self.state)).stdout)
        self.assertEqual((self.state / "audit.key").stat().st_mode & 0o777, 0o600)
        self.edit(count)
        self.stage.hub.start()
        wait_for(lambda: self.verify().returncode == 0, "the log to go on")

    def check_by_others(self, count: int) -> None:
        done = subprocess.run(
            [
                PYTHON,
                str(CHECK),
                str(self.state / "masar.db"),
                str(self.state / "audit.heads"),
                str(self.state / "audit.pub"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual((done.returncode, done.stdout), (0, f"{count} rows in order\n"))

    def edit(self, count: int) -> None:
        copy = self.stage.folder / "edited.db"
        for change, wrong in (
            (
                f"UPDATE audit SET text = text || ' ' WHERE id = {count // 2}",
                f"audit row {count // 2} was changed",
            ),
            ("DELETE FROM audit WHERE id = 3", "audit row 3 is missing"),
            (f"DELETE FROM audit WHERE id = {count}", f"audit row {count} is missing"),
        ):
            with self.subTest(change=change):
                shutil.copy(self.state / "masar.db", copy)
                with sqlite3.connect(copy) as database:
                    database.execute(change)
                database.close()
                done = self.verify("--store", str(copy))
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertTrue(done.stderr.startswith(f"masar: {wrong}"), done.stderr)

    def test_what_cannot_be_read(self) -> None:
        for options in (("--store", "none.db"), ("--heads", "none"), ("--key", "none")):
            with self.subTest(options=options):
                done = self.verify(*options)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertIn("none", done.stderr)
        self.assertEqual(masar("audit").returncode, 2)


if __name__ == "__main__":
    unittest.main()
