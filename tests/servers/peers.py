"""Programs that we did not write, and which tests they took part in. A test that one is part of
says so, and where MASAR_PEERS names a file each such test that passed is written down there: a JSON
object a line, {"peer", "did", "test"}. run_groups.py makes the table of connectors/README.md of
it."""

from __future__ import annotations

import functools
import inspect
import json
import os
import pathlib
import re
import subprocess
from collections.abc import Callable
from typing import Any

import artemis

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = ROOT / "connectors" / "README.md"
BEGIN, END = "<!-- peers, written by ops/test --write-peers -->", "<!-- end of peers -->"


def debian(package: str) -> Callable[[], str]:
    def version() -> str:
        said = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package],
                              capture_output=True, text=True, check=False).stdout
        return re.sub(r"^\d+:|[-+~].*$", "", said)

    return version


def npm(folder: str, package: str) -> Callable[[], str]:
    def version() -> str:
        lock = json.loads((ROOT / "tests" / folder / "package-lock.json").read_text("utf-8"))
        return str(lock["packages"][f"node_modules/{package}"]["version"])

    return version


#: By the names that the tests call them, how each says its version.
PROGRAMS: dict[str, Callable[[], str]] = {
    "Apache Artemis": lambda: artemis.VERSION,
    "AsyncAPI parser (npm)": npm("peers/docs", "@asyncapi/parser"),
    "Chromium": debian("chromium"),
    "Kannel": debian("kannel"),
    "OpenSSL (command line)": debian("openssl"),
    "Qpid Proton (Python)": debian("python3-qpid-proton"),
    "RabbitMQ": debian("rabbitmq-server"),
    "curl": debian("curl"),
    "libxml2 (lxml)": debian("libxml2"),
    "requests": debian("python3-requests"),
    "rhea (npm)": npm("connectors/amqp/rhea", "rhea"),
    "soap (npm)": npm("peers/soap", "soap"),
    "zeep": debian("python3-zeep"),
}


def took_part(peer: str, did: str, test: str) -> None:
    if peer not in PROGRAMS:
        raise ValueError(f"{peer} is not in the list of programs")
    if file := os.environ.get("MASAR_PEERS"):
        line = json.dumps({"peer": peer, "did": did, "test": test}, ensure_ascii=False) + "\n"
        with open(file, "a", encoding="utf-8") as out:
            out.write(line)  # in one piece: several tests run at once


def with_peer(*peers: str) -> Callable[[Any], Any]:
    """Marks a test, or all tests of a class with those that it has of others."""

    def mark(marked: Any) -> Any:
        if not isinstance(marked, type):
            return _told(marked, peers)
        for name in dir(marked):
            if name.startswith("test"):
                setattr(marked, name, _told(getattr(marked, name), peers))
        return marked

    return mark


def _told(test: Callable[..., None], peers: tuple[str, ...]) -> Callable[..., None]:
    did = re.sub(r"^test_(z_)?", "", test.__name__).replace("_", " ")

    @functools.wraps(test)
    def run(self: Any) -> None:
        test(self)
        file = pathlib.Path(inspect.getfile(type(self))).resolve()
        for peer in peers:
            took_part(peer, did, str(file.relative_to(ROOT)))

    return run


# The table.


def rows(record: pathlib.Path) -> dict[tuple[str, str], list[str]]:
    """What each peer did, by peer and test."""
    found: dict[tuple[str, str], set[str]] = {}
    for line in record.read_text("utf-8").splitlines():
        one = json.loads(line)
        found.setdefault((one["peer"], one["test"]), set()).add(one["did"])
    return {key: sorted(did) for key, did in sorted(found.items())}


def written(row: tuple[tuple[str, str], list[str]]) -> str:
    (peer, test), did = row
    return f"| {peer} | {PROGRAMS[peer]()} | {'; '.join(did)} | `{test}` |"


def table(record: pathlib.Path) -> str:
    lines = ["| peer | version | exercised | test |", "| --- | --- | --- | --- |"]
    return "\n".join([BEGIN, *lines, *map(written, rows(record).items()), END])


def write(record: pathlib.Path) -> None:
    text = README.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(before + table(record) + after, "utf-8")


def difference(record: pathlib.Path) -> list[str]:
    """What the tests did and the table does not say, and the other way round. Versions may differ:
    they are those of the run that wrote it."""
    def without_version(line: str) -> str:
        return re.sub(r"^(\| [^|]* \|) [^|]* ", r"\1 ", line)

    text = README.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    said = {without_version(line) for line in text.splitlines() if line.endswith("` |")}
    did = {without_version(written(row)) for row in rows(record).items()}
    return ([f"not in the table: {line}" for line in sorted(did - said)]
            + [f"not done: {line}" for line in sorted(said - did)])
