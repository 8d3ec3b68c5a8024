"""Who plays in the scenarios, and how what was done is judged: from the partners' ledgers alone."""

from __future__ import annotations

import dataclasses
import itertools
import json
from typing import Any

from stage import Failed, Stage

DEFAULT_TOTAL = "435.500"  # what the departments find: ASPHALT 85.500 and LIGHT_POLE 350.000


@dataclasses.dataclass
class Applicant:
    """One vehicle, one sketch, one application: no two scenarios share any of them."""

    application: str
    plate_code: str
    plate_no: str
    sketch: str
    way: list[str] = dataclasses.field(
        default_factory=list
    )  # where it was played on a stage of its own,
    messages: int = 0  # and how many messages it took there

    def submit(self, stage: Stage, **more: Any) -> None:
        stage.portal.act(
            "submit",
            applicationId=self.application,
            sketchNo=self.sketch,
            plate={"code": self.plate_code, "number": self.plate_no},
            **more,
        )

    def policy(self, stage: Stage, status: str) -> None:
        stage.insurance.act(
            "policy", plateCode=self.plate_code, plateNo=self.plate_no, status=status
        )

    def set_sketch(self, stage: Stage, **what: Any) -> None:
        stage.traffic.act("sketch", sketchNo=self.sketch, **what)


_numbers = itertools.count(1)


def applicant(name: str) -> Applicant:
    number = next(_numbers)
    return Applicant(
        f"APP-{number:04d}-{name}"[:36],
        str(10 + number % 80),
        str(10_000 + number),
        f"SK-{number:06d}",
    )


def expect(condition: object, text: str) -> None:
    if not condition:
        raise Failed(text)


def expect_states(stage: Stage, who: Applicant, *states: str) -> None:
    found = stage.states(who.application)
    expect(
        found == list(states),
        f"{who.application}: the way was {' > '.join(found)}, not {' > '.join(states)}",
    )


def reach(stage: Stage, who: Applicant, state: str, steps: int = 0) -> None:
    def there() -> bool:
        return stage.state(who.application) == state

    stage.until(
        there,
        f"{who.application} in state {state}; it is in {stage.state(who.application)!r}",
        steps,
    )


def billing_number(stage: Stage, who: Applicant) -> str:
    numbers = [u["billingNo"] for u in stage.updates(who.application) if u.get("billingNo")]
    expect(numbers, f"{who.application} was told no billing number")
    return str(numbers[-1])


def pay(stage: Stage, who: Applicant, **more: Any) -> list[str]:
    answer = stage.switch.act("pay", billingNo=billing_number(stage, who), wait=True, **more)
    return list(answer.get("codes", []))


def releases(stage: Stage, who: Applicant) -> int:
    """How often the hold on the vehicle was really released."""
    return sum(
        1
        for entry in stage.traffic.entries("HoldReleased")
        if str(entry["fields"].get("sketchNo", entry["fields"].get("SketchNo"))) == who.sketch
    )


def texts(stage: Stage, who: Applicant) -> list[dict[str, Any]]:
    """The SMS that reached the gateway for the applicant."""
    phone = phone_of(stage, who)
    return [
        entry["fields"]
        for entry in stage.sms.entries("sendsms")
        if entry["fields"].get("to") == phone
    ]


def phone_of(stage: Stage, who: Applicant) -> str:
    for entry in stage.portal.entries("ApplicationSubmitted", who.application, "out"):
        return "962" + str(entry["fields"]["applicant"]["phone"]).lstrip("0")
    raise Failed(f"{who.application} never applied")


def no_breach(stage: Stage) -> None:
    """No partner saw anything that breaks its contract."""
    for partner in stage.partners.values():
        for entry in partner.ledger()["entries"]:
            expect(
                not entry.get("invalid"),
                f"{partner.name} refused {entry['kind']}: {entry.get('invalid')}",
            )


def last(stage: Stage, who: Applicant) -> dict[str, Any]:
    updates = stage.updates(who.application)
    expect(updates, f"the portal was told nothing of {who.application}")
    return updates[-1]


def expect_end(stage: Stage, who: Applicant, state: str, released: int, reason: str = "") -> None:
    """The end, the releases, and nothing left to do."""
    stage.settle()
    found = stage.state(who.application)
    expect(found == state, f"{who.application} ended in {found}, not in {state}")
    expect(
        releases(stage, who) == released,
        f"the hold of {who.application} was released {releases(stage, who)} times, not {released}",
    )
    if reason:
        said = last(stage, who).get("reason")
        expect(said == reason, f"the reason of {who.application} is {said!r}, not {reason!r}")


def expect_texts(stage: Stage, who: Applicant, count: int) -> None:
    sent = texts(stage, who)
    expect(len(sent) == count, f"{len(sent)} messages to {who.application}, not {count}")


def inquire(stage: Stage, number: str) -> list[str]:
    return list(stage.switch.act("inquire", billingNo=number, wait=True).get("codes", []))


def open_task(stage: Stage, who: Applicant, name: str) -> dict[str, Any]:
    return stage.until(
        lambda: stage.tasks(who.application, name), f"task {name} of {who.application}"
    )[0]


def refusals(stage: Stage, who: Applicant) -> list[str]:
    return [
        entry["fields"].get("code", "")
        for entry in stage.portal.entries("MessageRefused", "", "in")
        if entry["fields"].get("applicationId") == who.application
    ]


def to_choice(stage: Stage, name: str) -> Applicant:
    """An applicant with a valid policy who is asked how to pay."""
    who = applicant(name)
    who.policy(stage, "ACTIVE")
    who.submit(stage)
    reach(stage, who, "choosing-method")
    return who


def choose(stage: Stage, who: Applicant, method: str) -> None:
    stage.portal.act("choose", applicationId=who.application, method=method)


def to_number(stage: Stage, name: str) -> Applicant:
    """An applicant without a valid policy who got a number to pay by."""
    who = applicant(name)
    who.policy(stage, "EXPIRED")
    who.submit(stage)
    reach(stage, who, "awaiting-payment")
    return who


def letter(stage: Stage, who: Applicant, *results: str) -> str:
    reference = f"L-{who.application}"
    if results:
        stage.insurance.act("letter", letterRef=reference, results=list(results))
    stage.portal.act("upload", applicationId=who.application, letterRef=reference)
    return reference


def messages(stage: Stage, applicants: list[Applicant]) -> int:
    """Messages between partners and hub that concern these applications."""
    keys = {who.application for who in applicants}
    count = 0
    for partner in stage.partners.values():
        for entry in partner.ledger()["entries"]:
            mine = entry.get("key") in keys or any(
                key in json.dumps(entry.get("fields", {})) for key in keys
            )
            if entry["direction"] in ("in", "out") and entry["kind"] != "Settled" and mine:
                count += 1
    return count
