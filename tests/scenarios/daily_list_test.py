"""Finance's daily list: what the hub lists of a day's payments is what the switch has written down
of the same STMTDate, and nothing else of the messages leaves the hub."""

from __future__ import annotations

import csv
import datetime
import http.server
import io
import json
import subprocess
import threading
import unittest
import urllib.parse
from decimal import Decimal
from typing import Any

import cast
from lxml import etree
from stage import call
from trial import MASAR, OnStage, masar

FIRST, SECOND = "2026-11-20", "2026-11-21"
EVER = {"from": "2020-01-01", "to": "2100-01-01"}
NEVER_ISSUED = "-990002"  # as a payer may type it: a spreadsheet would reckon with it
NAME = "كناري الثاني"
OF_ALL = ["id", "received", "type", "endpoint", "partner", "message", "message_id", "part", "parts",
          "cases", "outcome", "reply", "reply_code", "content"]


def switch_file(stage: Any, day: str) -> dict[str, tuple[Decimal, str]]:
    """The switch's own file of a statement day, from its ledger alone: each transaction once, with
    the amount that it first told, and the code that its teller then heard."""
    told: dict[str, Decimal] = {}
    heard: dict[str, str] = {}
    for entry in stage.switch.entries("BLRPMTNTFRQ", direction="out"):
        transactions = entry["fields"]["Transactions"]["TrxInf"]
        for one in transactions if isinstance(transactions, list) else [transactions]:
            if one["STMTDate"][:10] == day:
                told.setdefault(one["JOEBPPSTrx"], Decimal(one["PaidAmt"]))
    for entry in stage.switch.entries("BLRPMTNTFRS", direction="in"):
        for one in etree.fromstring(entry["raw"].encode("utf-8")).iter("TrxInf"):
            trx, code = one.findtext("JOEBPPSTrx"), one.findtext("Result/ErrorCode")
            if trx and code:
                heard.setdefault(trx, code)
    return {trx: (amount, heard[trx]) for trx, amount in told.items()}


def taken(file: dict[str, tuple[Decimal, str]]) -> Decimal:
    """The money of a day."""
    return sum((amount for amount, code in file.values() if code == "0"), Decimal())


class DailyList(OnStage):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        stage = cls.stage
        first, second = {"STMTDate": FIRST}, {"STMTDate": SECOND}
        cls.one, cls.twice, cls.wrong, cls.lost, cls.left, cls.right = (
            cast.to_number(stage, name)
            for name in ("one", "twice", "wrong", "lost", "left", "right"))
        cast.pay(stage, cls.one, trxInf={**first, "PayerInfo": {"Name": NAME}})
        # Told again under the same GUID, under a new one, and with another amount.
        cast.pay(stage, cls.twice, times=2, trxInf=first)
        number = cast.billing_number(stage, cls.twice)
        for how in ("same-guid", "new-guid", "other-amount"):
            stage.switch.act("again", billingNo=number, how=how, wait=True)
        # Refused, and paid rightly on the other day.
        cls.refused = cast.pay(stage, cls.wrong, delta="-0.001", trxInf=first)
        cast.pay(stage, cls.wrong, trxInf=second)
        stage.switch.fault("did-it-but-no-answer", count=1, operation="BLRPMTNTFRQ")
        cast.pay(stage, cls.lost, trxInf={"STMTDate": f"{SECOND}T23:59:59"})
        # One notice for two cases, on two days; and one that belongs to nobody.
        stage.switch.act("pay-together", wait=True, payments=[
            {"billingNo": cast.billing_number(stage, who), "trxInf": day}
            for who, day in ((cls.left, first), (cls.right, second))])
        stage.switch.act("pay", billingNo=NEVER_ISSUED, inquire=False, amount="10.000", wait=True,
                         trxInf=first)
        for who in (cls.one, cls.twice, cls.wrong, cls.lost, cls.left, cls.right):
            cast.reach(stage, who, "cleared")
        stage.settle()

    def ask(self, token: str | None = None, **query: Any) -> tuple[int, Any]:
        question = urllib.parse.urlencode({"type": "payments", **query}, doseq=True)
        return call(self.stage.hub.addresses["admin"], "GET", f"/api/messages?{question}",
                    token=self.stage.hub.token if token is None else token)

    def page(self, **query: Any) -> dict[str, Any]:
        status, body = self.ask(**{**EVER, **query})
        self.assertEqual(status, 200, body)
        return body

    def client(self, *arguments: str, ends: int = 0, **options: str) -> str:
        asked = {"type": "payments", **EVER, **options}
        done = self.run_client(self.stage.hub.addresses["admin"], *arguments,
                               *(f"--{k}={v}" for k, v in asked.items()))
        self.assertEqual((done.returncode, bool(done.stderr)), (ends, ends != 0), done.stderr)
        return (done.stderr or done.stdout).decode("utf-8")  # every line end as it is

    def run_client(self, address: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        token = self.stage.hub.folder / "state" / "admin.token"
        return subprocess.run([MASAR, "messages", *arguments, "--token-file", token, "--address",
                               address], capture_output=True, timeout=60, stdin=subprocess.DEVNULL)

    def csv(self, text: str) -> list[dict[str, str]]:
        self.assertNotIn("\n", text.replace("\r\n", ""))
        return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))

    def test_a_day_is_what_the_switch_has_of_it(self) -> None:
        self.assertEqual(self.refused[-1], "325")
        counts, sums = [], []
        for day in (FIRST, SECOND):
            rows = self.csv(self.client("--where", f"STMTDate={day}", format="csv"))
            listed = {row["JOEBPPSTrx"]: (Decimal(row["PaidAmt"]), row["ErrorCode"])
                      for row in rows}
            expected = switch_file(self.stage, day)
            self.assertEqual(listed, expected)
            self.assertEqual(len(rows), len(listed), "a transaction stands twice")
            self.assertEqual(taken(listed), taken(expected))
            counts.append(len(rows))
            sums.append(taken(listed))
        # one, twice, wrong, left, nobody's; wrong again, lost, right
        self.assertEqual(counts, [5, 3])
        self.assertEqual(sums, [3 * Decimal(cast.DEFAULT_TOTAL)] * 2)

    def test_the_same_by_http_as_json_and_as_csv(self) -> None:
        for day in (FIRST, SECOND):
            where = f"STMTDate:{day}"
            messages = self.page(where=where)["messages"]
            status, text = self.ask(**EVER, where=where, format="csv")
            self.assertEqual(status, 200)
            rows = self.csv(text)
            self.assertEqual(text, self.client("--where", f"STMTDate={day}", format="csv"))
            lines = self.client("--where", f"STMTDate={day}", format="json").splitlines()
            self.assertEqual([json.loads(line) for line in lines], messages)
            self.assertEqual([row["id"] for row in rows], [str(m["id"]) for m in messages])
            for row, message in zip(rows, messages):
                self.assertEqual(list(row)[:len(OF_ALL)], OF_ALL)
                self.assertEqual(row["cases"].split(), message["cases"])
                self.assertEqual(list(row)[len(OF_ALL):], list(message["fields"]))
        table = self.client("--where", f"STMTDate={SECOND}").splitlines()
        self.assertEqual([len(line.split("\t")) for line in table], [len(rows[0])] * 4)

    def test_a_row_says_its_reply_its_outcome_and_its_case(self) -> None:
        def of(number: str, day: str) -> dict[str, Any]:
            found = self.page(where=[f"BillingNo:{number}", f"STMTDate:{day}"])["messages"]
            self.assertEqual(len(found), 1)
            return found[0]

        def said(row: dict[str, Any]) -> tuple[Any, ...]:
            return row["cases"], row["outcome"], row["reply"]["kind"], row["fields"]["ErrorCode"]

        left, right = (of(cast.billing_number(self.stage, who), day)
                       for who, day in ((self.left, FIRST), (self.right, SECOND)))
        self.assertEqual(said(left), ([self.left.application], "done", "reply", "0"))
        self.assertEqual(said(right), ([self.right.application], "done", "reply", "0"))
        # Parts of one message.
        self.assertEqual(left["message"], right["message"])
        self.assertEqual([(row["part"], row["parts"]) for row in (left, right)], [(1, 2), (2, 2)])
        wrong = cast.billing_number(self.stage, self.wrong)
        self.assertEqual(said(of(wrong, FIRST)), ([self.wrong.application], "done", "reply", "325"))
        self.assertEqual(said(of(wrong, SECOND)), ([self.wrong.application], "done", "reply", "0"))
        self.assertEqual(said(of(NEVER_ISSUED, FIRST)), ([], "dead-letter", "reply", "408"))
        self.assertEqual((left["type"], left["endpoint"], left["content"]),
                         ("MFEP", "switch-payments", "kept"))

    def test_nothing_but_the_columns_leaves_the_hub(self) -> None:
        self.assertIn(NAME, json.dumps(self.stage.switch.ledger(), ensure_ascii=False))
        for format in ("json", "csv"):
            text = self.ask(**EVER, format=format)[1]
            self.assertNotIn(NAME, json.dumps(text, ensure_ascii=False))

    def test_a_formula_is_none_in_csv(self) -> None:
        message = self.page(where=f"BillingNo:{NEVER_ISSUED}")["messages"][0]
        self.assertEqual(message["fields"]["BillingNo"], NEVER_ISSUED)
        rows = self.csv(self.client("--where", f"BillingNo={NEVER_ISSUED}", format="csv"))
        self.assertEqual([row["BillingNo"] for row in rows], ["'" + NEVER_ISSUED])

    def test_pages_and_a_half_open_range_of_receipt(self) -> None:
        whole = self.page()["messages"]
        self.assertEqual(len(whole), 8)
        found: list[Any] = []
        after = 0
        while after is not None:
            page = self.page(limit=3, after=after)
            self.assertLessEqual(len(page["messages"]), 3)
            found += page["messages"]
            after = page["after"]
        self.assertEqual(found, whole)
        # The clock stood still: all came at one time of one day.
        self.assertEqual(len({message["received"] for message in whole}), 1)
        at = whole[0]["received"]
        today = datetime.date.fromisoformat(at[:10])
        tomorrow = today + datetime.timedelta(1)
        for since, until, listed in ((at, tomorrow, whole), (today, tomorrow, whole),
                                     (today, at, []), (tomorrow, EVER["to"], [])):
            self.assertEqual(self.page(**{"from": since, "to": until})["messages"], listed)

    def test_a_list_that_is_cut_off_is_no_whole_one(self) -> None:
        first = self.page(limit=3)
        self.assertIsNotNone(first["after"])

        class Ending(http.server.BaseHTTPRequestHandler):
            """A hub that answers the first page and none behind it."""

            def do_GET(self) -> None:
                body = json.dumps({"detail": "gone"} if "after=" in self.path else first).encode()
                self.send_response(503 if "after=" in self.path else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        with http.server.HTTPServer(("127.0.0.1", 0), Ending) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                done = self.run_client(f"127.0.0.1:{server.server_port}", "--type=payments",
                                       "--from=2020-01-01", "--to=2100-01-01", "--format=csv")
            finally:
                server.shutdown()
                thread.join()
        self.assertEqual((done.returncode, done.stdout.count(b"\r\n")), (1, 4))
        self.assertIn(b"gone", done.stderr)
        self.assertIn(b"the list is not whole", done.stderr)

    def test_whoever_asks_wrongly_is_told_what_is_wrong(self) -> None:
        self.assertEqual(self.ask(token="", **EVER)[0], 401)
        for query, status, says in (
            ({"type": "payment"}, 404, 'did you mean "payments"?'),
            ({"from": "yesterday"}, 422, "from: write a date"),
            ({"from": "2026-02-30"}, 422, "from: "),
            ({"to": EVER["from"]}, 422, "to: is not behind from"),
            ({"where": "STMTDate"}, 422, "where: write COLUMN:VALUE"),
            ({"where": "STMTDat:1"}, 422, 'did you mean "STMTDate"?'),
            ({"where": [f"BankCode:{n}" for n in range(17)]}, 422, "where: "),
            ({"limit": "501"}, 422, "limit: "), ({"after": "x"}, 422, "after: "),
            ({"format": "xml"}, 422, "format: "), ({"since": "1"}, 422, "query: "),
        ):
            with self.subTest(query=query):
                got, problem = self.ask(**{**EVER, **query})
                self.assertEqual(got, status)
                self.assertIn(says, problem["detail"])
        self.assertIn("did you mean", self.client(ends=1, type="payment"))
        self.assertIn("--from", self.client(ends=2, **{"from": "yesterday"}))
        self.assertIn("--where", self.client("--where", "STMTDate", ends=2))
        self.assertIn("--format", self.client(ends=2, format="xml"))
        self.assertEqual(masar("messages", "--type", "payments").returncode, 2)


if __name__ == "__main__":
    unittest.main()
