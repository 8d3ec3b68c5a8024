"""The scenarios of many: fifty applicants at once, and a hub that is killed again and again."""

from __future__ import annotations

import pathlib
import random
import shutil
import threading
import time
from typing import Callable

import cast
from cast import Applicant, billing_number, expect, expect_end
from stage import Failed, Stage

FIFTY = 50
STEPS = 80
RANDOM_KILLS = 10

Way = tuple[str, str, str, int]  # name, policy, end, releases
WAYS: tuple[Way, ...] = (
    ("paid", "EXPIRED", "cleared", 1),
    ("personal", "ACTIVE", "cleared", 1),
    ("letter", "ACTIVE", "cleared", 1),
    ("bad-letter", "ACTIVE", "cancelled", 0),
    ("unpaid", "EXPIRED", "cancelled", 0),
    ("no-choice", "ACTIVE", "cancelled", 0),
    ("no-letter", "ACTIVE", "cancelled", 0),
    ("not-found", "EXPIRED", "rejected", 0),
    ("zero", "EXPIRED", "cleared", 1),
    ("withdrawn", "ACTIVE", "cancelled", 0),
)


def apply(stage: Stage, who: Applicant, way: Way) -> None:
    name, policy, _, _ = way
    who.policy(stage, policy)
    if name == "not-found":
        who.set_sketch(stage, fault="NOT_FOUND")
    if name == "zero":
        who.set_sketch(stage, damages=[])
    if name in ("letter", "bad-letter"):
        reference = f"L-{who.application}"
        stage.insurance.act(
            "letter", letterRef=reference, results=["VALID" if name == "letter" else "INVALID"]
        )
        stage.portal.act(
            "auto", applicationId=who.application, method="insurer", letter={"letterRef": reference}
        )
    if name == "personal":
        stage.portal.act("auto", applicationId=who.application, method="personal")
    who.submit(stage)


def _states(stage: Stage) -> dict[str, str]:
    """The latest state of every application, from one reading of the portal's ledger."""
    latest: dict[str, tuple[int, str]] = {}
    for entry in stage.portal.entries("CaseUpdated", "", "in"):
        fields = entry["fields"]
        version = int(fields["version"])
        if version > latest.get(fields["applicationId"], (0, ""))[0]:
            latest[fields["applicationId"]] = (version, fields["state"])
    return {application: state for application, (_, state) in latest.items()}


def choose_ways(name: str, count: int, first: int = 0) -> list[tuple[Applicant, Way]]:
    """So many applicants, the ways in turn."""
    ways = [WAYS[(first + n) % len(WAYS)] for n in range(count)]
    return [(cast.applicant(f"{name}-{way[0]}"), way) for way in ways]


FIRST = {
    "paid": "awaiting-payment",
    "personal": "awaiting-payment",
    "unpaid": "awaiting-payment",
    "no-choice": "choosing-method",
    "no-letter": "choosing-method",
    "withdrawn": "choosing-method",
}


def _all_in(
    stage: Stage, cast_of: list[tuple[Applicant, Way]], wanted: Callable[[Way], str]
) -> Callable[[], bool]:
    def there() -> bool:
        states = _states(stage)
        return all(
            states.get(who.application) == wanted(way) for who, way in cast_of if wanted(way)
        )

    return there


def play_together(stage: Stage, cast_of: list[tuple[Applicant, Way]]) -> None:
    """All apply at once, do what their way says, and come to their ends."""
    threads = [threading.Thread(target=apply, args=(stage, who, way)) for who, way in cast_of]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    stage.until(
        _all_in(stage, cast_of, lambda way: FIRST.get(way[0], "")),
        f"{len(cast_of)} applicants to be asked for something",
    )
    for who, way in cast_of:
        if way[0] in ("paid", "personal"):
            stage.switch.act("pay", billingNo=billing_number(stage, who))
        elif way[0] == "no-letter":
            cast.choose(stage, who, "insurer")
        elif way[0] == "withdrawn":
            stage.portal.act("withdraw", applicationId=who.application)
    play_to_end(stage, cast_of)


def play_to_end(stage: Stage, cast_of: list[tuple[Applicant, Way]]) -> None:
    """Those who act come to their ends first: for the others the clock has to move."""
    acts = ("withdrawn", "bad-letter", "not-found")
    stage.until(
        _all_in(stage, cast_of, lambda way: way[2] if way[3] or way[0] in acts else ""),
        "those who act to come to their end",
    )
    stage.until(
        _all_in(stage, cast_of, lambda way: way[2]),
        f"{len(cast_of)} applicants to come to their end",
        STEPS,
    )


def fifty_at_once(stage: Stage) -> list[Applicant]:
    cast_of = choose_ways("fifty", FIFTY)
    play_together(stage, cast_of)
    for who, way in cast_of:
        expect_end(stage, who, way[2], way[3])
    return [who for who, _ in cast_of]


class Killer:
    """Kills the hub with -9 and starts it again: after every change in a ledger, or at random."""

    def __init__(self, stage: Stage, seed: int | None) -> None:
        self._stage, self._random = stage, random.Random(seed)
        self._at_random = seed is not None
        self._over = threading.Event()
        self.kills = 0
        self.failed: Exception | None = None
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> Killer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _entries(self) -> int:
        return sum(partner.mark() for partner in self._stage.partners.values())

    def _strike(self) -> None:
        self._stage.hub.kill()
        self._stage.hub.start()
        self.kills += 1

    def _work(self) -> None:
        try:
            seen = self._entries()
            while not self._over.is_set():
                if self._at_random:
                    if self.kills >= RANDOM_KILLS:
                        return
                    self._over.wait(self._random.uniform(0.01, 0.25))
                    self._strike()
                    continue
                now = self._entries()
                if now == seen:
                    time.sleep(0.005)
                    continue
                self._strike()
                seen = now
        except (Failed, OSError) as error:
            self.failed = error


def _killed(stage: Stage, name: str, seed: int | None) -> Applicant:
    who = cast.applicant(name)
    who.policy(stage, "EXPIRED")
    with Killer(stage, seed) as killer:
        who.submit(stage)
        cast.reach(stage, who, "awaiting-payment")
        stage.switch.act("pay", billingNo=billing_number(stage, who))
        cast.reach(stage, who, "cleared")
        while killer.failed is None and seed is not None and killer.kills < RANDOM_KILLS:
            time.sleep(0.02)
    if killer.failed is not None:
        raise killer.failed
    expect(killer.kills > 3, f"the hub was killed only {killer.kills} times")
    stage.settle()
    return who


def judge_killed(stage: Stage, who: Applicant) -> None:
    expect_end(stage, who, "cleared", 1)

    def effects_over() -> list[dict[str, object]]:
        found = [
            e for e in stage.case(who.application)["effects"] if e["endpoint"] == "sms-gateway"
        ]
        return [] if any(e["state"] in ("ready", "sending") for e in found) else found

    # A row in back-off is nothing in flight, but not over either.
    effects = stage.until(effects_over, "the SMS of a killed hub to be sent or unknown")
    sent = cast.texts(stage, who)
    by_report = stage.sms.ledger().get("byReportUrl", {})
    expect(
        all(count == 1 for count in by_report.values()),
        f"an SMS went out more than once: {by_report}",
    )
    missing = [e for e in effects if e["state"] not in ("delivered", "unknown")]
    expect(
        not missing, f"an SMS is neither sent nor shown as unknown: {[e['state'] for e in missing]}"
    )
    unknown = sum(1 for e in effects if e["state"] == "unknown")
    expect(len(sent) + unknown >= 2, f"{len(sent)} SMS were sent and {unknown} are unknown, of 2")


def hub_killed_midway(stage: Stage) -> list[Applicant]:
    """A stage of its own, so that the others' hub lives on."""
    folder = pathlib.Path(stage.folder) / "killed"
    shutil.rmtree(folder, ignore_errors=True)
    own = type(stage)(stage.hub.masar, folder)
    try:
        own.hub.start()
        judged = [
            _killed(own, "killed-at-change", None),
            _killed(own, "killed-at-random", 20260104),
        ]
        for who in judged:
            judge_killed(own, who)
            who.way, who.messages = own.states(who.application), cast.messages(own, [who])
        cast.no_breach(own)
        return judged
    finally:
        own.end()
