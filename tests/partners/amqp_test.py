"""The portal and the departments against a stand-in hub that speaks AMQP."""

from __future__ import annotations

import signal
import unittest

from lxml import etree

import standing
from standing import AmqpHub, PartnerProcess, until

UPDATE = (
    '<CaseUpdated xmlns="urn:gam:portal:1"><applicationId>A-1</applicationId><version>{}</version>'
    "<state>{}</state><since>2026-01-04T08:00:00+03:00</since></CaseUpdated>"
)
RECEIPT = standing.PARTNERS.parents[1] / "mappings/portal/samples/receipt/01.out.xml"
REQUEST = (
    '<d:AssessmentRequested xmlns:d="urn:gam:departments:1"><d:applicationId>A-1</d:applicationId>'
    "<d:assessmentId>R-1</d:assessmentId><d:sketchVersion>1</d:sketchVersion>"
    "<d:department>roads</d:department><d:sketch><d:sketchNo>S-1</d:sketchNo></d:sketch>"
    "<d:damages><d:owner>GAM</d:owner><d:type>ASPHALT</d:type>"
    "<d:descriptionAr>حفرة</d:descriptionAr></d:damages></d:AssessmentRequested>"
)


class Portal(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = standing.folder()
        self.hub = AmqpHub(self.folder / "hub.json")
        self.portal = PartnerProcess("portal", self.folder)
        self.addCleanup(self.portal.end)

    def bodies(self) -> list[str]:
        return [
            etree.QName(etree.fromstring(bytes(m.body))).localname for _, m in self.hub.received
        ]

    def test_submitting_is_a_durable_message_and_busy_until_settled(self) -> None:
        self.portal.act("submit", applicationId="A-1")
        self.portal.quiet()
        address, message = self.hub.received[0]
        self.assertEqual(
            ("portal.in", "A-1", True, "application/xml"),
            (address, message.correlation_id, message.durable, message.content_type),
        )
        outcome = self.portal.entries(kind="Settled")[0]["fields"]
        self.assertEqual(("accepted", message.id), (outcome["outcome"], outcome["messageId"]))

    def test_what_was_not_settled_comes_again_under_the_same_id(self) -> None:
        self.hub.verdicts = ["cut"]
        self.portal.act("submit", applicationId="A-1")
        self.portal.quiet()
        first, second = (m.id for _, m in self.hub.received)
        self.assertEqual(first, second)
        self.assertTrue(
            self.portal.entries(kind="ApplicationSubmitted", direction="out")[1]["again"]
        )

    def test_released_comes_again_and_rejected_does_not(self) -> None:
        self.hub.verdicts = ["release", "reject"]
        self.portal.act("withdraw", applicationId="A-1")
        self.portal.quiet()
        self.assertEqual(2, len(self.hub.received))
        outcomes = [e["fields"] for e in self.portal.entries(kind="Settled")]
        self.assertEqual(["released", "rejected"], [o["outcome"] for o in outcomes])
        self.assertEqual(
            ("masar:refused", "because"), (outcomes[1]["condition"], outcomes[1]["description"])
        )

    def test_resending_under_the_same_and_another_id(self) -> None:
        self.portal.act("submit", applicationId="A-1")
        self.portal.act("resend", applicationId="A-1")
        self.portal.act("resend", applicationId="A-1", messageId="new")
        self.portal.quiet()
        ids = [m.id for _, m in self.hub.received]
        self.assertEqual((3, 2), (len(ids), len(set(ids))))
        self.assertEqual(1, len({bytes(m.body) for _, m in self.hub.received}))

    def test_duplicate_and_out_of_order(self) -> None:
        self.portal.fault("duplicate", count=1)
        self.portal.act("submit", applicationId="A-1")
        self.portal.quiet()
        self.assertEqual(1, len({m.id for _, m in self.hub.received}))
        self.assertEqual(2, len(self.hub.received))
        self.portal.fault("out-of-order", count=1, ms=10_000)
        self.portal.act("choose", applicationId="A-1")
        self.portal.act("withdraw", applicationId="A-1")
        self.portal.quiet()
        self.assertEqual(["ApplicationWithdrawn", "PaymentMethodChosen"], self.bodies()[2:])

    def test_garbage_goes_first(self) -> None:
        self.portal.fault("garbage", count=1)
        self.hub.verdicts = ["reject"]
        self.portal.act("submit", applicationId="A-1")
        self.portal.quiet()
        first, second = (bytes(message.body) for _, message in self.hub.received)
        self.assertTrue(first.startswith(b"<!DOCTYPE html>"))
        self.assertEqual("ApplicationSubmitted", etree.QName(etree.fromstring(second)).localname)

    def test_auto_chooses_once_a_visit(self) -> None:
        self.portal.act("auto", applicationId="*", method="insurer", letter=True)
        for number, state in enumerate(("choosing-method", "choosing-method", "awaiting-letter")):
            self.hub.put("portal.out", UPDATE.format(number + 1, state).encode(), f"m-{number}")
        until(lambda: len(self.hub.received) == 2, "two answers")
        self.portal.quiet()
        self.assertEqual(["PaymentMethodChosen", "LetterUploaded"], self.bodies())
        self.assertEqual(3, len(self.portal.entries(kind="CaseUpdated")))

    def test_silent_holds_until_taken_back_and_does_not_count(self) -> None:
        self.portal.fault("silent")
        self.hub.put("portal.out", UPDATE.format(1, "assessing").encode(), "m-1")
        until(lambda: self.portal.entries(kind="silent"), "the fault")
        self.portal.quiet()
        self.assertTrue(self.hub.outcomes.empty())
        self.assertFalse(self.portal.entries(kind="CaseUpdated"))
        self.portal.fault("none")
        self.assertEqual(("accepted", "portal.out"), self.hub.outcomes.get(timeout=20))
        self.assertTrue(self.portal.entries(kind="CaseUpdated"))

    def test_slow_is_late_and_500_is_released(self) -> None:
        self.portal.fault("slow", count=1, ms=50)
        self.portal.fault("500", count=1)
        self.hub.put("portal.out", UPDATE.format(1, "assessing").encode(), "m-1")
        self.assertEqual("accepted", self.hub.outcomes.get(timeout=20)[0])
        self.hub.put("portal.out", UPDATE.format(2, "assessing").encode(), "m-2")
        self.assertEqual("released", self.hub.outcomes.get(timeout=20)[0])
        self.portal.quiet()
        self.assertEqual(1, len(self.portal.entries(kind="CaseUpdated")))

    def test_did_it_but_no_answer_processes_and_reconnects(self) -> None:
        self.portal.fault("did-it-but-no-answer", count=1)
        self.hub.put("portal.out", UPDATE.format(1, "assessing").encode(), "m-1")
        until(lambda: self.portal.entries(kind="CaseUpdated"), "the update")
        old = self.hub.receivers["portal.out"]
        until(lambda: self.hub.receivers["portal.out"] != old, "a new connection")
        self.hub.put("portal.out", UPDATE.format(1, "assessing").encode(), "m-1")
        self.assertEqual("accepted", self.hub.outcomes.get(timeout=20)[0])
        self.assertTrue(self.portal.entries(kind="CaseUpdated")[1]["again"])

    def test_a_connection_that_the_network_reset_first_can_still_be_cut(self) -> None:
        """Messages that came before the reset are read after it."""
        until(lambda: "portal.out" in self.hub.receivers, "a receiver")
        old = self.hub.receivers["portal.out"]
        self.portal.fault("reset", count=1)
        self.portal.process.send_signal(signal.SIGSTOP)
        self.hub.put("portal.out", UPDATE.format(1, "assessing").encode(), "m-1")
        self.hub.reset()
        until(lambda: self.hub.resets, "the reset")
        self.portal.process.send_signal(signal.SIGCONT)
        until(lambda: self.hub.receivers["portal.out"] != old, "a new connection")
        self.assertTrue(self.portal.entries(kind="reset"))
        self.hub.put("portal.out", UPDATE.format(1, "assessing").encode(), "m-1")
        self.assertEqual("accepted", self.hub.outcomes.get(timeout=20)[0])

    def test_a_hub_on_another_port_is_found(self) -> None:
        self.portal.act("submit", applicationId="A-1")
        self.portal.quiet()
        second = AmqpHub(self.folder / "hub.json")
        self.portal.fault("reset", count=1)
        self.hub.put("portal.out", UPDATE.format(1, "assessing").encode(), "m-1")
        self.portal.act("withdraw", applicationId="A-1")
        until(lambda: "portal.out" in second.receivers, "a connection to the second hub")
        self.portal.quiet()

    def test_a_receipt_is_stored_with_its_page_if_that_says_the_same(self) -> None:
        good = RECEIPT.read_text("utf-8")
        bad = {
            "the page lacks amount": (">435.500</h:bdi>", ">435.501</h:bdi>"),
            "the page lacks amountInWords": ("فقط أربعمائة", "فقط ثلاثمائة"),
            "the page lacks verificationCode": (">7KQ4M-2ZD8N-XR5TH-9WCVB</h:bdi>", "></h:bdi>"),
            "the page is not in Arabic from right to left": ('dir="rtl"', 'dir="ltr"'),
            "the address does not lead to the code": ("code=7KQ4M", "code=7KQ4N"),
        }
        for number, (why, (old, new)) in enumerate(bad.items()):
            self.assertEqual(1, good.count(old), old)
            self.hub.put("portal.out", good.replace(old, new).encode(), f"m-{number}")
            self.assertEqual("rejected", self.hub.outcomes.get(timeout=20)[0])
            self.assertEqual(why, self.portal.entries(kind="ReceiptIssued")[-1]["invalid"])
        self.hub.put("portal.out", good.encode(), "m-good")
        self.assertEqual("accepted", self.hub.outcomes.get(timeout=20)[0])
        page = self.portal.entries(kind="ReceiptIssued")[-1]["fields"]["page"]
        self.assertTrue(page.startswith('<!DOCTYPE html>\n<html lang="ar" dir="rtl">'), page)
        self.assertNotIn("<h:", page)
        self.assertTrue(page.endswith("</html>"), page)

    def test_what_breaks_the_contract_is_rejected_and_written_down(self) -> None:
        self.hub.put("portal.out", UPDATE.format(0, "nowhere").encode(), "m-1")
        self.assertEqual("rejected", self.hub.outcomes.get(timeout=20)[0])
        self.assertIn("invalid", self.portal.entries(kind="CaseUpdated")[0])


class Departments(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = standing.folder()
        self.hub = AmqpHub(self.folder / "hub.json")
        self.departments = PartnerProcess("departments", self.folder)
        self.addCleanup(self.departments.end)

    def answers(self) -> list[tuple[str, str, str]]:
        found = []
        for address, message in self.hub.received:
            root = etree.fromstring(bytes(message.body))
            found.append((address, root.findtext("{*}department"), root.findtext("{*}total")))
        return found

    def test_an_assessment_by_the_price_list_once_for_each_round(self) -> None:
        for message_id in ("m-1", "m-1", "m-2"):
            self.hub.put("roads.out", REQUEST.encode(), message_id)
            self.hub.outcomes.get(timeout=20)
        self.departments.quiet()
        self.assertEqual([("roads.in", "roads", "85.500")], self.answers())

    def test_own_prices(self) -> None:
        self.departments.act(
            "price",
            department="roads",
            applicationId="A-1",
            items=[
                {"code": "ASPHALT", "quantity": "1.5", "unitPrice": "10.001"},
                {"code": "KERB", "unitPrice": "2"},
            ],
        )
        self.hub.put("roads.out", REQUEST.encode(), "m-1")
        until(self.answers, "the answer")
        self.assertEqual([("roads.in", "roads", "17.002")], self.answers())  # 15.0015 half up, + 2

    def test_held_until_told_with_another_total_and_as_another_department(self) -> None:
        self.departments.act("hold", applicationId="A-1")
        self.hub.put("roads.out", REQUEST.encode(), "m-1")
        self.hub.outcomes.get(timeout=20)
        self.departments.quiet()
        self.assertEqual([], self.answers())
        self.departments.act("assess", applicationId="A-1", total="99.999")
        self.departments.quiet()
        self.departments.act("assess", applicationId="A-1", department="roads", **{"as": "parks"})
        self.departments.quiet()
        self.assertEqual(
            [("roads.in", "roads", "99.999"), ("parks.in", "roads", "85.500")], self.answers()
        )

    def test_nobody_asked(self) -> None:
        status, answer = self.departments.call(
            "POST", "/acts", {"act": "assess", "applicationId": "A-9"}
        )
        self.assertEqual(400, status)
        self.assertIn("no department was asked", answer["error"])


if __name__ == "__main__":
    unittest.main()
