#!/usr/bin/python3
"""Runs the groups of tests, as many at once as there are processors, and counts every test case:
the tidiness of the tree, each Boost.Test executable that CTest knows, each file of Python tests,
the scenarios, among simulated partners alone and with real programs on the way. Prints a line a
group as it ends, whatever a failing group said in full, and at last
"N passed, N failed, N skipped". A group that crashes, hangs or says nothing counts as a failure."""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import functools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "servers"))
import peers  # noqa: E402

PYTHON = "/usr/bin/python3"
CPP_SECONDS = 300.0  # where CTest names no other limit
PYTHON_SECONDS = 900.0
SCENARIOS_SECONDS = 900.0
TIDY_SECONDS = 60.0
JOBS_MAX = 4
# Begun first, so that none of them is left to run alone at the end.
LONG = ("faults/simulation", "real-scenarios", "tests/scenarios/crash_test.py",
        "tests/faults/faults_test.py", "core/store")
LOG_LINES = 60  # of each process of failing scenarios


@dataclasses.dataclass
class Result:
    """What a group came to; `said` is shown where something failed."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    said: str = ""


@dataclasses.dataclass
class Ended:
    """A process that ended by itself or was ended after its time."""

    status: int
    out: str
    err: str
    late: bool


@dataclasses.dataclass
class Group:
    name: str
    run: Callable[[], Result]


def run(command: list[str], seconds: float, folder: pathlib.Path = ROOT,
        loud: bool = False) -> Ended:
    """Runs a command in a session of its own, so that all it started can be ended with it. A loud
    one's standard error is seen at once."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=None if loud else err, start_new_session=True)
        late = False
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            late = True
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        out.seek(0)
        err.seek(0)
        return Ended(process.returncode, out.read().decode("utf-8", "replace"),
                     err.read().decode("utf-8", "replace"), late)


def how_it_ended(ended: Ended, seconds: float) -> str:
    if ended.late:
        return f"ended after {seconds:.0f} s without a result"
    if ended.status < 0:
        return f"ended by {signal.Signals(-ended.status).name}"
    return f"exit status {ended.status}"


# C++


def boost_counts(report: str) -> Result | None:
    """The counts of Boost.Test's report; none where it did not come to one."""
    try:
        suite = ElementTree.fromstring(report).find("TestSuite")
    except ElementTree.ParseError:
        return None
    if suite is None:
        return None

    def count(what: str) -> int:
        return int(suite.get(f"test_cases_{what}", "0"))

    failed = max(count("failed"), count("aborted"))
    return Result(count("passed") + count("passed_with_warnings"), failed, count("skipped"))


def crash_counts(log: str) -> Result:
    """What the log says of an executable that wrote no report: the case it was in failed, with
    those before it that complained."""
    left = re.findall(r'Leaving test case "([^"]*)"', log)
    bad = len(set(re.findall(r'(?:fatal error|error): in "([^"]*)"', log)))
    bad_before = min(bad, len(left))
    return Result(len(left) - bad_before, max(bad_before + 1, bad))


def cpp(command: list[str], seconds: float) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.xml"
        ended = run([*command, "--log_level=test_suite", "--color_output=no",
                     "--report_level=short", "--report_format=XML", f"--report_sink={report}"],
                    seconds)
        text = report.read_text("utf-8", "replace") if report.exists() else ""
    result = boost_counts(text) or crash_counts(ended.out)
    if ended.status != 0 and result.failed == 0:
        result.failed = 1
    if result.passed + result.failed + result.skipped == 0:
        result = Result(failed=1, said="no test case ran\n")
    steps = re.compile(r".*(Entering|Leaving) test (case|suite|module) ")
    result.said += "".join(line for line in ended.out.splitlines(True) if not steps.match(line))
    result.said += ended.err
    if ended.status not in (0, 201):
        entered = re.findall(r'Entering test case "([^"]*)"', ended.out)
        where = f", in {entered[-1]}" if entered else ""
        result.said += f"{how_it_ended(ended, seconds)}{where}\n"
    return result


def cpp_group(test: dict[str, Any]) -> Group:
    """One of CTest's tests; without a command where its executable is not built."""
    limits = [p["value"] for p in test.get("properties", []) if p["name"] == "TIMEOUT"]
    seconds = float(limits[0]) if limits else CPP_SECONDS
    command = test.get("command", [])

    def play() -> Result:
        if not command or not pathlib.Path(command[0]).exists():
            return Result(failed=1, said="it is not built\n")
        return cpp(command, seconds)

    return Group(test["name"], play)


def cpp_groups(build: pathlib.Path) -> list[Group]:
    listed = subprocess.run(["ctest", "--test-dir", str(build), "--show-only=json-v1"],
                            capture_output=True)
    if listed.returncode != 0:
        return []
    return [cpp_group(test) for test in json.loads(listed.stdout)["tests"]]


# Python


def python_counts(ended: Ended, seconds: float) -> Result:
    said = ended.out + ended.err
    ran = re.search(r"^Ran (\d+) tests? in", said, re.MULTILINE)
    verdict = re.search(r"^(OK|FAILED)(?: \((.*)\))?$", said, re.MULTILINE)
    if not ran or not verdict:
        return Result(failed=1, said=f"{said}{how_it_ended(ended, seconds)}\n")
    told = re.findall(r"([a-z ]+)=(\d+)", verdict[2] or "")
    counts = {name.strip(): int(number) for name, number in told}
    failed = sum(counts.get(kind, 0) for kind in ("failures", "errors", "unexpected successes"))
    skipped = counts.get("skipped", 0)
    if (ended.status != 0 and failed == 0) or int(ran[1]) == 0:
        failed = max(failed, 1)
    return Result(max(int(ran[1]) - failed - skipped, 0), failed, skipped, said)


def python_groups(masar: pathlib.Path) -> list[Group]:
    """Each file of Python tests. Those that need a hub find it by MASAR."""
    os.environ["MASAR"] = str(masar)

    def play(file: pathlib.Path) -> Result:
        command = [PYTHON, "-m", "unittest", "discover", "-p", file.name]
        return python_counts(run(command, PYTHON_SECONDS, file.parent), PYTHON_SECONDS)

    return [Group(str(file.relative_to(ROOT)), functools.partial(play, file))
            for file in sorted((ROOT / "tests").rglob("*_test.py"))]


# The whole


def scenario_counts(out: str) -> Result:
    """Raises ValueError, KeyError or TypeError where this is not the scenarios' JSON."""
    played = json.loads(out)["scenarios"]
    bad = [f"{one['name']}: {one['verdict']}\n    {' > '.join(one['states'])}\n"
           for one in played if one["verdict"] != "passed"]
    return Result(len(played) - len(bad), len(bad), 0, "".join(bad))


def scenarios(masar: pathlib.Path, *more: str) -> Result:
    folder = pathlib.Path(tempfile.mkdtemp(prefix="masar-scenarios-"))
    command = [PYTHON, str(ROOT / "tests" / "scenarios" / "play.py"), "--masar", str(masar),
               "--json", "--keep", str(folder), *more]
    ended = run(command, SCENARIOS_SECONDS, loud=True)
    try:
        result = scenario_counts(ended.out)
    except (ValueError, KeyError, TypeError):
        result = Result(said=ended.out)
    if result.failed == 0 and (ended.status != 0 or result.passed == 0):
        result.failed = 1
        result.said += how_it_ended(ended, SCENARIOS_SECONDS) + "\n"
    if result.failed == 0:
        shutil.rmtree(folder)
        return result
    for log in sorted(folder.rglob("*.log")):
        lines = log.read_text("utf-8", "replace").splitlines()[-LOG_LINES:]
        if lines:
            result.said += f"-- end of {log}\n" + "\n".join(lines) + "\n"
    return result


def tidy() -> Result:
    ended = run([PYTHON, str(ROOT / "tests" / "tidy" / "tidy.py")], TIDY_SECONDS)
    said = ended.out + ended.err
    return Result(passed=1) if ended.status == 0 else Result(failed=1, said=said)


def play(group: Group) -> tuple[Result, float]:
    """What the group came to, and its seconds."""
    begun = time.monotonic()
    print(f"{group.name} …", file=sys.stderr, flush=True)
    return group.run(), time.monotonic() - begun


def tell(group: Group, result: Result, seconds: float) -> None:
    line = f"{group.name:<40} {result.passed:>5} passed"
    line += f", {result.failed} failed" if result.failed else ""
    line += f", {result.skipped} skipped" if result.skipped else ""
    print(f"{line}  ({seconds:.1f} s)", flush=True)
    if result.failed:
        print(result.said.rstrip("\n"), flush=True)


def play_all(groups: list[Group], jobs: int) -> Result:
    """Begins them in their order, `jobs` at once."""
    total = Result()
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        playing = {pool.submit(play, group): group for group in groups}
        for ended in concurrent.futures.as_completed(playing):
            result, seconds = ended.result()
            tell(playing[ended], result, seconds)
            total.passed += result.passed
            total.failed += result.failed
            total.skipped += result.skipped
    return total


def compare_peers(record: pathlib.Path, all_ran: bool) -> Result:
    """Whether the table of connectors/README.md says what the tests did with foreign programs."""
    said = [line for line in peers.difference(record)
            if all_ran or not line.startswith("not done")]
    if not said:
        return Result(passed=1)
    return Result(failed=1, said="\n".join([*said, "ops/test --write-peers writes it anew\n"]))


def wanted(group: Group, only: str | None) -> bool:
    below = only is not None and only.startswith("tests/") and group.name.startswith(f"{only}/")
    return only is None or group.name == only or below


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="the build folder")
    parser.add_argument("--only", help="one group by its name, or a folder of Python tests")
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count() or 1, JOBS_MAX),
                        help="groups at once (default: processors, at most %(default)s)")
    parser.add_argument("--write-peers", action="store_true",
                        help="write the table of connectors/README.md anew, where nothing failed")
    options = parser.parse_args()
    if options.write_peers and options.only:
        parser.error("--write-peers needs all groups")
    build = options.build.resolve()
    compiled = cpp_groups(build)
    groups = [Group("tidy", tidy), Group("scenarios", lambda: scenarios(build / "masar")),
              Group("real-scenarios", lambda: scenarios(build / "masar", "--real")),
              *python_groups(build / "masar"), *compiled]
    chosen = sorted((group for group in groups if wanted(group, options.only)),
                    key=lambda group: group.name not in LONG)
    with tempfile.NamedTemporaryFile(prefix="masar-peers-") as record:
        os.environ["MASAR_PEERS"] = record.name
        total = play_all(chosen, max(options.jobs, 1))
        if options.write_peers and total.failed + total.skipped == 0:
            peers.write(pathlib.Path(record.name))
        elif options.only is None and total.failed == 0:
            result = compare_peers(pathlib.Path(record.name), total.skipped == 0)
            tell(Group("peers", lambda: result), result, 0.0)
            total.passed += result.passed
            total.failed += result.failed
    if not chosen:
        print(f"there is no group {options.only}; there are: {' '.join(g.name for g in groups)}")
        total.failed = 1
    if options.only is None and not compiled:
        print("CTest knows no tests")
        total.failed += 1
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped", flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
