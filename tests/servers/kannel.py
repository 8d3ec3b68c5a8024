"""Debian's Kannel as a peer: bearerbox, smsbox and the centre that fakesmsc plays, on free ports of
127.0.0.1, configured here and ended by process id. What reached the phones is fakesmsc's log."""

from __future__ import annotations

import pathlib
import re
import subprocess
import urllib.parse
from dataclasses import dataclass

from processes import Failed, free_ports, listens, wait_for

BEARERBOX, SMSBOX = pathlib.Path("/usr/sbin/bearerbox"), pathlib.Path("/usr/sbin/smsbox")
FAKESMSC = pathlib.Path("/usr/lib/kannel/test/fakesmsc")
USER, PASSWORD = "masar", "kannel-says-so"
PARTS_MAX = 3
# fakesmsc prints a message as: <from to type [udh] data>, percent-encoded.
GOT = re.compile(r"Got message \d+: <(.*)>$", re.MULTILINE)
CONFIGURATION = """group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = {password}
smsbox-port = {boxes}
box-allow-ip = 127.0.0.1
dlr-storage = internal
log-file = {folder}/bearerbox.log
log-level = 1

group = smsc
smsc = fake
smsc-id = centre
host = 127.0.0.1
port = {centre}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
log-file = {folder}/smsbox.log
log-level = 1

group = sendsms-user
username = {user}
password = {password}
concatenation = true
max-messages = {parts}

group = sms-service
keyword = default
text = no
max-messages = 0
"""


@dataclass
class Part:
    """One short message as the centre got it."""

    to: str
    text: str
    place: int = 1  # among the parts of its message
    of: int = 1


def octets(word: str) -> bytes:
    return urllib.parse.unquote_to_bytes(word.replace("+", " "))


def part_of(said: str) -> Part:
    words = said.split(" ")
    if words[2] == "ucs-2":
        return Part(words[1], octets(words[3]).decode("utf-16-be"))
    if words[2] == "udh":  # 05 00 03 reference parts place
        head = octets(words[3])
        return Part(words[1], octets(words[5]).decode("utf-16-be"), head[5], head[4])
    return Part(words[1], urllib.parse.unquote_plus(words[-1]))


class Kannel:
    """One gateway. Each box may be ended and started again; bearerbox ends the others with it."""

    def __init__(self, folder: pathlib.Path, password: str = PASSWORD) -> None:
        for program in (BEARERBOX, SMSBOX, FAKESMSC):
            if not program.exists():
                raise Failed(f"{program} is not installed: run ops/setup")
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.admin, self.boxes, self.centre, self.sendsms = free_ports(4)
        self.url = f"http://127.0.0.1:{self.sendsms}/cgi-bin/sendsms"
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.configuration = folder / "kannel.conf"
        self.configuration.write_text(CONFIGURATION.format(
            admin=self.admin, boxes=self.boxes, centre=self.centre, sendsms=self.sendsms,
            folder=folder, user=USER, password=password, parts=PARTS_MAX))

    def start(self, centre: bool = True) -> None:
        self.launch("bearerbox", [str(BEARERBOX), str(self.configuration)], self.boxes)
        self.start_smsbox()
        if centre:
            self.start_centre()

    def start_smsbox(self) -> None:
        self.launch("smsbox", [str(SMSBOX), str(self.configuration)], self.sendsms)

    def start_centre(self) -> None:
        """fakesmsc ends when its standard input closes: it gets one that stays open."""
        before = self.centre_log()
        self.launch("fakesmsc", [str(FAKESMSC), "-H", "127.0.0.1", "-r", str(self.centre),
                                 "-m", "0"])
        wait_for(lambda: "Connecting to" in self.centre_log()[len(before):], "fakesmsc's link")

    def launch(self, name: str, command: list[str], port: int = 0) -> None:
        with (self.folder / f"{name}.out").open("ab") as out:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=out,
                                       cwd=self.folder)
        self.running[name] = process

        def up() -> bool:
            if process.poll() is not None:
                raise Failed(f"{name} ended at once: see {self.folder}/{name}.out")
            return port == 0 or listens(port)

        wait_for(up, name)

    def send_signal(self, name: str, number: int) -> None:
        self.running[name].send_signal(number)

    def kill(self, name: str) -> None:
        process = self.running.pop(name)
        process.kill()
        process.wait()
        if process.stdin:
            process.stdin.close()

    def end(self) -> None:
        for name in list(self.running):
            self.kill(name)

    def centre_log(self) -> str:
        log = self.folder / "fakesmsc.out"
        return log.read_text("utf-8", "replace") if log.exists() else ""

    def parts(self, to: str = "") -> list[Part]:
        """What reached the phone `to`, or all phones, in order."""
        found = [part_of(said) for said in GOT.findall(self.centre_log())]
        return [part for part in found if to in ("", part.to)]
