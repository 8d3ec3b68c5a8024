"""What a payment switch does (PARTNERS.md), once as signed XML and once as JSON: the same shipped
service behind both, only the endpoints differ. Keys and passwords change under load."""

from __future__ import annotations

import pathlib
import re
import subprocess
import threading
import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import cast
import ways
from stage import Stage, copy_shipped, wait_for
from trial import MASAR, OnStage, masar, temporary_folder

NAME = "محمّد عبد الله 😀 𞸁 الطراونة"
LOAD_THREADS = 3
INQUIRIES = 15  # between two changes of keys
JSON = ('profile="json" user="switch" password="secret:mfep-switch-password" '
        'peers="10.0.0.0/8 127.0.0.1 ::1"')
ELSEWHERE = JSON.replace(" 127.0.0.1 ::1", "")


def speak(folder: pathlib.Path, profile: str) -> pathlib.Path:
    """A copy of the configuration whose two endpoints of the switch have these attributes."""
    copy_shipped(folder)
    for name in ("switch-bills", "switch-payments"):
        file = folder / "config" / "endpoints" / f"{name}.xml"
        text = re.sub(r'\s(verify|sign|checked-form)="[^"]*"', "", file.read_text("utf-8"))
        file.write_text(text.replace('profile="signed-xml"', profile), "utf-8")
    return folder / "config"


def replace(file: pathlib.Path, text: str) -> None:
    """As an operator should: whoever reads sees the old file or the new one."""
    new = file.with_name(file.name + ".new")
    new.write_text(text, "utf-8")
    new.rename(file)


def new_keys(folder: pathlib.Path) -> tuple[str, str]:
    """Private and public, by openssl's command line."""
    file = folder / "fresh.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt",
                    "rsa_keygen_bits:2048", "-out", str(file)], check=True, capture_output=True)
    public = subprocess.run(["openssl", "pkey", "-in", str(file), "-pubout"], check=True,
                            capture_output=True, text=True).stdout
    return file.read_text("utf-8"), public


class Inquirers:
    """Payers who look at one bill again and again, each on its own. `answers`: the codes, a list a
    payer, in order."""

    def __init__(self, stage: Stage, number: str) -> None:
        self.answers: list[list[list[str]]] = [[] for _ in range(LOAD_THREADS)]
        self._stage, self._number, self._stop = stage, number, threading.Event()
        self.gate = threading.Lock()  # while it is held, nobody begins to look
        self._threads = [threading.Thread(target=self._look, args=(answers,))
                         for answers in self.answers]
        for thread in self._threads:
            thread.start()

    def _look(self, answers: list[list[str]]) -> None:
        while not self._stop.is_set():
            with self.gate:
                pass
            answers.append(cast.inquire(self._stage, self._number))

    def count(self) -> int:
        return sum(map(len, self.answers))

    def more(self) -> None:
        until = self.count() + INQUIRIES
        wait_for(lambda: self.count() >= until, "more inquiries")

    def end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


class Ways:
    """Both profiles."""

    stage: Stage
    foreign: dict[object, list[str]]  # sign= of a call: what it is answered

    def calls(self, number: str) -> list[dict]:
        return [e for e in self.stage.switch.entries("BLRPMTNTFRQ", number, "out")]

    def test_told_twice_in_every_way(self) -> None:
        ways.duplicate_notification(self.stage)
        cast.no_breach(self.stage)

    def test_paid_after_the_end(self) -> None:
        ways.late_payment_refund_task(self.stage)
        cast.no_breach(self.stage)

    def test_one_fils_too_little_or_too_much(self) -> None:
        who = cast.to_number(self.stage, "one-fils")
        for delta in ("-0.001", "0.001"):
            self.assertEqual(cast.pay(self.stage, who, delta=delta)[-1], "325")
        self.stage.until(lambda: len(self.stage.tasks(who.application, "payment-mismatch")) == 2,
                         "two tasks")
        self.assertEqual(self.stage.state(who.application), "awaiting-payment")
        self.assertEqual(set(cast.pay(self.stage, who)), {"0"})
        cast.reach(self.stage, who, "cleared")
        cast.expect_end(self.stage, who, "cleared", 1)

    def test_two_payments_for_one_bill_at_once(self) -> None:
        who = cast.to_number(self.stage, "paid-twice")
        number = cast.billing_number(self.stage, who)
        two = [{"billingNo": number, "amount": cast.DEFAULT_TOTAL} for _ in range(2)]
        codes = self.stage.switch.act("pay-together", payments=two, wait=True)["codes"]
        self.assertEqual(codes, ["0", "0", "0"])
        cast.reach(self.stage, who, "cleared")
        cast.open_task(self.stage, who, "refund")
        cast.expect_end(self.stage, who, "cleared", 1)

    def test_answer_lost_then_told_again(self) -> None:
        who = cast.to_number(self.stage, "answer-lost")
        number = cast.billing_number(self.stage, who)
        self.stage.switch.fault("did-it-but-no-answer", count=2, operation="BLRPMTNTFRQ")
        self.assertEqual(set(cast.pay(self.stage, who, payerName=NAME)), {"0"})
        cast.reach(self.stage, who, "cleared")
        told = self.calls(number)
        self.assertEqual((len(told), len({e["guid"] for e in told})), (3, 1))
        self.assertIn(NAME, str(told[0]["fields"]))
        cast.expect_end(self.stage, who, "cleared", 1)
        self.assertFalse(self.stage.tasks(who.application, "refund"))
        cast.no_breach(self.stage)

    def test_what_the_schema_does_not_know(self) -> None:
        who = cast.to_number(self.stage, "unknown-element")
        number = cast.billing_number(self.stage, who)
        for more in ({"LoyaltyPoints": "12"}, {"PayerInfo": {"Name": NAME, "Shoe": "43"}}):
            with self.only_audited(more=more):
                self.assertEqual(cast.pay(self.stage, who, inquire=False, trx="T-unknown",
                                          guid="g-unknown", amount=cast.DEFAULT_TOTAL,
                                          trxInf=more, attempts=1), ["101"])
        # No key was taken: told once more without it, it counts.
        self.assertEqual(cast.pay(self.stage, who, inquire=False, trx="T-unknown",
                                  guid="g-unknown", amount=cast.DEFAULT_TOTAL), ["0", "0"])
        cast.reach(self.stage, who, "cleared")
        cast.expect_end(self.stage, who, "cleared", 1)
        self.assertEqual(len(self.calls(number)), 3)

    def test_no_switch_but_ours_is_believed(self) -> None:
        who = cast.to_number(self.stage, "foreign")
        for sign, codes in self.foreign.items():
            with self.only_audited(sign=sign):
                self.assertEqual(
                    cast.pay(self.stage, who, inquire=False, amount=cast.DEFAULT_TOTAL, sign=sign,
                             attempts=1), codes)
        self.assertEqual(self.stage.state(who.application), "awaiting-payment")

    def test_looked_at_while_it_expires(self) -> None:
        who = cast.to_number(self.stage, "race")
        payers = Inquirers(self.stage, cast.billing_number(self.stage, who))
        try:
            payers.more()
            # Refused while an inquiry is open: those under way end, the next ones come at once.
            with payers.gate:
                wait_for(lambda: (self.stage.hub.post("/api/clock"),
                                  self.stage.state(who.application) == "closing-payment")[1],
                         "the bill's expiry")
            payers.more()
        finally:
            payers.end()
        for answers in payers.answers:
            codes = [answer[-1] for answer in answers]
            self.assertEqual(codes, ["0"] * codes.count("0") + ["323"] * codes.count("323"))
        self.assertEqual(payers.answers[0][0][-1], "0")
        self.assertEqual(payers.answers[0][-1][-1], "323")

    @contextmanager
    def payers(self) -> Iterator[Callable[[], None]]:
        """Under load: everybody is answered all the time, and nothing is refused."""
        who = cast.to_number(self.stage, "rotation")
        payers = Inquirers(self.stage, cast.billing_number(self.stage, who))
        try:
            payers.more()
            yield payers.more
        finally:
            payers.end()
        wrong = [codes for answers in payers.answers for codes in answers if set(codes) != {"0"}]
        self.assertEqual(wrong, [])
        self.assertEqual([e for e in self.stage.switch.entries("http")
                          if e["fields"]["type"] == "BILPULRQ"], [])
        codes = cast.pay(self.stage, who)
        self.assertEqual(set(codes), {"0"})
        cast.reach(self.stage, who, "cleared")
        cast.expect_end(self.stage, who, "cleared", 1)


class SignedXml(Ways, OnStage):
    foreign = {"bad": ["2"], False: ["380"]}

    def test_keys_change_under_load(self) -> None:
        secrets = self.stage.secrets
        files = {name: secrets / f"mfep-{name}" for name in
                 ("switch-private", "switch-public", "hub-private", "hub-public")}
        old = {name: file.read_text("utf-8") for name, file in files.items()}
        switch, hub = new_keys(self.stage.folder), new_keys(self.stage.folder)
        before = len(self.stage.switch.entries("", "", "in"))
        with self.payers() as more:
            for name, text in (("switch-public", old["switch-public"] + switch[1]),
                               ("switch-private", switch[0]),
                               ("hub-public", old["hub-public"] + hub[1]),
                               ("hub-private", hub[0]),
                               ("switch-public", switch[1])):
                replace(files[name], text)
                more()
            for name in ("hub-private", "switch-public"):
                replace(files[name], "-----BEGIN nothing")
                said = f"the one before it goes on: secret:mfep-{name}"
                wait_for(lambda: said in self.stage.hub.log.read_text("utf-8"), said)
                more()
            replace(files["hub-private"], hub[0])
            replace(files["switch-public"], switch[1])
        answers = self.stage.switch.entries("", "", "in")[before:]
        self.assertEqual({e.get("signature") for e in answers}, {"valid"})
        log = self.stage.hub.log.read_text("utf-8")
        self.assertIn("secret:mfep-switch-public has changed", log)
        self.assertNotIn("BEGIN", log)
        # The switch's old key is a foreign one now; ours is gone, too.
        replace(files["switch-private"], old["switch-private"])
        wait_for(lambda: cast.inquire(self.stage, "000000000000") == ["2"], "the old key's end")
        replace(files["switch-private"], switch[0])
        replace(files["hub-public"], hub[1])
        self.assertEqual(cast.inquire(self.stage, "000000000001")[-1], "408")
        self.assertEqual(self.stage.switch.entries("BILPULRS")[-1]["signature"], "valid")


class Json(Ways, OnStage):
    foreign = {"bad": [], False: []}

    @classmethod
    def setUpClass(cls) -> None:
        folder = temporary_folder(cls)
        config = speak(folder, JSON)
        checked = masar("check", str(config))
        if checked.returncode != 0 or checked.stderr:
            raise AssertionError(checked.stderr)
        cls.stage = Stage(MASAR, folder / "stage", config=config)
        cls.addClassCleanup(cls.stage.end)
        cls.stage.switch.act("profile", profile="json")
        cls.stage.hub.start()
        cls.stage.settle()

    def test_the_password_changes_under_load(self) -> None:
        file = self.stage.secrets / "mfep-switch-password"
        old = file.read_text("utf-8")
        with self.payers() as more:
            for text in (f"new one\n{old}", "new one", "newer\nnew one"):
                replace(file, text)
                more()
        self.assertNotIn("new one", self.stage.hub.log.read_text("utf-8"))

    def test_a_paid_bill_in_json(self) -> None:
        ways.expired_policy_paid(self.stage)
        cast.no_breach(self.stage)


class JsonFromElsewhere(OnStage):
    def test_a_call_from_an_address_that_is_not_in_the_list(self) -> None:
        folder = temporary_folder(self)
        stage = Stage(MASAR, folder / "stage", config=speak(folder, ELSEWHERE))
        self.addCleanup(stage.end)
        stage.switch.act("profile", profile="json")
        stage.hub.start()
        self.stage = stage
        who = cast.to_number(stage, "elsewhere")
        with self.only_audited(peer="127.0.0.1"):
            self.assertEqual(cast.pay(stage, who, inquire=False, amount=cast.DEFAULT_TOTAL,
                                      attempts=1), [])
        self.assertEqual([e["fields"]["status"] for e in stage.switch.entries("http")], [403])
        self.assertEqual(stage.state(who.application), "awaiting-payment")

    @classmethod
    def setUpClass(cls) -> None:
        """A hub of the test's own."""


if __name__ == "__main__":
    unittest.main()
