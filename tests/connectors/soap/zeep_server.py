"""A foreign SOAP server: requests and replies by zeep's own schema of the WSDL, envelopes by lxml.

usage: zeep_server.py WSDL; prints its port and serves until its standard input ends. The request's
Number decides what it does.
"""
import http.server
import sys
import threading

import zeep
from lxml import etree

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
client = zeep.Client(sys.argv[1])
ask = client.get_element("{urn:b}Ask")
reply = client.get_element("{urn:b}AskResponse")


def envelope(content):
    # Prefixes that nobody else uses: names must match by namespace.
    root = etree.Element("{%s}Envelope" % SOAP, nsmap={"weird": SOAP})
    etree.SubElement(root, "{%s}Header" % SOAP)
    etree.SubElement(root, "{%s}Body" % SOAP).append(content)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)


def fault(code):
    root = etree.Element("{%s}Fault" % SOAP)
    etree.SubElement(root, "faultcode").text = "soap:Server"
    etree.SubElement(root, "faultstring").text = "no"
    detail = etree.SubElement(root, "detail")
    typed = etree.SubElement(detail, "{urn:b}AskFault", nsmap={None: "urn:b"})
    etree.SubElement(typed, "{urn:b}Code").text = code
    return root


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_POST(self):
        body = etree.fromstring(self.rfile.read(int(self.headers["Content-Length"])))
        value = ask.parse(body.find("{%s}Body" % SOAP)[0], client.wsdl.types)
        if self.headers["SOAPAction"] != '"urn:b/Ask"' or self.headers["Authorization"] is None:
            return self.answer(500, envelope(fault("BAD_HEADERS")))
        if value.Number.isdigit():
            holder = etree.Element("holder")
            reply.render(holder, reply(Answer="%s for %s" % (value.Number, value.Name)))
            return self.answer(200, envelope(holder[0]))
        self.answer(500, envelope(fault(value.Number)))

    def answer(self, status, content):
        self.send_response(status)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
