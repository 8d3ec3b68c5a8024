"""MFEP documents in the JSON profile, as the switch writes and reads them: no signature, the order
of members its own, amounts sometimes numbers and sometimes texts. What the hub answers is held to
the types that the switch wants, and read into the XML form, so that one schema judges both
profiles."""

from __future__ import annotations

import base64
import json
import re
from decimal import Decimal
from typing import Any

from lxml import etree

USER = "switch"
SPELLED = {"BankTrxID": "BankTrxId", "STMTDate": "StmtDate"}  # as this switch spells them
NUMBERS = ("DueAmt", "PaidAmt")  # amounts that go out as numbers, without trailing zeros
MARK = "\ue000"
TYPES: dict[str, type] = {"ErrorCode": int, "RecCount": int, "AllowPart": bool,
                          "FeesOnBiller": bool}


class Wrong(ValueError):
    """The answer is not as the switch reads it; the text says where."""


def request(
    kind: str, guid: str | None, stamp: str, sender: str, receiver: str, body: dict[str, Any]
) -> bytes:
    header: dict[str, Any] = {
        "TmStp": stamp,
        "TrsInf": {"SdrCode": sender, "RcvCode": receiver, "ReqTyp": kind},
    }
    if guid is not None:
        header["GUID"] = guid
    transactions = body.get("Transactions", {}).get("TrxInf")
    if transactions is not None:
        one = transactions if len(transactions) > 1 else transactions[0]
        body = {**body, "Transactions": {"TrxInf": one}}
    message = {"MFEP": {"MsgBody": _out(body), "MsgHeader": header}}
    text = json.dumps(message, ensure_ascii=False)
    # json knows no decimals, and an amount must not become a float.
    return re.sub(f'"{MARK}([^"]*)"', r"\1", text).encode("utf-8")


def _out(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {SPELLED.get(k, k): _out(v, k) for k, v in reversed(value.items())}
    if isinstance(value, list):
        return [_out(one, name) for one in value]
    if name in NUMBERS and re.fullmatch(r"\d+\.\d+", str(value)):
        return f"{MARK}{Decimal(value).normalize():f}"
    return value


def login(password: str) -> str:
    return "Basic " + base64.b64encode(f"{USER}:{password}".encode()).decode()


def read(body: bytes) -> etree._Element:
    """The answer's XML form. Raises Wrong, or ValueError where it is no JSON."""
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise Wrong("a member stands twice")
        return dict(pairs)

    whole = json.loads(body, object_pairs_hook=once, parse_float=Decimal)
    if not isinstance(whole, dict) or list(whole) != ["MFEP"]:
        raise Wrong("there is not one MFEP")
    header, content = whole["MFEP"]["MsgHeader"], whole["MFEP"]["MsgBody"]
    if "RecCount" in content:
        bills = content.pop("BillRec", None)
        if not isinstance(bills, list) or len(bills) != content["RecCount"]:
            raise Wrong(f"RecCount {content['RecCount']} with BillRec {bills!r}")
        content["BillsRec"] = {"BillRec": bills} if bills else None
    if "Transactions" in content:
        content["TrxInf"] = content.pop("Transactions")["TrxInf"]
        for one in _listed(content["TrxInf"]):
            if "StmtDate" not in one:
                raise Wrong("StmtDate is missing")
            one["STMTDate"] = one.pop("StmtDate")
    root = etree.Element("MFEP")
    _in(root, "MsgHeader", header)
    _in(root, "MsgBody", _ordered(content))
    return root


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _ordered(content: dict[str, Any]) -> dict[str, Any]:
    """The schema's order; members of JSON have none."""
    for one in _listed(content.get("TrxInf", [])):
        one["Result"] = one.pop("Result")
    return content


def _in(parent: etree._Element, name: str, value: Any) -> None:
    for one in _listed(value):
        if one is None:
            continue
        child = etree.SubElement(parent, name)
        if isinstance(one, dict):
            for key, more in one.items():
                _in(child, key, more)
            continue
        if type(one) is not TYPES.get(name, str):
            raise Wrong(f"{name} is {one!r}")
        child.text = str(one).lower() if isinstance(one, bool) else str(one)
