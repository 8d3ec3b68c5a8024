"""The payment switch against a stand-in biller that signs its answers."""

from __future__ import annotations

import unittest

import standing
from standing import HttpHub, PartnerProcess

import make_secrets
import mfep
import wire

BILLING = "123456789012"
OK = {"ErrorCode": "0", "ErrorDesc": "Success", "Severity": "Info"}


class Switch(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.secrets = standing.folder()
        make_secrets.make(cls.secrets)
        cls.key = mfep.private_key((cls.secrets / "mfep-hub-private").read_text())
        cls.theirs = mfep.public_key((cls.secrets / "mfep-switch-public").read_text())

    def setUp(self) -> None:
        self.folder = standing.folder()
        self.hub = HttpHub(self.folder / "hub.json", self.answer)
        self.addCleanup(self.hub.end)
        self.script: list[object] = []  #: what the next calls get instead: None, a code, "unsigned"
        self.switch = PartnerProcess("switch", self.folder, secrets=self.secrets)
        self.addCleanup(self.switch.end)

    def answer(self, path: str, headers: object, body: bytes) -> tuple[int, bytes] | None:
        said = self.script.pop(0) if self.script else "0"
        if said is None:
            return None
        asked = wire.read(body)
        code = "0" if said == "unsigned" else str(said)
        result = {**OK, "ErrorCode": code, "Severity": "Info" if code == "0" else "Error"}
        if "BillPull" in path:
            content = {
                "RecCount": "1",
                "BillsRec": {
                    "BillRec": {
                        "Result": result,
                        "AcctInfo": {"BillingNo": BILLING},
                        **(
                            {}
                            if code != "0"
                            else {
                                "BillStatus": "BillNew",
                                "DueAmount": "85.500",
                                "IssueDate": "2026-01-04T08:00:00",
                                "DueDate": "2026-01-04T08:00:00",
                                "ServiceType": "GAM_ACC_DMG",
                                "PmtConst": {
                                    "AllowPart": False,
                                    "Lower": "85.500",
                                    "Upper": "85.500",
                                },
                            }
                        ),
                    }
                },
            }
        else:
            content = {
                "TrxInf": [
                    {
                        "JOEBPPSTrx": t.findtext("JOEBPPSTrx"),
                        "ProcessDate": t.findtext("ProcessDate"),
                        "STMTDate": t.findtext("STMTDate"),
                        "Result": result,
                    }
                    for t in asked.iter("TrxInf")
                ]
            }
        kind = asked.findtext(".//ReqTyp").replace("RQ", "RS")
        message = wire.etree.tostring(
            wire.element(
                None,
                "MFEP",
                {
                    "MsgHeader": {
                        "TmStp": "2026-01-04T08:00:00",
                        "GUID": asked.findtext("MsgHeader/GUID"),
                        "TrsInf": {"SdrCode": "265", "ResTyp": kind},
                        "Result": OK,
                    },
                    "MsgBody": content,
                },
            ),
            encoding="UTF-8",
        )
        signature = None if said == "unsigned" else mfep.sign(message, self.key)
        return 200, mfep.with_signature(message, signature)

    def told(self) -> list[tuple[str, str, str]]:
        """GUID, JOEBPPSTrx and PaidAmt of each transaction of each notification."""
        return [
            (
                wire.read(body).findtext("MsgHeader/GUID"),
                t.findtext("JOEBPPSTrx"),
                t.findtext("PaidAmt"),
            )
            for path, body in self.hub.calls
            if "Notification" in path
            for t in wire.read(body).iter("TrxInf")
        ]

    def test_pays_the_due_amount_signed(self) -> None:
        answer = self.switch.act("pay", billingNo=BILLING, payerName="محمد", wait=True)
        self.assertEqual(["0", "0"], answer["codes"])
        self.assertEqual([(answer["guid"], answer["trx"], "85.500")], self.told())
        for path, body in self.hub.calls:
            self.assertEqual("valid", mfep.verdict(body, self.theirs))
            self.assertIsNone(wire.invalid("mfep.xsd", wire.read(body)))
        self.assertEqual("2026-01-04T08:00:00", wire.read(body).findtext(".//ProcessDate"))
        self.assertEqual("محمد", wire.read(body).findtext(".//PayerInfo/Name"))
        heard = self.switch.entries(direction="in")
        self.assertEqual(
            [("BILPULRS", "valid"), ("BLRPMTNTFRS", "valid")],
            [(e["kind"], e["signature"]) for e in heard],
        )
        self.assertNotIn("invalid", heard[0] | heard[1])

    def test_repeated_with_the_same_guid_until_answered_for_good(self) -> None:
        self.script = [None, "303", "unsigned", "0"]
        self.switch.act("pay", billingNo=BILLING, inquire=False, amount="10.000")
        self.switch.quiet()
        self.assertEqual(4, len(self.told()))
        self.assertEqual(1, len(set(self.told())))

    def test_no_bill_no_payment(self) -> None:
        self.script = ["323"]
        self.assertIn("323", self.switch.act("pay", billingNo=BILLING, wait=True)["codes"])
        self.assertEqual([], self.told())

    def test_wrong_amounts_and_second_tellings(self) -> None:
        self.switch.act("pay", billingNo=BILLING, delta="-0.001")
        for how in ("same-guid", "new-guid", "other-amount", "other-trx"):
            self.switch.act("again", billingNo=BILLING, how=how)
        self.switch.quiet()
        first, same, fresh, amount, second = self.told()
        self.assertEqual("85.499", first[2])
        self.assertEqual(first, same)
        self.assertEqual((first[1:], True), (fresh[1:], fresh[0] != first[0]))
        self.assertEqual((first[1], "86.499"), amount[1:])
        self.assertNotEqual(first[1], second[1])

    def test_paid_now_and_told_later(self) -> None:
        self.switch.act("pay", billingNo=BILLING, hold=True)
        self.switch.quiet()
        self.assertEqual([], self.told())
        self.hub.local = "2026-01-08T08:00:00"
        self.switch.act("release", billingNo=BILLING, wait=True)
        body = wire.read(self.hub.calls[-1][1])
        self.assertEqual(
            ("2026-01-04T08:00:00", "2026-01-08T08:00:00"),
            (body.findtext(".//ProcessDate"), body.findtext(".//TmStp")),
        )

    def test_several_in_one_and_in_parallel(self) -> None:
        self.switch.act(
            "pay-together",
            wait=True,
            payments=[{"billingNo": BILLING}, {"billingNo": "210987654321", "amount": "10.000"}],
        )
        self.assertEqual(["85.500", "10.000"], [t[2] for t in self.told()])
        self.switch.act("pay", billingNo=BILLING, amount="1.000", times=5, parallel=True, wait=True)
        self.assertEqual(1, len(set(self.told()[2:])))
        self.assertEqual(7, len(self.told()))

    def test_bad_and_missing_signatures_and_no_guid(self) -> None:
        for sign, verdict in (("bad", "bad"), (False, "missing")):
            self.switch.act(
                "pay",
                billingNo=BILLING,
                inquire=False,
                amount="1.000",
                sign=sign,
                guid=None,
                wait=True,
            )
            path, body = self.hub.calls[-1]
            self.assertEqual(verdict, mfep.verdict(body, self.theirs))
            self.assertNotIn("GUID", path)

    def test_did_it_but_no_answer_and_duplicate(self) -> None:
        self.switch.fault("did-it-but-no-answer", count=1, operation="BLRPMTNTFRQ")
        self.switch.fault("duplicate", count=1)
        self.switch.act("pay", billingNo=BILLING, wait=True)
        self.assertEqual((3, 1), (len(self.told()), len(set(self.told()))))

    def test_garbage_goes_first_and_its_answer_is_no_end(self) -> None:
        self.switch.fault("garbage", count=1, operation="BLRPMTNTFRQ")
        self.switch.act("pay", billingNo=BILLING, wait=True)
        first, second = (body for _, body in self.hub.calls[-2:])
        self.assertTrue(first.startswith(b"<!DOCTYPE html>"))
        self.assertTrue(second.startswith(b"<MFEP>"), second[:80])

    def test_raw_bytes(self) -> None:
        self.hub.answer = lambda *_: (400, b"no")
        answer = self.switch.act(
            "notify-raw", body="<nonsense", path="/payment/ReceivePaymentNotification"
        )
        self.assertEqual((400, "no"), (answer["status"], answer["body"]))


if __name__ == "__main__":
    unittest.main()
