#!/usr/bin/python3
"""The payment switch: pulls bills and notifies payments (MFEP as signed XML, or as JSON with a
login), and checks the answers and their signatures. A call without an answer, with a bad signature
or with 303 is repeated under the same GUID. """

from __future__ import annotations

import base64
import datetime
import http.client
import itertools
import threading
import urllib.parse
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from lxml import etree

import hub
import mfep
import mfep_json
import wire
from doors import Partner, needed, run
from faults import GARBAGE, BadRequest, Fault

BILL_PULL = "/postpaid/BillPull"
NOTIFICATION = "/payment/ReceivePaymentNotification"
SENDER, RECEIVER = "EFAWATEER", "GAM"
SERVICE_TYPE = "GAM_ACC_DMG"
RETRY_SECONDS = 0.2
ATTEMPTS_MAX = 150
RETRYABLE = "303"
PROFILES = ("signed-xml", "json")
DID_NOT_HEAR = ("silent", "500", "reset", "did-it-but-no-answer")


@dataclass
class Payment:
    """One notification, as often as it is told."""

    guid: str | None
    transactions: list[dict[str, Any]]
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return str(self.transactions[0]["AcctInfo"]["BillingNo"])


class Switch(Partner):
    name = "switch"

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._origin = uuid.uuid4().hex[:8]
        self._latest: dict[str, Payment] = {}
        self._held: dict[str, list[Payment]] = {}
        self._turns: dict[str, threading.Lock] = {}
        self._profile = PROFILES[0]
        self._register()

    def _register(self) -> None:
        self.act(
            "pay",
            self.pay,
            "somebody pays: BillPull (inquire false: not), then the notification, of "
            "the due amount, of due + delta, or of amount; hold true: paid now, told at `release`; "
            "guid, trx, processDate, offsetSeconds, payerName, times, parallel, sign (false, "
            "'bad'), trxInf (members to replace or add) at will",
            billingNo="123456789012",
            payerName="محمد أحمد",
        )
        self.act(
            "profile",
            self.profile,
            f"what it speaks from now on: {', '.join(PROFILES)}; in JSON sign false is without a "
            "login, 'bad' with a wrong password",
            profile="json",
        )
        self.act("inquire", self.inquire, "somebody looks at a bill", billingNo="123456789012")
        self.act(
            "release", self.release, "what was paid with hold is told now", billingNo="123456789012"
        )
        self.act(
            "again",
            self.again,
            "the latest payment of a bill once more: how is same-guid, new-guid "
            "(same JOEBPPSTrx), other-amount (same JOEBPPSTrx, new GUID; amount), other-trx (a "
            "second "
            "payment)",
            billingNo="123456789012",
            how="same-guid",
        )
        self.act(
            "pay-together",
            self.pay_together,
            "several payments in one notification; without an " "amount the bill is asked first",
            payments=[
                {"billingNo": "123456789012"},
                {"billingNo": "210987654321", "amount": "10.000"},
            ],
        )
        self.act(
            "notify-raw",
            self.notify_raw,
            "any bytes to the hub, signed if they hold a MsgBody and " "sign is true",
            body="<MFEP>…</MFEP>",
            path=NOTIFICATION,
            sign=True,
        )

    # What payers do. Every act is done in the background unless it says wait.

    def pay(self, asked: dict[str, Any]) -> dict[str, Any]:
        billing = needed(asked, "billingNo")
        trx, guid = self._trx(asked), str(asked.get("guid") or uuid.uuid4())
        answer = self._background(asked, billing, lambda: self._pay(billing, trx, guid, asked))
        return {"guid": guid, "trx": trx, **answer}

    def _pay(self, billing: str, trx: str, guid: str, asked: dict[str, Any]) -> list[str]:
        due, codes = None, ["0"]
        if asked.get("inquire", True):
            due, codes = self._inquire(billing, asked)
        amount = asked.get("amount") or due
        if amount is None:
            return codes  # no bill, nothing to pay
        paid = f"{Decimal(amount) + Decimal(str(asked.get('delta', 0))):.3f}"
        one = mfep.payment(
            billing,
            trx,
            str(due or paid),
            paid,
            self._process_date(asked),
            str(asked.get("serviceType", SERVICE_TYPE)),
            **self._more(asked),
        )
        payment = Payment(None if asked.get("guid", "") is None else guid, [one], asked)
        if asked.get("hold"):
            with self._lock:
                self._held.setdefault(billing, []).append(payment)
            self.ledger.add("act", "paid", billing, one)
            return codes
        return self._notify(payment)

    def profile(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked.get("profile") not in PROFILES:
            raise BadRequest(f"profile is one of {', '.join(PROFILES)}")
        self._profile = asked["profile"]
        return {}

    def inquire(self, asked: dict[str, Any]) -> dict[str, Any]:
        billing = needed(asked, "billingNo")
        return self._background(asked, None, lambda: self._inquire(billing, asked)[1])

    def release(self, asked: dict[str, Any]) -> dict[str, Any]:
        billing = needed(asked, "billingNo")
        with self._lock:
            held = self._held.pop(billing, [])
        if not held:
            raise BadRequest("nothing of that bill is held")
        return self._background(asked, billing, lambda: [c for p in held for c in self._notify(p)])

    def again(self, asked: dict[str, Any]) -> dict[str, Any]:
        billing, how = needed(asked, "billingNo"), asked.get("how", "same-guid")
        if how not in ("same-guid", "new-guid", "other-amount", "other-trx"):
            raise BadRequest("how is one of same-guid, new-guid, other-amount, other-trx")

        def repeat() -> list[str]:
            latest = self._latest.get(billing)
            if latest is None:
                return []
            one = dict(latest.transactions[0])
            if how == "other-amount":
                one["PaidAmt"] = asked.get("amount") or f"{Decimal(one['PaidAmt']) + 1:.3f}"
            if how == "other-trx":
                one["JOEBPPSTrx"] = self._trx(asked)
            guid = latest.guid if how == "same-guid" else str(uuid.uuid4())
            return self._notify(Payment(guid, [one], asked))

        return self._background(asked, billing, repeat)

    def pay_together(self, asked: dict[str, Any]) -> dict[str, Any]:
        payments = asked.get("payments")
        if not isinstance(payments, list) or not payments:
            raise BadRequest("payments is a list of {billingNo, amount}")
        billings = [needed(p, "billingNo") for p in payments]

        def together() -> list[str]:
            transactions = []
            for billing, said in zip(billings, payments):
                amount = said.get("amount") or self._inquire(billing, {})[0] or "1.000"
                transactions.append(
                    mfep.payment(
                        billing,
                        self._trx(said),
                        str(amount),
                        str(amount),
                        self._process_date(asked),
                        SERVICE_TYPE,
                        **self._more(said),
                    )
                )
            return self._notify(
                Payment(str(asked.get("guid") or uuid.uuid4()), transactions, asked)
            )

        return self._background(asked, billings[0], together)

    def notify_raw(self, asked: dict[str, Any]) -> dict[str, Any]:
        body = (
            base64.b64decode(asked["base64"])
            if "base64" in asked
            else str(asked.get("body", "")).encode()
        )
        key = self._key()
        if asked.get("sign") and key is not None and self._profile != "json":
            try:
                body = mfep.with_signature(body, mfep.sign(body, key))
            except ValueError as error:
                raise BadRequest(str(error)) from error
        path = str(asked.get("path") or NOTIFICATION)
        if asked.get("guid"):
            path += f"?GUID={urllib.parse.quote(asked['guid'])}"
        self.ledger.add("out", "raw", asked.get("guid"), {"path": path, "bytes": len(body)})
        headers = self._headers({"sign": True})
        if asked.get("contentType"):
            headers["Content-Type"] = str(asked["contentType"])
        answer = self._exchange(path, body, None, headers)
        status, text = answer if answer else (0, b"")
        self.ledger.add(
            "in", "raw", asked.get("guid"), {"status": status}, raw=text.decode("utf-8", "replace")
        )
        return {"status": status, "body": text.decode("utf-8", "replace")}

    def _background(self, asked: dict[str, Any], turn: str | None, do: Any) -> dict[str, Any]:
        """Does it on a thread of its own; what concerns one bill in the order in which it was asked
        for."""
        found: dict[str, Any] = {}
        with self._lock:
            before = self._turns.get(turn) if turn else None
            mine = threading.Lock()
            mine.acquire()
            if turn:
                self._turns[turn] = mine
        self.busy.add(1)

        def work() -> None:
            try:
                if before is not None and not asked.get("parallel"):
                    before.acquire()
                    before.release()
                found["codes"] = do()
            finally:
                mine.release()
                self.busy.add(-1)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        if asked.get("wait"):
            thread.join()
        return found

    # Calls to the hub.

    def _inquire(self, billing: str, asked: dict[str, Any]) -> tuple[str | None, list[str]]:
        """The due amount where there is a bill, and the answer's error codes."""
        service = str(asked.get("serviceType", SERVICE_TYPE))
        root = self._call(
            "BILPULRQ",
            BILL_PULL,
            str(uuid.uuid4()),
            billing,
            mfep.bill_pull(billing, service),
            asked,
        )
        if root is None:
            return None, []
        codes = mfep.results(root)
        return (root.findtext(".//DueAmount") if set(codes) == {"0"} else None), codes

    def _notify(self, payment: Payment) -> list[str]:
        with self._lock:
            self._latest[payment.key] = payment
        asked = payment.options
        times = int(asked.get("times", 1))
        fault = self.faults.take("BLRPMTNTFRQ", among=("duplicate", "out-of-order"))
        if fault is not None:
            self.ledger.add("fault", fault.kind, payment.key, {"operation": "BLRPMTNTFRQ"})
            if fault.kind == "out-of-order":
                self.swap.wait_for_next(fault.ms)
            times += fault.kind == "duplicate"
        found: list[list[str]] = []

        def tell() -> None:
            root = self._call(
                "BLRPMTNTFRQ",
                NOTIFICATION,
                payment.guid,
                payment.key,
                {"Transactions": {"TrxInf": payment.transactions}},
                asked,
            )
            found.append([] if root is None else mfep.results(root))

        if asked.get("parallel"):
            threads = [threading.Thread(target=tell, daemon=True) for _ in range(times)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        else:
            for _ in range(times):
                tell()
        if fault is None or fault.kind != "out-of-order":
            self.swap.gone_by()
        return [code for codes in found for code in codes]

    def _call(
        self,
        kind: str,
        path: str,
        guid: str | None,
        key: str,
        body: dict[str, Any],
        asked: dict[str, Any],
    ) -> etree._Element | None:
        """One call, repeated under its GUID until it is answered for good; None: given up."""
        if guid is not None:
            path += f"?GUID={guid}"
        for attempt in range(int(asked.get("attempts", ATTEMPTS_MAX))):
            message = self._message(kind, guid, body, asked)
            fault = self.faults.take(kind, among=("slow", "garbage", *DID_NOT_HEAR))
            self.ledger.add("out", kind, key, body, guid=guid, again=True if attempt else None)
            answer = self._exchange(path, message, fault, self._headers(asked))
            root, final = self._read(kind, key, guid, answer)
            if final:
                return root
            threading.Event().wait(RETRY_SECONDS)
        self.ledger.add("in", "given-up", key, {"type": kind}, guid=guid)
        return None

    def _message(
        self, kind: str, guid: str | None, body: dict[str, Any], asked: dict[str, Any]
    ) -> bytes:
        make = mfep_json.request if self._profile == "json" else mfep.request
        message = make(kind, guid, self.hub.local_now(), SENDER, RECEIVER, body)
        return message if self._profile == "json" else self._signed(message, asked)

    def _headers(self, asked: dict[str, Any]) -> dict[str, str]:
        if self._profile != "json":
            return {"Content-Type": "application/xml"}
        headers = {"Content-Type": "application/json; charset=utf-8"}
        password, how = self.secret("mfep-switch-password"), asked.get("sign", True)
        if password is not None and how is not False:
            # The newest of several stands first.
            headers["Authorization"] = mfep_json.login(
                password.split("\n")[0] + ("x" if how == "bad" else "")
            )
        return headers

    def _signed(self, message: bytes, asked: dict[str, Any]) -> bytes:
        key, how = self._key(), asked.get("sign", True)
        if how is False or key is None:
            return mfep.with_signature(message, None)
        signature = mfep.sign(message, key)
        if how == "bad":
            signature = mfep.sign(message.replace(b"<MsgBody>", b"<MsgBody> "), key)
        return mfep.with_signature(message, signature)

    def _exchange(
        self, path: str, body: bytes, fault: Fault | None, headers: dict[str, str]
    ) -> tuple[int, bytes] | None:
        if fault is not None:
            self.ledger.add("fault", fault.kind, None, {"path": path})
            if fault.kind == "slow":
                threading.Event().wait(fault.ms / 1000)
            elif fault.kind == "silent":
                with self.busy.held():
                    self.faults.wait_until_cleared()
            elif fault.kind == "reset":
                return None
            elif fault.kind == "garbage":
                body = GARBAGE
        try:
            answer = hub.request(self.hub.wait_for("http"), "POST", path, body, headers)
        except (OSError, http.client.HTTPException):
            return None
        lost = fault is not None and fault.kind in ("500", "did-it-but-no-answer", "garbage")
        return None if lost else answer

    def _read(
        self, kind: str, key: str, guid: str | None, answer: tuple[int, bytes] | None
    ) -> tuple[etree._Element | None, bool]:
        """The answer, and whether that is the end of it."""
        if answer is None:
            self.ledger.add("in", "no-answer", key, {"type": kind}, guid=guid)
            return None, False
        status, body = answer
        root, wrong = self._document(body) if status == 200 else (None, None)
        if root is None:
            self.ledger.add(
                "in",
                "http",
                key,
                {"type": kind, "status": status},
                guid=guid,
                invalid=wrong,
                raw=body.decode("utf-8", "replace"),
            )
            return None, 400 <= status < 500 and status != 429
        codes, signature = mfep.results(root), self._verify(body)
        wrong = wrong or wire.invalid("mfep.xsd", root)
        repeated = root.findtext("MsgHeader/GUID")
        if wrong is None and repeated != guid:
            wrong = f"GUID {repeated!r} answers {guid!r}"
        self.ledger.add(
            "in",
            root.findtext(".//ResTyp") or "answer",
            key,
            wire.fields_of(root),
            guid=guid,
            codes=codes,
            signature=signature,
            invalid=wrong,
            raw=body.decode("utf-8"),
        )
        return root, signature not in ("bad", "missing") and RETRYABLE not in codes

    def _document(self, body: bytes) -> tuple[etree._Element | None, str | None]:
        """The answer's XML form, and what is wrong with it; neither where it cannot be read."""
        try:
            return (mfep_json.read(body) if self._profile == "json" else wire.read(body)), None
        except mfep_json.Wrong as wrong:
            return None, str(wrong)
        except (etree.XMLSyntaxError, ValueError, KeyError, TypeError):
            return None, None

    # Keys, numbers, times.

    def _key(self) -> Any:
        pem = self.secret("mfep-switch-private")
        return mfep.private_key(pem) if pem else None

    def _verify(self, body: bytes) -> str:
        if self._profile == "json":
            return "none"
        pem = self.secret("mfep-hub-public") or self.secret("mfep-hub-private")
        return mfep.verdict(body, *mfep.public_keys(pem)) if pem else "unchecked"

    def _trx(self, asked: dict[str, Any]) -> str:
        return str(asked.get("trx") or f"{self._origin}{next(self._numbers):06d}")

    def _process_date(self, asked: dict[str, Any]) -> str:
        """Business time of Amman, moved by offsetSeconds; or what is said."""
        if asked.get("processDate"):
            return str(asked["processDate"])
        now = datetime.datetime.fromisoformat(self.hub.local_now())
        return (now + datetime.timedelta(seconds=int(asked.get("offsetSeconds", 0)))).isoformat()

    def _more(self, asked: dict[str, Any]) -> dict[str, Any]:
        more = dict(asked.get("trxInf") or {})
        if asked.get("payerName"):
            more["PayerInfo"] = {"Name": asked["payerName"]}
        return more


if __name__ == "__main__":
    run(Switch)
