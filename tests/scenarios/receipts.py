"""Receipts as their holders know them: what the portal stored, what the hub's public page says."""

from __future__ import annotations

import http.client
import urllib.parse
from typing import Any

from lxml import html

from cast import Applicant, expect
from stage import Stage

UNKNOWN = "لا يوجد إيصال بهذا الرمز"
VALID = "إيصال صحيح"


def of(stage: Stage, who: Applicant) -> list[dict[str, Any]]:
    """The receipts that the portal has of the application."""
    return [
        entry["fields"]
        for entry in stage.portal.entries("ReceiptIssued", who.application, "in")
        if not entry.get("again") and not entry.get("invalid")
    ]


def ask(stage: Stage, query: str) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of what the hub's page answers."""
    host, port = stage.hub.addresses["public"].rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    connection.request("GET", f"/receipt?{query}")
    answer = connection.getresponse()
    body = answer.read().decode("utf-8")
    connection.close()
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}, body


def verify(stage: Stage, code: str) -> tuple[str, dict[str, str]]:
    """Heading and rows of the page for a code."""
    status, headers, body = ask(stage, urllib.parse.urlencode({"code": code}))
    expect(status == 200, f"the check of a receipt was answered {status}: {body}")
    expect(headers["content-type"] == "text/html; charset=utf-8", f"the check is {headers}")
    page = html.fromstring(body)
    rows = {
        row.find("th").text_content(): row.find("td").text_content() for row in page.iter("tr")
    }
    return page.find(".//h1").text_content(), rows


def expect_valid(stage: Stage, who: Applicant, amount: str, number: str) -> dict[str, Any]:
    """One receipt, which the hub's page knows however its code is typed, without the person."""
    receipts = of(stage, who)
    expect(len(receipts) == 1, f"{who.application} has {len(receipts)} receipts")
    receipt = receipts[0]
    expect(receipt["amount"] == amount, f"the receipt says {receipt['amount']}")
    expect(receipt["billingNo"] == number, f"the receipt is for {receipt['billingNo']}")
    code = receipt["verificationCode"]
    for typed in (code, code.replace("-", "").lower(), f" {code.replace('-', ' ')} "):
        heading, rows = verify(stage, typed)
        expect(heading == VALID, f"{typed} is answered {heading}")
        shown = " ".join(rows.values())
        for said in (receipt["receiptNo"], number, amount, receipt["amountInWords"]):
            expect(said in shown, f"the check lacks {said}: {rows}")
        expect(who.plate_no not in shown, f"the check shows the vehicle: {rows}")
    wrong = code[:-1] + ("2" if code[-1] != "2" else "3")
    for typed in (wrong, code[:-1], "R" + number, number, "", "'", "<b>"):
        heading, rows = verify(stage, typed)
        expect(heading == UNKNOWN and not rows, f"{typed!r} is answered {heading}, {rows}")
    return receipt
