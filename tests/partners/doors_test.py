"""The three doors, which are the same for every partner, and what every partner does from the
start."""

from __future__ import annotations

import signal
import unittest

import standing
from standing import HttpHub, PartnerProcess

NAMES = ("portal", "departments", "traffic", "insurance", "switch", "sms")


class Everybody(unittest.TestCase):
    def test_announces_lists_acts_with_examples_and_ends_at_sigterm(self) -> None:
        folder = standing.folder()
        for name in NAMES:
            with self.subTest(name):
                partner = PartnerProcess(name, folder)
                self.assertEqual(name, partner.where["name"])
                self.assertEqual(name in ("traffic", "insurance", "sms"), "url" in partner.where)
                acts = partner.call("GET", "/acts")[1]["acts"]
                self.assertTrue(acts)
                for act in acts:
                    self.assertEqual(act["act"], act["example"]["act"])
                    self.assertTrue(act["about"])
                page = partner.call("GET", "/ledger")[1]
                self.assertEqual((name, 0, []), (page["partner"], page["busy"], page["entries"]))
                self.assertEqual(0, partner.end())


class Doors(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = standing.folder()
        self.partner = PartnerProcess("insurance", self.folder)
        self.addCleanup(self.partner.end)

    def test_what_makes_no_sense_is_refused_with_a_reason(self) -> None:
        for method, path, body, reason in (
            ("POST", "/acts", {"act": "dance"}, "act is one of letter, policy"),
            ("POST", "/acts", {"act": "policy", "plateNo": "1"}, "plateCode is missing"),
            ("POST", "/acts", {"act": "letter", "letterRef": "L", "results": ["PERHAPS"]}, "VALID"),
            ("POST", "/acts", ["act"], "JSON object"),
            ("POST", "/faults", {"fault": "tired"}, "fault is one of slow"),
            ("POST", "/faults", {"fault": "slow", "count": 0}, "positive"),
            ("GET", "/ledger?since=x", None, "since"),
        ):
            with self.subTest(body=body):
                status, answer = self.partner.call(method, path, body)
                self.assertEqual(400, status)
                self.assertIn(reason, answer["error"])

    def test_the_ledger_counts_on_and_is_filtered(self) -> None:
        for number in range(3):
            self.partner.act("policy", plateCode="20", plateNo=str(number), status="ACTIVE")
        self.partner.act("letter", letterRef="L-1")
        entries = self.partner.call("GET", "/ledger")[1]["entries"]
        self.assertEqual([1, 2, 3, 4], [e["n"] for e in entries])
        self.assertEqual({"act"}, {e["direction"] for e in entries})
        self.assertEqual(
            [4], [e["n"] for e in self.partner.call("GET", "/ledger?since=3")[1]["entries"]]
        )
        self.assertEqual(3, len(self.partner.call("GET", "/ledger?kind=policy")[1]["entries"]))

    def test_faults_are_shown_and_taken_back(self) -> None:
        self.partner.fault("slow", count=2, ms=10, operation="InquirePolicy")
        shown = self.partner.call("GET", "/faults")[1]["faults"]
        self.assertEqual(
            [{"fault": "slow", "count": 2, "operation": "InquirePolicy", "ms": 10}], shown
        )
        self.partner.call("DELETE", "/faults")
        self.assertEqual([], self.partner.call("GET", "/faults")[1]["faults"])
        self.partner.fault("reset")
        self.partner.fault("none")
        self.assertEqual([], self.partner.call("GET", "/faults")[1]["faults"])

    def test_entries_get_the_business_time_of_the_hub(self) -> None:
        self.partner.act("letter", letterRef="L-1")
        self.partner.quiet()
        self.assertIsNone(self.partner.entries()[0]["business"])
        hub = HttpHub(self.folder / "hub.json", lambda *_: (404, b""))
        self.addCleanup(hub.end)
        self.partner.act("letter", letterRef="L-2")
        self.partner.quiet()
        self.assertEqual("2026-01-04T05:00:00Z", self.partner.entries()[1]["business"])

    def test_ctrl_c_ends_it_too(self) -> None:
        partner = PartnerProcess("sms", self.folder)
        partner.process.send_signal(signal.SIGINT)
        self.assertEqual(0, partner.process.wait(20))


if __name__ == "__main__":
    unittest.main()
