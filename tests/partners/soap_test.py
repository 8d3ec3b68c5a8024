"""The traffic department and the insurance registry over raw HTTP."""

from __future__ import annotations

import http.client
import threading
import unittest
import urllib.parse

from lxml import etree

import standing
from standing import HttpHub, PartnerProcess, until

ENVELOPE = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    '<x:{name} xmlns:x="{ns}">'
    "{content}</x:{name}></s:Body></s:Envelope>"
)
TRAFFIC, INSURANCE = "urn:jo:traffic:1", "urn:jo:insurance:1"
BASIC = "Basic bWFzYXI6c2VjcmV0"  # masar:secret


class Soap(unittest.TestCase):
    name, namespace = "traffic", TRAFFIC

    def setUp(self) -> None:
        self.folder = standing.folder()
        (self.folder / "soap-masar").write_text("secret\n")
        (self.folder / "soap-traffic").write_text("t\n")
        self.partner = PartnerProcess(self.name, self.folder, secrets=self.folder)
        self.addCleanup(self.partner.end)

    def post(self, body: str, action: str, authorization: str = BASIC) -> tuple[int, bytes]:
        url = urllib.parse.urlsplit(self.partner.where["url"])
        connection = http.client.HTTPConnection(url.netloc, timeout=20)
        try:
            connection.request(
                "POST",
                url.path,
                body.encode(),
                {
                    "Content-Type": "text/xml; charset=utf-8",
                    "SOAPAction": f'"{action}"',
                    "Authorization": authorization,
                },
            )
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def call(self, name: str, **content: str) -> etree._Element:
        """The response, or the fault's element."""
        inner = "".join(f"<x:{k}>{v}</x:{k}>" for k, v in content.items())
        status, body = self.post(
            ENVELOPE.format(name=name, ns=self.namespace, content=inner), f"{self.namespace}/{name}"
        )
        root = etree.fromstring(body)[0][0]
        self.assertEqual(500 if root.tag.endswith("}Fault") else 200, status)
        return root

    def code(self, root: etree._Element) -> str:
        """CODE of a typed fault, faultcode of another, or the response's name."""
        if not root.tag.endswith("}Fault"):
            return etree.QName(root).localname
        return root.findtext(".//{*}Code") or root.findtext("faultcode")


class Traffic(Soap):
    def sketch(self, number: str = "S-1") -> etree._Element:
        return self.call(
            "GetAccidentSketch",
            SketchNo=number,
            AccidentDate="2026-01-02",
            PlateCode="20",
            PlateNo="12345",
            RequesterId="9901234567",
        )

    def release(self, request: str, number: str = "S-1") -> etree._Element:
        return self.call(
            "ReleaseHold",
            RequestId=request,
            SketchNo=number,
            PlateCode="20",
            PlateNo="12345",
            Reason="paid",
            DecidedAt="2026-01-04T08:00:00+03:00",
        )

    def text(self, root: etree._Element, *names: str) -> list[str]:
        return [root.findtext(f".//{{{TRAFFIC}}}{name}") for name in names]

    def test_the_usual_sketch(self) -> None:
        self.assertEqual(
            ["FINAL", "1", "20", "12345", "100", "GAM", "ASPHALT"],
            self.text(
                self.sketch(),
                "Status",
                "Version",
                "PlateCode",
                "PlateNo",
                "FaultPercent",
                "Owner",
                "Type",
            ),
        )

    def test_sketches_as_told(self) -> None:
        self.partner.act(
            "sketch",
            sketchNo="S-1",
            status=["DRAFT", "FINAL"],
            faultPercent=60,
            damages=[{"type": "TREE", "owner": "JEPCO"}],
            fault=["UNAVAILABLE", None],
        )
        self.assertEqual("UNAVAILABLE", self.code(self.sketch()))
        self.assertEqual(
            ["FINAL", "60", "JEPCO", "TREE"],
            self.text(self.sketch(), "Status", "FaultPercent", "Owner", "Type"),
        )
        self.partner.act(
            "sketch", sketchNo="S-2", parties=[{"plateCode": "1", "plateNo": "2"}], damages=[]
        )
        other = self.sketch("S-2")
        self.assertEqual(["1", "0", None], self.text(other, "PlateCode", "FaultPercent", "Owner"))

    def test_a_release_counts_once_a_request(self) -> None:
        first, again = self.release("R-1"), self.release("R-1")
        self.assertEqual(*(self.text(r, "ReleaseNo") for r in (first, again)))
        self.assertEqual("ALREADY_RELEASED", self.code(self.release("R-2")))
        page = self.partner.call("GET", "/ledger")[1]
        self.assertEqual(
            {"R-1": {"requests": 2, "effective": 1}, "R-2": {"requests": 1, "effective": 0}},
            page["releases"],
        )
        self.assertEqual(["R-1"], [e["key"] for e in self.partner.entries(kind="HoldReleased")])

    def test_no_hold_and_told_faults(self) -> None:
        self.partner.act("hold", sketchNo="S-1", plateCode="20", plateNo="12345", state="NONE")
        self.assertEqual("NO_HOLD", self.code(self.release("R-1")))
        self.partner.act(
            "release-fault", plateCode="20", plateNo="12345", fault=["UNAVAILABLE", None]
        )
        self.assertEqual("UNAVAILABLE", self.code(self.release("R-2", "S-2")))
        self.assertEqual("ReleaseHoldResponse", self.code(self.release("R-2", "S-2")))

    def test_what_is_no_request(self) -> None:
        self.assertEqual(401, self.post("<x/>", "x", "Basic bWFzYXI6d3Jvbmc=")[0])
        for body, action in (
            ("<nonsense", "x"),
            ("<x/>", "x"),
            (ENVELOPE.format(name="Dance", ns=TRAFFIC, content=""), f"{TRAFFIC}/Dance"),
            (ENVELOPE.format(name="ReleaseHold", ns=TRAFFIC, content=""), f"{TRAFFIC}/X"),
            (ENVELOPE.format(name="ReleaseHold", ns=TRAFFIC, content=""), f"{TRAFFIC}/ReleaseHold"),
        ):
            with self.subTest(body=body, action=action):
                status, answer = self.post(body, action)
                self.assertEqual(500, status)
                self.assertIn(b"<faultcode>soap:Client</faultcode>", answer)

    def test_faults_of_the_line(self) -> None:
        self.partner.fault("500", count=1)
        self.assertEqual((500, b"internal error\n"), self.post_release("R-1"))
        for kind, effective in (("reset", 0), ("did-it-but-no-answer", 1)):
            self.partner.fault(kind, count=1, operation="ReleaseHold")
            with self.assertRaises((http.client.HTTPException, ConnectionError)):
                self.post_release("R-1")
            self.assertEqual(effective, len(self.partner.entries(kind="HoldReleased")))
        self.partner.fault("slow", count=1, ms=10)
        self.assertEqual(200, self.post_release("R-1")[0])

    def test_silent_ends_when_taken_back_and_does_not_count(self) -> None:
        self.partner.fault("silent")
        failed: list[BaseException] = []

        def call() -> None:
            try:
                self.post_release("R-1")
            except (http.client.HTTPException, ConnectionError) as error:
                failed.append(error)

        caller = threading.Thread(target=call)
        caller.start()
        until(lambda: self.partner.entries(kind="silent"), "the fault")
        self.partner.quiet()
        self.partner.call("DELETE", "/faults")
        caller.join(20)
        self.assertEqual(1, len(failed))
        self.assertEqual([], self.partner.entries(kind="HoldReleased"))

    def post_release(self, request: str) -> tuple[int, bytes]:
        content = (
            f"<x:RequestId>{request}</x:RequestId><x:SketchNo>S-1</x:SketchNo><x:PlateCode>20"
            "</x:PlateCode><x:PlateNo>12345</x:PlateNo><x:Reason>paid</x:Reason>"
            "<x:DecidedAt>2026-01-04T08:00:00+03:00</x:DecidedAt>"
        )
        return self.post(
            ENVELOPE.format(name="ReleaseHold", ns=TRAFFIC, content=content),
            f"{TRAFFIC}/ReleaseHold",
        )

    def test_an_amended_sketch_is_told_until_it_is_answered(self) -> None:
        answers = [None, (503, b""), (200, b"<ok/>")]
        hub = HttpHub(self.folder / "hub.json", lambda *_: answers.pop(0))
        self.addCleanup(hub.end)
        self.sketch()
        self.partner.act("amend", sketchNo="S-1", damages=["KERB"])
        self.partner.quiet()
        self.assertEqual([], answers)
        path, body = hub.calls[-1]
        self.assertEqual("/traffic/notices", path)
        self.assertEqual(
            ["S-1", "2", "20", "12345"],
            self.text(etree.fromstring(body), "SketchNo", "Version", "PlateCode", "PlateNo"),
        )
        self.assertEqual(
            ["AMENDED", "2", "KERB"], self.text(self.sketch(), "Status", "Version", "Type")
        )


class Insurance(Soap):
    name, namespace = "insurance", INSURANCE

    def statuses(self) -> list[str]:
        root = self.call("InquirePolicy", PlateCode="20", PlateNo="12345", AsOf="2026-01-02")
        return (
            [self.code(root)]
            if root.tag.endswith("}Fault")
            else [node.text for node in root.iter(f"{{{INSURANCE}}}Status")]
        )

    def verify(self) -> str:
        return self.call(
            "VerifyApprovalLetter",
            LetterRef="L-1",
            InsurerCode="JIC",
            PolicyNo="P-1",
            SketchNo="S-1",
            Amount="85.500",
            Sha256="0" * 64,
        ).findtext("{*}Result")

    def test_policies(self) -> None:
        self.assertEqual(["EXPIRED"], self.statuses())
        for said, expected in (
            ({"status": "ACTIVE"}, ["ACTIVE"]),
            ({"status": "none"}, []),
            ({"fault": "NO_POLICY"}, ["NO_POLICY"]),
            ({"policies": [{"status": "CANCELLED"}, {}]}, ["CANCELLED", "ACTIVE"]),
        ):
            with self.subTest(said):
                self.partner.act("policy", plateCode="20", plateNo="12345", **said)
                self.assertEqual(expected, self.statuses())

    def test_letters(self) -> None:
        self.assertEqual("VALID", self.verify())
        self.partner.act("letter", letterRef="L-1", results=["PENDING", "INVALID"])
        self.assertEqual(["PENDING", "INVALID", "INVALID"], [self.verify() for _ in range(3)])


del Soap  # only what derives from it is a test

if __name__ == "__main__":
    unittest.main()
