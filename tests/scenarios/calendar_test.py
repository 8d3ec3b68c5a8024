"""A holiday is declared while cases are open: the plan says what it moves, the next start does."""

from __future__ import annotations

import unittest

import cast
from stage import Stage, change, copy_shipped
from trial import MASAR, masar, temporary_folder

CALENDAR = "config/calendars/jordan.xml"
PROCESS = "config/processes/clearance.scxml"
MONDAY = '<holiday date="2026-01-05" name="declared on Sunday"/>'
FIRST = '<holiday every="01-01" name="New Year"/>'


class Holiday(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = temporary_folder(self)
        copy_shipped(self.folder)
        # Two working days for a payment, so that a holiday in between matters.
        change(self.folder / PROCESS, 'id="payment" after="PT72H"', 'id="payment" after="P2WD"')
        self.stage = Stage(MASAR, self.folder / "stage", config=self.folder / "config")
        self.addCleanup(self.stage.end)
        self.stage.hub.start()
        self.stage.settle()

    def due(self, who: cast.Applicant) -> dict[str, str]:
        deadlines = self.stage.case(who.application)["deadlines"]
        return {deadline["name"]: deadline["due"] for deadline in deadlines}

    def plan(self) -> list[list[str]]:
        planned = masar(
            "calendar",
            "--plan",
            str(self.folder / "config"),
            "--address",
            self.stage.hub.addresses["admin"],
            "--token-file",
            str(self.folder / "stage" / "state" / "admin.token"),
        )
        self.assertEqual(planned.returncode, 0, planned.stderr)
        lines = planned.stdout.splitlines()
        self.assertEqual(lines.pop(), f"{len(lines)} due times would move")
        return [line.split("\t") for line in lines]

    def test_the_payment_deadline_moves_by_a_day(self) -> None:
        who = cast.applicant("holiday")
        who.policy(self.stage, "EXPIRED")
        who.submit(self.stage)
        cast.reach(self.stage, who, "awaiting-payment")
        self.stage.settle()
        before = self.due(who)
        self.assertEqual(self.plan(), [])
        change(self.folder / CALENDAR, FIRST, FIRST + MONDAY)
        planned = {row[2]: row for row in self.plan() if row[0] == who.application}
        self.assertEqual(self.due(who), before)
        moved = before["payment"].replace("2026-01-06", "2026-01-07")
        self.assertNotEqual(moved, before["payment"])
        self.assertEqual(
            planned["payment"],
            [who.application, "deadline", "payment", before["payment"], moved],
        )
        self.stage.hub.end()
        self.stage.hub.start()
        self.stage.settle()
        self.assertEqual(self.due(who)["payment"], moved)
        for name, row in planned.items():
            self.assertEqual(self.due(who)[name], row[4])
        self.assertEqual(self.plan(), [])
        timeline = self.stage.case(who.application)["timeline"]
        records = [step for step in timeline if step["kind"] == "calendar"]
        self.assertEqual({step["name"] for step in records}, set(planned))
        cast.pay(self.stage, who)
        cast.reach(self.stage, who, "cleared")
        cast.expect_end(self.stage, who, "cleared", 1)
        cast.no_breach(self.stage)


if __name__ == "__main__":
    unittest.main()
