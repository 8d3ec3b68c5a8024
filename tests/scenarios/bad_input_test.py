"""What is wrong is refused in the sender's own protocol, leaves one row in the audit log, and does
nothing else; and it harms nobody who sends what is right."""

from __future__ import annotations

import base64
import http.client
import re
import socket
import unittest
import uuid
from typing import Any

from proton import ConnectionException, Message
from proton.utils import BlockingConnection, LinkDetached, SendException

import cast
from stage import call, wait_for
from trial import OnStage, raw, read_answer

BODY_BYTES_MAX = 1 << 20  # of config/hub.xml
DEPTH_MAX = 64
NODES_MAX = 20_000
STALLED_SOCKETS = 40
BILL_PULL, NOTIFICATION = "/postpaid/BillPull", "/payment/ReceivePaymentNotification"
ENVELOPE = ('<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{}</s:Body>'
            "</s:Envelope>")
NOTICE = ('<tr:SketchAmended xmlns:tr="urn:jo:traffic:1"><tr:SketchNo>{0}</tr:SketchNo>'
          "<tr:Version>{1}</tr:Version><tr:Party><tr:PlateCode>77</tr:PlateCode>"
          "<tr:PlateNo>{2}</tr:PlateNo><tr:SketchNo>{0}</tr:SketchNo>"
          "<tr:Version>{1}</tr:Version></tr:Party></tr:SketchAmended>")
MFEP = ("<MFEP><MsgHeader><TmStp>2026-01-04T08:00:00</TmStp><GUID>{guid}</GUID><TrsInf>"
        "<SdrCode>EFAWATEER</SdrCode><RcvCode>GAM</RcvCode><ReqTyp>{kind}</ReqTyp></TrsInf>"
        "</MsgHeader><MsgBody>{body}</MsgBody></MFEP>")
LOL = ('<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;&x;">'
       '<!ENTITY z SYSTEM "file:///etc/passwd">]><a>&y;&z;</a>')


def codes_of(text: str) -> list[str]:
    return re.findall("<ErrorCode>(.*?)</ErrorCode>", text)


def nested(depth: int) -> str:
    return "<a>" * depth + "</a>" * depth


# Name, body, code of the refusal.
BODIES: tuple[tuple[str, str, str], ...] = (
    ("empty", "", "xml-malformed"),
    ("not XML", "{\"a\": 1}", "xml-malformed"),
    ("not well-formed", "<a><b></a>", "xml-malformed"),
    ("two roots", "<a/><a/>", "xml-malformed"),
    ("not UTF-8", "<?xml version='1.0' encoding='utf-16'?><a/>", "xml-"),
    ("doctype", LOL, "xml-doctype"),
    ("too deep", nested(DEPTH_MAX + 1), "xml-too-deep"),
    ("far too deep", nested(100_000), "xml-too-deep"),
    ("too many attributes",
     "<a " + " ".join(f"a{n}='1'" for n in range(65)) + "/>", "xml-too-many-attributes"),
    ("too many nodes", "<a>" + "<b/>" * (NODES_MAX + 500) + "</a>", "xml-too-many-nodes"),
    ("of unknown type", "<a xmlns='urn:nobody:1'/>", "unknown-type"),
)
PORTAL_INVALID = ('<pt:PaymentMethodChosen xmlns:pt="urn:gam:portal:1">'
                  "<pt:applicationId>{}</pt:applicationId><pt:method>barter</pt:method>"
                  "</pt:PaymentMethodChosen>")
DEPARTMENT_INVALID = ('<dp:AssessmentCompleted xmlns:dp="urn:gam:departments:1">'
                      "<dp:applicationId>{}</dp:applicationId></dp:AssessmentCompleted>")


class BadInput(OnStage):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.who = cast.to_number(cls.stage, "bystander")  # the case that nothing may happen to
        cls.stage.settle()

    # AMQP

    def settled(self, partner: Any, message_id: str) -> dict[str, Any]:
        def found() -> list[dict[str, Any]]:
            return [entry["fields"] for entry in partner.entries("Settled")
                    if entry["fields"]["messageId"] == message_id]
        return wait_for(found, "the message to be settled")[0]

    def rejected_over_amqp(self, partner: Any, what: str, code: str, **act: Any) -> None:
        with self.only_audited(partner=partner.name, what=what):
            told = self.settled(partner, partner.act("raw", **act)["messageId"])
            self.assertEqual(told["outcome"], "rejected", told)
            self.assertTrue(told["condition"].startswith(f"masar:{code}"), told)
            self.assertTrue(told["description"], told)

    def test_amqp(self) -> None:
        portal, departments = self.stage.portal, self.stage.departments
        for what, body, code in BODIES:
            self.rejected_over_amqp(portal, what, code, body=body)
        for what, body, code in BODIES[2:3] + BODIES[5:7] + BODIES[-1:]:
            self.rejected_over_amqp(departments, what, code, department="roads", body=body)
        invalid = PORTAL_INVALID.format(self.who.application)
        self.rejected_over_amqp(portal, "invalid", "schema-invalid", body=invalid)
        invalid = DEPARTMENT_INVALID.format(self.who.application)
        self.rejected_over_amqp(departments, "invalid", "schema-invalid", department="roads",
                                body=invalid)
        # A message of another partner's kind.
        foreign = NOTICE.format("SK-1", 2, "1")
        self.rejected_over_amqp(portal, "foreign", "unknown-type", body=foreign)

    def test_amqp_not_amqp_and_no_bytes_at_all(self) -> None:
        for what, encoded in (("no bytes", b""), ("not AMQP", b"\x00\x53\x75\xb0\x7f\xff\xff\xff")):
            with self.only_audited(what=what):
                text = base64.b64encode(encoded).decode()
                sent = self.stage.portal.act("raw", encodedBase64=text)
                told = self.settled(self.stage.portal, sent["messageId"])
                self.assertEqual((told["outcome"], told["condition"]),
                                 ("rejected", "amqp:decode-error"), told)

    def test_amqp_too_large(self) -> None:
        """The link is closed before the rest comes; the next message finds a new one."""
        body = "<a>" + "x" * BODY_BYTES_MAX + "</a>"
        with self.only_audited():
            told = self.settled(self.stage.portal,
                                self.stage.portal.act("raw", body=body)["messageId"])
            self.assertEqual((told["outcome"], told["condition"]),
                             ("link-closed", "amqp:link:message-size-exceeded"), told)
            self.assertTrue(told["description"], told)
        self.rejected_over_amqp(self.stage.portal, "after it", "unknown-type", body="<a/>")

    def amqp(self, user: str, password: str) -> BlockingConnection:
        return BlockingConnection(self.stage.hub.addresses["amqp"], timeout=10, user=user,
                                  password=password, allowed_mechs="PLAIN", reconnect=False,
                                  allow_insecure_mechs=True)

    def password(self, name: str) -> str:
        return (self.stage.secrets / name).read_text("utf-8")

    def test_amqp_login_and_addresses(self) -> None:
        for user, password in (("roads", "wrong"), ("roads", ""), ("nobody", "x"),
                               ("parks", self.password("amqp-roads"))):
            with self.only_audited(user=user), self.assertRaises(ConnectionException):
                self.amqp(user, password).close()
        connection = self.amqp("roads", self.password("amqp-roads"))
        self.addCleanup(connection.close)
        for address in ("parks.in", "portal.in"):
            with self.only_audited(address=address):
                with self.assertRaises(LinkDetached) as refused:
                    connection.create_sender(address)
                self.assertEqual(refused.exception.condition, "amqp:unauthorized-access")
        with self.assertRaises(LinkDetached) as refused:
            connection.create_receiver("parks.out")
        self.assertEqual(refused.exception.condition, "amqp:unauthorized-access")
        for address in ("roads.out", "nowhere"):
            with self.assertRaises(LinkDetached) as refused:
                connection.create_sender(address)
            self.assertEqual(refused.exception.condition, "amqp:not-found")
        with self.only_audited(what="its own address takes it, and says what is wrong"):
            with self.assertRaises(SendException):
                connection.create_sender("roads.in").send(Message(body=b"<a/>", inferred=True))

    # SOAP

    def soap(self, body: bytes, action: str = "urn:jo:traffic:1/SketchAmended",
             password: str | None = None, kind: str = "text/xml; charset=utf-8") -> tuple[int, str]:
        password = self.password("soap-traffic") if password is None else password
        login = base64.b64encode(f"traffic:{password}".encode()).decode()
        connection = http.client.HTTPConnection(self.stage.hub.addresses["http"], timeout=20)
        try:
            connection.request("POST", "/traffic/notices", body, {
                "Content-Type": kind, "SOAPAction": f'"{action}"',
                "Authorization": f"Basic {login}"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8")
        finally:
            connection.close()

    def faulted(self, what: str, body: str, code: str, status: int, **more: Any) -> None:
        with self.only_audited(what=what):
            got, text = self.soap(body.encode("utf-8"), **more)
            self.assertEqual(got, status, text)
            self.assertRegex(text, "<faultcode>[a-zA-Z]+:Client</faultcode>")
            self.assertRegex(text, "<faultstring>.+</faultstring>")
            self.assertIn(code, text)

    def test_soap(self) -> None:
        for what, body, code in BODIES[:-1]:
            inside = ENVELOPE.format(body) if what == "too deep" else body
            self.faulted(what, inside, code, 400)
        self.faulted("too large", "<a>" + "x" * BODY_BYTES_MAX + "</a>", "body-too-large", 413)
        self.faulted("no envelope", BODIES[-1][1], "soap-", 500)
        self.faulted("unknown type", ENVELOPE.format(BODIES[-1][1]), "unknown-type", 500,
                     action="")
        self.faulted("empty body", ENVELOPE.format(""), "soap-empty-body", 500)
        self.faulted("invalid", ENVELOPE.format(NOTICE.format("SK-1", "many", "1")),
                     "schema-invalid", 500)
        self.faulted("another action", ENVELOPE.format(NOTICE.format("SK-1", 2, "1")),
                     "soap-action", 500, action="urn:jo:traffic:1/Other")

    def test_soap_login(self) -> None:
        for password in ("wrong", ""):
            with self.only_audited(password=password):
                status, text = self.soap(ENVELOPE.format(NOTICE.format("SK-1", 2, "1")).encode(),
                                         password=password)
                self.assertEqual(status, 401, text)

    # The payment switch

    def mfep(self, body: str, sign: bool) -> tuple[int, str]:
        answer = self.stage.switch.act("notify-raw", sign=sign, guid=str(uuid.uuid4()),
                                       base64=base64.b64encode(body.encode()).decode())
        return answer["status"], answer["body"]

    def test_mfep(self) -> None:
        for what, body, _ in BODIES:
            with self.only_audited(what=what):
                status, text = self.mfep(body, sign=False)
                self.assertEqual((status, codes_of(text)), (200, ["101"]), text)
        with self.only_audited(what="too large"):
            status, text = self.mfep("<a>" + "x" * BODY_BYTES_MAX + "</a>", sign=False)
            self.assertEqual((status, codes_of(text)), (413, ["101"]))
        trx = "<Transactions><TrxInf><JOEBPPSTrx>1</JOEBPPSTrx></TrxInf></Transactions>"
        payment = MFEP.format(guid=uuid.uuid4(), kind="BLRPMTNTFRQ", body=trx)
        bill = MFEP.format(guid=uuid.uuid4(), kind="BILPULRQ", body="<AcctInfo/>")
        empty = MFEP.format(guid=uuid.uuid4(), kind="BILPULRQ", body="")
        for what, body, path in (("invalid payment", payment, NOTIFICATION),
                                 ("invalid inquiry", bill, BILL_PULL),
                                 ("empty inquiry", empty, BILL_PULL),
                                 ("another type", bill, NOTIFICATION)):
            with self.only_audited(what=what):
                answer = self.stage.switch.act("notify-raw", sign=True, body=body, path=path)
                self.assertEqual((answer["status"], codes_of(answer["body"])), (200, ["101"]))

    def test_mfep_signatures(self) -> None:
        for sign, code in (("bad", "2"), (False, "380")):
            with self.only_audited(sign=sign):
                codes = self.stage.switch.act(
                    "pay", billingNo=cast.billing_number(self.stage, self.who), inquire=False,
                    amount=cast.DEFAULT_TOTAL, sign=sign, attempts=1, wait=True)["codes"]
                self.assertEqual(codes, [code])

    # The edge of HTTP

    def post(self, *headers: str, body: str = "", path: str = "/traffic/notices") -> bytes:
        login = base64.b64encode(f"traffic:{self.password('soap-traffic')}".encode()).decode()
        lines = [f"POST {path} HTTP/1.1", f"Authorization: Basic {login}",
                 "Content-Type: text/xml", *headers]
        return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body.encode()

    def test_http_edge(self) -> None:
        host, envelope = "Host: hub", ENVELOPE.format(NOTICE.format("SK-1", 2, "1"))
        length, chunked = f"Content-Length: {len(envelope)}", "Transfer-Encoding: chunked"
        for what, request in (
            ("gzip, chunked", self.post(host, "Transfer-Encoding: gzip, chunked", body="0\r\n")),
            ("chunked twice", self.post(host, chunked, chunked, body="0\r\n\r\n")),
            ("no Host", self.post(length, body=envelope)),
            ("two Hosts", self.post(host, host, length, body=envelope)),
            ("both lengths", self.post(host, length, chunked, body=envelope)),
            ("two lengths", self.post(host, length, length, body=envelope)),
            ("signed length", self.post(host, "Content-Length: +1", body=" ")),
            ("bad chunk", self.post(host, chunked, body="0x5\r\nabcde\r\n0\r\n\r\n")),
            ("bare LF", self.post(host).replace(b"\r\n", b"\n")),
            ("NUL", self.post(host, "X-A: \x00", length, body=envelope)),
            ("space before colon", self.post("Host : hub", length, body=envelope)),
        ):
            with self.only_audited(what=what):
                status, head, body = raw(self.stage.hub.addresses["http"], request)
                self.assertEqual(status, 400, head)
                self.assertTrue("problem+json" in head or "Fault" in body, head + body)
        for what, request, status in (
            ("no such path", self.post(host, "Content-Length: 0", path="/none"), 404),
            ("no such method", self.post(host).replace(b"POST", b"TRACE"), 405),
            ("too large a head", self.post(host, "X-A: " + "a" * 17_000), 431),
            ("too large a body", self.post(host, f"Content-Length: {BODY_BYTES_MAX + 1}"), 413),
        ):
            with self.only_audited(what=what):
                got, head, _ = raw(self.stage.hub.addresses["http"], request)
                self.assertEqual(got, status, head)

    def test_stalled_sockets_harm_nobody(self) -> None:
        host, port = self.stage.hub.addresses["http"].rsplit(":", 1)
        beginnings = (b"", b"POST /traf", self.post("Host: hub", "Content-Length: 100", body="<a"))
        peers = []
        for number in range(STALLED_SOCKETS):
            peer = socket.create_connection((host, int(port)), 40)
            self.addCleanup(peer.close)
            peer.sendall(beginnings[number % len(beginnings)])
            peers.append((peer, beginnings[number % len(beginnings)]))
        status, text = self.soap(ENVELOPE.format(NOTICE.format("SK-LONE", 2, "1")).encode())
        self.assertEqual(status, 200, text)  # recorded: no case has that vehicle
        self.assertEqual(cast.inquire(self.stage, cast.billing_number(self.stage, self.who))[-1],
                         "0")
        self.assertEqual(call(self.stage.hub.addresses["admin"], "GET", "/ready")[0], 200)
        for peer, beginning in peers:
            if beginning:
                self.assertEqual(read_answer(peer)[0], 408)
        other = cast.to_number(self.stage, "after-the-stall")
        cast.pay(self.stage, other)
        cast.reach(self.stage, other, "cleared")


if __name__ == "__main__":
    unittest.main()
