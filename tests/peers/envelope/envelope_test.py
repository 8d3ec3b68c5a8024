"""The envelope on every protocol: what comes in by each of them goes out by each of them, before
programs that see the bytes. A message of a case, by the way in: its effects, by the ways out."""

from __future__ import annotations

import base64
import http.client
import json
import pathlib
import re
import sys
import threading
import unittest
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from proton import Message, symbol
from proton.utils import BlockingConnection

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "scenarios"))
from stage import Hub, wait_for  # noqa: E402
from trial import MASAR, temporary_folder  # noqa: E402

from peers import with_peer  # noqa: E402  (the path is set by stage)

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"
VALID = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[01]")
INVALID = ("00-1", PARENT.upper(), f"ff{PARENT[2:]}", f"00-{'0' * 32}-{SPAN}-01",
           f"00-{TRACE}-{'0' * 16}-01", PARENT + "-more")
JSON_URI = "http://www.w3.org/2005/xpath-functions"

SMS_URI = "urn:masar:sms:1"
TEXT = (f'<sms:Message xmlns:sms="{SMS_URI}"><sms:to>962791234567</sms:to>'
        "<sms:text>{$effect.no}</sms:text><sms:language>en</sms:language></sms:Message>")
NOTE = "<Note><no>{$effect.no}</no></Note>"
# Ways out: the endpoint's own element, and the document that goes there.
OUT = {
    "http": ('<http url="${there}/http"/>', NOTE),
    "json": ('<http url="${there}/json" payload="json"/>',
             f'<map xmlns="{JSON_URI}"><string key="no">{{$effect.no}}</string></map>'),
    "soap": ('<soap url="${there}/soap"><operation name="Note" action="urn:n/Note"/></soap>',
             '<n:Note xmlns:n="urn:n"><n:no>{$effect.no}</n:no></n:Note>'),
    "kannel": ('<sms url="${there}/kannel" user="u" password="secret:p" from="GAM" '
               'report-listener="http" report-path="/reports" report-key="secret:report-key"/>',
               TEXT),
    "national": ('<sms><national url="${there}/national" user="u" password="secret:p" from="GAM"/>'
                 "</sms>", TEXT),
    "amqp": ('<amqp listener="amqp" address="notes.out" user="u" password="secret:p"/>', NOTE),
}
# Ways in: the endpoint, the type of what comes, and where its key stands.
IN = {
    "http": ('<http listener="http" path="/http"/>', "Note", "/Note/no"),
    "json": ('<http listener="http" path="/json" payload="json"/>', "j:map",
             "/j:map/j:string[@key eq 'no']"),
    "soap": ('<soap listener="http" path="/soap">'
             '<operation name="Note" action="urn:n/Note"/></soap>', "n:Note", "/n:Note/n:no"),
    "mfep": ('<mfep listener="http" path="/mfep" request="BLRPMTNTFRQ" '
             'reply="BLRPMTNTFRS" profile="json" '
             'sender-code="EFAWATEER" receiver-code="GAM" user="u" password="secret:p" '
             'error-place="body"/>', "MFEP", "/MFEP/MsgBody/no"),
    "amqp": ('<amqp listener="amqp" address="notes.in" user="u" password="secret:p"/>',
             "Note", "/Note/no"),
}
DELIVERY = """<timeout after="PT5S"/><retry attempts="1" first="PT1S" factor="2" max="PT1S"/>
  <breaker failures="0" open="PT5S"/><rate per-second="0"/><concurrency max="8"/>
  <idempotency kind="at-most-once"/>"""
FAILURES = "".join(f'<on-failure kind="{kind}" task="failed"/>'
                   for kind in ("unavailable", "rejected", "unknown", "failed"))
REPLY = '<reply name="taken"><map using="in/{}"/></reply>'
REFUSALS = ' refusals="amqp-out" refusal-mapping="in/refused"'
HUB = f"""<hub name="notes" zone="Asia/Amman" clock="system" calendar="working">
  <setting name="there" value=""/>
  <namespaces><namespace prefix="sms" uri="{SMS_URI}"/><namespace prefix="n" uri="urn:n"/>
    <namespace prefix="j" uri="{JSON_URI}"/></namespaces>
  <store kind="sqlite" path="masar.db" group-max="256"/>
  <admin address="127.0.0.1:0"/>
  <listener id="http" connector="http" address="127.0.0.1:0"/>
  <listener id="amqp" connector="amqp" address="127.0.0.1:0"/>
</hub>"""
PROCESS = """<scxml xmlns="http://www.w3.org/2005/07/scxml" xmlns:m="urn:masar:process"
    version="1.0" datamodel="masar" name="notes" initial="open">
  <datamodel><data id="no" m:type="text"/></datamodel>
  <m:event name="note" opens="true"><m:field id="no" type="text" required="true"/></m:event>
  <m:task-type name="failed" scope="case"><m:answer name="seen"/></m:task-type>
  <state id="open" m:waits-for="partner">
    <onentry>
      <assign location="no" expr="$event.no"/>
      <m:reply name="taken"/>
      {effects}
    </onentry>
    <m:otherwise events="note task.failed" do="ignore"/>
  </state>
</scxml>"""


def connector_of(own: str) -> str:
    return re.match(r"<(\w+)", own)[1]


def replied(way: str) -> str:
    """Only AMQP does not answer by its own means."""
    return "" if way == "amqp" else REPLY.format("taken-json" if way == "json" else "taken")


def kept(way: str) -> str:
    """The number of a note that becomes a dead letter."""
    return f"note-{way}-kept"


def write(folder: pathlib.Path) -> pathlib.Path:
    """The configuration: every way in opens a case, which sends by every way out."""
    def put(path: str, text: str) -> None:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")

    put("config/hub.xml", HUB)
    put("config/calendars/working.xml",
        '<calendar id="working" zone="Asia/Amman" weekend="friday saturday"/>')
    put("config/processes/notes.scxml", PROCESS.replace("{effects}", "".join(
        f'<m:effect name="{name}" no="$no"/>' for name in OUT)))
    for name, (own, document) in OUT.items():
        put(f"config/endpoints/{name}-out.xml",
            f'<endpoint id="{name}-out" partner="them" connector="{connector_of(own)}" '
            f'direction="out">{DELIVERY}{own}</endpoint>')
        put(f"mappings/out/{name}.map.xml",
            f'<mapping id="out/{name}"><output>{document}</output></mapping>')
        operation = ' operation="Note"' if name == "soap" else ""
        put(f"config/routes/{name}-out.xml",
            f'<route id="{name}-out" mode="durable"><from process="notes" effect="{name}"/>'
            f'<map using="out/{name}"/><call endpoint="{name}-out"{operation}/>{FAILURES}</route>')
    for name, (own, kind, key) in IN.items():
        put(f"config/endpoints/{name}-in.xml",
            f'<endpoint id="{name}-in" partner="them" connector="{connector_of(own)}" '
            f'direction="in"{REFUSALS if name == "amqp" else ""}>{own}'
            '<deduplicate key="$message.id"/></endpoint>')
        put(f"mappings/in/{name}.map.xml",
            f'<mapping id="in/{name}"><output><event><no>{{{key}}}</no></event></output></mapping>')
        put(f"config/routes/{name}-in.xml",
            f'<route id="{name}-in" mode="durable"><from endpoint="{name}-in" type="{kind}"/>'
            f'<find key="{key}"/><no-case do="open"/>'
            f'<choice><when test="{key} eq \'{kept(name)}\'"><dead-letter code="kept"/></when>'
            f'</choice><map using="in/{name}"/>'
            f'<to process="notes" event="note"/>{replied(name)}</route>')
    put("mappings/in/taken.map.xml",
        '<mapping id="in/taken"><output><MsgBody/></output></mapping>')
    put("mappings/in/taken-json.map.xml",
        f'<mapping id="in/taken-json"><output><map xmlns="{JSON_URI}"/></output></mapping>')
    put("mappings/in/refused.map.xml",
        '<mapping id="in/refused"><output><Refused/></output></mapping>')
    put("secrets/p", "p\n")
    put("secrets/report-key", "not-to-be-guessed-ever\n")
    return folder / "config"


class There(ThreadingHTTPServer):
    """All partners that speak HTTP: keeps what came, by way and number of the note."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ThereHandler)
        self.got: dict[tuple[str, str], dict[str, str]] = {}
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class ThereHandler(BaseHTTPRequestHandler):
    server: There

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        way = self.path.split("/")[1].split("?")[0]
        status, kind, answer = 200, "application/xml", ""
        if self.path.endswith("/authenticate"):
            kind, answer = "application/json", '{"token": "t"}'
        else:
            number = re.search(r"note-[\w-]+", urllib.parse.unquote(self.path) + body)[0]
            self.server.got[way, number] = {name.lower(): value
                                            for name, value in self.headers.items()}
        if way == "soap":
            kind, answer = "text/xml", (
                '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
                '<NoteResponse xmlns="urn:n"/></s:Body></s:Envelope>')
        elif way == "kannel":
            status, answer = 202, "0: Accepted"
        elif way == "national" and not answer:
            kind, answer = "application/json", '{"messagesId[": 1}'
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())


@with_peer("Qpid Proton (Python)")
class Envelope(unittest.TestCase):
    hub: Hub
    there: There

    @classmethod
    def setUpClass(cls) -> None:
        folder = temporary_folder(cls)
        config = write(folder)
        cls.there = There()
        cls.addClassCleanup(cls.there.server_close)
        cls.addClassCleanup(cls.there.shutdown)
        cls.hub = Hub(MASAR, folder, folder / "secrets",
                      {"there": f"http://127.0.0.1:{cls.there.server_address[1]}"}, config=config)
        cls.hub.start()
        cls.addClassCleanup(cls.hub.end)

    def setUp(self) -> None:
        self.amqp = BlockingConnection(f"u:p@{self.hub.addresses['amqp']}", timeout=20,
                                       allowed_mechs="PLAIN")
        self.addCleanup(self.amqp.close)
        self.receiver = self.amqp.create_receiver("notes.out", credit=100)

    def post(self, way: str, number: str, headers: dict[str, str]) -> None:
        bodies = {
            "http": ("application/xml", f"<Note><no>{number}</no></Note>"),
            "json": ("application/json", json.dumps({"no": number})),
            "soap": ("text/xml; charset=utf-8",
                     '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
                     f'<Note xmlns="urn:n"><no>{number}</no></Note></s:Body></s:Envelope>'),
            "mfep": ("application/json", json.dumps({"MFEP": {
                "MsgHeader": {"TmStp": "2026-01-05T11:20:00", "GUID": number,
                              "TrsInf": {"SdrCode": "EFAWATEER", "RcvCode": "GAM",
                                         "ReqTyp": "BLRPMTNTFRQ"}},
                "MsgBody": {"no": number}}})),
        }
        kind, body = bodies[way]
        said = {"Content-Type": kind, "SOAPAction": '"urn:n/Note"', "Message-Id": number,
                "Authorization": "Basic " + base64.b64encode(b"u:p").decode(), **headers}
        connection = http.client.HTTPConnection(self.hub.addresses["http"], timeout=20)
        self.addCleanup(connection.close)
        connection.request("POST", f"/{way}", body.encode(), said)
        answer = connection.getresponse()
        text = answer.read().decode()
        # Who waits for a reply is to come again for that of a dead letter.
        taken = (200, 500, 503) if number == kept(way) else (200, 202)
        self.assertIn(answer.status, taken, f"{way}: {text}")

    def send(self, way: str, number: str, trace: dict[str, Any]) -> None:
        if way != "amqp":
            return self.post(way, number, trace)
        sender = self.amqp.create_sender("notes.in")
        sender.send(Message(body=f"<Note><no>{number}</no></Note>".encode(), inferred=True,
                            id=number, content_type=symbol("application/xml"),
                            properties=trace or None))
        sender.close()

    def sent(self, number: str) -> dict[str, dict[str, str]]:
        """The envelopes of what went out of the case, by way, with HTTP's names."""
        while True:  # what a part of a test that failed has left is not of this one
            message = self.receiver.receive(timeout=20)
            self.receiver.accept()
            if f">{number}<" in bytes(message.body).decode():
                break
        found = {"amqp": {"message-id": message.id, "correlation-id": message.correlation_id,
                          **(message.properties or {})}}
        for way in OUT:
            if way != "amqp":
                found[way] = wait_for(lambda way=way: self.there.got.get((way, number)),
                                      f"{number} by {way}")
        return found

    def check(self, way: str, number: str, trace: dict[str, Any]) -> set[str]:
        """What every way out has to have; the ids of their traces."""
        self.send(way, number, trace)
        found = self.sent(number)
        parents = [envelope.get("traceparent", "none") for envelope in found.values()]
        for parent in parents:
            self.assertRegex(parent, rf"\A{VALID.pattern}\Z")
        spans = {parent[36:52] for parent in parents}
        self.assertEqual(len(spans), len(OUT), "a span of its own for each call")
        self.assertNotIn(SPAN, spans)
        for out in ("http", "json", "soap", "amqp"):
            self.assertTrue(found[out]["message-id"], out)
            self.assertEqual(found[out]["correlation-id"], number, out)
        self.assertEqual(len({found[out]["message-id"] for out in
                              ("http", "json", "soap", "amqp")}), 4)
        self.states = [envelope.get("tracestate") for envelope in found.values()]
        return {parent[3:35] for parent in parents}

    def test_a_trace_goes_from_every_way_in_to_every_way_out(self) -> None:
        for way in IN:
            with self.subTest(way):
                traces = self.check(way, f"note-{way}", {"traceparent": PARENT,
                                                      "tracestate": "a=1,b=2"})
                self.assertEqual(traces, {TRACE})
                self.assertEqual(set(self.states), {"a=1,b=2"})

    def test_a_message_without_a_trace_begins_one_for_all_that_it_causes(self) -> None:
        begun = set()
        for way in IN:
            with self.subTest(way):
                traces = self.check(way, f"note-{way}-new", {})
                self.assertEqual(len(traces), 1)
                self.assertEqual(set(self.states), {None})
                begun |= traces
        self.assertEqual(len(begun), len(IN))

    def test_an_invalid_trace_is_ignored_with_its_state(self) -> None:
        for way in IN:
            for at, parent in enumerate(INVALID):
                with self.subTest(way=way, parent=parent):
                    traces = self.check(way, f"note-{way}-{at}", {"traceparent": parent,
                                                               "tracestate": "a=1"})
                    self.assertEqual(len(traces), 1)
                    self.assertNotIn(TRACE, traces)
                    self.assertEqual(set(self.states), {None})

    def test_amqp_has_it_in_binary_too(self) -> None:
        binary = (b"\0\0" + bytes.fromhex(TRACE) + b"\1" + bytes.fromhex(SPAN) + b"\2\1")
        for at, parent in enumerate((PARENT.encode(), binary)):
            with self.subTest(parent):
                self.assertEqual(self.check("amqp", f"note-binary-{at}", {"traceparent": parent}),
                                 {TRACE})

    def logged(self, number: str) -> list[dict[str, str]]:
        """The lines of the hub's log about a message; each line is one JSON object."""
        lines = map(json.loads, self.hub.log.read_text("utf-8").splitlines())
        return [line for line in lines if line.get("message") == number]

    def test_what_is_logged_of_a_message_has_its_ids(self) -> None:
        for way in IN:
            with self.subTest(way):
                self.send(way, kept(way), {"traceparent": PARENT})
                line, = wait_for(lambda way=way: self.logged(kept(way)), f"the log of {way}")
                self.assertEqual(
                    {name: line[name] for name in ("level", "trace", "route", "case")},
                    {"level": "warning", "trace": TRACE, "route": f"{way}-in",
                     "case": kept(way)})


if __name__ == "__main__":
    unittest.main()
