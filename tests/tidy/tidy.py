#!/usr/bin/python3
"""Checks what the project's rules of style and layout ask and a program can check. Prints
`file:line: rule` for each finding; exits 1 where there is one."""

from __future__ import annotations

import argparse
import pathlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = (".ci", "core", "connectors", "ops", "tests", "config", "mappings")
# What stands at the root beside dot files, and what building and running leave there.
AT_ROOT = {*FOLDERS, "CMakeLists.txt", "CMakePresets.json", "README.md", "LICENSE", "SECURITY.md",
           "CHANGELOG.md", "build", "__pycache__"}
COLUMNS = 100
FILE_LINES = 600

# The layers of core from the bottom up: each may include itself and those below, no neighbours.
RANKS = {"base": 0, "message": 1, "config": 2, "expression": 3, "mapping": 4, "process": 4,
         "store": 5, "route": 5, "connector": 5, "engine": 6}
# What a connector stands on: the interface, and what that stands on.
CONNECTOR_BASE = {"base", "message", "config", "connector"}
# What several protocols travel over, from the bottom up.
CARRIERS = {"tls": 0, "http": 1}
NOT_IN_CORE = re.compile(r"(proton/|boost/(beast|asio)|Poco/Net/)")
# A file may be damaged; damage is what the service is about.
SERVICE_WORDS = re.compile(r"kroka|clearance|sketch|efawateer|damage(?!d)", re.IGNORECASE)
# Put together, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
SLEEP = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep)\b")
WEAK_NAME = re.compile(r"\b(?:class|struct)\s+(\w*(?:Manager|Helper|Util|Utils|Impl))\b")
SWALLOWED = re.compile(r"catch\s*\(\s*\.\.\.\s*\)\s*\{(?:\s|//[^\n]*\n|/\*.*?\*/)*\}", re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CPP = {".cpp", ".h"}
CODE = CPP | {".py", ".sh", ".txt", ".cmake", ".js", ".ts", ".css", ".html"}  # .txt: CMakeLists.txt
TEXT = CODE | {".md", ".xml", ".scxml", ".xsd"}


@dataclass(frozen=True)
class Source:
    """A file as the rules see it: its path from the root, and its text."""

    path: str
    text: str

    @property
    def parts(self) -> list[str]:
        return self.path.split("/")

    @property
    def suffix(self) -> str:
        return pathlib.PurePosixPath(self.path).suffix

    @property
    def is_code(self) -> bool:
        return self.suffix in CODE or self.text.startswith("#!")

    @property
    def is_cpp(self) -> bool:
        return self.suffix in CPP

    def lines(self) -> Iterator[tuple[int, str]]:
        return enumerate(self.text.split("\n"), 1)

    def line_at(self, offset: int) -> int:
        return self.text.count("\n", 0, offset) + 1


Finding = tuple[int, str]


def size(source: Source) -> Iterator[Finding]:
    if not source.is_code:
        return
    for number, line in source.lines():
        if len(line) > COLUMNS:
            yield number, f"{len(line)} columns, at most {COLUMNS}"
    lines = source.text.count("\n")
    if lines > FILE_LINES:
        yield lines, f"{lines} lines, at most {FILE_LINES}"


def words(source: Source) -> Iterator[Finding]:
    # The benchmark measures time, so it may let some pass.
    is_test = source.is_cpp and source.parts[0] == "tests" and source.parts[1] != "bench"
    for number, line in source.lines():
        if found := UNFINISHED.search(line):
            yield number, f"{found[1]}: finish it, or write an issue"
        if is_test and (found := SLEEP.search(line)):
            yield number, f"{found[1]} in a test: wait for what should happen"
        if source.is_cpp and (found := WEAK_NAME.search(line)):
            yield number, f"{found[1]} says nothing about what it is"
        if source.parts[0] == "core" and source.is_code and (found := SERVICE_WORDS.search(line)):
            yield number, f"core knows nothing of the service: {found[0]}"


def headers(source: Source) -> Iterator[Finding]:
    if source.suffix == ".h" and not re.search(r"^#pragma once$", source.text, re.MULTILINE):
        yield 1, "#pragma once is missing"
    if source.is_cpp:
        for found in SWALLOWED.finditer(source.text):
            yield source.line_at(found.start()), "catch (...) that swallows"


def forbidden(here: list[str], target: list[str]) -> str:
    """Why a file may not include another, both as parts of their paths; empty where it may."""
    if here[0] == "core":
        if target[0] != "core":
            return "core includes only core"
        if RANKS.get(here[1], -1) <= RANKS.get(target[1], 99) and here[1] != target[1]:
            return f"core/{here[1]} stands below or beside core/{target[1]}"
    elif here[0] == "connectors" and len(here) > 2:
        if target[0] == "core":
            return "" if target[1] in CONNECTOR_BASE else f"connectors do not know core/{target[1]}"
        if target[0] != "connectors":
            return "connectors include only connectors and core"
        below = CARRIERS.get(target[1], len(CARRIERS)) < CARRIERS.get(here[1], len(CARRIERS))
        if target[1] != here[1] and not below:
            return f"connectors/{here[1]} does not stand on connectors/{target[1]}"
    elif here[0] == "connectors" and target[0] not in ("connectors", "core"):
        return "connectors include only connectors and core"
    elif here[0] == "ops" and target[0] not in ("ops", "connectors", "core"):
        return "ops includes only ops, connectors and core"
    return ""


def includes(source: Source, root: pathlib.Path) -> Iterator[Finding]:
    if not source.is_cpp:
        return
    for number, line in source.lines():
        found = re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', line)
        if not found:
            continue
        name = found[2]
        if source.parts[0] == "core" and (outside := NOT_IN_CORE.match(name)):
            yield number, f"core does not include {outside[1].rstrip('/')}"
        if found[1] == "<":
            continue
        if not (root / name).is_file():
            yield number, f"there is no {name} at the root: includes begin there"
        elif reason := forbidden(source.parts, name.split("/")):
            yield number, f"{reason}: {name}"


def links(source: Source, root: pathlib.Path) -> Iterator[Finding]:
    if source.suffix != ".md":
        return
    for number, line in source.lines():
        for target in LINK.findall(line):
            path = target.partition("#")[0]
            if path and "://" not in target and not target.startswith("mailto:"):
                if not (root / source.path).parent.joinpath(path).exists():
                    yield number, f"the link leads nowhere: {target}"


def check(source: Source, root: pathlib.Path = ROOT) -> list[Finding]:
    return sorted([*size(source), *words(source), *headers(source), *includes(source, root),
                   *links(source, root)])


def strays(root: pathlib.Path) -> list[str]:
    names = {entry.name for entry in root.iterdir()} - AT_ROOT
    return sorted(name for name in names if not name.startswith("."))


def sources(root: pathlib.Path) -> Iterator[Source]:
    files = [file for file in root.iterdir() if file.is_file()]
    for folder in FOLDERS:
        files += [file for file in (root / folder).rglob("*") if file.is_file()]
    for file in sorted(files):
        if file.suffix in TEXT or (not file.suffix and file.read_bytes()[:2] == b"#!"):
            try:
                text = file.read_bytes().decode("utf-8")
            except UnicodeDecodeError:
                continue  # samples of what is refused at the edge
            yield Source(file.relative_to(root).as_posix(), text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", nargs="?", type=pathlib.Path, default=ROOT)
    root = parser.parse_args().root.resolve()
    count = 0
    for name in strays(root):
        print(f"{name}:1: it has no place at the root")
        count += 1
    for source in sources(root):
        for number, rule in check(source, root):
            print(f"{source.path}:{number}: {rule}")
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
