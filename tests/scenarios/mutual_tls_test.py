"""The shipped configuration with the switch's endpoints over mutual TLS: only the switch's own
certificate gets an answer, and operators see when certificates end."""

from __future__ import annotations

import http.client
import pathlib
import ssl
import subprocess
import sys
import unittest

from operators_test import findings
from stage import PYTHON, ROOT, Hub, change, copy_shipped, wait_for
from town import Town
from trial import MASAR, temporary_folder

sys.path.insert(0, str(ROOT / "ops" / "partners"))

import mfep  # noqa: E402  (a partner's own module)

PATH = "/postpaid/BillPull"
LISTENER = '<listener id="http" connector="http" address="${http-address}"/>'
SECURE = """
  <listener id="switch" connector="http" address="127.0.0.1:0">
    <tls certificate="secret:hub" key="secret:hub-key" trust="secret:city" clients="%s"/>
  </listener>"""


class MutualTls(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = temporary_folder(self)
        copy_shipped(self.folder)
        self.secrets = self.folder / "secrets"
        subprocess.run([PYTHON, str(ROOT / "ops" / "partners" / "make_secrets.py"),
                        str(self.secrets)], check=True)
        self.town = Town(self.secrets)
        self.town.sign("hub", "/CN=hub", "IP:127.0.0.1")
        self.town.sign("switch", "/O=EFAWATEER/CN=switch")
        self.town.sign("roads", "/O=GAM/CN=roads")

    def start(self, clients: str) -> Hub:
        change(self.folder / "config" / "hub.xml", LISTENER, LISTENER + SECURE % clients)
        for name in ("switch-bills", "switch-payments"):
            change(self.folder / "config" / "endpoints" / f"{name}.xml", 'listener="http"',
                   'listener="switch" subject="CN=switch,O=EFAWATEER"')
        local = "127.0.0.1:0"
        hub = Hub(MASAR, self.folder, self.secrets,
                  {"amqp-address": local, "http-address": local, "admin-address": local},
                  config=self.folder / "config")
        self.addCleanup(hub.end)
        hub.start()
        return hub

    def pull(self, hub: Hub, who: str | None) -> tuple[int, bytes]:
        """Asks for a bill that nobody has, as the switch does."""
        key = mfep.private_key((self.secrets / "mfep-switch-private").read_text("utf-8"))
        message = mfep.request("BILPULRQ", "G-1", "2026-01-04T08:00:00", "EFAWATEER", "GAM",
                               mfep.bill_pull("000000990002", "Clearance"))
        context = ssl.create_default_context(cafile=str(self.town.file("city")))
        if who:
            context.load_cert_chain(self.town.file(who), self.town.file(f"{who}-key"))
        connection = http.client.HTTPSConnection(hub.addresses["switch"], timeout=20,
                                                 context=context)
        try:
            connection.request("POST", PATH, mfep.with_signature(message, mfep.sign(message, key)),
                               {"Content-Type": "application/xml"})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def test_only_the_switchs_certificate_gets_an_answer(self) -> None:
        hub = self.start("wanted")
        public = mfep.public_key((self.secrets / "mfep-hub-public").read_text("utf-8"))
        status, answer = self.pull(hub, "switch")
        self.assertEqual((200, "valid"), (status, mfep.verdict(answer, public)))
        for who, code in (("roads", b"certificate-not-allowed"), (None, b"certificate-required")):
            with self.subTest(who=who):
                status, answer = self.pull(hub, who)
                self.assertEqual(403, status)
                self.assertIn(code, answer)
                self.assertNotIn(b"MFEP", answer)

    def test_operators_see_when_certificates_end(self) -> None:
        hub = self.start("required")
        with self.assertRaises((ssl.SSLError, OSError, http.client.HTTPException)):
            self.pull(hub, None)
        text = hub.get("/metrics")
        self.assertEqual([], findings(text))

        def days(which: str) -> int:
            name = f'masar_certificate_expiry_seconds{{listener="switch",which="{which}"}} '
            found = [line for line in text.splitlines() if line.startswith(name)]
            self.assertEqual(1, len(found), text)
            return round(int(found[0].removeprefix(name)) / 86400)  # made a moment ago, or just now

        self.assertEqual((20, 30), (days("certificate"), days("trust")))
        # A new certificate, while the hub runs.
        self.town.sign("hub", "/CN=hub", "IP:127.0.0.1", days=90)

        def renewed() -> bool:
            nonlocal text
            self.assertEqual(200, self.pull(hub, "switch")[0])
            text = hub.get("/metrics")
            return days("certificate") == 90

        wait_for(renewed, "the new certificate")


if __name__ == "__main__":
    unittest.main()
