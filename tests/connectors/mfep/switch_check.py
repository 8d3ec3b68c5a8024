"""switch_check.py ADDRESS KEYS: posts one payment as the simulated switch does, and prints the
verdict on the answer's signature and its codes; then one whose body was changed after signing."""

from __future__ import annotations

import http.client
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "ops" / "partners"))

from lxml import etree  # noqa: E402

import mfep  # noqa: E402

ANSWERED_WITHIN_SECONDS = 20


def post(address: str, message: bytes) -> bytes:
    connection = http.client.HTTPConnection(address, timeout=ANSWERED_WITHIN_SECONDS)
    connection.request("POST", "/in?GUID=g-7", message, {"Content-Type": "application/xml"})
    return connection.getresponse().read()


def main() -> None:
    address, keys = sys.argv[1], pathlib.Path(sys.argv[2])
    private = mfep.private_key((keys / "private").read_text())
    public = mfep.public_key((keys / "public").read_text())
    body = {
        "Transactions": {
            "TrxInf": mfep.payment(
                "202600000015",
                "77001",
                "125.500",
                "125.500",
                "2026-01-04T09:30:00",
                "GAM_ACC_DMG",
                PayerInfo={"Name": "محمّد & 😀"},
            )
        }
    }
    request = mfep.request("BLRPMTNTFRQ", "g-7", "2026-01-04T09:30:01", "SW", "GAM", body)
    message = mfep.with_signature(request, mfep.sign(request, private))
    for sent in (message, message.replace(b"125.500", b"125.501")):
        answer = post(address, sent)
        print(mfep.verdict(answer, public), *mfep.results(etree.fromstring(answer)))


main()
