"""The JSON profile of the simulated switch: what it sends, and how strictly it reads answers."""

from __future__ import annotations

import json
import unittest

import standing  # puts the partners' folder on the path

import mfep
import mfep_json
import wire

HEADER = ('"MsgHeader":{"TmStp":"2026-01-04T08:00:00","GUID":"g-1","TrsInf":{"SdrCode":"GAM",'
          '"ResTyp":"%s"},"Result":{"ErrorCode":0,"ErrorDesc":"Success","Severity":"Info"}}')
RESULT = '"Result":{"ErrorCode":323,"ErrorDesc":"Bill is closed","Severity":"Error"}'


def answer(kind: str, body: str) -> bytes:
    return ("{\"MFEP\":{" + HEADER % kind + ",\"MsgBody\":" + body + "}}").encode()


class Json(unittest.TestCase):
    def test_a_payment_as_it_goes_out(self) -> None:
        one = mfep.payment("1", "T1", "10.000", "85.500", "2026-01-04T08:00:00", "S",
                           PayerInfo={"Name": "محمد 😀"})
        sent = mfep_json.request("BLRPMTNTFRQ", "g-1", "2026-01-04T08:00:00", "A", "B",
                                 {"Transactions": {"TrxInf": [one]}}).decode()
        self.assertIn('"PaidAmt": 85.5,', sent)
        self.assertIn('"DueAmt": 10,', sent)
        self.assertIn('"FeesAmt": "0.000"', sent)
        self.assertIn("محمد 😀", sent)
        trx = json.loads(sent)["MFEP"]["MsgBody"]["Transactions"]["TrxInf"]
        self.assertEqual(trx["StmtDate"], "2026-01-04")
        self.assertEqual(trx["BankTrxId"], "BT1")
        self.assertNotIn("STMTDate", trx)
        two = mfep_json.request("BLRPMTNTFRQ", None, "t", "A", "B",
                                {"Transactions": {"TrxInf": [one, one]}})
        self.assertEqual(len(json.loads(two)["MFEP"]["MsgBody"]["Transactions"]["TrxInf"]), 2)

    def test_answers_are_read_into_the_agreed_form(self) -> None:
        bill = answer("BILPULRS", '{"RecCount":1,"BillRec":[{' + RESULT +
                      ',"AcctInfo":{"BillingNo":"1"}}]}')
        paid = answer("BLRPMTNTFRS", '{"Transactions":{"TrxInf":{"JOEBPPSTrx":"1","ProcessDate":'
                      '"2026-01-04T08:00:00","StmtDate":"2026-01-04",' + RESULT + "}}}")
        for body in (bill, paid, answer("BILPULRS", '{"RecCount":0,"BillRec":[]}'),
                     answer("BLRPMTNTFRS", "{}")):
            root = mfep_json.read(body)
            self.assertIsNone(wire.invalid("mfep.xsd", root))
        self.assertEqual(mfep.results(mfep_json.read(bill)), ["0", "323"])
        self.assertEqual(mfep_json.read(paid).findtext(".//STMTDate"), "2026-01-04")

    def test_what_the_switch_would_not_read(self) -> None:
        for body in ('{"RecCount":"1","BillRec":[{}]}', '{"RecCount":1,"BillRec":{}}',
                     '{"RecCount":1,"BillRec":[]}', '{"RecCount":0}', '{"A":1}',
                     '{"A":"1","A":"2"}', '{"DueAmount":85.5}', '{"AllowPart":"true"}',
                     '{"Result":{"ErrorCode":"0"}}',
                     '{"Transactions":{"TrxInf":{"STMTDate":"2026-01-04"}}}'):
            with self.subTest(body), self.assertRaises(mfep_json.Wrong):
                mfep_json.read(answer("BILPULRS", body))
        with self.assertRaises(ValueError):
            mfep_json.read(b"<MFEP/>")


if __name__ == "__main__":
    unittest.main()
