"""MFEP documents in the signed XML profile, as the switch writes and reads them.

The signature is base64 of RSA-SHA256 (PKCS#1 v1.5) over the UTF-16LE bytes, without a BOM, of
the MsgBody element with its tags, exactly as it stands in the message."""

from __future__ import annotations

import base64
import binascii
import functools
import re
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree

import wire

BODY = re.compile(rb"<MsgBody(?:\s[^>]*)?(?:/>|>.*</MsgBody\s*>)", re.DOTALL)
SIGNATURE = re.compile(rb"<Signature(?:\s[^>]*)?>([^<]*)</Signature\s*>")


def signed_text(message: bytes) -> bytes:
    """What is signed of a message: its MsgBody in UTF-16LE. Raises ValueError where there is
    none."""
    found = BODY.search(message)
    if found is None:
        raise ValueError("no MsgBody")
    return found.group().decode("utf-8").encode("utf-16-le")


def sign(message: bytes, key: rsa.RSAPrivateKey) -> str:
    return base64.b64encode(
        key.sign(signed_text(message), padding.PKCS1v15(), hashes.SHA256())
    ).decode()


def verdict(message: bytes, *keys: rsa.RSAPublicKey | None) -> str:
    """valid (by one of the keys), missing, bad; unchecked without a key."""
    found = SIGNATURE.search(message)
    if found is None or not found.group(1).strip():
        return "missing"
    known = [key for key in keys if key is not None]
    if not known:
        return "unchecked"
    for key in known:
        try:
            signature = base64.b64decode(b"".join(found.group(1).split()), validate=True)
            key.verify(signature, signed_text(message), padding.PKCS1v15(), hashes.SHA256())
            return "valid"
        except (InvalidSignature, binascii.Error, ValueError):
            continue
    return "bad"


def with_signature(message: bytes, signature: str | None) -> bytes:
    """The message with its footer, or without any."""
    bare = re.sub(rb"<MsgFooter.*</MsgFooter\s*>", b"", message, flags=re.DOTALL)
    if signature is None:
        return bare
    footer = f"<MsgFooter><Security><Signature>{signature}</Signature></Security></MsgFooter>"
    return bare.replace(b"</MFEP>", footer.encode() + b"</MFEP>")


@functools.lru_cache(maxsize=8)  # reading one checks its primes, which takes long
def private_key(pem: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("an RSA key is needed")
    return key


def public_key(pem: str) -> rsa.RSAPublicKey:
    """Of a public key, a certificate, or a private key."""
    data = pem.encode()
    if b"CERTIFICATE" in data:
        key: Any = x509.load_pem_x509_certificate(data).public_key()
    elif b"PRIVATE" in data:
        key = private_key(pem).public_key()
    else:
        key = serialization.load_pem_public_key(data)
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("an RSA key is needed")
    return key


def public_keys(pem: str) -> list[rsa.RSAPublicKey]:
    """Of every block: the old key and the new one while they change."""
    begin = "-----BEGIN "
    return [public_key(begin + block) for block in pem.split(begin)[1:]]


def request(
    kind: str, guid: str | None, stamp: str, sender: str, receiver: str, body: dict[str, Any]
) -> bytes:
    """An unsigned request."""
    document = wire.element(
        None,
        "MFEP",
        {
            "MsgHeader": {
                "TmStp": stamp,
                "GUID": guid,
                "TrsInf": {"SdrCode": sender, "RcvCode": receiver, "ReqTyp": kind},
            },
            "MsgBody": body,
        },
    )
    return etree.tostring(document, encoding="UTF-8", xml_declaration=False)


def bill_pull(billing: str, service: str) -> dict[str, Any]:
    return {"AcctInfo": {"BillingNo": billing, "BillNo": billing}, "ServiceType": service}


def payment(
    billing: str, trx: str, due: str, paid: str, processed: str, service: str, **more: Any
) -> dict[str, Any]:
    """One TrxInf; `more` replaces members or adds PayerInfo and others."""
    content: dict[str, Any] = {
        "AcctInfo": {"BillingNo": billing, "BillNo": billing},
        "JOEBPPSTrx": trx,
        "BankTrxID": f"B{trx}",
        "BankCode": "2",
        "PmtStatus": "PmtNew",
        "DueAmt": due,
        "PaidAmt": paid,
        "FeesAmt": "0.000",
        "FeesOnBiller": False,
        "ProcessDate": processed,
        "STMTDate": processed[:10],
        "AccessChannel": "INT",
        "PaymentMethod": "ACTDEB",
        "PaymentType": "Postpaid",
        "Currency": "JOD",
        "ServiceTypeDetails": {"ServiceType": service},
        "SubPmts": None,
        "PayerInfo": None,
    }
    return {**content, **more}


def results(root: etree._Element) -> list[str]:
    """Every ErrorCode of an answer: the header's first, then one a bill or transaction."""
    return [code.text or "" for code in root.iter("ErrorCode")]
