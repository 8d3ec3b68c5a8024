#!/usr/bin/python3
"""The citizens' portal: sends applications, choices, letters and withdrawals over AMQP and writes
down every CaseUpdated, ReceiptIssued, ApplicationJoined and MessageRefused in the order in which
they came. A receipt whose page does not say what its data say is refused."""

from __future__ import annotations

import base64
import hashlib
import threading
import uuid
import zlib
from typing import Any

import receipt_page
import wire
from amqp_link import AmqpLink, Incoming, Outgoing
from doors import Partner, needed, run
from faults import BadRequest

NAMESPACE = "urn:gam:portal:1"
ANYONE = "*"


class Portal(Partner):
    name = "portal"

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self._link = AmqpLink(self, "portal", self._received)
        self._lock = threading.Lock()
        self._sent: list[tuple[str, str | None, str, bytes, dict[str, Any]]] = []
        self._auto: dict[str, dict[str, Any]] = {}
        self._acted: set[tuple[str, str, str]] = set()
        self._numbers = 0
        self._register()

    def _register(self) -> None:
        self.act(
            "submit",
            self.submit,
            "a citizen applies; all but applicationId has defaults",
            applicationId="A-1",
            sketchNo="S-1",
            accidentDate="2026-01-02",
            plate={"code": "20", "number": "12345"},
            applicant={
                "idType": "NATIONAL",
                "id": "9901234567",
                "nameAr": "أحمد محمد علي الخطيب",
                "phone": "0791234567",
                "language": "ar",
            },
        )
        self.act(
            "choose",
            self.choose,
            "how to pay: personal or insurer",
            applicationId="A-1",
            method="personal",
        )
        self.act(
            "upload",
            self.upload,
            "the insurer's approval letter; all but applicationId has defaults",
            applicationId="A-1",
            letterRef="L-1",
            insurerCode="JIC",
        )
        self.act("withdraw", self.withdraw, "the application is withdrawn", applicationId="A-1")
        self.act(
            "resend",
            self.resend,
            "the latest message (of that application, of that kind) once more, "
            "under the same message-id or a new one",
            applicationId="A-1",
            kind="ApplicationSubmitted",
            messageId="same",
        )
        self.act(
            "raw",
            self.raw,
            "any bytes as a message's body, or as the whole encoded message " "(encodedBase64)",
            body="<nonsense",
            contentType="application/xml",
        )
        self.act(
            "auto",
            self.auto,
            "what the citizen does by himself when asked: choose, upload; "
            "applicationId * is everybody, method null ends it",
            applicationId="A-1",
            method="insurer",
            letter={"letterRef": "L-1"},
        )

    def start(self) -> None:
        self._link.start()

    # What the citizen does.

    def submit(self, fields: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            self._numbers += 1
            application = str(fields.get("applicationId") or f"A-{self._numbers}")
        digits = zlib.crc32(application.encode()) % 10_000_000
        applicant = {
            "idType": "NATIONAL",
            "id": f"99{digits:08d}",
            "nameAr": "أحمد محمد علي الخطيب",
            "phone": f"079{digits:07d}",
            "language": "ar",
            **(fields.get("applicant") or {}),
        }
        plate = {"code": "20", "number": "12345", **(fields.get("plate") or {})}
        return self._send(
            "ApplicationSubmitted",
            fields,
            {
                "applicationId": application,
                "sketchNo": fields.get("sketchNo") or f"S-{application}"[:20],
                "accidentDate": fields.get("accidentDate") or "2026-01-02",
                "plate": plate,
                "applicant": applicant,
            },
        )

    def choose(self, fields: dict[str, Any]) -> dict[str, Any]:
        return self._send(
            "PaymentMethodChosen",
            fields,
            {
                "applicationId": needed(fields, "applicationId"),
                "method": fields.get("method", "personal"),
            },
        )

    def upload(self, fields: dict[str, Any]) -> dict[str, Any]:
        application = needed(fields, "applicationId")
        letter = fields.get("letterRef") or f"L-{application}"
        return self._send(
            "LetterUploaded",
            fields,
            {
                "applicationId": application,
                "letterRef": letter,
                "insurerCode": fields.get("insurerCode") or "JIC",
                "sha256": fields.get("sha256") or hashlib.sha256(letter.encode()).hexdigest(),
                "document": fields.get("document") or f"portal:letters/{letter}.pdf",
            },
        )

    def withdraw(self, fields: dict[str, Any]) -> dict[str, Any]:
        return self._send(
            "ApplicationWithdrawn", fields, {"applicationId": needed(fields, "applicationId")}
        )

    def resend(self, fields: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            found = [
                one
                for one in self._sent
                if fields.get("applicationId") in (None, one[1])
                and fields.get("kind") in (None, one[0])
            ]
        if not found:
            raise BadRequest("no such message was sent")
        kind, key, message_id, body, content = found[-1]
        wanted = fields.get("messageId", "same")
        message_id = {"same": message_id, "new": str(uuid.uuid4())}.get(wanted, wanted)
        for _ in range(int(fields.get("times", 1))):
            self._link.post(kind, key, message_id, body, content)
        return {"messageId": message_id}

    def raw(self, fields: dict[str, Any]) -> dict[str, Any]:
        message_id = fields.get("messageId") or str(uuid.uuid4())
        key = fields.get("applicationId")
        if "encodedBase64" in fields:
            encoded = base64.b64decode(fields["encodedBase64"])
            self._link.post_encoded(
                Outgoing("raw", key, message_id, encoded, {"bytes": len(encoded)})
            )
            return {"messageId": message_id}
        body = (
            base64.b64decode(fields["base64"])
            if "base64" in fields
            else str(fields.get("body", "")).encode()
        )
        self._link.post(
            "raw",
            key,
            message_id,
            body,
            {"bytes": len(body)},
            fields.get("contentType") or "application/xml",
        )
        return {"messageId": message_id}

    def auto(self, fields: dict[str, Any]) -> None:
        application = str(fields.get("applicationId") or ANYONE)
        if fields.get("method") is None and not fields.get("letter"):
            self._auto.pop(application, None)
        else:
            self._auto[application] = fields

    def _send(self, kind: str, asked: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
        body = wire.write(wire.element(NAMESPACE, kind, content, "pt"))
        message_id = str(asked.get("messageId") or uuid.uuid4())
        key = content["applicationId"]
        with self._lock:
            self._sent.append((kind, key, message_id, body, content))
        self._link.post(kind, key, message_id, body, content)
        return {"applicationId": key, "messageId": message_id}

    # What the hub tells.

    def _received(self, link: AmqpLink, incoming: Incoming) -> str | None:
        wrong = None if incoming.root is None else wire.invalid("portal.xsd", incoming.root)
        if incoming.root is None:
            wrong = "not XML"
        elif wrong is None and incoming.kind == "ReceiptIssued":
            wrong = self._receipt(incoming)
        self.ledger.add(
            "in",
            incoming.kind,
            incoming.key,
            incoming.fields,
            invalid=wrong,
            messageId=incoming.message_id,
            again=True if incoming.again else None,
        )
        if wrong is None and incoming.kind == "CaseUpdated" and not incoming.again:
            self._react(incoming.fields)
        return wrong

    def _receipt(self, incoming: Incoming) -> str | None:
        """Stands in the ledger with its page as a browser takes it."""
        fields = incoming.fields
        fields["page"] = receipt_page.page_of(incoming.root)
        return receipt_page.problem(fields, fields["page"])

    def _react(self, update: dict[str, Any]) -> None:
        """Does once per state visit what `auto` says."""
        application, state = update["applicationId"], update["state"]
        plan = self._auto.get(application) or self._auto.get(ANYONE)
        visit = (application, state, update["since"])
        if plan is None or visit in self._acted:
            return
        if state == "choosing-method" and plan.get("method"):
            self._acted.add(visit)
            self.choose({"applicationId": application, "method": plan["method"]})
        elif state == "awaiting-letter" and plan.get("letter"):
            self._acted.add(visit)
            letter = plan["letter"] if isinstance(plan["letter"], dict) else {}
            self.upload({**letter, "applicationId": application})


if __name__ == "__main__":
    run(Portal)
