"""The receipt as people meet it: shown and printed by Chromium, and checked on the hub's page,
while it stands, once its money goes back, and by people who ask for anything."""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
import unittest
import urllib.parse

import cast
import receipts
from stage import wait_for
from trial import OnStage, raw, temporary_folder

from peers import with_peer  # the path is set by stage

CHROMIUM_SECONDS = 120
#: What a browser says that does not get what it asks for.
REFUSALS = ("Refused to", "Content Security Policy", "ERROR:CONSOLE")


class Chromium:
    """A browser of the test's own, without a window, that asks nobody but whom it is told."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder

    def run(self, page: str, *what: str) -> str:
        """What it says while it loads the page and does `what`."""
        profile = self.folder / "profile"
        shutil.rmtree(profile, ignore_errors=True)
        done = subprocess.run(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--disable-extensions", "--disable-dev-shm-usage", "--enable-logging=stderr",
             f"--user-data-dir={profile}", *what, page],
            capture_output=True, text=True, timeout=CHROMIUM_SECONDS, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise AssertionError(f"chromium ended with {done.returncode}: {done.stderr}")
        return done.stdout + done.stderr

    def print(self, page: str) -> tuple[pathlib.Path, str]:
        """The page as PDF, and what the browser said."""
        pdf = self.folder / "page.pdf"
        pdf.unlink(missing_ok=True)
        said = self.run(page, "--no-pdf-header-footer", f"--print-to-pdf={pdf}")
        return pdf, said

    def shot(self, page: str) -> bytes:
        png = self.folder / "page.png"
        png.unlink(missing_ok=True)
        self.run(page, "--hide-scrollbars", "--window-size=820,1180", f"--screenshot={png}")
        return png.read_bytes()


def text_of(pdf: pathlib.Path) -> str:
    """Without the marks by which pdftotext shows directions."""
    text = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True,
                          check=True).stdout
    return re.sub("[\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", text)


class Receipt(OnStage):
    browser: Chromium

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.browser = Chromium(temporary_folder(cls))

    def paid(self, name: str) -> cast.Applicant:
        who = cast.to_number(self.stage, name)
        cast.pay(self.stage, who)
        return who

    def write(self, page: str) -> str:
        file = self.browser.folder / "receipt.html"
        file.write_text(page, "utf-8")
        return file.as_uri()

    def assert_one_sheet(self, pdf: pathlib.Path) -> None:
        told = subprocess.run(["pdfinfo", str(pdf)], capture_output=True, text=True,
                              check=True).stdout
        self.assertRegex(told, r"(?m)^Pages: +1$")
        self.assertRegex(told, r"(?m)^Page size: .*\(A4\)$")

    @with_peer("Chromium")
    def test_it_is_printed_on_one_sheet(self) -> None:
        who = self.paid("printed")
        cast.reach(self.stage, who, "cleared")
        number = cast.billing_number(self.stage, who)
        receipt = receipts.expect_valid(self.stage, who, cast.DEFAULT_TOTAL, number)
        page = self.write(receipt["page"])
        pdf, said = self.browser.print(page)
        self.assert_one_sheet(pdf)
        text = text_of(pdf)
        for shown in ("amount", "verificationCode", "receiptNo", "billingNo", "transaction"):
            self.assertIn(receipt[shown], text)
        self.assertIn(who.sketch, text)
        self.assertFalse([line for line in REFUSALS if line in said], said)
        png = self.browser.shot(page)
        self.assertEqual(png[:8], b"\x89PNG\r\n\x1a\n")
        # What is longest by the schemas: every word still on the one sheet.
        name = "أحمد محمد علي الخطيب"
        words = receipt["amountInWords"]
        long = receipt["page"].replace(name, f"{name} " * 9).replace(
            receipt["transaction"], "EFW9" * 25).replace(words, " ".join([words] * 3))
        self.assertNotEqual(long, receipt["page"])
        pdf, _ = self.browser.print(self.write(long))
        self.assert_one_sheet(pdf)
        box = subprocess.run(["pdftotext", "-bbox", str(pdf), "-"], capture_output=True, text=True,
                             check=True).stdout
        lowest = max(float(y) for y in re.findall(r'<word .* yMax="([\d.]+)"', box))
        self.assertLess(lowest, 842 - 28)  # points: above the frame's lower line
        self.assertIn(receipt["verificationCode"], text_of(pdf))

    @with_peer("Chromium")
    def test_a_browser_shows_the_check_with_its_style(self) -> None:
        who = self.paid("checked")
        cast.reach(self.stage, who, "cleared")
        receipt = receipts.of(self.stage, who)[0]
        address = self.stage.hub.addresses["public"]
        query = urllib.parse.urlencode({"code": receipt["verificationCode"]})
        pdf, said = self.browser.print(f"http://{address}/receipt?{query}")
        self.assertFalse([line for line in REFUSALS if line in said], said)
        self.assertIn(receipt["amount"], text_of(pdf))
        # The browser does enforce: the same page under a policy of no style complains.
        status, headers, body = receipts.ask(self.stage, query)
        self.assertEqual(status, 200)
        policy = headers["content-security-policy"]
        self.assertRegex(policy, r"style-src 'sha256-[A-Za-z0-9+/]{43}='$")
        strict = policy.split("; style-src")[0].replace("frame-ancestors 'none'; ", "")
        meta = f'<meta http-equiv="Content-Security-Policy" content="{strict}">'
        _, said = self.browser.print(self.write(body.replace("<head>", "<head>" + meta)))
        self.assertTrue([line for line in REFUSALS if line in said], said)
        for name, value in (("x-content-type-options", "nosniff"), ("cache-control", "no-store"),
                            ("referrer-policy", "no-referrer")):
            self.assertEqual(headers[name], value)

    def test_a_receipt_whose_money_goes_back_says_so(self) -> None:
        who = cast.to_number(self.stage, "taken-back")
        self.stage.traffic.fault("500", operation="ReleaseHold")
        self.addCleanup(self.stage.traffic.fault, "none")
        cast.pay(self.stage, who)
        cast.reach(self.stage, who, "lifting")
        code = self.stage.until(lambda: receipts.of(self.stage, who), "the receipt")[0][
            "verificationCode"]
        self.assertEqual(receipts.verify(self.stage, code)[0], receipts.VALID)
        silent = self.stage.until(lambda: self.stage.tasks(who.application, "partner-silent"),
                                  "the task", 30)[0]
        self.stage.answer(silent, "cancel")
        cast.reach(self.stage, who, "cancelled")
        heading, rows = receipts.verify(self.stage, code)
        self.assertTrue(heading.startswith("إيصال ملغى"), heading)
        self.assertEqual(rows["حالة المعاملة"], "أُلغي الطلب")
        self.assertEqual(len(receipts.of(self.stage, who)), 1)

    def test_the_check_outlives_a_restart(self) -> None:
        who = self.paid("restarted")
        cast.reach(self.stage, who, "cleared")
        self.stage.settle()
        code = receipts.of(self.stage, who)[0]["verificationCode"]
        self.stage.hub.end()
        self.stage.hub.start()
        wait_for(self.stage.settled, "the hub to settle")
        self.assertEqual(receipts.verify(self.stage, code)[0], receipts.VALID)

    def test_whatever_else_is_asked_is_refused_and_changes_nothing(self) -> None:
        for query, code in (("", "missing-parameter"), ("code=1&code=2", "doubled-parameter"),
                            ("code=1&x=2", "unknown-parameter"), ("code=%FF", "bad-parameter"),
                            ("code=" + "A" * 65, "long-parameter"), ("code=%0", "bad-target")):
            with self.only_audited(query=query):
                status, _, body = receipts.ask(self.stage, query)
                self.assertEqual(status, 400)
                self.assertIn(f'"code":"{code}"', body)
        address = self.stage.hub.addresses["public"]
        for request, status in ((b"POST /receipt?code=1", 405), (b"GET /other", 404)):
            head = request + b" HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"
            self.assertEqual(raw(address, head)[0], status)


if __name__ == "__main__":
    unittest.main()
