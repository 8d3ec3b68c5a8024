"""A foreign SOAP server: requests and replies by zeep's own schema of the WSDL, envelopes by lxml,
tokens by hashlib. Answers in the version of the request.

usage: zeep_server.py WSDL [USER PASSWORD]; prints its port and serves until its standard input
ends. With a user it asks for a UsernameToken whose nonce is new, else for HTTP Basic. The request's
Number decides what it does; the answer says which header blocks came.
"""
import base64
import hashlib
import http.server
import sys
import threading

import zeep
from lxml import etree

SOAP = {"text/xml": "http://schemas.xmlsoap.org/soap/envelope/",
        "application/soap+xml": "http://www.w3.org/2003/05/soap-envelope"}
WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE, WSU = WSS + "wssecurity-secext-1.0.xsd", WSS + "wssecurity-utility-1.0.xsd"
client = zeep.Client(sys.argv[1])
ask = client.get_element("{urn:b}Ask")
reply = client.get_element("{urn:b}AskResponse")
seen = set()


def envelope(soap, content):
    # Prefixes that nobody else uses: names must match by namespace.
    root = etree.Element("{%s}Envelope" % soap, nsmap={"weird": soap})
    etree.SubElement(root, "{%s}Header" % soap)
    etree.SubElement(root, "{%s}Body" % soap).append(content)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)


def fault(soap, code):
    root = etree.Element("{%s}Fault" % soap, nsmap={"weird": soap})
    if soap == SOAP["text/xml"]:
        etree.SubElement(root, "faultcode").text = "weird:Server"
        etree.SubElement(root, "faultstring").text = "no"
        detail = etree.SubElement(root, "detail")
    else:
        value = etree.SubElement(etree.SubElement(root, "{%s}Code" % soap), "{%s}Value" % soap)
        value.text = "weird:Receiver"
        text = etree.SubElement(etree.SubElement(root, "{%s}Reason" % soap), "{%s}Text" % soap)
        text.text = "no"
        detail = etree.SubElement(root, "{%s}Detail" % soap)
    typed = etree.SubElement(detail, "{urn:b}AskFault", nsmap={None: "urn:b"})
    etree.SubElement(typed, "{urn:b}Code").text = code
    return root


def authentic(header):
    user, password = sys.argv[2:]
    token = header.find(".//{%s}UsernameToken" % WSSE)
    said = {etree.QName(child).localname: child.text for child in token}
    nonce = base64.b64decode(said["Nonce"])
    if nonce in seen or header.find(".//{%s}Timestamp/{%s}Expires" % (WSU, WSU)) is None:
        return False
    seen.add(nonce)
    kind = token.find("{%s}Password" % WSSE).get("Type").split("#")[1]
    digest = hashlib.sha1(nonce + said["Created"].encode() + password.encode()).digest()
    expected = {"PasswordDigest": base64.b64encode(digest).decode(), "PasswordText": password}
    return said["Username"] == user and said["Password"] == expected[kind]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_POST(self):
        body = etree.fromstring(self.rfile.read(int(self.headers["Content-Length"])))
        kind = self.headers.get_content_type()
        self.soap = SOAP[kind]
        value = ask.parse(body.find("{%s}Body" % self.soap)[0], client.wsdl.types)
        header = body.find("{%s}Header" % self.soap)
        if kind == "text/xml":
            action = self.headers["SOAPAction"].strip('"')
        else:
            action = self.headers.get_param("action")
        known = authentic(header) if len(sys.argv) > 2 else self.headers["Authorization"]
        if action != "urn:b/Ask" or not known:
            return self.answer(500, fault(self.soap, "BAD_HEADERS"))
        if value.Number.isdigit():
            holder = etree.Element("holder")
            others = [] if header is None else header
            blocks = [one for one in others if etree.QName(one).namespace != WSSE]
            shown = "".join(" %s=%s" % (etree.QName(one).localname, one.text) for one in blocks)
            reply.render(holder, reply(Answer="%s for %s%s" % (value.Number, value.Name, shown)))
            return self.answer(200, holder[0])
        self.answer(500, fault(self.soap, value.Number))

    def answer(self, status, element):
        content = envelope(self.soap, element)
        self.send_response(status)
        self.send_header("Content-Type", self.headers.get_content_type() + "; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
