"""A hub that is told to stop while cases are under way ends in order, and goes on afterwards as if
nothing had been: nothing lost, nothing twice."""

from __future__ import annotations

import json
import signal
import time
import unittest

import cast
from stage import call, wait_for
from trial import OnStage

DRAIN_SECONDS = 30.0  # within which a stop is over (G11)
APPLICANTS = 6


class Restart(OnStage):
    def stop(self) -> None:
        """SIGTERM, and exit 0 within its time."""
        process = self.stage.hub.process
        assert process is not None
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(DRAIN_SECONDS), 0)
        said = [json.loads(line)["text"]
                for line in self.stage.hub.log.read_text("utf-8").splitlines()]
        self.assertIn("stopping", said)
        self.assertTrue(said[-1].startswith("stopped"), said[-1])
        with self.assertRaises(OSError):
            call(self.stage.hub.addresses["admin"], "GET", "/live")

    def stopped_once(self, condition: object, what: str) -> None:
        wait_for(condition, what)  # type: ignore[arg-type]
        self.stop()
        self.stage.hub.start()

    def judge(self, who: cast.Applicant, texts: int = 2) -> None:
        cast.expect_end(self.stage, who, "cleared", 1)
        cast.expect_states(self.stage, who, "verifying-sketch", "assessing", "checking-insurance",
                           "awaiting-payment", "lifting", "cleared")
        cast.expect_texts(self.stage, who, texts)
        unknown = [effect for effect in self.stage.case(who.application)["effects"]
                   if effect["state"] == "unknown"]
        self.assertEqual(unknown, [])

    def entries(self) -> int:
        return sum(len(partner.ledger()["entries"]) for partner in self.stage.partners.values())

    def test_midway(self) -> None:
        """Many at once, stopped again and again as soon as something has moved."""
        people = [cast.applicant(f"stopped-{number}") for number in range(APPLICANTS)]
        for who in people:
            who.policy(self.stage, "EXPIRED")
            who.submit(self.stage)
        for more in (1, 10, 25):
            seen = self.entries()
            idle = time.monotonic() + 2  # all may have come as far as they get by themselves
            self.stopped_once(lambda: self.entries() >= seen + more or time.monotonic() > idle,
                              "something to move")
        for who in people:
            cast.reach(self.stage, who, "awaiting-payment")
        for who in people:
            self.stage.switch.act("pay", billingNo=cast.billing_number(self.stage, who))
        seen = self.entries()
        self.stopped_once(lambda: self.entries() > seen, "the first payment")
        for who in people:
            cast.reach(self.stage, who, "cleared")
        for who in people:
            self.judge(who)
        cast.no_breach(self.stage)

    def test_a_call_under_way_is_waited_for(self) -> None:
        who = cast.applicant("slow-call")
        who.policy(self.stage, "EXPIRED")
        self.stage.sms.fault("slow", count=1, operation="sendsms", ms=1500)
        who.submit(self.stage)
        # It is sent at most once, so an answer that is not waited for would leave it unknown.
        self.stopped_once(lambda: any(entry["fields"].get("operation") == "sendsms"
                                      for entry in self.stage.sms.entries("slow")), "the slow call")
        cast.reach(self.stage, who, "awaiting-payment")
        cast.pay(self.stage, who)
        cast.reach(self.stage, who, "cleared")
        self.judge(who)

    def test_a_silent_partner_does_not_hold_the_stop(self) -> None:
        who = cast.applicant("silent-call")
        who.policy(self.stage, "EXPIRED")
        self.stage.insurance.fault("silent")
        self.addCleanup(self.stage.insurance.fault, "none")
        who.submit(self.stage)
        self.stopped_once(lambda: self.stage.insurance.entries("silent"), "the silent call")
        self.stage.insurance.fault("none")
        cast.reach(self.stage, who, "awaiting-payment")
        cast.pay(self.stage, who)
        cast.reach(self.stage, who, "cleared")
        self.judge(who)

    def test_the_clock_and_the_deadlines_go_on(self) -> None:
        who = cast.to_number(self.stage, "deadline-over-a-stop")
        before = call(self.stage.hub.addresses["admin"], "GET", "/clock")[1]["now"]
        cast.reach(self.stage, who, "closing-payment", 40)
        self.stop()
        self.stage.hub.start()
        after = call(self.stage.hub.addresses["admin"], "GET", "/clock")[1]["now"]
        self.assertGreater(after, before)
        cast.reach(self.stage, who, "cancelled", 40)
        cast.expect_end(self.stage, who, "cancelled", 0, "not-paid")
        cast.expect_texts(self.stage, who, 3)


if __name__ == "__main__":
    unittest.main()
