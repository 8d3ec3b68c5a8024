"""The operators' interface and its thin clients on a hub at work: who may ask, what is masked, what
is found, what pause, resume, retry and answers do, and that asking changes nothing."""

from __future__ import annotations

import http.client
import json
import pathlib
import re
import stat
import unittest
from typing import Any

import cast
from stage import call, wait_for
from trial import OnStage, count, masar, metrics, picture

NATIONAL_NUMBER, PHONE, PLATE = "9876543210", "0798765432", "98761"
PHONE_ABROAD = "962798765432"
NAME = "كناري الأول"
PAGES = ("/metrics", "/api/cases", "/api/cases/X", "/api/tasks", "/api/routes", "/api/endpoints",
         "/api/dead-letters", "/api/messages")
NEVER_ISSUED = "000000990002"  # twelve digits, wrong check digit

# The text format of Prometheus, as promtool's check reads it.
HELP = re.compile(r"# HELP ([a-z_:][a-z0-9_:]*) (\S.*)")
TYPE = re.compile(r"# TYPE ([a-z_:][a-z0-9_:]*) (counter|gauge|histogram|summary)")
LABEL = r'[a-z_][a-z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"([a-z_:][a-z0-9_:]*)(?:\{{{LABEL}(?:,{LABEL})*\}})? -?[0-9][0-9.e+-]*")


def findings(text: str) -> list[str]:
    """What is wrong with an exposition, as promtool check metrics sees it."""
    found: list[str] = []
    helped: set[str] = set()
    types: dict[str, str] = {}
    seen: set[str] = set()
    if not text.endswith("\n"):
        found.append("the last line has no end")
    for line in text.splitlines():
        if match := HELP.fullmatch(line):
            found += [f"{match[1]} has two HELP lines"] * (match[1] in helped)
            helped.add(match[1])
        elif match := TYPE.fullmatch(line):
            found += [f"{match[1]} has two TYPE lines"] * (match[1] in types)
            types[match[1]] = match[2]
        elif match := SAMPLE.fullmatch(line):
            name, series = match[1], line.rsplit(" ", 1)[0]
            found += [f"{series} stands twice"] * (series in seen)
            seen.add(series)
            found += [f"{name} has no HELP before it"] * (name not in helped)
            found += [f"{name} has no TYPE before it"] * (name not in types)
            found += [f"{name}: a counter ends in _total"] * (
                types.get(name) == "counter" and not name.endswith("_total"))
            found += [f"{name}: only a counter ends in _total"] * (
                types.get(name) != "counter" and name.endswith("_total"))
            found += [f"{name} is not ours"] * (not name.startswith("masar_"))
            found += [f"{name}: not a base unit"] * bool(
                re.search(r"_(milliseconds|ms|minutes|hours|kilobytes|kb|percent)\b", name))
        elif line:
            found.append(f"this is no line of the format: {line}")
    return found


class Operators(OnStage):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.who = cast.Applicant("APP-CANARY", "98", PLATE, "SK-987654")
        cls.who.policy(cls.stage, "EXPIRED")
        cls.who.submit(cls.stage, applicant={"id": NATIONAL_NUMBER, "phone": PHONE, "nameAr": NAME})
        cast.reach(cls.stage, cls.who, "awaiting-payment")
        cls.stage.settle()

    @property
    def admin(self) -> str:
        return self.stage.hub.addresses["admin"]

    def ask(self, method: str, path: str, token: str | None = None, **headers: str
            ) -> tuple[int, str, Any]:
        """Status, content type and body."""
        connection = http.client.HTTPConnection(self.admin, timeout=20)
        try:
            sent = dict(headers)
            if token is not None:
                sent["Authorization"] = f"Bearer {token}"
            connection.request(method, path, headers=sent)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8")
            kind = answer.headers.get("Content-Type", "")
            return answer.status, kind, json.loads(text) if "json" in kind else text
        finally:
            connection.close()

    def search(self, text: str) -> list[str]:
        query = "".join(f"%{byte:02X}" for byte in text.encode("utf-8"))
        return [case["key"] for case in self.stage.hub.get(f"/api/cases?search={query}")["cases"]]

    # Who may ask

    def test_live_ready_and_clock_need_no_token(self) -> None:
        self.assertEqual(self.ask("GET", "/live")[0], 200)
        self.assertEqual(self.ask("GET", "/ready")[::2], (200, {"ready": True}))
        self.assertEqual(self.ask("GET", "/clock")[2]["zone"], "Asia/Amman")

    def test_everything_else_asks_for_the_token(self) -> None:
        token = self.stage.hub.token
        for path in PAGES:
            for wrong in (None, "", "x" * len(token), token[:-1], token + "0"):
                status, kind, body = self.ask("GET", path, wrong)
                self.assertEqual((status, kind), (401, "application/problem+json"), (path, body))
                self.assertNotIn(token, json.dumps(body))
        for path in ("/api/clock", "/api/endpoints/portal-in/pause", "/api/dead-letters/1/retry",
                     "/api/tasks/x/answer", "/api/routes/method/pause"):
            self.assertEqual(self.ask("POST", path)[0], 401)
        file = self.stage.hub.folder / "state" / "admin.token"
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)

    def test_a_foreign_host_is_refused(self) -> None:
        for path in ("/live", "/ready", "/clock", *PAGES):
            for host in ("evil.example", "127.0.0.1.evil.example:80", "localhost.evil.example"):
                status, kind, _ = self.ask("GET", path, self.stage.hub.token, Host=host)
                self.assertEqual((status, kind), (421, "application/problem+json"), path)
        self.assertEqual(self.ask("GET", "/api/cases", self.stage.hub.token, Host="localhost")[0],
                         200)

    def test_problems(self) -> None:
        token = self.stage.hub.token
        for method, path, status in (
            ("GET", "/api/cases/NONE", 404), ("GET", "/nowhere", 404), ("POST", "/api/cases", 405),
            ("DELETE", "/api/cases/APP-CANARY", 405), ("GET", "/api/tasks?state=lost", 422),
            ("POST", "/api/endpoints/none/pause", 404), ("POST", "/api/routes/none/pause", 404),
            ("POST", "/api/endpoints/portal-in/stop", 404), ("POST", "/api/tasks/none/answer", 422),
            ("POST", "/api/dead-letters/7777/retry", 404),
        ):
            with self.subTest(method=method, path=path):
                got, kind, body = self.ask(method, path, token)
                self.assertEqual((got, kind), (status, "application/problem+json"), body)
                self.assertEqual(body["status"], status)
                self.assertTrue(body["title"] and body["code"] and body["detail"], body)

    # What is shown

    def test_metrics(self) -> None:
        text = self.ask("GET", "/metrics", self.stage.hub.token)[2]
        self.assertEqual(findings(text), [])
        self.assertRegex(text, r'(?m)^masar_build_info\{version="\d+\.\d+\.\d+"\} 1$')
        self.assertIn('masar_messages_received_total{endpoint="portal-in",result="accepted"}', text)
        self.assertNotIn(self.who.application, text)

    def test_the_parser_finds_what_is_wrong(self) -> None:
        for wrong in ("masar_a 1\n", "# HELP masar_a x\n# TYPE masar_a counter\nmasar_a 1\n",
                      "# HELP masar_a x\n# TYPE masar_a gauge\nmasar_a one\n",
                      "# HELP masar_a x\n# TYPE masar_a gauge\nmasar_a 1\nmasar_a 1\n",
                      "# HELP masar_a x\n# TYPE masar_a gauge\nmasar_a{b=c} 1\n", "masar_a"):
            self.assertTrue(findings(wrong), wrong)

    def test_a_case_is_found_by_what_people_know(self) -> None:
        number = cast.billing_number(self.stage, self.who)
        arabic = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
        for text in (self.who.application, self.who.sketch, PHONE, "+962 79 876 5432",
                     PHONE.translate(arabic), number, number.translate(arabic)):
            self.assertEqual(self.search(text), [self.who.application], text)
        plates = {form: self.search(form) for form in (f"98-{PLATE}", f"98|{PLATE}", f"98 {PLATE}")}
        self.assertIn([self.who.application], plates.values(), plates)
        for text in ("APP-CANAR", "98-0", "0790000000", NATIONAL_NUMBER, NAME):
            self.assertEqual(self.search(text), [], text)
        by_state = self.stage.hub.get("/api/cases?state=awaiting-payment")["cases"]
        self.assertIn(self.who.application, [case["key"] for case in by_state])
        self.assertEqual(self.stage.hub.get("/api/cases?state=nowhere")["cases"], [])

    def test_what_is_personal_is_masked_or_not_there(self) -> None:
        canaries = (NATIONAL_NUMBER, PHONE, PHONE[1:], PHONE_ABROAD, PLATE, NAME)
        shown = self.stage.case(self.who.application)
        self.assertRegex(shown["data"]["idNo"], r"^\*+10$")
        self.assertRegex(shown["data"]["phone"], r"^\*+32$")
        self.assertRegex(shown["data"]["plateNo"], r"^\*+61$")
        self.assertEqual(shown["data"]["sketchNo"], self.who.sketch)
        self.assertTrue(shown["timeline"])
        status, _ = self.stage.hub.post("/api/endpoints/portal-in/pause")
        self.assertEqual(status, 200)
        self.stage.hub.post("/api/endpoints/portal-in/resume")
        texts = {path: json.dumps(self.ask("GET", path, self.stage.hub.token)[2],
                                  ensure_ascii=False)
                 for path in (*PAGES, f"/api/cases/{self.who.application}", "/api/tasks?state=any",
                              "/api/dead-letters?state=any")}
        texts["the log"] = self.stage.hub.log.read_text("utf-8")
        for where, text in texts.items():
            for canary in (*canaries, self.stage.hub.token):
                self.assertNotIn(canary, text, where)
        for secret in self.stage.secrets.iterdir():
            self.assertNotIn(secret.read_text("utf-8").strip(), texts["the log"], secret.name)

    def test_the_log_is_one_object_a_line(self) -> None:
        for line in self.stage.hub.log.read_text("utf-8").splitlines():
            self.assertLessEqual({"time", "level", "text"}, set(json.loads(line)))

    def test_asking_changes_nothing(self) -> None:
        self.stage.settle()
        before, audited = picture(self.stage), count(self.stage, "audit_rows")
        for path in ("/live", "/ready", "/clock", *PAGES, f"/api/cases/{self.who.application}",
                     "/api/cases?search=1&limit=1", "/api/tasks?state=any"):
            self.ask("GET", path, self.stage.hub.token)
        for path in ("/api/endpoints/portal-in/pause", "/api/clock", "/api/routes/method/pause",
                     "/api/dead-letters/1/retry", "/api/tasks/1/answer"):
            status, kind, _ = self.ask("GET", path, self.stage.hub.token)
            self.assertIn((status, kind), ((404, "application/problem+json"),
                                           (405, "application/problem+json")), path)
        self.stage.settle()
        self.assertEqual((picture(self.stage), count(self.stage, "audit_rows")), (before, audited))

    # What operators do

    def endpoint(self, name: str) -> dict[str, Any]:
        return {row["id"]: row for row in self.stage.hub.get("/api/endpoints")["endpoints"]}[name]

    def put(self, kind: str, name: str, act: str) -> Any:
        if act == "pause":
            self.addCleanup(self.stage.hub.post, f"/api/{kind}/{name}/resume")
        status, body = self.stage.hub.post(f"/api/{kind}/{name}/{act}")
        self.assertEqual(status, 200, body)
        return body

    def restart(self) -> None:
        hub = self.stage.hub
        hub.end()
        self.assertEqual(hub.process.returncode if hub.process else None, 0)
        hub.start()

    def test_an_outbound_endpoint_is_paused_over_a_restart(self) -> None:
        said = self.put("endpoints", "insurance-registry", "pause")
        self.assertTrue(said["paused"])
        self.assertIn("due_in_24h", said)
        asked = len(self.stage.insurance.entries("InquirePolicy"))
        who = cast.applicant("paused-out")
        who.policy(self.stage, "EXPIRED")
        who.submit(self.stage)
        cast.reach(self.stage, who, "checking-insurance")
        wait_for(lambda: self.endpoint("insurance-registry")["waiting"] == 1, "the waiting effect")
        self.restart()
        row = self.endpoint("insurance-registry")
        self.assertEqual((row["paused"], row["sending"], row["drained"]), (True, 0, True))
        self.assertEqual(len(self.stage.insurance.entries("InquirePolicy")), asked)
        self.assertEqual(self.stage.state(who.application), "checking-insurance")
        self.assertEqual(call(self.admin, "GET", "/ready")[0], 200)
        self.put("endpoints", "insurance-registry", "resume")
        cast.reach(self.stage, who, "awaiting-payment")

    def test_an_inbound_endpoint_is_paused_over_a_restart(self) -> None:
        self.put("endpoints", "portal-in", "pause")
        self.restart()
        self.assertTrue(self.endpoint("portal-in")["paused"])
        who = cast.applicant("paused-in")
        who.submit(self.stage)
        cast.inquire(self.stage, NEVER_ISSUED)  # other endpoints go on
        self.assertEqual(self.stage.portal.busy(), 1)  # it keeps its message, sent or not
        self.assertEqual(self.search(who.application), [])
        self.put("endpoints", "portal-in", "resume")
        cast.reach(self.stage, who, "awaiting-payment")

    def test_a_route_is_paused(self) -> None:
        who = cast.to_choice(self.stage, "paused-route")
        self.put("routes", "method", "pause")
        routes = {row["id"]: row for row in self.stage.hub.get("/api/routes")["routes"]}
        self.assertTrue(routes["method"]["paused"])
        self.assertFalse(routes["letter"]["paused"])
        other = cast.to_number(self.stage, "before-the-pause")  # another route of that endpoint
        cast.choose(self.stage, who, "personal")
        # Behind it on its link, and taken in its order.
        behind = cast.applicant("behind-the-pause")
        behind.policy(self.stage, "EXPIRED")
        behind.submit(self.stage)
        cast.pay(self.stage, other)  # through another endpoint
        cast.reach(self.stage, other, "cleared")
        self.assertEqual(self.stage.state(who.application), "choosing-method")
        self.assertEqual(self.stage.states(behind.application), [])
        self.put("routes", "method", "resume")
        cast.reach(self.stage, who, "awaiting-payment")
        cast.reach(self.stage, behind, "awaiting-payment")

    def test_a_payment_that_finds_no_case_is_kept_and_retried(self) -> None:
        before = count(self.stage, "dead_letters_open")
        codes = self.stage.switch.act("pay", billingNo=NEVER_ISSUED, inquire=False, amount="1.000",
                                      wait=True)["codes"]
        self.assertEqual(codes[-1], "408")
        letters = self.stage.hub.get("/api/dead-letters")["dead_letters"]
        self.assertEqual(len(letters), before + 1)
        letter = letters[-1]
        self.assertEqual((letter["endpoint"], letter["route"], letter["code"], letter["state"]),
                         ("switch-payments", "payment", "no-such-case", "open"))
        status, said = self.stage.hub.post(f"/api/dead-letters/{letter['id']}/retry")
        self.assertEqual(status, 409, said)  # it still finds no case
        self.assertTrue(said["code"] and said["detail"])
        self.assertEqual(count(self.stage, "dead_letters_open"), before + 1)
        self.assertIn('masar_alarms_total{code="kept-without-case"}', metrics(self.stage))

    def test_a_dead_letter_is_shown_masked_and_discarded_by_command(self) -> None:
        number = "000000990010"
        self.stage.switch.act("pay", billingNo=number, inquire=False, amount="1.000", wait=True)
        letter = self.stage.hub.get("/api/dead-letters")["dead_letters"][-1]
        name = str(letter["id"])
        listed = self.client("dead-letters", "list")
        self.assertEqual((listed.returncode, listed.stderr), (0, ""))
        self.assertRegex(listed.stdout, rf"(?m)^{name}\t.*\topen\t.*\tno-such-case\t")
        causes = self.client("dead-letters", "list", "--causes", "--json")
        count_of = {row["fingerprint"]: row["count"] for row in json.loads(causes.stdout)["causes"]}
        self.assertGreaterEqual(count_of[letter["fingerprint"]], 1)
        shown = self.client("dead-letters", "show", name)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("\nstep\t", shown.stdout)
        self.assertIn("original\t", shown.stdout)
        self.assertNotIn(number, shown.stdout)  # values are masked, the shape is not
        self.assertIn("<BillingNo>**********", shown.stdout)
        whole = json.loads(self.client("dead-letters", "show", name, "--json").stdout)
        self.assertEqual(whole, self.stage.hub.get(f"/api/dead-letters/{name}"))
        self.assertEqual(self.client("dead-letters", "discard", name).returncode, 2)
        empty = self.client("dead-letters", "discard", name, "--reason", " ")
        self.assertEqual(empty.returncode, 1)
        self.assertIn("say why", empty.stderr)
        retried = self.client("dead-letters", "retry", name)
        self.assertEqual(retried.returncode, 1)
        self.assertIn("no case", retried.stderr)
        done = self.client("dead-letters", "discard", name, "--reason", "a number never issued")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        again = self.client("dead-letters", "discard", name, "--reason", "again")
        self.assertEqual(again.returncode, 1)
        self.assertIn("dealt with already", again.stderr)
        self.assertEqual(self.stage.hub.get(f"/api/dead-letters/{name}")["state"], "discarded")

    def test_tasks(self) -> None:
        who = cast.to_number(self.stage, "task")
        cast.pay(self.stage, who, delta="0.001")
        task = cast.open_task(self.stage, who, "payment-mismatch")
        self.assertEqual([a["answer"] for a in task["answers"]], ["settled"])
        self.assertEqual(task["state"], "open")
        path = f"/api/tasks/{task['id']}/answer"
        for body, code in (({}, 422), ({"answer": "nonsense"}, 422),
                           ({"answer": "settled"}, 422),
                           ({"answer": "settled", "fields": {"reference": "R", "x": "1"}}, 422),
                           ({"answer": "settled", "fields": {"reference": "R"}, "version": 1},
                            409)):
            with self.subTest(body=body):
                status, said = self.stage.hub.post(path, body)
                self.assertEqual(status, code, said)
        answer = {"answer": "settled", "fields": {"reference": "R-1"}}
        self.assertEqual(self.stage.hub.post(path, answer)[0], 200)
        wait_for(lambda: not self.stage.tasks(who.application), "the task to be over")
        self.assertEqual(self.stage.hub.post(path, answer)[0], 409)

    # The command line

    def client(self, *arguments: str, token: pathlib.Path | None = None) -> Any:
        token = token or self.stage.hub.folder / "state" / "admin.token"
        return masar(*arguments, "--address", self.admin, "--token-file", str(token))

    def test_masar_cases(self) -> None:
        done = self.client("cases", "--search", PHONE, "--json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual([case["key"] for case in json.loads(done.stdout)["cases"]],
                         [self.who.application])
        done = self.client("cases", "--state", "awaiting-payment")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, rf"(?m)^{self.who.application}\tawaiting-payment\t")
        done = self.client("cases", self.who.application)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, rf"^{self.who.application}\tawaiting-payment\tsince ")
        self.assertIn("\tstate\tawaiting-payment\t", done.stdout)
        done = self.client("cases", self.who.application, "--json")
        self.assertEqual(json.loads(done.stdout), self.stage.case(self.who.application))
        done = self.client("cases", "NONE")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, "masar: there is no such case\n")

    def test_masar_tasks(self) -> None:
        who = cast.to_number(self.stage, "task-by-command")
        cast.pay(self.stage, who, delta="-0.001")
        task = cast.open_task(self.stage, who, "payment-mismatch")
        done = self.client("tasks")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn(f"{task['id']}\tpayment-mismatch\t{who.application}\t", done.stdout)
        done = self.client("tasks", "--json")
        self.assertIn(task["id"], [one["id"] for one in json.loads(done.stdout)["tasks"]])
        done = self.client("tasks", task["id"], "settled", "--field", "reference")
        self.assertEqual(done.returncode, 2)
        done = self.client("tasks", task["id"], "settled")
        self.assertEqual(done.returncode, 1)
        self.assertIn("reference", done.stderr)
        done = self.client("tasks", task["id"], "settled", "--field", "reference=R-2")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        wait_for(lambda: not self.stage.tasks(who.application), "the task to be over")

    def test_a_client_without_token_or_hub(self) -> None:
        nowhere = self.stage.folder / "no.token"
        done = self.client("cases", token=nowhere)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(f"no token in {nowhere}", done.stderr)
        wrong = self.stage.folder / "wrong.token"
        wrong.write_text("wrong", "utf-8")
        done = self.client("tasks", token=wrong)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("Bearer", done.stderr)
        done = masar("cases", "--address", "127.0.0.1:1", "--token-file", str(wrong))
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("127.0.0.1:1", done.stderr)


if __name__ == "__main__":
    unittest.main()
