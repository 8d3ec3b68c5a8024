"""A partner that serves SOAP 1.1, document/literal, over HTTP Basic."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lxml import etree

import wire
from doors import Partner, Reply, Request

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
XML = "text/xml; charset=utf-8"
USER = "masar"


class SoapFault(Exception):
    """A refusal that the interface declares, in the fault's detail; without a code: only the
    text."""

    def __init__(self, code: str | None, text: str, actor: str = "Server") -> None:
        super().__init__(text)
        self.code, self.text, self.actor = code, text, actor


@dataclass
class Operation:
    do: Callable[[dict[str, Any]], dict[str, Any]]  #: request's fields to response's content
    key: Callable[[dict[str, Any]], str | None]


def envelope(content: etree._Element) -> bytes:
    root = etree.Element(f"{{{ENVELOPE}}}Envelope", nsmap={"soap": ENVELOPE})
    etree.SubElement(root, f"{{{ENVELOPE}}}Body").append(content)
    return wire.write(root)


def payload(body: bytes) -> etree._Element:
    """The one element of a SOAP body. Raises SoapFault for what is none."""
    try:
        root = wire.read(body)
    except etree.XMLSyntaxError as error:
        raise SoapFault(None, f"not well-formed: {error.msg}", "Client") from error
    bodies = root.findall(f"{{{ENVELOPE}}}Body")
    if root.tag != f"{{{ENVELOPE}}}Envelope" or len(bodies) != 1 or len(bodies[0]) != 1:
        raise SoapFault(None, "one SOAP 1.1 envelope with one body element is expected", "Client")
    return bodies[0][0]


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class SoapPartner(Partner):
    """Subclasses fill `operations`."""

    service_path = "/soap"
    namespace = ""
    prefix = ""
    fault_element = ""
    schema = ""

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.operations: dict[str, Operation] = {}

    def serve(self, request: Request) -> Reply:
        if request.path != self.service_path or request.method != "POST":
            return Reply(404, b"POST to /soap\n")
        password = self.secret("soap-masar")
        if password is not None and request.headers.get("Authorization") != basic(USER, password):
            self.ledger.add("in", "unauthorized", None, {})
            return Reply(401, b"who are you?\n", headers={"WWW-Authenticate": 'Basic realm="soap"'})
        try:
            root = payload(request.body)
            name = wire.name_of(root)
            self._check_action(request, root)
        except SoapFault as fault:
            self.ledger.add(
                "in",
                "unreadable",
                None,
                {},
                invalid=fault.text,
                raw=request.body.decode("utf-8", "replace"),
            )
            return self._refuse("unreadable", None, fault)
        return self.faulty(name, request, lambda: self._do(name, root))

    def _check_action(self, request: Request, root: etree._Element) -> None:
        name = wire.name_of(root)
        if name not in self.operations or etree.QName(root).namespace != self.namespace:
            raise SoapFault(None, f"no such operation: {root.tag}", "Client")
        action = request.headers.get("SOAPAction", "").strip('"')
        if action != f"{self.namespace}/{name}":
            raise SoapFault(None, f"SOAPAction {action!r} is not of {name}", "Client")

    def _do(self, name: str, root: etree._Element) -> Reply:
        operation = self.operations[name]
        fields = wire.fields_of(root)
        key = operation.key(fields)
        wrong = wire.invalid(self.schema, root)
        entry = self.ledger.add("in", name, key, fields, invalid=wrong)
        try:
            if wrong is not None:
                raise SoapFault(None, wrong, "Client")
            content = operation.do(fields)
        except SoapFault as fault:
            return self._refuse(name, key, fault)
        answer = wire.element(self.namespace, f"{name}Response", content, self.prefix)
        self.ledger.add("out", f"{name}Response", key, wire.fields_of(answer), inReplyTo=entry["n"])
        return Reply(200, envelope(answer), XML)

    def _refuse(self, name: str, key: str | None, fault: SoapFault) -> Reply:
        root = etree.Element(f"{{{ENVELOPE}}}Fault", nsmap={"soap": ENVELOPE})
        etree.SubElement(root, "faultcode").text = f"soap:{fault.actor}"
        etree.SubElement(root, "faultstring").text = fault.text
        if fault.code is not None:
            detail = etree.SubElement(root, "detail")
            detail.append(
                wire.element(
                    self.namespace,
                    self.fault_element,
                    {"Code": fault.code, "Text": fault.text},
                    self.prefix,
                )
            )
        self.ledger.add(
            "out", "Fault", key, {"operation": name, "code": fault.code, "text": fault.text}
        )
        return Reply(500, envelope(root), XML)
