"""A foreign SOAP client: calls Ask at the given address and prints what it understood.

usage: zeep_client.py WSDL URL USER PASSWORD NUMBER NAME
"""
import sys

import requests
import zeep
from zeep.transports import Transport

wsdl, url, user, password, number, name = sys.argv[1:]
session = requests.Session()
session.trust_env = False
session.auth = (user, password)
client = zeep.Client(wsdl, transport=Transport(session=session))
service = client.create_service("{urn:b}NoticesSoap", url)
try:
    print("answer", service.Ask(Number=number, Name=name))
except zeep.exceptions.Fault as fault:
    code = fault.detail.find(".//{urn:masar:hub:1}Code") if fault.detail is not None else None
    print("fault", fault.code, fault.message, code.text if code is not None else "-")
except zeep.exceptions.TransportError as error:
    print("transport", error.status_code)
