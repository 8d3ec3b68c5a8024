"""The signed XML profile: the signature against the openssl command line, the documents against the
schema."""

from __future__ import annotations

import base64
import pathlib
import subprocess
import unittest

import standing  # puts the partners' folder on the path

import make_secrets
import mfep
import wire

MESSAGE = (
    "<MFEP><MsgHeader><TmStp>2026-01-04T08:00:00</TmStp></MsgHeader><MsgBody>\r\n  "
    "<Name>محمد</Name>"
    "<!-- c --></MsgBody></MFEP>"
).encode()
SIGNED = "<MsgBody>\r\n  <Name>محمد</Name><!-- c --></MsgBody>"


class Signature(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = standing.folder()
        make_secrets.make(cls.folder)
        cls.private = mfep.private_key((cls.folder / "mfep-switch-private").read_text())
        cls.public = mfep.public_key((cls.folder / "mfep-switch-public").read_text())

    def openssl(self, *arguments: str, data: bytes) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["openssl", "dgst", "-sha256", *arguments], input=data, capture_output=True
        )

    def utf16le(self) -> bytes:
        return b"".join(ord(c).to_bytes(2, "little") for c in SIGNED)

    def test_is_what_openssl_makes_of_the_utf16le_bytes(self) -> None:
        made = self.openssl("-sign", str(self.folder / "mfep-switch-private"), data=self.utf16le())
        self.assertEqual(base64.b64encode(made.stdout).decode(), mfep.sign(MESSAGE, self.private))

    def test_openssl_verifies_ours(self) -> None:
        file = pathlib.Path(self.folder) / "signature"
        file.write_bytes(base64.b64decode(mfep.sign(MESSAGE, self.private)))
        arguments = ("-verify", str(self.folder / "mfep-switch-public"), "-signature", str(file))
        self.assertEqual(0, self.openssl(*arguments, data=self.utf16le()).returncode)
        self.assertNotEqual(0, self.openssl(*arguments, data=SIGNED.encode()).returncode)

    def test_verdicts(self) -> None:
        good = mfep.with_signature(MESSAGE, mfep.sign(MESSAGE, self.private))
        other = mfep.public_key((self.folder / "mfep-hub-private").read_text())
        for message, key, verdict in (
            (good, self.public, "valid"),
            (good, other, "bad"),
            (good, None, "unchecked"),
            (MESSAGE, self.public, "missing"),
            (mfep.with_signature(good, "!"), self.public, "bad"),
            (mfep.with_signature(good, ""), self.public, "missing"),
            (good.replace("محمد".encode(), "أحمد".encode()), self.public, "bad"),
            (good.replace(b"\r\n  ", b""), self.public, "bad"),
        ):
            with self.subTest(message=message, verdict=verdict):
                self.assertEqual(verdict, mfep.verdict(message, key))

    def test_existing_secrets_stay(self) -> None:
        before = {f.name: f.read_bytes() for f in self.folder.iterdir() if f.name != "signature"}
        make_secrets.make(self.folder)
        self.assertEqual(before, {name: (self.folder / name).read_bytes() for name in before})


class Documents(unittest.TestCase):
    def check(self, body: dict, kind: str = "BLRPMTNTFRQ") -> str | None:
        message = mfep.request(kind, "g-1", "2026-01-04T08:00:00", "1", "265", body)
        return wire.invalid("mfep.xsd", wire.read(message))

    def payment(self, **more: object) -> dict:
        return {
            "Transactions": {
                "TrxInf": [
                    mfep.payment(
                        "123456789012",
                        "T1",
                        "10.000",
                        "10.000",
                        "2026-01-04T08:00:00",
                        "GAM_ACC_DMG",
                        **more,
                    )
                ]
            }
        }

    def test_what_the_switch_sends_is_valid(self) -> None:
        self.assertIsNone(self.check(mfep.bill_pull("123456789012", "GAM_ACC_DMG"), "BILPULRQ"))
        self.assertIsNone(self.check(self.payment(PayerInfo={"Name": "محمد أحمد"})))

    def test_what_the_schema_gate_must_stop(self) -> None:
        for wrong in (
            {"PaidAmt": "1e3"},
            {"PaidAmt": "0.000"},
            {"PaidAmt": "-1.000"},
            {"PaidAmt": "1.0001"},
            {"PaidAmt": "١٠.٠٠٠"},
            {"Currency": "USD"},
            {"PmtStatus": "PmtVoid"},
            {"ProcessDate": "2026-01-04T08:00:00Z"},
            {"Unknown": "1"},
        ):
            with self.subTest(wrong):
                self.assertIsNotNone(self.check(self.payment(**wrong)))

    def test_a_transaction_alone_is_valid_too(self) -> None:
        one = self.payment()["Transactions"]["TrxInf"][0]
        self.assertIsNone(wire.invalid("mfep.xsd", wire.element(None, "TrxInf", one)))
        answer = {
            "JOEBPPSTrx": "T1",
            "ProcessDate": "2026-01-04T08:00:00",
            "STMTDate": "2026-01-04",
            "Result": {"ErrorCode": "0", "ErrorDesc": "Success", "Severity": "Info"},
        }
        self.assertIsNone(wire.invalid("mfep.xsd", wire.element(None, "TrxInf", answer)))


if __name__ == "__main__":
    unittest.main()
