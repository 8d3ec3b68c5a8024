"""Kannel's contract, as PARTNERS.md has it from the real program."""

from __future__ import annotations

import http.client
import unittest
import urllib.parse

import standing
from sms_contract import CONTRACT
from standing import HttpHub, PartnerProcess

USUAL = {
    "username": "masar",
    "password": "k",
    "from": "GAM",
    "to": "962791234567",
    "coding": "2",
    "charset": "UTF-8",
    "text": "مرحبا",
    "dlr-mask": "31",
}


class Kannel(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = standing.folder()
        (self.folder / "kannel-password").write_text("k\n")
        self.sms = PartnerProcess("sms", self.folder, secrets=self.folder)
        self.addCleanup(self.sms.end)
        self.hub = HttpHub(self.folder / "hub.json", lambda *_: (200, b""))
        self.addCleanup(self.hub.end)

    def send(self, **changes: str | None) -> tuple[int, str]:
        here = f"http://127.0.0.1:{self.hub.server_address[1]}/sms/report/key-1?state=%d"
        asked = {k: v for k, v in {**USUAL, "dlr-url": here, **changes}.items() if v is not None}
        url = urllib.parse.urlsplit(self.sms.where["url"])
        connection = http.client.HTTPConnection(url.netloc, timeout=20)
        try:
            connection.request("GET", f"{url.path}?{urllib.parse.urlencode(asked)}")
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def reports(self) -> list[str]:
        self.sms.quiet()
        return [
            path.rpartition("=")[2]
            for path, _ in self.hub.calls
            if path.startswith("/sms/report/key-1")
        ]

    def test_the_contract(self) -> None:
        for changes, status, text in CONTRACT:
            with self.subTest(changes):
                got = self.send(**changes)
                self.assertEqual(status, got[0])
                self.assertTrue(got[1].startswith(text), got)
        self.assertNotIn('"k"', str(self.sms.entries()))

    def test_arabic_needs_coding_2(self) -> None:
        self.send()
        self.send(coding=None)
        texts = [e["fields"]["text"] for e in self.sms.entries(kind="sendsms")]
        self.assertEqual(["مرحبا", "?????"], texts)

    def test_modes_and_their_reports(self) -> None:
        self.send()
        self.assertEqual(["8", "1"], self.reports())
        for answer, report, reply, states in (
            ("accept", "failed", (202, "0: Accepted for delivery"), ["8", "2"]),
            ("accept", "none", (202, "0: Accepted for delivery"), []),
            ("accept", "twice", (202, "0: Accepted for delivery"), ["8", "1", "1"]),
            ("accept", "out-of-order", (202, "0: Accepted for delivery"), ["1", "8"]),
            ("queue", "delivered", (202, "3: Queued for later delivery"), ["8", "1"]),
            ("reject", None, (403, "Not routable. Do not try again."), []),
        ):
            with self.subTest(answer=answer, report=report):
                self.hub.calls.clear()
                self.sms.act("mode", to="0791234567", answer=answer, report=report)
                self.assertEqual(reply, self.send())
                self.assertEqual(states, self.reports())

    def test_the_mask_says_which_reports(self) -> None:
        self.send(**{"dlr-mask": "3"})
        self.assertEqual(["1"], self.reports())

    def test_taken_but_not_answered(self) -> None:
        self.sms.fault("did-it-but-no-answer", count=1)
        with self.assertRaises((http.client.HTTPException, ConnectionError)):
            self.send()
        self.assertEqual(["8", "1"], self.reports())
        self.assertEqual([1], list(self.sms.call("GET", "/ledger")[1]["byReportUrl"].values()))

    def test_taken_and_answered_with_nonsense(self) -> None:
        self.sms.fault("garbage", count=1)
        status, body = self.send()
        self.assertEqual((200, True), (status, body.startswith("<!DOCTYPE html>")))
        self.assertEqual(["8", "1"], self.reports())

    def test_reports_are_repeated_until_heard(self) -> None:
        answers = [None, (503, b"")]
        self.hub.answer = lambda *_: answers.pop(0) if answers else (200, b"")
        self.send(**{"dlr-mask": "1"})
        self.assertEqual(["1", "1", "1"], self.reports())

    def test_a_report_by_hand(self) -> None:
        self.sms.act("mode", answer="accept", report="none")
        self.send()
        self.sms.act("report", to="962791234567", state="failed")
        self.assertEqual(["2"], self.reports())


if __name__ == "__main__":
    unittest.main()
