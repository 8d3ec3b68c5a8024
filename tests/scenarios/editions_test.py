"""A configuration that changes while cases are open, on a real hub: old cases go on by what they
began with, new ones by what is current; what old cases need cannot be taken away."""

from __future__ import annotations

import unittest

import cast
from stage import Stage, change, copy_shipped
from trial import MASAR, masar, temporary_folder

TEXTS = "config/texts/sms.xml"
CAR_TEXT = 'key="pay-by-number-not-active.ar" text="'


class Editions(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = temporary_folder(self)
        self.config = copy_shipped(self.folder)
        self.stage = Stage(MASAR, self.folder / "stage", config=self.config)
        self.addCleanup(self.stage.end)
        self.stage.hub.start()
        self.stage.settle()

    def change(self, file: str, old: str, new: str) -> None:
        change(self.folder / file, old, new)

    def restart(self) -> None:
        self.stage.hub.end()
        self.stage.hub.start()

    def began(self, who: cast.Applicant) -> cast.Applicant:
        who.policy(self.stage, "EXPIRED")
        who.submit(self.stage)
        return who

    def test_old_cases_go_on_and_new_ones_begin_anew(self) -> None:
        self.stage.insurance.fault("silent")
        old = self.began(cast.applicant("old-edition"))
        cast.reach(self.stage, old, "checking-insurance")
        self.change(TEXTS, CAR_TEXT, CAR_TEXT + "[2] ")
        self.stage.hub.end()
        self.stage.insurance.fault("none")
        self.stage.hub.start()
        new = self.began(cast.applicant("new-edition"))
        for who in (old, new):
            cast.reach(self.stage, who, "awaiting-payment")
        self.stage.settle()
        self.assertNotIn("[2]", cast.texts(self.stage, old)[0]["text"])
        self.assertIn("[2]", cast.texts(self.stage, new)[0]["text"])
        self.change(TEXTS, CAR_TEXT + "[2] ", CAR_TEXT + "[3] ")
        self.stage.hub.kill()
        self.stage.hub.start()
        snapshots = {self.stage.case(who.application)["snapshot"] for who in (old, new)}
        self.assertEqual(len(snapshots), 2)
        for who in (old, new):
            cast.pay(self.stage, who)
            cast.reach(self.stage, who, "cleared")
            cast.expect_end(self.stage, who, "cleared", 1)
        cast.no_breach(self.stage)

    def migrate(self, *arguments: str) -> list[list[str]]:
        told = masar(
            "cases",
            "migrate",
            *arguments,
            "--address",
            self.stage.hub.addresses["admin"],
            "--token-file",
            str(self.folder / "stage" / "state" / "admin.token"),
        )
        self.assertEqual(told.returncode, 0, told.stderr)
        return [line.split("\t") for line in told.stdout.splitlines()]

    def test_open_cases_are_moved(self) -> None:
        self.stage.insurance.fault("silent")
        who = self.began(cast.applicant("moved-edition"))
        cast.reach(self.stage, who, "checking-insurance")
        self.change(TEXTS, CAR_TEXT, CAR_TEXT + "[2] ")
        self.restart()
        first = self.stage.case(who.application)["snapshot"]
        self.assertEqual(
            self.migrate("--all", "--plan"), [[who.application, "checking-insurance", "fits"]]
        )
        self.assertEqual(self.stage.case(who.application)["snapshot"], first)
        self.assertEqual(
            self.migrate("--state", "checking-insurance"),
            [[who.application, "checking-insurance", "migrated"]],
        )
        self.assertNotEqual(self.stage.case(who.application)["snapshot"], first)
        self.assertEqual(self.migrate("--all"), [])
        self.stage.insurance.fault("none")
        cast.reach(self.stage, who, "awaiting-payment")
        self.stage.settle()
        self.assertIn("[2]", cast.texts(self.stage, who)[0]["text"])
        cast.pay(self.stage, who)
        cast.reach(self.stage, who, "cleared")
        cast.expect_end(self.stage, who, "cleared", 1)
        cast.no_breach(self.stage)

    def test_what_open_cases_need_cannot_be_taken_away(self) -> None:
        who = self.began(cast.applicant("needs-its-endpoint"))
        cast.reach(self.stage, who, "awaiting-payment")
        self.stage.settle()
        state = self.folder / "stage" / "state"
        self.change(
            "config/endpoints/traffic-department.xml",
            '<operation name="ReleaseHold"',
            '<operation name="FreeHold"',
        )
        self.change(
            "config/routes/release-hold.xml", 'operation="ReleaseHold"', 'operation="FreeHold"'
        )
        checked = masar("check", str(self.config), "--state", str(state))
        self.assertEqual(checked.returncode, 1)
        self.assertRegex(
            checked.stderr,
            r"traffic-department\.xml:\d+:\d+: operation "
            r'"ReleaseHold" of endpoint "traffic-department" is gone; 1 open case of '
            r'process "clearance" need it, such as ' + who.application,
        )
        self.assertIn("keep it until they have ended", checked.stderr)
        self.stage.hub.end()
        self.stage.hub.start(wait=False)
        assert self.stage.hub.process is not None
        self.assertEqual(self.stage.hub.process.wait(60), 1)
        self.assertIn('operation "ReleaseHold" of endpoint', self.stage.hub.log.read_text("utf-8"))
        self.change(
            "config/endpoints/traffic-department.xml",
            '<operation name="FreeHold"',
            '<operation name="ReleaseHold"',
        )
        self.change(
            "config/routes/release-hold.xml", 'operation="FreeHold"', 'operation="ReleaseHold"'
        )
        self.stage.hub.start()
        cast.pay(self.stage, who)
        cast.reach(self.stage, who, "cleared")


if __name__ == "__main__":
    unittest.main()
