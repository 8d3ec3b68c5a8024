"""What `masar docs partner` writes of the shipped configuration, before readers that we did not
write: npm's AsyncAPI parser, libxml2's schemas (what xmllint is made of), zeep."""

from __future__ import annotations

import functools
import json
import pathlib
import subprocess
import sys
import unittest
from typing import Any
from xml.etree.ElementTree import canonicalize

import zeep
from lxml import etree

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests" / "peers"), str(ROOT / "tests" / "scenarios")]
import node  # noqa: E402
from stage import change, copy_shipped  # noqa: E402
from trial import masar, temporary_folder  # noqa: E402

from peers import with_peer  # noqa: E402  (the path is set by stage)

CONFIG = ROOT / "config"
CHECK = "docs/check.js"
XS = "{http://www.w3.org/2001/XMLSchema}"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


def declared() -> dict[str, list[etree._Element]]:
    """The shipped endpoints by their partner, as the files say."""
    partners: dict[str, list[etree._Element]] = {}
    for path in sorted((CONFIG / "endpoints").glob("*.xml")):
        endpoint = etree.parse(str(path)).getroot()
        partners.setdefault(endpoint.get("partner"), []).append(endpoint)
    return partners


def contents(folder: pathlib.Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def schema_of(schemas: pathlib.Path) -> etree.XMLSchema:
    """All that the folder has: one that imports each."""
    lines = []
    for path in sorted(schemas.rglob("*.xsd")):
        uri = etree.parse(str(path)).getroot().get("targetNamespace")
        name = f' namespace="{uri}"' if uri else ""
        lines.append(f'<import{name} schemaLocation="{path.as_uri()}"/>')
    text = f'<schema xmlns="{XS[1:-1]}" targetNamespace="urn:all">{"".join(lines)}</schema>'
    return etree.XMLSchema(etree.fromstring(text))


def plain(element: etree._Element) -> str:
    """Whatever its prefixes and indentation."""
    return canonicalize(etree.tostring(element, encoding="unicode"), strip_text=True,
                        rewrite_prefixes=True)


def parsed(documents: list[pathlib.Path]) -> dict[str, dict[str, Any]]:
    """What npm's parser makes of AsyncAPI documents, by their folders' names."""
    ran = subprocess.run(node.command(CHECK, *map(str, documents)), env=node.environment(CHECK),
                         capture_output=True, text=True, timeout=120, check=True)
    return dict(zip([path.parent.name for path in documents], json.loads(ran.stdout), strict=True))


class Documents(unittest.TestCase):
    folder: pathlib.Path

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = temporary_folder(cls)
        for partner in declared():
            ran = masar("docs", "partner", partner, "--config", str(CONFIG), "--to",
                        str(cls.folder / partner))
            if ran.returncode or ran.stderr:
                raise AssertionError(f"{partner}: {ran.stderr}")

    @functools.cached_property
    def readers(self) -> dict[str, dict[str, Any]]:
        """What the parser makes of each AsyncAPI document, by partner."""
        return parsed(sorted(self.folder.glob("*/asyncapi.json")))

    @with_peer("AsyncAPI parser (npm)")
    def test_every_partner_with_amqp_has_a_valid_asyncapi_document(self) -> None:
        partners = declared()
        self.assertEqual(sorted(self.readers), sorted(
            name for name, all_ in partners.items()
            if any(one.get("connector") == "amqp" for one in all_)))
        for partner, read in self.readers.items():
            with self.subTest(partner):
                self.assertEqual(read["errors"], [])
                self.assertTrue(read["version"].startswith("3.0."))
                self.assertEqual([one["protocol"] for one in read["servers"]], ["amqp1"])
                self.assertTrue(all(one["security"] for one in read["servers"]))
                wanted = {("receive" if one.get("direction") == "in" else "send",
                           one.find("amqp").get("address"))
                          for one in partners[partner] if one.get("connector") == "amqp"}
                self.assertEqual(
                    {(one["action"], one["address"]) for one in read["operations"]}, wanted)

    @with_peer("AsyncAPI parser (npm)")
    def test_its_messages_say_what_stands_in_their_envelopes(self) -> None:
        for partner, read in self.readers.items():
            samples = {text.decode() for path, text in contents(self.folder / partner).items()
                       if path.startswith("samples/")}
            for operation in read["operations"]:
                self.assertTrue(operation["messages"], partner)
                for message in operation["messages"]:
                    with self.subTest(partner=partner, message=message["name"]):
                        self.assertIn("traceparent", message["headers"])
                        self.assertEqual(message["media"], "application/xml")
                        # Partners may correlate; refusals and effects are of a case.
                        self.assertTrue(message["correlated"])
                        self.assertTrue(message["examples"])
                        self.assertLessEqual(set(message["examples"]), samples)

    @with_peer("libxml2 (lxml)")
    def test_every_sample_is_valid_by_the_schemas_beside_it(self) -> None:
        for partner in declared():
            folder = self.folder / partner
            schema = schema_of(folder / "schemas")
            samples = sorted((folder / "samples").rglob("*.xml"))
            self.assertTrue(samples, partner)
            for path in samples:
                with self.subTest(path.relative_to(self.folder)):
                    root = etree.parse(str(path)).getroot()
                    if path.name.endswith(".soap.xml"):
                        root = root.find(f"{{{SOAP}}}Body")[0]
                    schema.assertValid(etree.ElementTree(root))

    @with_peer("zeep")
    def test_zeep_makes_the_requests_of_every_wsdl(self) -> None:
        seen = 0
        for endpoint in (one for all_ in declared().values() for one in all_
                         if one.get("connector") == "soap"):
            folder = self.folder / endpoint.get("partner")
            path = folder / f"{endpoint.get('id')}.wsdl"
            client = zeep.Client(str(path))
            described, = client.wsdl.services.values()
            for name, port in described.ports.items():
                service = client.bind(described.name, name)
                for operation in endpoint.iter("operation"):
                    wanted = operation.get("name")
                    sample = self.sample(folder, endpoint.get("id"), wanted)
                    with self.subTest(port=name, operation=wanted):
                        made = client.create_message(service, wanted, **self.arguments(
                            port.binding.get(wanted), sample))
                        body = next(one for one in made if one.tag.endswith("}Body"))
                        self.assertEqual(plain(body[0]), plain(sample))
                        seen += 1
        self.assertGreater(seen, 4)

    @staticmethod
    def sample(folder: pathlib.Path, endpoint: str, name: str) -> etree._Element:
        for path in sorted((folder / "samples" / endpoint).glob("*.xml")):
            root = etree.parse(str(path)).getroot()
            if etree.QName(root).localname == name:
                return root
        raise AssertionError(f"no sample of {name}")

    @staticmethod
    def arguments(operation: Any, sample: etree._Element) -> dict[str, Any]:
        """The sample as zeep understands it by the WSDL's types."""
        read = operation.input.body.type.parse_xmlelement(
            sample, schema=operation.input.wsdl.types)
        return {name: read[name] for name in read}

    def test_the_same_configuration_gives_the_same_bytes(self) -> None:
        before = {name: contents(self.folder / name) for name in declared()}
        for partner, wanted in before.items():
            again = temporary_folder(self) / "new" / partner
            for folder in (again, again):  # into a new one, and over what was written before
                ran = masar("docs", "partner", partner, "--config", str(CONFIG), "--to",
                            str(folder))
                self.assertEqual(ran.returncode, 0, ran.stderr)
                self.assertEqual(contents(folder), wanted)

    def test_the_list_of_files_is_what_sha256sum_reads(self) -> None:
        for partner in declared():
            subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "files.sha256"],
                           cwd=self.folder / partner, check=True, timeout=30)
            listed = (self.folder / partner / "files.sha256").read_text().splitlines()
            self.assertEqual({line[66:] for line in listed} | {"files.sha256"},
                             set(contents(self.folder / partner)))


class Refusals(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = temporary_folder(self)
        self.to = self.folder / "to"

    def write(self, partner: str, config: pathlib.Path = CONFIG) -> tuple[int, str]:
        ran = masar("docs", "partner", partner, "--config", str(config), "--to", str(self.to))
        return ran.returncode, ran.stderr

    def copy(self) -> pathlib.Path:
        return copy_shipped(self.folder)

    @with_peer("AsyncAPI parser (npm)")
    def test_messages_and_servers_that_are_alike_are_told_apart(self) -> None:
        config = self.copy()
        change(config / "hub.xml", '<listener id="amqp"',
               '<connection id="broker" connector="amqp" hosts="127.0.0.1:5671 localhost:5672" '
               'user="hub" password="secret:amqp-portal"/>\n  <listener id="amqp"')
        (config / "endpoints" / "any-in.xml").write_text(
            '<endpoint id="any-in" partner="portal" connector="amqp" direction="in">'
            '<amqp listener="amqp" address="any.in" user="portal" password="secret:amqp-portal"/>'
            "</endpoint>")
        text = (config / "endpoints" / "portal-out.xml").read_text()
        text = text.replace('id="portal-out"', 'id="any-out"').replace(' schema="portal.xsd"', "")
        start = text.index("<amqp ")
        (config / "endpoints" / "any-out.xml").write_text(
            text[:start] + '<amqp connection="broker" address="any"/>\n</endpoint>\n')
        (config / "routes" / "any.xml").write_text(
            '<route id="any" mode="pass-through"><from endpoint="any-in"/>'
            '<call endpoint="any-out"/></route>')
        self.assertEqual(self.write("portal", config), (0, ""))
        document = self.to / "asyncapi.json"
        read = parsed([document])["to"]
        self.assertEqual(read["errors"], [])
        self.assertLessEqual({"127.0.0.1:5671", "localhost:5672"},
                             {server["host"] for server in read["servers"]})
        messages = json.loads(document.read_text())["components"]["messages"]
        self.assertLessEqual({"any.any-in", "any.any-out", "CaseUpdated"}, set(messages))
        self.assertIn("that of the message it passes on", messages["any.any-out"]["description"])

    def test_an_unknown_partner_is_told_the_known_ones(self) -> None:
        status, said = self.write("nobody")
        self.assertNotEqual(status, 0)
        for partner in declared():
            self.assertIn(partner, said)
        self.assertFalse(self.to.exists())

    def test_a_foreign_folder_is_not_touched(self) -> None:
        self.to.mkdir()
        (self.to / "theirs.txt").write_text("theirs")
        status, said = self.write("portal")
        self.assertNotEqual(status, 0)
        self.assertIn("theirs.txt", said)
        self.assertEqual(contents(self.to), {"theirs.txt": b"theirs"})

    def test_what_an_earlier_run_wrote_and_this_one_does_not_is_removed(self) -> None:
        self.assertEqual(self.write("traffic")[0], 0)
        self.assertEqual(self.write("portal")[0], 0)
        self.assertEqual([path for path in contents(self.to) if path.endswith(".wsdl")], [])

    def test_no_secret_and_no_name_of_one_is_written(self) -> None:
        config = self.copy()
        names = {line for path in config.rglob("*.xml")
                 for line in path.read_text().split('"') if line.startswith("secret:")}
        self.assertGreater(len(names), 5)
        for partner in declared():
            self.assertEqual(self.write(partner, config)[0], 0)
            said = b"".join(contents(self.to).values()).decode()
            self.assertNotIn("secret:", said)
            for name in names:
                self.assertNotIn(name.removeprefix("secret:") + "`", said)

    def test_a_sample_that_its_schema_refuses_is_a_finding(self) -> None:
        config = self.copy()
        sample = config / "samples" / "traffic-notices" / "amended.xml"
        change(sample, "2</tr:Version>\n  <tr:Party>", "two</tr:Version>\n  <tr:Party>")
        for status, said in (self.write("traffic", config), self.check(config)):
            self.assertNotEqual(status, 0)
            self.assertIn("amended.xml", said)
            self.assertIn("Version", said)
        self.assertFalse(self.to.exists())

    def test_samples_of_no_endpoint_are_a_finding(self) -> None:
        config = self.copy()
        (config / "samples" / "traffic-notice").mkdir()
        status, said = self.check(config)
        self.assertNotEqual(status, 0)
        self.assertIn("traffic-notices", said)  # the name that was meant

    @staticmethod
    def check(config: pathlib.Path) -> tuple[int, str]:
        ran = masar("check", str(config))
        return ran.returncode, ran.stderr


if __name__ == "__main__":
    unittest.main()
