"""Foreign SOAP clients (zeep, npm's soap, requests, curl) at the inbound endpoints of a real hub
with the shipped configuration, and with one more endpoint that asks for a UsernameToken: they know
it by nothing but the WSDL that it serves."""

from __future__ import annotations

import datetime
import http.client
import itertools
import json
import pathlib
import re
import shutil
import subprocess
import sys
import unittest
import urllib.parse
from typing import Any

import requests
import zeep
from lxml import etree
from zeep.plugins import HistoryPlugin
from zeep.transports import Transport
from zeep.wsse.username import UsernameToken
from zeep.wsse.utils import WSU

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests" / "peers"), str(ROOT / "tests" / "scenarios")]
import node  # noqa: E402
from stage import PYTHON, Hub, change, copy_shipped, wait_for  # noqa: E402
from trial import MASAR, count, masar, temporary_folder  # noqa: E402

from peers import with_peer  # noqa: E402  (the path is set by stage)

TRAFFIC, BLOCKS = "urn:jo:traffic:1", "urn:gam:envelope:1"
XS = "{http://www.w3.org/2001/XMLSchema}"
PARTY = {"PlateCode": "20", "PlateNo": "12345"}
SAFE = """<endpoint id="traffic-safe" partner="traffic" connector="soap" direction="in"
          schema="traffic.xsd">
  <soap listener="http" path="/traffic/safe" user="traffic" password="secret:soap-traffic"
        security="username-token">
    <operation name="SketchAmended" action="urn:jo:traffic:1/SketchAmended"
               reply="SketchAmendedResponse"/>
    <header name="en:Client" as="client"/>
    <header name="en:MessageId" as="message-id"/>
  </soap>
</endpoint>
"""
BLOCKS_XSD = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
    targetNamespace="{BLOCKS}" elementFormDefault="qualified">
  <xs:element name="Client" type="xs:string"/>
  <xs:element name="MessageId" type="xs:string"/>
</xs:schema>
"""
ENVELOPE = ('<s:Envelope xmlns:s="{soap}"><s:Body><SketchAmended xmlns="urn:jo:traffic:1">'
            "<SketchNo>{number}</SketchNo><Version>2</Version><Party><PlateCode>20</PlateCode>"
            "<PlateNo>12345</PlateNo></Party></SketchAmended></s:Body></s:Envelope>")
NUMBERS = itertools.count(1)
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"


def install(folder: pathlib.Path) -> pathlib.Path:
    """The shipped configuration with the second endpoint."""
    config = copy_shipped(folder)
    (config / "endpoints" / "traffic-safe.xml").write_text(SAFE, "utf-8")
    (config / "schemas" / "blocks.xsd").write_text(BLOCKS_XSD, "utf-8")
    route = config / "routes" / "sketch-amended-safe.xml"
    shutil.copy(config / "routes" / "sketch-amended.xml", route)
    change(route, '<route id="sketch-amended"', '<route id="sketch-amended-safe"')
    change(route, 'endpoint="traffic-notices"', 'endpoint="traffic-safe"')
    change(config / "hub.xml", "  <namespaces>\n",
           f'  <namespaces>\n    <namespace prefix="en" uri="{BLOCKS}"/>\n')
    return config


class AtTheHub(unittest.TestCase):
    hub: Hub
    password: str

    @classmethod
    def setUpClass(cls) -> None:
        folder = temporary_folder(cls)
        config = install(folder)
        checked = masar("check", str(config))
        if checked.returncode != 0:
            raise AssertionError(checked.stderr)
        secrets = folder / "secrets"
        subprocess.run([PYTHON, str(ROOT / "ops" / "partners" / "make_secrets.py"), str(secrets)],
                       check=True)
        cls.password = (secrets / "soap-traffic").read_text("utf-8").strip()
        settings = {f"{name}-address": "127.0.0.1:0" for name in ("amqp", "http", "admin")}
        cls.hub = Hub(MASAR, folder, secrets, settings, config=config)
        cls.hub.start()
        cls.addClassCleanup(cls.hub.end)

    def url(self, path: str = "/traffic/notices") -> str:
        return f"http://{self.hub.addresses['http']}{path}"

    def session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.auth = ("traffic", self.password)
        self.addCleanup(session.close)
        return session

    def audited(self) -> int:
        return count(self, "audit_rows")

    def next(self) -> str:
        """A sketch of its own, so that no notice is a repetition."""
        return f"PEER-{next(NUMBERS)}"

    def notice(self) -> dict[str, Any]:
        return {"SketchNo": self.next(), "Version": 2, "Party": [PARTY]}

    def client(self, path: str = "/traffic/notices", **more: Any) -> zeep.Client:
        return zeep.Client(self.url(path) + "?wsdl", transport=Transport(session=self.session()),
                           settings=zeep.Settings(strict=True), **more)

    def npm(self, version: str, path: str = "/traffic/notices", **more: Any) -> dict[str, Any]:
        name = "Traffic" + path.rpartition("/")[2].capitalize()
        asked = {"wsdl": self.url(path) + "?wsdl", "service": name + "Service",
                 "port": f"{name}Soap{version.replace('.', '')}", "operation": "SketchAmended",
                 "arguments": self.notice(), "version": version, "user": "traffic",
                 "password": self.password, "security": "basic", **more}
        ran = subprocess.run(node.command("soap/client.js", json.dumps(asked)), text=True,
                             capture_output=True, timeout=60,
                             env=node.environment("soap/client.js"))
        self.assertTrue(ran.stdout, ran.stderr)
        return json.loads(ran.stdout)


class Descriptions(AtTheHub):
    def fetched(self, url: str, into: dict[str, etree._Element]) -> None:
        """The document and what it imports, by their URLs."""
        if url in into:
            return
        answer = self.session().get(url)
        self.assertEqual((answer.status_code, answer.headers["Content-Type"]),
                         (200, "text/xml; charset=utf-8"), url)
        into[url] = etree.fromstring(answer.content)
        for place in into[url].iter(f"{XS}import", f"{XS}include"):
            self.fetched(urllib.parse.urljoin(url, place.get("schemaLocation")), into)

    def schema(self, url: str) -> etree.XMLSchema:
        """What libxml2 makes of the schemas that the WSDL leads to, read from the hub alone."""
        documents: dict[str, etree._Element] = {}
        self.fetched(url, documents)
        parser = etree.XMLParser()
        texts = {name: etree.tostring(root) for name, root in documents.items()}

        class Served(etree.Resolver):
            def resolve(self, name: str, _public: str, context: Any) -> Any:
                return self.resolve_string(texts[name], context, base_url=name)

        parser.resolvers.add(Served())
        types = documents[url].find(f".//{XS}schema")
        return etree.XMLSchema(etree.fromstring(etree.tostring(types), parser, base_url=url))

    @with_peer("libxml2 (lxml)")
    def test_every_inbound_soap_endpoint_is_described_and_its_samples_are_valid(self) -> None:
        endpoints = [etree.parse(str(file)).getroot()
                     for file in sorted((ROOT / "config" / "endpoints").glob("*.xml"))]
        described = [one for one in endpoints if one.get("connector") == "soap"
                     and one.get("direction") == "in"]
        self.assertTrue(described)
        before = self.audited(), count(self, "journal_rows")
        for endpoint in described:
            with self.subTest(endpoint.get("id")):
                self.check_samples(endpoint)
        self.assertEqual((self.audited(), count(self, "journal_rows")), before)

    def check_samples(self, endpoint: etree._Element) -> None:
        schema = self.schema(self.url(endpoint.find("soap").get("path")) + "?wsdl")
        file = ROOT / "config" / "schemas" / endpoint.get("schema")
        namespace = etree.parse(str(file)).getroot().get("targetNamespace")
        checked = []
        for sample in sorted((ROOT / "mappings").rglob("samples/*/*.xml")):
            root = etree.parse(str(sample)).getroot()
            if root.tag == "sample":
                document = root.find("document")
                root = root if document is None else document[0]
            if etree.QName(root).namespace == namespace:
                self.assertTrue(schema.validate(root), f"{sample}: {schema.error_log}")
                checked.append(etree.QName(root).localname)
        for operation in endpoint.findall("soap/operation"):
            self.assertIn(operation.get("reply"), checked)
        wrong = etree.fromstring(f'<SketchAmended xmlns="{namespace}"/>')
        self.assertFalse(schema.validate(wrong))

    @with_peer("zeep")
    def test_zeep_reads_operations_and_types_of_both_bindings(self) -> None:
        client = self.client()
        ports = client.wsdl.services["TrafficNoticesService"].ports
        self.assertEqual(sorted(ports), ["TrafficNoticesSoap11", "TrafficNoticesSoap12"])
        for port in ports.values():
            self.assertEqual(list(port.binding._operations), ["SketchAmended"])
        self.assertIn("Accepted: xsd:boolean", client.get_element(
            f"{{{TRAFFIC}}}SketchAmendedResponse").signature(client.wsdl.types))

    def test_who_may_not_post_may_not_ask_either(self) -> None:
        answer = requests.get(self.url() + "?wsdl", auth=("traffic", "guess"))
        self.assertEqual(answer.status_code, 401)
        self.assertEqual(requests.get(self.url("/traffic/safe") + "?wsdl").status_code, 401)


class Clients(AtTheHub):
    @with_peer("zeep")
    def test_zeep_calls_both_bindings(self) -> None:
        client = self.client()
        for port in ("TrafficNoticesSoap11", "TrafficNoticesSoap12"):
            service = client.bind("TrafficNoticesService", port)
            for _ in range(3):
                self.assertIs(service.SketchAmended(**self.notice()), True)
            with self.assertRaises(zeep.exceptions.Fault) as refused:
                service.SketchAmended(**{**self.notice(), "SketchNo": "§"})
            detail = refused.exception.detail
            self.assertEqual(detail.findtext(".//{urn:masar:hub:1}Code"), "schema-invalid")
            self.assertEqual(refused.exception.code,
                             "soap:Client" if port.endswith("11") else "soap:Sender")

    @with_peer("soap (npm)")
    def test_npm_soap_calls_both_bindings(self) -> None:
        for version, code in (("1.1", "soap:Client"), ("1.2", {"Value": "soap:Sender"})):
            with self.subTest(version):
                answer = self.npm(version)
                self.assertEqual(answer.get("result"), {"Accepted": True}, answer)
                wrong = self.npm(version, arguments={**self.notice(), "SketchNo": "§"})
                self.assertEqual((wrong["code"], wrong["refusal"]), (code, "schema-invalid"))

    def test_chunked_and_keep_alive(self) -> None:
        login = requests.auth._basic_auth_str("traffic", self.password)
        connection = http.client.HTTPConnection(self.hub.addresses["http"], timeout=20)
        self.addCleanup(connection.close)
        connection.connect()
        local = connection.sock.getsockname()
        for soap, kind in ((SOAP11, "text/xml"), (SOAP12, "application/soap+xml"),
                           (SOAP11, "text/xml")):
            body = ENVELOPE.format(soap=soap, number=self.next()).encode()
            pieces = (body[at:at + 7] for at in range(0, len(body), 7))
            connection.request("POST", "/traffic/notices", pieces,
                               {"Content-Type": kind, "Authorization": login},
                               encode_chunked=True)
            answer = connection.getresponse()
            self.assertEqual((answer.status, answer.headers.get_content_type()), (200, kind))
            self.assertEqual(etree.fromstring(answer.read()).tag, f"{{{soap}}}Envelope")
            self.assertEqual(connection.sock.getsockname(), local)

    @with_peer("curl", "requests")
    def test_curl_and_requests(self) -> None:
        body = ENVELOPE.format(soap=SOAP11, number=self.next())
        one = ["-s", "-u", f"traffic:{self.password}", "-H", "Content-Type: text/xml", "-H",
               "Transfer-Encoding: chunked", "--data-binary", body, "-w",
               "\n%{http_code} %{num_connects}\n", self.url()]
        ran = subprocess.run(["curl", "--noproxy", "*", *one, "--next", *one], text=True,
                             capture_output=True, timeout=60)
        self.assertEqual(re.findall(r"^(\d+ \d+)$", ran.stdout, re.MULTILINE), ["200 1", "200 0"])
        with self.session() as session:
            pieces = (piece.encode() for piece in (body[:9], body[9:]))
            answer = session.post(self.url(), pieces, headers={"Content-Type": "text/xml"})
        self.assertEqual((answer.status_code, "Accepted>true<" in answer.text), (200, True))


class Tokens(AtTheHub):
    def token(self, digest: bool, password: str = "", age_seconds: int = 0) -> UsernameToken:
        now = datetime.datetime.now(datetime.timezone.utc)
        created = now - datetime.timedelta(seconds=age_seconds)
        stamp = WSU.Timestamp(WSU.Created(created.isoformat()),
                              WSU.Expires((created + datetime.timedelta(minutes=5)).isoformat()))
        return UsernameToken("traffic", password or self.password, use_digest=digest,
                             timestamp_token=stamp)

    def safe(self, token: UsernameToken) -> tuple[zeep.Client, HistoryPlugin]:
        history = HistoryPlugin()
        return self.client("/traffic/safe", wsse=token, plugins=[history]), history

    @with_peer("zeep")
    def test_zeep_comes_in_with_either_password_type_and_in_either_version(self) -> None:
        for digest in (True, False):
            for port in ("TrafficSafeSoap11", "TrafficSafeSoap12"):
                with self.subTest(digest=digest, port=port):
                    client, history = self.safe(self.token(digest))
                    service = client.bind("TrafficSafeService", port)
                    number = self.next()
                    answer = service.SketchAmended(
                        SketchNo=number, Version=2, Party=[PARTY],
                        _soapheaders={"Client": "GAM/17", "MessageId": f"id-{number}"})
                    self.assertIs(answer.body.Accepted, True)
                    self.assertEqual((answer.header.Client, answer.header.MessageId),
                                     ("GAM/17", f"id-{number}"))
                    replied = history.last_received["envelope"]
                    self.assertEqual(replied.findtext(f".//{{{BLOCKS}}}Client"), "GAM/17")

    @with_peer("soap (npm)")
    def test_npm_soap_comes_in_with_either_password_type_and_in_either_version(self) -> None:
        for version in ("1.1", "1.2"):
            for kind in ("PasswordDigest", "PasswordText"):
                with self.subTest(version=version, kind=kind):
                    answer = self.npm(version, "/traffic/safe", security=kind, headers=(
                        f'<e:Client xmlns:e="{BLOCKS}">GAM/17</e:Client>'))
                    self.assertEqual(answer.get("result"), {"Accepted": True}, answer)
                    self.assertEqual(answer["header"]["Client"], "GAM/17")

    @with_peer("zeep")
    def test_what_does_not_come_in(self) -> None:
        for what, token, code in (
            ("a wrong password", self.token(True, "guess"), "wsse:FailedAuthentication"),
            ("an old one", self.token(True, age_seconds=3600), "wsu:MessageExpired"),
            ("one of the future", self.token(False, age_seconds=-3600), "wsu:MessageExpired"),
            ("none", None, "wsse:InvalidSecurity"),
        ):
            with self.subTest(what):
                client, _ = self.safe(token)
                audited = self.audited()
                with self.assertRaises(zeep.exceptions.Fault) as refused:
                    client.bind("TrafficSafeService", "TrafficSafeSoap11").SketchAmended(
                        **self.notice())
                self.assertEqual(refused.exception.code, code)
                self.assertNotIn(self.password, str(refused.exception.message))
                wait_for(lambda: self.audited() > audited, "the audit row")
                self.assertEqual(self.audited(), audited + 1)

    @with_peer("zeep")
    def test_the_same_envelope_comes_in_once(self) -> None:
        for kind, port in (("text/xml", "TrafficSafeSoap11"),
                           ("application/soap+xml", "TrafficSafeSoap12")):
            client, history = self.safe(self.token(True))
            client.bind("TrafficSafeService", port).SketchAmended(**self.notice())
            body = etree.tostring(history.last_sent["envelope"])
            answer = requests.post(self.url("/traffic/safe"), body, headers={"Content-Type": kind})
            self.assertEqual(answer.status_code, 500 if kind == "text/xml" else 400)
            self.assertIn("wsse:InvalidSecurityToken", answer.text)


del AtTheHub  # only what derives from it is a test

if __name__ == "__main__":
    unittest.main()
