"""The scenarios: every way through the service, played by its people and judged from the partners' ledgers."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any, Callable

from stage import Failed, Stage

DEFAULT_TOTAL = "435.500"  # what the departments find by default: ASPHALT 85.500 and LIGHT_POLE 350.000


@dataclasses.dataclass
class Applicant:
    """One vehicle, one sketch, one application: no two scenarios share any of them."""

    application: str
    plate_code: str
    plate_no: str
    sketch: str

    def submit(self, stage: Stage, **more: Any) -> None:
        stage.portal.act("submit", applicationId=self.application, sketchNo=self.sketch,
                         plate={"code": self.plate_code, "number": self.plate_no}, **more)

    def policy(self, stage: Stage, status: str) -> None:
        stage.insurance.act("policy", plateCode=self.plate_code, plateNo=self.plate_no, status=status)

    def set_sketch(self, stage: Stage, **what: Any) -> None:
        stage.traffic.act("sketch", sketchNo=self.sketch, **what)


_numbers = itertools.count(1)


def applicant(name: str) -> Applicant:
    number = next(_numbers)
    return Applicant(f"APP-{number:04d}-{name}"[:36], str(10 + number % 80), str(10_000 + number), f"SK-{number:06d}")


def expect(condition: object, text: str) -> None:
    if not condition:
        raise Failed(text)


def expect_states(stage: Stage, who: Applicant, *states: str) -> None:
    found = stage.states(who.application)
    expect(found == list(states), f"{who.application}: the way was {' > '.join(found)}, not {' > '.join(states)}")


def reach(stage: Stage, who: Applicant, state: str, steps: int = 0) -> None:
    def there() -> bool:
        return stage.state(who.application) == state
    stage.until(there, f"{who.application} in state {state}; it is in {stage.state(who.application)!r}", steps)


def billing_number(stage: Stage, who: Applicant) -> str:
    numbers = [u["billingNo"] for u in stage.updates(who.application) if u.get("billingNo")]
    expect(numbers, f"{who.application} was told no billing number")
    return str(numbers[-1])


def pay(stage: Stage, who: Applicant, **more: Any) -> list[str]:
    answer = stage.switch.act("pay", billingNo=billing_number(stage, who), wait=True, **more)
    return list(answer.get("codes", []))


def releases(stage: Stage, who: Applicant) -> int:
    """How often the hold on the vehicle was really released."""
    return sum(1 for entry in stage.traffic.entries("HoldReleased")
               if str(entry["fields"].get("sketchNo", entry["fields"].get("SketchNo"))) == who.sketch)


def texts(stage: Stage, who: Applicant) -> list[dict[str, Any]]:
    """The SMS that reached the gateway for the applicant."""
    phone = phone_of(stage, who)
    return [entry["fields"] for entry in stage.sms.entries("sendsms") if entry["fields"].get("to") == phone]


def phone_of(stage: Stage, who: Applicant) -> str:
    for entry in stage.portal.entries("ApplicationSubmitted", who.application, "out"):
        return "962" + str(entry["fields"]["applicant"]["phone"]).lstrip("0")
    raise Failed(f"{who.application} never applied")


def no_breach(stage: Stage) -> None:
    """No partner saw anything that breaks its contract."""
    for partner in stage.partners.values():
        for entry in partner.ledger()["entries"]:
            expect(not entry.get("invalid"), f"{partner.name} refused {entry['kind']}: {entry.get('invalid')}")


PAID_WAY = ("verifying-sketch", "assessing", "checking-insurance", "awaiting-payment", "lifting", "cleared")


def expired_policy_paid(stage: Stage) -> list[Applicant]:
    who = applicant("expired")
    who.policy(stage, "EXPIRED")
    who.submit(stage)
    reach(stage, who, "awaiting-payment")
    codes = pay(stage, who, payerName="محمد أحمد الخطيب")
    expect(codes and set(codes) == {"0"}, f"the payment was answered {codes}")
    reach(stage, who, "cleared")
    stage.settle()
    expect_states(stage, who, *PAID_WAY)
    expect(releases(stage, who) == 1, f"the hold was released {releases(stage, who)} times")
    sent = texts(stage, who)
    expect(len(sent) == 2, f"{len(sent)} messages reached the gateway, not 2 (number, released)")
    expect(billing_number(stage, who) in sent[0]["text"], "the first message does not name the number")
    receipt = stage.updates(who.application)[-1].get("receipt")
    expect(receipt, "the portal got no receipt")
    return [who]


SCENARIOS: dict[str, Callable[[Stage], list[Applicant]]] = {
    "expired-policy-paid": expired_policy_paid,
}
