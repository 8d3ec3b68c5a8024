"""An authority of the tests' own, and what it signs (Debian's python3-cryptography)."""

from __future__ import annotations

import datetime
import ipaddress
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

DAY = datetime.timedelta(days=1)


class Authority:
    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Authority")])
        self._certificate = self._sign(self._name, self._key, True, False)

    def _sign(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, authority: bool,
              local: bool) -> x509.Certificate:
        now = datetime.datetime.utcnow()
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self._name)
                   .public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(now - DAY).not_valid_after(now + 30 * DAY)
                   .add_extension(x509.BasicConstraints(authority, None), True))
        if local:
            builder = builder.add_extension(x509.SubjectAlternativeName(
                [x509.DNSName("localhost"),
                 x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        return builder.sign(self._key, hashes.SHA256())

    @property
    def pem(self) -> str:
        return self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    def sign(self, name: str) -> tuple[str, str]:
        """Certificate and key, PEM, for CN=name on this machine."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        certificate = self._sign(subject, key, False, True)
        return (certificate.public_bytes(serialization.Encoding.PEM).decode(),
                key.private_bytes(serialization.Encoding.PEM,
                                  serialization.PrivateFormat.TraditionalOpenSSL,
                                  serialization.NoEncryption()).decode())

    def files(self, folder: pathlib.Path, name: str) -> dict[str, pathlib.Path]:
        """The same in files, with the authority's own."""
        folder.mkdir(parents=True, exist_ok=True)
        certificate, key = self.sign(name)
        found = {}
        for kind, text in (("certificate", certificate), ("key", key), ("trust", self.pem)):
            found[kind] = folder / f"{name}.{kind}.pem"
            found[kind].write_text(text)
        return found
