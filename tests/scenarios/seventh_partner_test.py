"""A seventh partner by configuration alone: the shipped configuration and the files in seventh/,
two lines in hub.xml, no code. It reports over HTTP, and the hub files the report in its archive.
Where the archive does not know a repetition, its register is asked what became of a report."""

from __future__ import annotations

import base64
import http.client
import pathlib
import re
import shutil
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import cast
from stage import ROOT, Stage, change, copy_shipped, wait_for
from trial import MASAR, OnStage, count, masar, temporary_folder

PATH = "/inspectorate/visits"
NAMESPACE = "urn:jo:inspectorate:1"
VISIT = ('<i:Visit xmlns:i="urn:jo:inspectorate:1"><i:visitNo>{}</i:visitNo>'
         "<i:finding>{}</i:finding></i:Visit>")
SECRETS = {"http-inspectorate": "let-me-in", "http-archive": "let-me-file"}
INQUIRY = {
    "config/routes/report-archived.xml": """<route id="report-archived" mode="inquiry">
  <from process="inspection"/>
  <map using="inspectorate/was-archived"/>
  <call endpoint="inspectorate-register" operation="/register"/>
  <choice>
    <when test="exists(/insp:Archived)"><verdict is="done"/></when>
    <otherwise><verdict is="not-done"/></otherwise>
  </choice>
</route>
""",
    "mappings/inspectorate/was-archived.map.xml": f"""<mapping id="inspectorate/was-archived"
    xmlns:insp="{NAMESPACE}">
  <output>
    <insp:Filed><insp:caseKey>{{/insp:Report/insp:visitNo}}</insp:caseKey></insp:Filed>
  </output>
</mapping>
""",
}


class Archive(ThreadingHTTPServer):
    """The inspectorate's archive: takes a report by POST, and the same one twice as one."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ArchiveHandler)
        self.reports: list[dict[str, Any]] = []
        self.refuse = False
        self.down = 0  # so many calls are answered 503
        self.cut = ""  # what becomes of the next report before the line is cut: "filed", "lost"
        self.answering = threading.Event()  # a filed report's line is cut once it is set
        self.register: list[str] = []  # reports that it was asked about
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class ArchiveHandler(BaseHTTPRequestHandler):
    server: Archive
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode("utf-8")
        archive = self.server
        status, answer = 200, ""
        cut, archive.cut = archive.cut, ""
        if cut == "lost":
            self.close_connection = True
            return
        if self.path == "/register":
            answer = self.entry_of(body)
        elif archive.down > 0:
            archive.down -= 1
            status = 503
        elif archive.refuse:
            status = 422
        else:
            archive.reports.append({"path": self.path, "body": body,
                                    "login": self.headers["Authorization"],
                                    "type": self.headers["Content-Type"],
                                    "key": self.headers["Idempotency-Key"]})
            answer = (f'<Archived xmlns="{NAMESPACE}"><archiveNo>R-{len(archive.reports)}'
                      "</archiveNo></Archived>")
        if cut == "filed":
            archive.answering.wait(20)
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def entry_of(self, question: str) -> str:
        number = re.search("<insp:caseKey>(.*?)<", question)
        asked = number[1] if number else ""
        self.server.register.append(asked)
        for place, report in enumerate(self.server.reports, 1):
            if f"<insp:visitNo>{asked}<" in report["body"]:
                return (f'<Archived xmlns="{NAMESPACE}"><archiveNo>R-{place}</archiveNo>'
                        "</Archived>")
        return f'<NotArchived xmlns="{NAMESPACE}"/>'


class WithArchive(OnStage):
    """The six partners and the seventh."""

    archive: Archive

    @classmethod
    def install(cls, folder: pathlib.Path) -> None:
        """Changes the configuration in `folder` before it is checked."""

    @classmethod
    def setUpClass(cls) -> None:
        folder = temporary_folder(cls)
        copy_shipped(folder, ROOT / "tests" / "scenarios" / "seventh")
        cls.archive = Archive()
        cls.addClassCleanup(cls.archive.server_close)
        cls.addClassCleanup(cls.archive.shutdown)
        hub = folder / "config" / "hub.xml"
        hub.write_text(hub.read_text("utf-8").replace(
            "  <namespaces>\n", f'  <setting name="archive-url" value="{cls.archive.url}"/>\n'
            f'  <namespaces>\n    <namespace prefix="insp" uri="{NAMESPACE}"/>\n'), "utf-8")
        cls.install(folder)
        checked = masar("check", str(folder / "config"))
        if checked.returncode != 0 or checked.stderr:
            raise AssertionError(checked.stderr)
        cls.stage = Stage(MASAR, folder / "stage", config=folder / "config")
        cls.addClassCleanup(cls.stage.end)
        for name, secret in SECRETS.items():
            (cls.stage.secrets / name).write_text(secret, "utf-8")
        cls.stage.hub.start()
        cls.stage.settle()

    def setUp(self) -> None:
        self.archive.reports.clear()
        self.archive.register.clear()
        self.archive.refuse, self.archive.down = False, 0

    def report(self, body: str, password: str = SECRETS["http-inspectorate"],
               kind: str = "application/xml") -> tuple[int, str, str]:
        login = base64.b64encode(f"inspectorate:{password}".encode()).decode()
        connection = http.client.HTTPConnection(self.stage.hub.addresses["http"], timeout=20)
        try:
            connection.request("POST", PATH, body.encode("utf-8"), {
                "Content-Type": kind, "Authorization": f"Basic {login}"})
            answer = connection.getresponse()
            return (answer.status, str(answer.headers["Content-Type"]),
                    answer.read().decode("utf-8"))
        finally:
            connection.close()

    def state(self, number: str) -> str:
        return str(self.stage.case(f"V-{number}")["state"])


class SeventhPartner(WithArchive):
    def test_messages_go_both_ways(self) -> None:
        status, _, body = self.report(VISIT.format("N-1", "حفرة في الطريق"))
        self.assertEqual(status, 200, body)
        self.assertRegex(body, "<insp:caseKey>V-N-1</insp:caseKey>")
        wait_for(lambda: self.state("N-1") == "archived", "the report to be archived")
        self.assertEqual(self.stage.case("V-N-1")["data"]["archiveNo"], "R-1")
        self.assertEqual(len(self.archive.reports), 1)
        got = self.archive.reports[0]
        self.assertEqual(got["path"], "/reports")
        self.assertIn("<insp:text>حفرة في الطريق</insp:text>", got["body"])
        self.assertEqual(base64.b64decode(got["login"].split()[1]).decode(),
                         f"masar:{SECRETS['http-archive']}")
        self.assertTrue(got["key"])
        # The same again gets the same answer and does nothing; other content is refused.
        self.assertEqual(self.report(VISIT.format("N-1", "حفرة في الطريق"))[::2], (200, body))
        status, kind, body = self.report(VISIT.format("N-1", "something else"))
        self.assertEqual((status, kind), (409, "application/problem+json"), body)
        self.stage.settle()
        self.assertEqual(len(self.archive.reports), 1)

    def test_what_the_archive_refuses_and_what_it_misses(self) -> None:
        self.archive.refuse = True
        self.assertEqual(self.report(VISIT.format("N-2", "a"))[0], 200)
        wait_for(lambda: self.state("N-2") == "refused", "the refusal")
        self.archive.refuse, self.archive.down = False, 2
        self.assertEqual(self.report(VISIT.format("N-3", "b"))[0], 200)
        wait_for(lambda: self.state("N-3") == "archived", "the third attempt")
        self.assertEqual(len(self.archive.reports), 1)

    def test_bad_input(self) -> None:
        for what, body, status, code in (
            ("empty", "", 400, "xml-malformed"),
            ("not well-formed", "<a>", 400, "xml-malformed"),
            ("doctype", "<!DOCTYPE a><a/>", 400, "xml-doctype"),
            ("too deep", "<a>" * 65 + "</a>" * 65, 400, "xml-too-deep"),
            ("invalid", VISIT.format("n 1", ""), 400, "schema-invalid"),
            ("unknown type", f'<Report xmlns="{NAMESPACE}"/>', 400, "unknown-type"),
            ("too large", "<a>" + "x" * (1 << 20) + "</a>", 413, "body-too-large"),
        ):
            with self.only_audited(what=what):
                got, kind, said = self.report(body)
                self.assertEqual((got, kind), (status, "application/problem+json"), said)
                self.assertIn(f'"code":"{code}"', re.sub(r"\s", "", said))
        for more, status in (({"password": "guess"}, 401), ({"kind": "application/json"}, 415)):
            with self.only_audited(**more):
                self.assertEqual(self.report(VISIT.format("N-9", "c"), **more)[0], status)
        self.assertEqual(self.archive.reports, [])

    def test_the_other_six_go_on(self) -> None:
        who = cast.to_number(self.stage, "beside-the-seventh")
        cast.pay(self.stage, who)
        cast.reach(self.stage, who, "cleared")
        cast.expect_end(self.stage, who, "cleared", 1)
        named = {row["id"]: row for row in self.stage.hub.get("/api/endpoints")["endpoints"]}
        self.assertEqual(named["inspectorate-in"]["partner"], "inspectorate")
        self.assertEqual(named["inspectorate-archive"]["direction"], "out")
        self.assertEqual(count(self.stage, "dead_letters_open"), 0)


class ArchiveThatKnowsNoRepetition(WithArchive):
    """A report that was sent twice would be filed twice: the register is asked first."""

    @classmethod
    def install(cls, folder: pathlib.Path) -> None:
        endpoints = folder / "config" / "endpoints"
        archive = endpoints / "inspectorate-archive.xml"
        register = endpoints / "inspectorate-register.xml"
        shutil.copy(archive, register)
        change(register, 'id="inspectorate-archive"', 'id="inspectorate-register"')
        change(register, '\n          schema="inspectorate.xsd"', "")
        change(archive, '"idempotent"', '"at-most-once"')
        change(folder / "config" / "routes" / "inspectorate-archive.xml",
               'kind="unknown" keep="retrying"',
               'kind="unknown" inquiry="report-archived" event="archive-refused"')
        for name, text in INQUIRY.items():
            (folder / name).write_text(text, "utf-8")

    def filed_once(self, number: str) -> None:
        wait_for(lambda: self.state(number) == "archived", "the report to be archived")
        self.assertEqual(len(self.archive.reports), 1)
        self.assertEqual(self.archive.register, [number])
        self.assertEqual(self.stage.case(f"V-{number}")["data"]["archiveNo"], "R-1")

    def verdicts(self, number: str) -> list[str]:
        steps = self.stage.hub.get(f"/api/cases/V-{number}")["timeline"]
        return [step["text"] for step in steps if step["kind"] == "inquiry"]

    def test_filed_and_the_answer_is_lost(self) -> None:
        self.archive.cut = "filed"
        self.archive.answering.set()
        self.assertEqual(self.report(VISIT.format("N-1", "a"))[0], 200)
        self.filed_once("N-1")
        self.assertEqual(self.verdicts("N-1"), ["asked at inspectorate-register", "done"])

    def test_the_report_is_lost(self) -> None:
        self.archive.cut = "lost"
        self.assertEqual(self.report(VISIT.format("N-2", "b"))[0], 200)
        self.filed_once("N-2")
        self.assertEqual(self.verdicts("N-2"), ["asked at inspectorate-register",
                                                "not-done, will be tried again"])

    def test_the_hub_dies_before_it_hears_the_answer(self) -> None:
        self.archive.answering.clear()
        self.archive.cut = "filed"
        self.assertEqual(self.report(VISIT.format("N-3", "c"))[0], 200)
        wait_for(lambda: self.archive.reports, "the report to be filed")
        self.stage.hub.kill()
        self.archive.answering.set()
        self.stage.hub.start()
        self.filed_once("N-3")
        self.assertEqual(self.verdicts("N-3"), ["asked at inspectorate-register", "done"])


if __name__ == "__main__":
    unittest.main()
