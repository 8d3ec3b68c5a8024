"""Texts through Debian's Kannel. What went out is judged at the centre's log, never at the hub."""

from __future__ import annotations

import contextlib
import http.client
import pathlib
import signal
import sys
import tempfile
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "partners"))

from sms_contract import CONTRACT  # noqa: E402
from texting import Deaf, Reports, Texting, wait_for  # noqa: E402

from kannel import PASSWORD, USER, Kannel  # noqa: E402  (the path is set by texting)
from peers import with_peer  # noqa: E402

TO = "962791234567"
ARABIC = "تم تحويل طلبكم، المبلغ 5.250 دينار؛ شكراً 😀"


class WithKannel(unittest.TestCase):
    """Kannel with its centre, and a hub before it."""

    password, centre = PASSWORD, True

    def __init_subclass__(cls) -> None:
        with_peer("Kannel")(cls)

    def setUp(self) -> None:
        self.place = tempfile.TemporaryDirectory(prefix="masar-kannel-")
        self.addCleanup(self.place.cleanup)
        folder = pathlib.Path(self.place.name)
        self.kannel = Kannel(folder / "kannel")
        self.addCleanup(self.kannel.end)
        self.kannel.start(self.centre)
        self.reports = Reports()
        self.addCleanup(self.reports.server_close)
        self.addCleanup(self.reports.shutdown)
        self.start_hub(folder / "hub", self.kannel.url)

    def start_hub(self, folder: pathlib.Path, url: str,
                  changes: dict[str, tuple[str, str]] | None = None) -> None:
        folder.mkdir(parents=True)
        self.texting = Texting(folder, {"kannel-password": self.password},
                               {"sms-url": url, "report-url": self.reports.url}, changes)
        self.addCleanup(self.texting.end)

    def arrived(self, text: str, to: str = TO) -> int:
        """How often that text reached that phone, whole and in order."""
        phone = "".join(part.text for part in self.kannel.parts(to))
        return phone.count(text) if len(phone) == len(text) * phone.count(text) else -1

    def later_text_arrives(self, number: str) -> None:
        """Kannel serves one after the other: what was to come before this has come."""
        self.texting.send(number, f"later {number}", "962780000000")
        wait_for(lambda: any(p.text == f"later {number}"
                             for p in self.kannel.parts("962780000000")), "a later text")


class Sending(WithKannel):
    def test_arabic_arrives_as_it_was_written(self) -> None:
        self.texting.send("T1", ARABIC)
        self.assertEqual(("delivered", "0"), self.outcome("T1"))
        wait_for(lambda: self.kannel.parts(TO), "the text")
        self.assertEqual([ARABIC], [part.text for part in self.kannel.parts(TO)])

    def outcome(self, number: str) -> tuple[str, str]:
        ended = self.texting.ended(number)
        return ended["state"], ended["code"]

    def test_parts_are_what_was_counted(self) -> None:
        for at, (characters, parts) in enumerate([(70, 1), (71, 2), (134, 2), (135, 3), (201, 3)]):
            with self.subTest(characters=characters):
                to, text = f"96279000000{at}", ("مرحبا بكم " * 21)[:characters - 1] + "ن"
                self.texting.send(f"P{characters}", text, to)
                wait_for(lambda: len(self.kannel.parts(to)) >= parts, "the parts")
                got = self.kannel.parts(to)
                self.assertEqual([(place + 1, parts) for place in range(parts)],
                                 [(part.place, part.of) for part in got])
                self.assertEqual(text, "".join(part.text for part in got))

    def test_what_kannel_would_cut_or_refuse_is_not_sent(self) -> None:
        for number, text, to, code in (("L1", "م" * 202, TO, "too-long"),
                                       ("L2", "مرحبا", "96279123456", "bad-number"),
                                       ("L3", "مرحبا", "abc", "bad-number")):
            with self.subTest(code):
                self.texting.send(number, text, to)
                self.assertEqual(("rejected", code), self.outcome(number))
                wait_for(lambda: self.texting.tasks(number), "the task")
        self.later_text_arrives("L4")
        self.assertEqual({"962780000000"}, {part.to for part in self.kannel.parts()})

    def test_kannels_contract_is_the_one_that_the_simulated_gateway_has(self) -> None:
        usual = {"username": USER, "password": PASSWORD, "from": "GAM", "to": TO, "coding": "2",
                 "charset": "UTF-8", "text": "مرحبا"}
        for changes, status, text in CONTRACT:
            with self.subTest(changes):
                asked = {k: v for k, v in {**usual, **changes}.items() if v is not None}
                url = urllib.parse.urlsplit(self.kannel.url)
                with contextlib.closing(
                        http.client.HTTPConnection(url.netloc, timeout=20)) as connection:
                    connection.request("GET", f"{url.path}?{urllib.parse.urlencode(asked)}")
                    answer = connection.getresponse()
                    said = answer.read().decode()
                self.assertEqual((status, text), (answer.status, said[:len(text)]))


class Reporting(WithKannel):
    def setUp(self) -> None:
        super().setUp()
        self.texting.send("R1", "مرحبا")
        wait_for(lambda: sorted(self.reports.states()) == ["1", "8"], "Kannel's reports")
        self.texting.ended("R1")

    def seen(self) -> str:
        return self.texting.case("R1")["data"]["reports"]

    def test_in_their_order(self) -> None:
        self.assertEqual(200, self.reports.hand_on(self.texting.hub, "8"))
        wait_for(lambda: self.seen() == "accepted;", "the first report")
        self.assertEqual(200, self.reports.hand_on(self.texting.hub, "1"))
        wait_for(lambda: self.seen() == "accepted;delivered;", "the second report")

    def test_backwards_and_twice(self) -> None:
        for state in ("1", "8", "1", "8", "1"):
            self.assertEqual(200, self.reports.hand_on(self.texting.hub, state))
        self.assertEqual("delivered", wait_for(lambda: self.texting.ended("R1")["report"], "it"))
        wait_for(lambda: self.seen() == "delivered;", "the report")
        self.assertEqual([], self.texting.tasks("R1"))
        self.later_text_arrives("R3")
        self.assertEqual(1, self.arrived("مرحبا"))

    def test_never(self) -> None:
        """No report: it stays sent, and nobody sends it again."""
        self.later_text_arrives("R2")
        ended = self.texting.ended("R1")
        self.assertEqual(("delivered", "", 1), (ended["state"], ended["report"],
                                                ended["attempts"]))
        self.assertEqual("", self.seen())
        self.assertEqual(1, self.arrived("مرحبا"))


class WithoutCentre(WithKannel):
    centre = False

    def test_queued_and_sent_once_a_centre_is_there(self) -> None:
        self.texting.send("Q1", ARABIC)
        ended = self.texting.ended("Q1")
        self.assertEqual(("delivered", "3", "", 1), (ended["state"], ended["code"],
                                                     ended["report"], ended["attempts"]))
        self.assertEqual([], self.kannel.parts())
        self.kannel.start_centre()
        wait_for(lambda: self.kannel.parts(TO), "the queued text")
        self.later_text_arrives("Q2")
        self.assertEqual(1, self.arrived(ARABIC))


class BadLogin(WithKannel):
    password = "not-kannels"

    def test_refused_and_shown(self) -> None:
        self.texting.send("F1", "مرحبا")
        ended = self.texting.ended("F1")
        self.assertEqual(("rejected", "403", 1), (ended["state"], ended["code"],
                                                  ended["attempts"]))
        wait_for(lambda: self.texting.tasks("F1"), "the task")
        self.assertEqual([], self.kannel.parts())


class Dying(WithKannel):
    def test_smsbox_gone_before_the_call_and_back_within_the_attempts(self) -> None:
        self.kannel.kill("smsbox")
        self.texting.send("D1", ARABIC)
        wait_for(lambda: self.texting.attempts("D1"), "an attempt")
        self.kannel.start_smsbox()
        self.assertEqual("delivered", self.texting.ended("D1")["state"])
        self.assertTrue(all(said.startswith("unavailable cannot-connect, will be tried again")
                            for said in self.texting.attempts("D1")[:-1]))
        wait_for(lambda: self.kannel.parts(TO), "the text")
        self.later_text_arrives("D2")
        self.assertEqual(1, self.arrived(ARABIC))

    def test_smsbox_does_not_come_back_within_the_attempts(self) -> None:
        self.kannel.kill("smsbox")
        self.texting.send("D3", ARABIC)
        ended = self.texting.ended("D3")
        self.assertEqual(("unavailable", 20), (ended["state"], ended["attempts"]))
        wait_for(lambda: self.texting.tasks("D3"), "the task")
        self.kannel.start_smsbox()
        self.later_text_arrives("D4")
        self.assertEqual(0, self.arrived(ARABIC))

    def start_hub(self, folder: pathlib.Path, url: str,
                  changes: dict[str, tuple[str, str]] | None = None) -> None:
        super().start_hub(folder, url, changes or {"config/endpoints/sms-gateway.xml": (
            'attempts="3" first="PT0.2S" factor="2" max="PT1S"',
            'attempts="20" first="PT0.2S" factor="2" max="PT0.4S"')})

    def test_smsbox_dies_during_the_call(self) -> None:
        """Frozen it takes the request and does nothing; then it dies with it."""
        self.kannel.send_signal("smsbox", signal.SIGSTOP)
        self.texting.send("D5", ARABIC)
        wait_for(lambda: waits_at(self.kannel.sendsms), "the request at smsbox")
        self.kannel.kill("smsbox")
        self.is_unknown_and_shown("D5")
        self.kannel.start_smsbox()
        self.later_text_arrives("D6")
        self.assertEqual(0, self.arrived(ARABIC))

    def is_unknown_and_shown(self, number: str) -> None:
        ended = self.texting.ended(number)
        self.assertEqual(("unknown", 1), (ended["state"], ended["attempts"]))
        task = wait_for(lambda: self.texting.tasks(number), "the task")[0]
        self.assertEqual("not-reached", task["name"])


class Unheard(WithKannel):
    """Kannel takes the text and its answer is lost."""

    def start_hub(self, folder: pathlib.Path, url: str,
                  changes: dict[str, tuple[str, str]] | None = None) -> None:
        self.deaf = Deaf(self.kannel.sendsms)
        self.addCleanup(self.deaf.close)
        super().start_hub(folder, self.deaf.url, changes)

    def test_sent_once_unknown_shown_and_healed_by_its_report(self) -> None:
        self.texting.send("U1", ARABIC)
        ended = self.texting.ended("U1")
        self.assertEqual(("unknown", 1), (ended["state"], ended["attempts"]))
        wait_for(lambda: self.texting.tasks("U1"), "the task")
        wait_for(lambda: "1" in self.reports.states(), "Kannel's report")
        self.texting.hub.kill()
        self.texting.hub.start()
        self.assertEqual(200, self.reports.hand_on(self.texting.hub, "1"))
        wait_for(lambda: self.texting.ended("U1")["state"] == "delivered", "its report")
        wait_for(lambda: not self.texting.tasks("U1"), "its task's end")
        self.assertEqual(1, self.deaf.calls)
        self.later_text_arrives("U2")
        self.assertEqual(1, self.arrived(ARABIC))


def waits_at(port: int) -> bool:
    """Whether bytes stand unread at a listener of that port, by the kernel's table."""
    for line in pathlib.Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]:
        fields = line.split()
        here, waiting = fields[1], fields[4]
        if int(here.split(":")[1], 16) == port and int(waiting.split(":")[1], 16) > 0:
            if fields[3] == "01":  # established
                return True
    return False


if __name__ == "__main__":
    unittest.main()
