"""connectors/README.md, word for word: the partner that it adds by configuration is added with the
files that stand there, and what it shows of a connector in code is what the tests compile."""

from __future__ import annotations

import pathlib
import re
import subprocess
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from stage import ROOT, Stage, copy_shipped
from trial import MASAR, OnStage, masar, temporary_folder

from peers import with_peer  # the path is set by stage

README = (ROOT / "connectors" / "README.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`((?:config|mappings)/[^`]+\.xml)`")


def section(title: str) -> str:
    """What stands below a heading, up to the next one."""
    begun = README.index(f"## {title}\n")
    end = README.find("\n## ", begun + 1)
    return README[begun:end if end > 0 else len(README)]


def files_of(text: str) -> dict[str, str]:
    """Each XML block, under the last file that was named before it."""
    found = {}
    for block in BLOCK.finditer(text):
        if block[1] == "xml":
            found[NAMED.findall(text[:block.start()])[-1]] = block[2]
    return found


class Fleet(ThreadingHTTPServer):
    """The fleet office: takes what is posted, or answers a status of trouble."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), FleetHandler)
        self.towed: list[str] = []
        self.status = 200
        self.address = f"127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class FleetHandler(BaseHTTPRequestHandler):
    server: Fleet

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode("utf-8")
        if self.server.status == 200:
            self.server.towed.append(body)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()


class QuickStart(OnStage):
    @classmethod
    def setUpClass(cls) -> None:
        cls.steps = section("A new partner by configuration")
        folder = temporary_folder(cls)
        copy_shipped(folder)
        files = files_of(cls.steps)
        if len(files) != 7:
            raise AssertionError(f"a line of hub.xml and six files, not {sorted(files)}")
        cls.fleet = Fleet()
        cls.addClassCleanup(cls.fleet.server_close)
        cls.addClassCleanup(cls.fleet.shutdown)
        namespace = files.pop("config/hub.xml")
        hub = folder / "config" / "hub.xml"
        text = hub.read_text("utf-8")
        hub.write_text(text.replace("<namespaces>", "<namespaces>\n" + namespace), "utf-8")
        for name, contents in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            contents = contents.replace("127.0.0.1:7190", cls.fleet.address)
            (folder / name).write_text(contents, "utf-8")
        checked = masar("check", str(folder / "config"))
        if checked.returncode != 0 or checked.stderr:
            raise AssertionError(checked.stderr)
        cls.stage = Stage(MASAR, folder / "stage", config=folder / "config")
        cls.addClassCleanup(cls.stage.end)
        for name, secret in (("http-tow", "let-me-in"), ("http-fleet", "from-masar")):
            (cls.stage.secrets / name).write_text(f"{secret}\n", "utf-8")
        cls.stage.hub.start()
        cls.stage.settle()

    def curl(self, **replaced: str) -> str:
        """The README's own command against this hub, its status code alone."""
        line = re.search(r"^\$ (curl .*)$", self.steps, re.MULTILINE)[1]
        line = line.replace("127.0.0.1:7081", self.stage.hub.addresses["http"])
        for old, new in replaced.items():
            line = line.replace(old, new)
        shown = ["-s", "-o", "/dev/null", "-w", "%{http_code}"]
        command = ["/bin/sh", "-c", line.replace("curl ", 'curl "$@" ', 1), "sh", *shown]
        return subprocess.run(command, capture_output=True, text=True, timeout=30).stdout

    def setUp(self) -> None:
        self.fleet.towed.clear()
        self.fleet.status = 200

    @with_peer("curl")
    def test_the_office_hears_of_it(self) -> None:
        self.assertEqual(self.curl(), "202")
        self.assertEqual(self.fleet.towed, ['<Towed plate="10-12345">شارع مكة</Towed>'])

    def test_the_partner_hears_what_became_of_it(self) -> None:
        self.fleet.status = 503
        self.assertEqual(self.curl(), "503")

    def test_what_is_wrong_is_said(self) -> None:
        self.assertEqual(self.curl(plate="palte"), "202")  # filtered: accepted, and goes no further
        self.assertEqual(self.curl(**{"let-me-in": "guess"}), "401")
        self.assertEqual(self.curl(**{'"street":': "street:"}), "400")
        self.assertEqual(self.fleet.towed, [])

    def test_its_sample_is_tested_with_all_the_others(self) -> None:
        files = files_of(self.steps)
        self.assertEqual(len([name for name in files if "/samples/" in name]), 2)


class InCode(unittest.TestCase):
    def test_what_is_shown_is_what_is_compiled(self) -> None:
        source = pathlib.Path(ROOT / "tests/connectors/folder/folder.cpp").read_text("utf-8")
        blocks = [block[2] for block in BLOCK.finditer(section("A connector in code"))]
        self.assertEqual(len(blocks), 3)
        for block in blocks:
            self.assertIn(block, source)


if __name__ == "__main__":
    unittest.main()
