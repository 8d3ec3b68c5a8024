#!/usr/bin/python3
"""The municipality's five departments, each with its own AMQP connection and user. Each assesses
what it is asked to, at once and by a price list, unless told to hold the answer back."""

from __future__ import annotations

import threading
import uuid
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import wire
from amqp_link import AmqpLink, Incoming
from doors import Partner, needed, run
from faults import BadRequest

NAMESPACE = "urn:gam:departments:1"
DEPARTMENTS = ("roads", "street-lighting", "traffic-signals", "parks", "sanitation")
PRICES = {
    "ASPHALT": "85.500",
    "KERB": "40.000",
    "SIDEWALK": "60.250",
    "GUARD_RAIL": "120.000",
    "LIGHT_POLE": "350.000",
    "TRAFFIC_SIGNAL": "900.000",
    "TRAFFIC_SIGN": "75.000",
    "TREE": "150.000",
    "GREEN_AREA": "45.500",
    "FENCE": "95.750",
    "WASTE_CONTAINER": "210.000",
}
PRICE_OF_OTHERS = "50.000"
ANY = "*"


def money(value: Any) -> str:
    return str(Decimal(str(value)).quantize(Decimal("0.001"), ROUND_HALF_UP))


class Departments(Partner):
    name = "departments"

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self._links = {d: AmqpLink(self, d, self._received) for d in DEPARTMENTS}
        self._lock = threading.Lock()
        self._requests: dict[tuple[str, str], dict[str, Any]] = {}
        self._answered: set[tuple[str, str]] = set()
        self._prices: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._holds: set[tuple[str, str]] = set()
        self._register()

    def _register(self) -> None:
        self.act(
            "price",
            self.price,
            "what a department finds from now on, for one application or for all",
            department="roads",
            applicationId="A-1",
            items=[{"code": "ASPHALT", "quantity": "2.5", "unitPrice": "40.000"}],
        )
        self.act(
            "hold",
            self.hold,
            "no answer until `assess`; without a department: none of them; "
            "applicationId * is every one",
            applicationId="A-1",
            department="roads",
        )
        self.act(
            "assess",
            self.assess,
            "answer now, or again: items, total, assessmentId and `as` (another "
            "department's connection) may be anything; without a department: all that were asked",
            applicationId="A-1",
            department="roads",
            items=[{"code": "ASPHALT", "quantity": "1", "unitPrice": "85.500"}],
            total="85.500",
        )
        self.act(
            "raw", self.raw, "any bytes from one department", department="roads", body="<nonsense"
        )

    def start(self) -> None:
        for link in self._links.values():
            link.start()

    # What the hub asks.

    def _received(self, link: AmqpLink, incoming: Incoming) -> str | None:
        wrong = (
            "not XML" if incoming.root is None else wire.invalid("departments.xsd", incoming.root)
        )
        self.ledger.add(
            "in",
            incoming.kind,
            incoming.key,
            incoming.fields,
            invalid=wrong,
            link=link.user,
            messageId=incoming.message_id,
            again=True if incoming.again else None,
        )
        if wrong is None and incoming.kind == "AssessmentRequested":
            self._requested(link.user, incoming.fields)
        return wrong

    def _requested(self, department: str, asked: dict[str, Any]) -> None:
        application = asked["applicationId"]
        with self._lock:
            self._requests[application, department] = asked
            pairs = ((application, department), (application, ANY), (ANY, department), (ANY, ANY))
            if any(pair in self._holds for pair in pairs):
                return
            if (asked["assessmentId"], department) in self._answered:
                return  # the same request again; the answer is on its way
        self._complete(application, department, {})

    # What the inspectors do.

    def price(self, fields: dict[str, Any]) -> None:
        department = self._department(fields)
        items = fields.get("items")
        if not isinstance(items, list):
            raise BadRequest("items is a list of {code, quantity, unitPrice}")
        with self._lock:
            self._prices[str(fields.get("applicationId") or ANY), department] = items

    def hold(self, fields: dict[str, Any]) -> None:
        department = self._department(fields) if fields.get("department") else ANY
        with self._lock:
            self._holds.add((needed(fields, "applicationId"), department))

    def assess(self, fields: dict[str, Any]) -> dict[str, Any]:
        application = needed(fields, "applicationId")
        if fields.get("department"):
            chosen = [self._department(fields)]
        else:
            with self._lock:
                chosen = [d for d in DEPARTMENTS if (application, d) in self._requests]
        if not chosen:
            raise BadRequest("no department was asked about this application")
        return {"assessments": [self._complete(application, d, fields) for d in chosen]}

    def raw(self, fields: dict[str, Any]) -> dict[str, Any]:
        body = str(fields.get("body", "")).encode()
        message_id = str(fields.get("messageId") or uuid.uuid4())
        self._links[self._department(fields)].post(
            "raw", fields.get("applicationId"), message_id, body, {"bytes": len(body)}
        )
        return {"messageId": message_id}

    def _department(self, fields: dict[str, Any]) -> str:
        department = needed(fields, "department")
        if department not in DEPARTMENTS:
            raise BadRequest(f"department is one of {', '.join(DEPARTMENTS)}")
        return department

    def _complete(self, application: str, department: str, said: dict[str, Any]) -> dict[str, Any]:
        speaker = said.get("as") or department
        if speaker not in self._links:
            raise BadRequest(f"as is one of {', '.join(DEPARTMENTS)}")
        with self._lock:
            asked = self._requests.get((application, department), {})
            round_id = str(said.get("assessmentId") or asked.get("assessmentId") or "")
            self._answered.add((round_id, department))
        if not round_id:
            raise BadRequest(
                f"{department} was not asked about {application}: say the assessmentId"
            )
        wanted = said.get("items")
        items = [
            self._item(i)
            for i in (wanted if wanted is not None else self._found(asked, department))
        ]
        total = said.get("total") or money(sum((Decimal(i["amount"]) for i in items), Decimal(0)))
        content = {
            "applicationId": application,
            "assessmentId": round_id,
            "department": department,
            "items": items,
            "total": total,
        }
        body = wire.write(wire.element(NAMESPACE, "AssessmentCompleted", content, "dp"))
        message_id = str(said.get("messageId") or uuid.uuid4())
        self._links[speaker].post("AssessmentCompleted", application, message_id, body, content)
        return {"messageId": message_id, "department": department, "total": total}

    def _found(self, asked: dict[str, Any], department: str) -> list[dict[str, Any]]:
        """By the act `price`, or one of each damaged thing from the price list."""
        with self._lock:
            for application in (asked.get("applicationId", ANY), ANY):
                if (application, department) in self._prices:
                    return self._prices[application, department]
        return [
            {
                "code": d["type"],
                "quantity": "1",
                "unitPrice": PRICES.get(d["type"], PRICE_OF_OTHERS),
            }
            for d in asked.get("damages", [])
        ]

    def _item(self, said: dict[str, Any]) -> dict[str, str]:
        quantity = str(said.get("quantity", "1"))
        price = money(said.get("unitPrice", PRICES.get(str(said.get("code")), PRICE_OF_OTHERS)))
        amount = said.get("amount") or money(Decimal(quantity) * Decimal(price))
        return {
            "code": str(said.get("code", "OTHER")),
            "quantity": quantity,
            "unitPrice": price,
            "amount": str(amount),
        }


if __name__ == "__main__":
    run(Departments)
