"""The scenarios with one applicant: every way through the service, played by its people."""

from __future__ import annotations

from typing import Callable

import cast
import receipts
from cast import (
    Applicant,
    billing_number,
    choose,
    expect,
    expect_end,
    expect_states,
    expect_texts,
    inquire,
    last,
    letter,
    open_task,
    pay,
    reach,
    refusals,
    texts,
    to_choice,
    to_number,
)
from many import fifty_at_once, hub_killed_midway
from stage import Stage

TO_NUMBER = ("verifying-sketch", "assessing", "checking-insurance", "awaiting-payment")
TO_CHOICE = ("verifying-sketch", "assessing", "checking-insurance", "choosing-method")
DAYS = 40  # steps of the clock that one scenario may take


def expired_policy_paid(stage: Stage) -> list[Applicant]:
    who = to_number(stage, "expired")
    codes = pay(stage, who, payerName="محمد أحمد الخطيب")
    expect(codes and set(codes) == {"0"}, f"the payment was answered {codes}")
    reach(stage, who, "cleared")
    expect_end(stage, who, "cleared", 1)
    expect_states(stage, who, *TO_NUMBER, "lifting", "cleared")
    expect_texts(stage, who, 2)
    expect(
        billing_number(stage, who) in texts(stage, who)[0]["text"],
        "the first message does not name the number",
    )
    amounts = {u["amount"] for u in stage.updates(who.application) if u.get("amount")}
    expect(amounts == {cast.DEFAULT_TOTAL}, f"the amounts told are {amounts}")
    return [who]


def active_personal_paid_receipt(stage: Stage) -> list[Applicant]:
    who = to_choice(stage, "personal")
    choose(stage, who, "personal")
    reach(stage, who, "awaiting-payment")
    pay(stage, who)
    reach(stage, who, "cleared")
    expect_end(stage, who, "cleared", 1)
    expect_states(stage, who, *TO_CHOICE, "awaiting-payment", "lifting", "cleared")
    receipt = last(stage, who).get("receipt") or {}
    expect(receipt.get("billingNo") == billing_number(stage, who), f"the receipt is {receipt}")
    expect(receipt.get("paid") == cast.DEFAULT_TOTAL, f"the receipt says {receipt.get('paid')}")
    receipts.expect_valid(stage, who, cast.DEFAULT_TOTAL, billing_number(stage, who))
    expect_texts(stage, who, 3)
    return [who]


def active_insurer_letter_valid(stage: Stage) -> list[Applicant]:
    who = to_choice(stage, "letter-valid")
    choose(stage, who, "insurer")
    reach(stage, who, "awaiting-letter")
    letter(stage, who, "PENDING", "VALID")
    reach(stage, who, "cleared", DAYS)
    expect_end(stage, who, "cleared", 1)
    expect_states(
        stage, who, *TO_CHOICE, "awaiting-letter", "verifying-letter", "lifting", "cleared"
    )
    expect_texts(stage, who, 3)
    return [who]


def active_insurer_letter_invalid(stage: Stage) -> list[Applicant]:
    who = to_choice(stage, "letter-invalid")
    choose(stage, who, "insurer")
    reach(stage, who, "awaiting-letter")
    letter(stage, who, "INVALID")
    reach(stage, who, "cancelled")
    expect_end(stage, who, "cancelled", 0, "letter-invalid")
    expect_states(stage, who, *TO_CHOICE, "awaiting-letter", "verifying-letter", "cancelled")
    return [who]


def letter_unclear_person_decides(stage: Stage) -> list[Applicant]:
    who = to_choice(stage, "letter-unclear")
    choose(stage, who, "insurer")
    reach(stage, who, "awaiting-letter")
    letter(stage, who, "UNKNOWN")
    task = open_task(stage, who, "letter-unclear")
    expect(
        stage.state(who.application) == "verifying-letter", "the case did not wait for the person"
    )
    stage.answer(task, "accept")
    reach(stage, who, "cleared")
    expect_end(stage, who, "cleared", 1)
    expect(not stage.tasks(who.application, "letter-unclear"), "the task stayed open")
    return [who]


def unpaid_after_3_days(stage: Stage) -> list[Applicant]:
    who = to_number(stage, "unpaid")
    number = billing_number(stage, who)
    expect(inquire(stage, number)[-1] == "0", "the bill was not there")
    reach(stage, who, "closing-payment", DAYS)
    expect(inquire(stage, number)[-1] == "323", "the bill was still open after its expiry")
    reach(stage, who, "cancelled", DAYS)
    expect_end(stage, who, "cancelled", 0, "not-paid")
    expect_states(stage, who, *TO_NUMBER, "closing-payment", "cancelled")
    expect_texts(stage, who, 3)  # number, reminder, cancelled
    return [who]


def paid_in_time_notified_late(stage: Stage) -> list[Applicant]:
    who = to_number(stage, "notified-late")
    number = billing_number(stage, who)
    stage.switch.act("pay", billingNo=number, hold=True, wait=True)
    reach(stage, who, "closing-payment", DAYS)
    codes = stage.switch.act("release", billingNo=number, wait=True)["codes"]
    expect(set(codes) == {"0"}, f"the late notification was answered {codes}")
    reach(stage, who, "cleared")
    expect_end(stage, who, "cleared", 1)
    expect_states(stage, who, *TO_NUMBER, "closing-payment", "lifting", "cleared")
    return [who]


def no_letter_after_3_days(stage: Stage) -> list[Applicant]:
    who = to_choice(stage, "no-letter")
    choose(stage, who, "insurer")
    reach(stage, who, "awaiting-letter")
    reach(stage, who, "cancelled", DAYS)
    expect_end(stage, who, "cancelled", 0, "no-letter")
    expect_states(stage, who, *TO_CHOICE, "awaiting-letter", "cancelled")
    expect_texts(stage, who, 4)  # choose, upload, reminder, cancelled
    return [who]


def no_choice_after_3_days(stage: Stage) -> list[Applicant]:
    who = to_choice(stage, "no-choice")
    reach(stage, who, "cancelled", DAYS)
    expect_end(stage, who, "cancelled", 0, "no-choice")
    expect_states(stage, who, *TO_CHOICE, "cancelled")
    expect_texts(stage, who, 3)  # choose, reminder, cancelled
    return [who]


def method_changed_once(stage: Stage) -> list[Applicant]:
    who = to_choice(stage, "changed")
    choose(stage, who, "personal")
    reach(stage, who, "awaiting-payment")
    number = billing_number(stage, who)
    choose(stage, who, "insurer")
    reach(stage, who, "awaiting-letter")
    expect(inquire(stage, number)[-1] == "323", "the number was still open after the change")
    choose(stage, who, "personal")
    stage.until(lambda: refusals(stage, who), "the refusal of a second change")
    expect(stage.state(who.application) == "awaiting-letter", "the method changed twice")
    letter(stage, who)
    reach(stage, who, "cleared")
    expect_end(stage, who, "cleared", 1)
    return [who]


def sketch_not_found(stage: Stage) -> list[Applicant]:
    who = cast.applicant("not-found")
    who.set_sketch(stage, fault="NOT_FOUND")
    who.submit(stage)
    reach(stage, who, "rejected")
    expect_end(stage, who, "rejected", 0, "not-found")
    expect_states(stage, who, "verifying-sketch", "rejected")
    expect_texts(stage, who, 1)
    return [who]


def sketch_not_final_then_final(stage: Stage) -> list[Applicant]:
    who = cast.applicant("not-final")
    who.set_sketch(stage, status=["DRAFT", "OBJECTED", "FINAL"])
    who.submit(stage)
    reach(stage, who, "awaiting-payment", DAYS)
    asked = [
        e
        for e in stage.traffic.entries("GetAccidentSketch", "", "in")
        if who.sketch in str(e["fields"])
    ]
    expect(len(asked) == 3, f"the sketch was asked for {len(asked)} times, not 3")
    pay(stage, who)
    reach(stage, who, "cleared")
    expect_end(stage, who, "cleared", 1)
    return [who]


def zero_damage(stage: Stage) -> list[Applicant]:
    who = cast.applicant("zero")
    who.set_sketch(stage, damages=[])
    who.submit(stage)
    reach(stage, who, "cleared")
    expect_end(stage, who, "cleared", 1)
    expect_states(stage, who, "verifying-sketch", "lifting", "cleared")
    return [who]


def late_payment_refund_task(stage: Stage) -> list[Applicant]:
    who = to_number(stage, "late")
    reach(stage, who, "cancelled", DAYS)
    codes = pay(stage, who, inquire=False, amount=cast.DEFAULT_TOTAL)
    expect(set(codes) == {"0"}, f"the late payment was answered {codes}")
    task = open_task(stage, who, "refund")
    expect(not receipts.of(stage, who), "a payment that goes back has a receipt")
    stage.answer(task, "settled", reference="R-1")
    stage.until(lambda: not stage.tasks(who.application, "refund"), "the refund to be settled")
    expect_end(stage, who, "cancelled", 0, "not-paid")
    return [who]


def wrong_amount_refused(stage: Stage) -> list[Applicant]:
    who = to_number(stage, "wrong-amount")
    codes = pay(stage, who, delta="0.001")
    expect(codes[-1] == "325", f"one fils too much was answered {codes}")
    task = open_task(stage, who, "payment-mismatch")
    expect(stage.state(who.application) == "awaiting-payment", "a wrong amount moved the case")
    codes = pay(stage, who)
    expect(set(codes) == {"0"}, f"the right amount was answered {codes}")
    reach(stage, who, "cleared")
    stage.answer(task, "settled", reference="R-2")
    expect_end(stage, who, "cleared", 1)
    return [who]


def withdrawn(stage: Stage) -> list[Applicant]:
    who = to_choice(stage, "withdrawn")
    stage.portal.act("withdraw", applicationId=who.application)
    reach(stage, who, "cancelled")
    expect_end(stage, who, "cancelled", 0, "withdrawn")
    paid = to_number(stage, "withdrawn-late")
    pay(stage, paid)
    reach(stage, paid, "cleared")
    stage.portal.act("withdraw", applicationId=paid.application)
    stage.until(lambda: refusals(stage, paid), "the refusal of a late withdrawal")
    expect_end(stage, paid, "cleared", 1)
    return [who, paid]


def duplicate_application(stage: Stage) -> list[Applicant]:
    who = to_number(stage, "duplicate")
    stage.portal.act("resend", applicationId=who.application, kind="ApplicationSubmitted")
    second = Applicant(f"{who.application}-B"[:36], who.plate_code, who.plate_no, who.sketch)
    second.submit(stage)

    def joined() -> bool:
        return any(
            e["fields"].get("openApplicationId") == who.application
            and e["fields"].get("applicationId") == second.application
            for e in stage.portal.entries("ApplicationJoined", "", "in")
        )

    stage.until(joined, f"{second.application} to be joined to {who.application}")
    pay(stage, who)
    reach(stage, who, "cleared")
    expect_end(stage, who, "cleared", 1)
    expect_texts(stage, who, 2)
    expect(not stage.updates(second.application), "the joined application became a case of its own")
    third = Applicant(f"{who.application}-C"[:36], who.plate_code, who.plate_no, who.sketch)
    third.submit(stage)
    stage.until(
        lambda: any(
            e["fields"].get("code") == "already-cleared"
            for e in stage.portal.entries("MessageRefused", "", "in")
        ),
        "the refusal already-cleared",
    )
    return [who, second]


def duplicate_notification(stage: Stage) -> list[Applicant]:
    who = to_number(stage, "notified-twice")
    pay(stage, who)
    reach(stage, who, "cleared")
    number = billing_number(stage, who)
    for how, code in (("same-guid", "0"), ("new-guid", "0"), ("other-amount", "340")):
        codes = stage.switch.act("again", billingNo=number, how=how, wait=True)["codes"]
        expect(
            codes and codes[-1] == code,
            f"the payment again ({how}) was answered {codes}, not {code}",
        )
    expect(
        not stage.tasks(who.application, "refund"),
        "a repeated notification became a second payment",
    )
    codes = stage.switch.act("again", billingNo=number, how="other-trx", wait=True)["codes"]
    expect(codes and codes[-1] == "0", f"a second payment was answered {codes}")
    stage.answer(open_task(stage, who, "refund"), "settled", reference="R-3")
    expect(len(receipts.of(stage, who)) == 1, "the second payment has a receipt, too")
    expect_end(stage, who, "cleared", 1)
    return [who]


def registry_down_then_up(stage: Stage) -> list[Applicant]:
    who = cast.applicant("registry-down")
    who.policy(stage, "EXPIRED")
    stage.insurance.fault("reset")
    who.submit(stage)
    reach(stage, who, "checking-insurance")
    stage.until(lambda: len(stage.insurance.entries("", "", "fault")) >= 2, "a second attempt")
    expect(
        stage.state(who.application) == "checking-insurance", "no answer was taken for an answer"
    )
    stage.insurance.fault("none")
    reach(stage, who, "awaiting-payment")
    pay(stage, who)
    reach(stage, who, "cleared")
    expect_end(stage, who, "cleared", 1)
    expect_states(stage, who, *TO_NUMBER, "lifting", "cleared")
    return [who]


def sms_outcome_unknown(stage: Stage) -> list[Applicant]:
    who = cast.applicant("sms-unknown")
    who.policy(stage, "EXPIRED")
    stage.sms.fault("did-it-but-no-answer", count=1, operation="sendsms")
    stage.sms.act("mode", answer="accept", report="none")
    who.submit(stage)
    reach(stage, who, "awaiting-payment")
    task = open_task(stage, who, "citizen-not-reached")
    unknown = [e for e in stage.case(who.application)["effects"] if e["state"] == "unknown"]
    expect(len(unknown) == 1, f"{len(unknown)} effects are unknown, not 1")
    expect_texts(stage, who, 1)
    stage.answer(task, "reached-otherwise")
    stage.sms.act("mode", answer="accept", report="delivered")
    pay(stage, who)
    reach(stage, who, "cleared")
    expect_end(stage, who, "cleared", 1)
    expect_texts(stage, who, 2)
    return [who]


SCENARIOS: dict[str, Callable[[Stage], list[Applicant]]] = {
    "expired-policy-paid": expired_policy_paid,
    "active-personal-paid-receipt": active_personal_paid_receipt,
    "active-insurer-letter-valid": active_insurer_letter_valid,
    "active-insurer-letter-invalid": active_insurer_letter_invalid,
    "letter-unclear-person-decides": letter_unclear_person_decides,
    "unpaid-after-3-days": unpaid_after_3_days,
    "paid-in-time-notified-late": paid_in_time_notified_late,
    "no-letter-after-3-days": no_letter_after_3_days,
    "no-choice-after-3-days": no_choice_after_3_days,
    "method-changed-once": method_changed_once,
    "sketch-not-found": sketch_not_found,
    "sketch-not-final-then-final": sketch_not_final_then_final,
    "zero-damage": zero_damage,
    "late-payment-refund-task": late_payment_refund_task,
    "wrong-amount-refused": wrong_amount_refused,
    "withdrawn": withdrawn,
    "duplicate-application": duplicate_application,
    "duplicate-notification": duplicate_notification,
    "registry-down-then-up": registry_down_then_up,
    "sms-outcome-unknown": sms_outcome_unknown,
    "fifty-at-once": fifty_at_once,
    "hub-killed-midway": hub_killed_midway,
}
