"""Texts by the national platform, and from Kannel to it where Kannel was unavailable. The platform
is simulated (ops/partners/national.py); Kannel is Debian's."""

from __future__ import annotations

import pathlib
import tempfile
import unittest

from texting import Deaf, Reports, Texting, wait_for

from kannel import PASSWORD, Kannel  # the path is set by texting
from peers import with_peer
from stage import Partner

TO = "962791234567"
ARABIC = "تم تحويل طلبكم، المبلغ 5.250 دينار"
NATIONAL = '<call endpoint="sms-national"/>'
EITHER = '<call endpoint="sms-gateway" or-else="sms-national"/>'


class WithPlatform(unittest.TestCase):
    call = NATIONAL

    def setUp(self) -> None:
        place = tempfile.TemporaryDirectory(prefix="masar-national-")
        self.addCleanup(place.cleanup)
        self.folder = pathlib.Path(place.name)
        secrets = self.folder / "platform-secrets"
        secrets.mkdir()
        (secrets / "national-password").write_text("n\n", "utf-8")
        self.platform = Partner("national", self.folder, self.folder / "none.json", secrets)
        self.addCleanup(self.platform.end)
        self.platform.ready()

    def start_hub(self, gateway: str = "http://127.0.0.1:1/cgi-bin/sendsms",
                  report_url: str = "") -> None:
        (self.folder / "hub").mkdir()
        self.texting = Texting(
            self.folder / "hub", {"kannel-password": PASSWORD},
            {"sms-url": gateway, "national-url": self.platform.url, "report-url": report_url},
            {"config/routes/sms.xml": ('<call endpoint="sms-gateway"/>', self.call)})
        self.addCleanup(self.texting.end)

    def sent(self) -> int:
        """Texts that the platform took for that phone."""
        return self.platform.ledger()["byNumber"].get(TO, 0)

    def ways(self, number: str) -> list[tuple[str, str, int]]:
        return [(effect["endpoint"], effect["state"], effect["attempts"])
                for effect in self.texting.effects(number)]


class Alone(WithPlatform):
    def setUp(self) -> None:
        super().setUp()
        self.start_hub()

    def test_many_texts_with_one_token(self) -> None:
        for number in range(8):
            self.texting.send(f"N{number}", ARABIC)
        for number in range(8):
            self.assertEqual("delivered", self.texting.ended(f"N{number}")["state"])
        self.assertEqual(8, self.sent())
        self.assertEqual(1, len(self.platform.entries("login")))
        self.assertEqual({ARABIC}, {e["fields"]["text"] for e in self.platform.entries("send")})

    def test_a_token_that_is_over_before_its_time(self) -> None:
        self.texting.send("N1", ARABIC)
        self.texting.ended("N1")
        self.platform.act("forget")
        self.platform.act("prefix", on=False)
        self.texting.send("N2", ARABIC)
        self.assertEqual("delivered", self.texting.ended("N2")["state"])
        self.assertEqual((2, 2), (self.sent(), len(self.platform.entries("login"))))

    def test_refused_and_unknown_are_shown_and_not_sent_again(self) -> None:
        for number, answer, state in (("N3", "refuse", "rejected"), ("N4", "nonsense", "unknown")):
            self.platform.act("mode", answer=answer)
            self.texting.send(number, ARABIC)
            self.assertEqual([("sms-national", state, 1)],
                             [(e["endpoint"], e["state"], e["attempts"])
                              for e in [self.texting.ended(number)]])
            wait_for(lambda: self.texting.tasks(number), "the task")
        self.assertEqual(1, self.sent())

    def test_neither_password_nor_token_is_written_down(self) -> None:
        self.texting.send("N5", ARABIC)
        self.texting.ended("N5")
        log = self.texting.hub.log.read_text("utf-8", "replace")
        self.assertNotIn("Bearer", log + str(self.texting.case("N5")))


@with_peer("Kannel")
class Either(WithPlatform):
    call = EITHER

    def setUp(self) -> None:
        super().setUp()
        self.kannel = Kannel(self.folder / "kannel")
        self.addCleanup(self.kannel.end)
        self.kannel.start()

    def test_kannel_takes_it_where_it_can(self) -> None:
        self.start_hub(self.kannel.url)
        self.texting.send("E1", ARABIC)
        self.texting.ended("E1")
        self.assertEqual([("sms-gateway", "delivered", 1)], self.ways("E1"))
        self.assertEqual(0, self.sent())

    def test_the_platform_takes_what_kannel_provably_did_not(self) -> None:
        self.kannel.kill("smsbox")
        self.start_hub(self.kannel.url)
        self.texting.send("E2", ARABIC)
        wait_for(lambda: len(self.ways("E2")) == 2, "the second endpoint")
        self.assertEqual("delivered", self.texting.ended("E2")["state"])
        self.assertEqual([("sms-gateway", "unavailable", 3), ("sms-national", "delivered", 1)],
                         self.ways("E2"))
        told = [row["text"] for row in self.texting.case("E2")["timeline"]
                if row["kind"] == "fail-over"]
        self.assertEqual(["from sms-gateway to sms-national"], told)
        self.assertEqual((1, []), (self.sent(), self.kannel.parts(TO)))

    def test_what_kannel_may_have_done_goes_nowhere_else(self) -> None:
        deaf = Deaf(self.kannel.sendsms)
        self.addCleanup(deaf.close)
        reports = Reports()  # that come to the hub would make it known
        self.addCleanup(reports.server_close)
        self.addCleanup(reports.shutdown)
        self.start_hub(deaf.url, reports.url)
        self.texting.send("E3", ARABIC)
        self.texting.ended("E3")
        wait_for(lambda: self.texting.tasks("E3"), "the task")
        self.assertEqual([("sms-gateway", "unknown", 1)], self.ways("E3"))
        wait_for(lambda: self.kannel.parts(TO), "the text at the centre")
        self.assertEqual((0, 1), (self.sent(), len(self.kannel.parts(TO))))

    def test_killed_on_the_way_it_is_sent_once(self) -> None:
        """Both are away; the hub is killed while the text is at the second one."""
        self.kannel.kill("smsbox")
        self.platform.act("mode", answer="busy")
        self.start_hub(self.kannel.url)
        self.texting.send("E4", ARABIC)
        wait_for(lambda: len(self.ways("E4")) == 2, "the second endpoint")
        self.texting.hub.kill()
        self.kannel.start_smsbox()
        self.platform.act("mode", answer="accept")
        self.texting.hub.start()
        last = self.texting.ended("E4")
        self.assertEqual(("sms-gateway", "unavailable", 3), self.ways("E4")[0])
        self.assertEqual([], self.kannel.parts(TO))
        # Killed between "sending" and the outcome it is unknown, and a person is asked.
        self.assertEqual({"delivered": 1, "unknown": 0, "unavailable": 0}[last["state"]],
                         self.sent())


if __name__ == "__main__":
    unittest.main()
