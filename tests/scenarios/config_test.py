"""`masar check` and `masar run` name every mistake of a configuration by file, line and column, say
what is wrong, what to write and the nearest name; and what the command line itself promises."""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
import unittest
from typing import NamedTuple

from stage import PYTHON, ROOT, Hub, call, copy_shipped
from trial import MASAR, masar, temporary_folder

VERSION = re.compile(r"masar \d+\.\d+\.\d+\n")


class Mistake(NamedTuple):
    """One change to one file. `new` has a ¦ where the finding must stand; `alone`: it is the only
    finding."""

    file: str
    old: str
    new: str
    what: str
    hint: str
    alone: bool = True


RELEASE = "config/routes/release-hold.xml"
PORTAL = "config/endpoints/portal-in.xml"
BILL = "mappings/switch/bill.map.xml"
PROCESS = "config/processes/clearance.scxml"
HUB = "config/hub.xml"

LIST = "config/lists/payments.xml"

MISTAKES = (
    # Lists
    Mistake(LIST, 'name="DueAmt"', 'name="¦PaidAmt"', 'a second column "PaidAmt"',
            "name it otherwise"),
    Mistake(LIST, 'type="MFEP"', 'type="¦MFEB"', 'no route takes "MFEB" from "switch-payments"',
            'did you mean "MFEP"?'),
    Mistake(LIST, 'endpoints="switch-payments"', 'endpoints="¦switch-payment"',
            'unknown endpoint "switch-payment"', 'did you mean "switch-payments"?'),
    Mistake(LIST, 'value="/TrxInf/Currency"', 'value="/TrxInf/Currency +¦"',
            "expected a value, found the end", ""),
    # Routes
    Mistake(RELEASE, 'endpoint="traffic-department"', 'endpoint="¦traffic-departmant"',
            'unknown endpoint "traffic-departmant"', 'did you mean "traffic-department"?'),
    Mistake(RELEASE, 'operation="ReleaseHold"', 'operation="¦ReleaseHald"',
            'has no operation "ReleaseHald"', 'did you mean "ReleaseHold"?'),
    Mistake(RELEASE, 'mode="durable"', '¦mude="durable"', '<route> has no attribute "mude"',
            'did you mean "mode"?'),
    Mistake(RELEASE, "<call ", "¦<coll ", "unknown element <coll>", 'did you mean "call"?', False),
    Mistake(RELEASE, 'kind="unknown"', 'kind="¦unknawn"', '"unknawn" does not fit kind',
            'did you mean "unknown"?', False),
    Mistake("config/routes/sms-action.xml", 'kind="unknown"', 'kind="unknown" inquiry="¦sms-sent"',
            'unknown inquiry "sms-sent"', 'write a route with mode="inquiry"'),
    Mistake(RELEASE, 'event="release-refused"', 'event="¦release-refusad"',
            'has no event "release-refusad"', 'did you mean "release-refused"?'),
    Mistake(RELEASE, 'using="traffic/released"', 'using="¦traffic/releasad"',
            'unknown mapping "traffic/releasad"', 'did you mean "traffic/released"?', False),
    Mistake("config/routes/method.xml", 'event="method"', 'event="¦methad"',
            'has no event "methad"', 'did you mean "method"?'),
    Mistake("config/routes/method.xml", 'key="/pt:', 'key="/¦px:', "unknown prefix px",
            'did you mean "pt"?', False),
    Mistake("config/routes/method.xml", 'type="pt:', 'type="¦px:', "unknown prefix px",
            'did you mean "pt"?'),
    Mistake("config/routes/method.xml", 'type="pt:PaymentMethodChosen',
            'type="¦pt:PaymentMethodChosan', 'declares no element "pt:PaymentMethodChosan"',
            'did you mean "pt:PaymentMethodChosen"?'),
    Mistake("config/routes/sms-notice.xml", '<on-failure kind="rejected" event="notice-failed"',
            '¦<on-failure kind="rejected" keep="retrying"', 'no meaning for the outcome "rejected"',
            "give it event or task"),
    # Endpoints
    Mistake(PORTAL, '"portal.xsd"', '"¦portel.xsd"', 'unknown schema "portel.xsd"',
            'did you mean "portal.xsd"?'),
    Mistake(PORTAL, "<deduplicate", "¦<deduplicete", "unknown element <deduplicete>",
            'did you mean "deduplicate"?'),
    Mistake(PORTAL, 'user="portal"', '¦uzer="portal"', '<amqp> has no attribute "uzer"',
            'did you mean "user"?', False),
    Mistake(PORTAL, '"secret:amqp-portal"', '"¦sacret:amqp-portal"', "does not fit password",
            "write secret:NAME"),
    Mistake(PORTAL, 'listener="amqp"', 'listener="¦amqq"', 'no AMQP listener "amqq"',
            'did you mean "amqp"?'),
    Mistake(PORTAL, 'refusals="portal-out"', 'refusals="¦portal-aut"',
            'no outbound endpoint "portal-aut"', 'did you mean "portal-out"?'),
    Mistake("config/endpoints/sms-gateway.xml", '"${sms-url}"', '"¦${sms-uri}"',
            'unknown setting "sms-uri"', 'did you mean "sms-url"?'),
    Mistake("config/endpoints/traffic-department.xml", '"PT5S"', '"¦PT5X"',
            '"PT5X" does not fit after', "write a duration, such as PT30S"),
    # Mappings
    Mistake(BILL, "$case.billingNo", "¦$case.billingNa", "unknown variable $case.billingNa",
            'did you mean "case.billingNo"?', False),
    Mistake(BILL, "{$bill.amount}", "{¦$bill.amaunt}", "unknown column amaunt",
            'did you mean "amount"?'),
    Mistake(BILL, "lookup('bill-results'", "lookup(¦'bill-rezults'", "unknown lookup bill-rezults",
            'did you mean "bill-results"?', False),
    Mistake("mappings/portal/application.map.xml", "jordan-mobile(", "¦jordan-mobil(",
            "unknown function jordan-mobil()", 'did you mean "jordan-mobile"?'),
    Mistake("mappings/portal/application.map.xml", "pt:plate/pt:code", "pt:plate/¦pz:code",
            "unknown prefix pz", 'did you mean "pt"?'),
    Mistake("mappings/portal/method.map.xml",
            "<method>{/pt:PaymentMethodChosen/pt:method}</method>",
            "¦<methad>{/pt:PaymentMethodChosen/pt:method}</methad>",
            'event "method" has no field "methad"', "method", False),
    # The process
    Mistake(PROCESS, 'target="cleared"', 'target="¦clearad"', 'unknown state "clearad"',
            'did you mean "cleared"?', False),
    Mistake(PROCESS, '<transition event="payment"', '<transition event="¦paymant"',
            'unknown event "paymant"', 'did you mean "payment"?', False),
    Mistake(PROCESS, "<assign ", "¦<asign ", "unknown element <asign>", 'did you mean "assign"?'),
    Mistake(PROCESS, "serial('billing-number')", "¦serial('billing-numbar')",
            'declares no series "billing-numbar"', 'did you mean "billing-number"?'),
    Mistake(PROCESS, '<data id="round" m:type="integer" expr="0"/>',
            '<data id="round" m:type="integer" expr="¦\'0\'"/>', "text", "integer", False),
    Mistake(PROCESS, '<data id="round" m:type="integer"', '<data id="round" m:type="¦intager"',
            "intager", "integer", False),
    # The hub
    Mistake(HUB, 'calendar="jordan"', 'calendar="¦jordon"', 'unknown calendar "jordon"',
            'did you mean "jordan"?'),
    Mistake(HUB, '"${amqp-address}"', '"¦${ampq-address}"', 'unknown setting "ampq-address"',
            'did you mean "amqp-address"?', False),
    Mistake(HUB, "</hub>", "</¦hab>", "not well-formed XML", "<hub> of line"),
)


class Configuration(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = temporary_folder(self)
        self.fresh()

    def fresh(self) -> None:
        for name in ("config", "mappings"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        copy_shipped(self.folder)

    def change(self, file: str, old: str, new: str) -> str:
        """Makes the change and returns where the ¦ stood, as findings name it."""
        path = self.folder / file
        text = path.read_text("utf-8")
        self.assertIn(old, text, f"{file} has changed: choose another place")
        text = text.replace(old, new, 1)
        before = text[:text.index("¦")]
        path.write_text(text.replace("¦", ""), "utf-8")
        return f"{file}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"

    def check(self, command: str = "check", *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(MASAR), command, "config", *options], cwd=self.folder,
                              capture_output=True, text=True, timeout=60, encoding="utf-8")

    def found(self, place: str, mistake: Mistake, said: str) -> None:
        lines = [line for line in said.splitlines() if line.startswith(f"{place}: ")]
        self.assertTrue(lines, f"nothing at {place}:\n{said}")
        fitting = [line for line in lines if mistake.what in line and mistake.hint in line]
        self.assertTrue(fitting, f"not {mistake.what!r} with {mistake.hint!r}:\n{said}")

    def test_what_ships_is_right_and_nothing_is_printed(self) -> None:
        done = masar("check", str(ROOT / "config"))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        done = self.check()
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_each_mistake_is_named_with_its_place_and_the_nearest_name(self) -> None:
        for mistake in MISTAKES:
            with self.subTest(file=mistake.file, new=mistake.new):
                self.fresh()
                place = self.change(mistake.file, mistake.old, mistake.new)
                done = self.check()
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.found(place, mistake, done.stderr)
                if mistake.alone:
                    self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_an_outcome_without_a_handler(self) -> None:
        for kind in ("unavailable", "unknown"):
            with self.subTest(kind=kind):
                self.fresh()
                path = self.folder / RELEASE
                kept = [line for line in path.read_text("utf-8").splitlines(True)
                        if f'<on-failure kind="{kind}"' not in line]
                path.write_text("".join(kept), "utf-8")
                done = self.check()
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr, f'^{RELEASE}:3:1: outcome "{kind}" has no handler; '
                                              f'write <on-failure kind="{kind}"')

    def test_an_unreachable_state(self) -> None:
        place = self.change(PROCESS, "</scxml>", '  ¦<final id="nowhere"/>\n</scxml>')
        done = self.check()
        self.assertEqual(done.returncode, 1, "nobody noticed")
        self.assertIn(f"{place}: ", done.stderr)
        self.assertIn("nowhere", done.stderr)

    def test_a_state_that_does_not_say_what_an_event_means(self) -> None:
        place = self.change(PROCESS, '<m:event name="withdrawn"/>',
                            '<m:event name="withdrawn"/>\n  ¦<m:event name="forgotten"/>')
        done = self.check()
        self.assertEqual(done.returncode, 1)
        self.assertIn(f'{place}: event "forgotten" is handled nowhere', done.stderr)
        self.change(PROCESS, '<transition event="withdrawn"',
                    '¦<transition event="forgotten"/>\n<transition event="withdrawn"')
        done = self.check()
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, f'{PROCESS}:[0-9]+:[0-9]+: event "forgotten" is not handled '
                                      'in state "lifting"; .*<m:otherwise events="forgotten"')

    def test_no_inbound_endpoint_beyond_this_machine_without_a_login(self) -> None:
        (self.folder / HUB).write_text((self.folder / HUB).read_text("utf-8").replace(
            '"127.0.0.1:7081"', '"0.0.0.0:7081"'), "utf-8")
        reach = ("--set", "report-url=http://hub.example:7081")
        # All have a login, a signature or a key.
        self.assertEqual(self.check("check", *reach).returncode, 0)
        place = self.change("config/endpoints/traffic-notices.xml",
                            '<soap listener="http" path="/traffic/notices" user="traffic" '
                            'password="secret:soap-traffic">',
                            '<soap listener="¦http" path="/traffic/notices">')
        for command, options in (("check", reach), ("run", (*reach, "--state", "state"))):
            done = self.check(command, *options)
            self.assertEqual(done.returncode, 1)
            line = place.rsplit(":", 1)[0]
            self.assertRegex(done.stderr, f"(?m)^{line}:\\d+: .*127\\.0\\.0\\.1.*")

    def test_all_at_once_and_by_run_the_same(self) -> None:
        # What the hub or the process declares is unknown while their own files have mistakes.
        chosen = [m for m in MISTAKES if m.alone and m.file not in (HUB, PROCESS)]
        chosen = [m for n, m in enumerate(chosen) if m.file not in {o.file for o in chosen[:n]}]
        self.assertGreater(len(chosen), 4)
        places = [self.change(m.file, m.old, m.new) for m in chosen]
        done = self.check()
        self.assertEqual(done.returncode, 1)
        for place, mistake in zip(places, chosen):
            self.found(place, mistake, done.stderr)
        by_run = self.check("run", "--state", "state")
        self.assertEqual((by_run.returncode, by_run.stdout), (1, ""))
        self.assertEqual(by_run.stderr, done.stderr)

    def test_settings(self) -> None:
        done = self.check("check", "--set", "sms-uri=http://127.0.0.1:1/")
        self.assertEqual(done.returncode, 1)
        self.assertIn('no setting "sms-uri"; did you mean "sms-url"?', done.stderr)
        done = self.check("check", "--set", "sms-url")
        self.assertEqual(done.returncode, 1)
        self.assertIn("write --set name=value", done.stderr)
        wrong = {"MASAR_AMQP_ADDRESS": "nowhere"}
        done = masar("check", str(self.folder / "config"), env=wrong)
        self.assertEqual(done.returncode, 1)
        self.assertIn('"nowhere" does not fit address', done.stderr)
        done = masar("check", str(self.folder / "config"), "--set", "amqp-address=127.0.0.1:0",
                     env=wrong)
        self.assertEqual(done.returncode, 0, done.stderr)  # the flag comes before the environment

    def test_no_configuration(self) -> None:
        for command in ("check", "run"):
            done = masar(command, str(self.folder / "nowhere"))
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("hub.xml", done.stderr)


class CommandLine(unittest.TestCase):
    def test_version(self) -> None:
        done = masar("version")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, VERSION)

    def test_usage(self) -> None:
        for arguments in ((), ("chek", "config"), ("check",), ("check", "config", "--nonsense"),
                          ("run", "config", "--state"), ("version", "7")):
            with self.subTest(arguments=arguments):
                done = masar(*arguments)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertTrue(done.stderr)
        done = masar("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for command in ("run", "check", "version", "cases", "tasks"):
            self.assertIn(f"  {command} ", done.stdout)


class TwoHubsOnOneStore(unittest.TestCase):
    def test_the_second_refuses_and_the_first_goes_on(self) -> None:
        folder = temporary_folder(self)
        secrets = folder / "secrets"
        subprocess.run([PYTHON, str(ROOT / "ops" / "partners" / "make_secrets.py"), str(secrets)],
                       check=True)
        settings = {name: "127.0.0.1:0"
                    for name in ("amqp-address", "http-address", "public-address",
                                 "admin-address")}
        hub = Hub(MASAR, folder, secrets, settings)
        self.addCleanup(hub.end)
        hub.start()
        command = ["run", str(ROOT / "config"), "--state", str(folder / "state"),
                   "--secrets", str(secrets)]
        for name, value in settings.items():
            command += ["--set", f"{name}={value}"]
        before = self.files(folder / "state")
        second = masar(*command)
        self.assertEqual((second.returncode, second.stdout), (1, ""))
        self.assertRegex(second.stderr, "another|already")
        self.assertIn("state", second.stderr)
        self.assertEqual(self.files(folder / "state"), before)
        self.assertEqual(call(hub.addresses["admin"], "GET", "/ready")[0], 200)
        hub.end()
        self.assertEqual(hub.process.returncode if hub.process else None, 0)
        hub.start()  # and once it is gone, the store is free
        self.assertEqual(call(hub.addresses["admin"], "GET", "/ready")[0], 200)

    def files(self, state: pathlib.Path) -> list[str]:
        return sorted(path.name for path in state.iterdir())


if __name__ == "__main__":
    unittest.main()
