"""The stage of the scenarios: one hub and the six partners, each a process of its own on free ports
of 127.0.0.1, started here and ended by process id. Knows the hub only by its command line and its
HTTP interface."""

from __future__ import annotations

import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
from typing import Any, Callable

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "servers"))

from processes import POLL_SECONDS, WAIT_SECONDS, Failed, wait_for  # noqa: E402

PARTNERS = ("portal", "departments", "traffic", "insurance", "switch", "sms")
PYTHON = "/usr/bin/python3"
START_SECONDS = 60.0


def call(
    address: str, method: str, path: str, body: Any = None, token: str = "", timeout: float = 20.0
) -> tuple[int, Any]:
    """One HTTP exchange with JSON both ways. Raises OSError where nobody answers."""
    connection = http.client.HTTPConnection(address, timeout=timeout)
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        payload = None if body is None else json.dumps(body)
        if payload is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, path, payload, headers)
        response = connection.getresponse()
        text = response.read().decode("utf-8")
        try:
            return response.status, json.loads(text) if text else None
        except ValueError:
            return response.status, text
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()


class Partner:
    """One partner's doors."""

    def __init__(
        self,
        name: str,
        folder: pathlib.Path,
        hub_file: pathlib.Path,
        secrets: pathlib.Path,
        more: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self._announce = folder / f"{name}.json"
        self.log = folder / f"{name}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    PYTHON,
                    str(ROOT / "ops" / "partners" / f"{name}.py"),
                    "--announce",
                    str(self._announce),
                    "--hub",
                    str(hub_file),
                    "--secrets",
                    str(secrets),
                    *more,
                ],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        self.doors = ""
        self.url = ""

    def ready(self) -> None:
        def announced() -> bool:
            if self.process.poll() is not None:
                raise Failed(f"partner {self.name} ended at once: see {self.log}")
            return self._announce.exists()

        wait_for(announced, f"partner {self.name}", START_SECONDS)
        told = json.loads(self._announce.read_text("utf-8"))
        self.doors = told["doors"].removeprefix("http://")
        self.url = told.get("url") or ""

    def act(self, act: str, **what: Any) -> dict[str, Any]:
        status, answer = call(self.doors, "POST", "/acts", {"act": act, **what})
        if status != 200:
            raise Failed(f"{self.name}: act {act} was answered {status}: {answer}")
        return answer

    def fault(self, fault: str, **what: Any) -> None:
        status, answer = call(self.doors, "POST", "/faults", {"fault": fault, **what})
        if status != 200:
            raise Failed(f"{self.name}: fault {fault} was answered {status}: {answer}")

    def ledger(self, query: str = "") -> dict[str, Any]:
        return call(self.doors, "GET", f"/ledger{query}")[1]

    def entries(self, kind: str = "", key: str = "", direction: str = "") -> list[dict[str, Any]]:
        query = "&".join(f"{k}={v}" for k, v in (("kind", kind), ("key", key)) if v)
        found = self.ledger(f"?{query}" if query else "")["entries"]
        return [entry for entry in found if not direction or entry["direction"] == direction]

    def busy(self) -> int:
        return self.ledger("?since=1000000000")["busy"]

    def mark(self) -> int:
        """Grows with every entry."""
        return int(self.ledger("?since=1000000000")["last"])

    def end(self) -> None:
        end_process(self.process)


def end_process(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(40)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Hub:
    """The hub as a process; may be killed and started again on the same state."""

    def __init__(
        self,
        masar: pathlib.Path,
        folder: pathlib.Path,
        secrets: pathlib.Path,
        settings: dict[str, str],
        environment: dict[str, str] | None = None,
        config: pathlib.Path = ROOT / "config",
    ) -> None:
        self.config = config
        self.masar, self.folder, self.secrets, self.settings = masar, folder, secrets, settings
        self.environment = environment or {}
        self.addresses_file = folder / "hub.json"
        self.log = folder / "hub.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.addresses: dict[str, str] = {}
        self.token = ""

    def start(self, wait: bool = True) -> None:
        self.addresses_file.unlink(missing_ok=True)
        command = [
            str(self.masar),
            "run",
            str(self.config),
            "--state",
            str(self.folder / "state"),
            "--secrets",
            str(self.secrets),
            "--addresses",
            str(self.addresses_file),
        ]
        for name, value in self.settings.items():
            command += ["--set", f"{name}={value}"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **self.environment},
            )
        if wait:
            self.ready()

    def ready(self) -> None:
        def written() -> bool:
            if self.process is None or self.process.poll() is not None:
                raise Failed(f"the hub ended at once: see {self.log}")
            return self.addresses_file.exists()

        wait_for(written, "the hub", START_SECONDS)
        self.addresses = json.loads(self.addresses_file.read_text("utf-8"))
        self.token = (self.folder / "state" / "admin.token").read_text("utf-8").strip()

    def ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def status(self) -> int | None:
        """How it ended, as subprocess says it; None: it runs, or never did."""
        return None if self.process is None else self.process.poll()

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def end(self) -> None:
        if self.process is not None:
            end_process(self.process)

    def get(self, path: str) -> Any:
        status, answer = call(self.addresses["admin"], "GET", path, token=self.token)
        if status != 200:
            raise Failed(f"GET {path} was answered {status}: {answer}")
        return answer

    def post(self, path: str, body: Any = None) -> tuple[int, Any]:
        return call(self.addresses["admin"], "POST", path, {} if body is None else body, self.token)


class Stage:
    """Hub and partners together, on the stepped clock."""

    def __init__(
        self,
        masar: pathlib.Path,
        folder: pathlib.Path,
        environment: dict[str, str] | None = None,
        config: pathlib.Path = ROOT / "config",
        kind: type[Hub] = Hub,
        settings: dict[str, str] | None = None,
    ) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.secrets = folder / "secrets"
        subprocess.run(
            [PYTHON, str(ROOT / "ops" / "partners" / "make_secrets.py"), str(self.secrets)],
            check=True,
        )
        self.hub_file = folder / "hub.json"
        self.config, self.settings = config, dict(settings or {})
        self.prepare()
        self.partners: dict[str, Partner] = {}
        for name in PARTNERS:
            (folder / f"{name}.json").unlink(missing_ok=True)
            self.partners[name] = self.hire(name)
        for partner in self.partners.values():
            partner.ready()
        local = "127.0.0.1:0"
        self.hub = kind(
            masar,
            folder,
            self.secrets,
            {
                "traffic-url": self.partners["traffic"].url,
                "insurance-url": self.partners["insurance"].url,
                "sms-url": self.partners["sms"].url,
                "amqp-address": local,
                "http-address": local,
                "public-address": local,
                "admin-address": local,
                "clock": "stepped",
                **self.settings,
            },
            environment,
            self.config,
        )

    def prepare(self) -> None:
        """What there must be before the partners begin; may change `config` and `settings`."""

    def hire(self, name: str) -> Partner:
        return Partner(name, self.folder, self.hub_file, self.secrets)

    def __getattr__(self, name: str) -> Partner:
        partners = self.__dict__.get("partners", {})
        if name in partners:
            return partners[name]
        raise AttributeError(name)

    def end(self) -> None:
        self.hub.end()
        for partner in self.partners.values():
            partner.end()

    # Time.

    def quiet(self) -> bool:
        return all(partner.busy() == 0 for partner in self.partners.values())

    def step(self) -> bool:
        """Moves the clock once, when nothing moves by itself. False: something did."""
        if not self.quiet():
            return False
        try:
            status, answer = self.hub.post("/api/clock")
        except OSError:
            return False  # the hub is being started again
        if status == 200:
            return True
        if status == 409 and isinstance(answer, dict) and answer.get("code") == "nothing-due":
            raise Failed("nothing is due any more")
        return False

    def until(self, condition: Callable[[], Any], what: str, steps: int = 0) -> Any:
        """Waits for a condition; moves the clock at most `steps` times while nothing else moves."""
        limit = time.monotonic() + WAIT_SECONDS
        taken = 0
        while True:
            value = condition()
            if value:
                return value
            if taken < steps and self.settled():
                value = condition()  # what was on its way has come by now
                if value:
                    return value
                if not self.step():
                    continue
                taken += 1
                limit = time.monotonic() + WAIT_SECONDS
                continue
            if time.monotonic() > limit:
                raise Failed(f"waited {WAIT_SECONDS:.0f} s and {taken} steps for {what}")
            time.sleep(POLL_SECONDS)

    def settled(self) -> bool:
        """Whether neither partners nor hub have anything to do."""
        if not self.quiet():
            return False
        try:
            return self.hub.post("/api/clock?probe=true")[0] == 200
        except OSError:
            return False  # the hub is being started again

    def settle(self) -> None:
        wait_for(self.settled, "hub and partners to settle")

    # What the portal was told.

    def updates(self, application: str) -> list[dict[str, Any]]:
        """The case as the portal knows it, in order: an older update that comes late drops."""
        latest: list[dict[str, Any]] = []
        for entry in self.portal.entries("CaseUpdated", application, "in"):
            fields = entry["fields"]
            if not latest or int(fields["version"]) > int(latest[-1]["version"]):
                latest.append(fields)
        return latest

    def states(self, application: str) -> list[str]:
        way: list[str] = []
        for update in self.updates(application):
            if not way or way[-1] != update["state"]:
                way.append(update["state"])
        return way

    def state(self, application: str) -> str:
        states = self.states(application)
        return states[-1] if states else ""

    def case(self, application: str) -> dict[str, Any]:
        return self.hub.get(f"/api/cases/{application}")

    def tasks(self, application: str, name: str = "") -> list[dict[str, Any]]:
        found = self.hub.get(f"/api/tasks?case={application}")["tasks"]
        return [task for task in found if not name or task["name"] == name]

    def answer(self, task: dict[str, Any], answer: str, **fields: str) -> None:
        status, said = self.hub.post(
            f"/api/tasks/{task['id']}/answer", {"answer": answer, "fields": fields}
        )
        if status != 200:
            raise Failed(
                f"the answer {answer} to task {task['name']} was answered {status}: {said}"
            )


def copy_shipped(folder: pathlib.Path, over: pathlib.Path | None = None) -> pathlib.Path:
    """Copies the shipped configuration and its mappings into a folder, and over them those of
    another one. Returns the copy's config/."""
    for part in ("config", "mappings"):
        shutil.copytree(ROOT / part, folder / part)
        if over is not None:
            shutil.copytree(over / part, folder / part, dirs_exist_ok=True)
    return folder / "config"


def change(file: pathlib.Path, old: str, new: str) -> None:
    """Replaces a text that stands in the file once."""
    text = file.read_text("utf-8")
    if text.count(old) != 1:
        raise AssertionError(f"{text.count(old)} times in {file}: {old}")
    file.write_text(text.replace(old, new), "utf-8")


def note(text: str) -> None:
    """A line of progress."""
    print(text, file=sys.stderr, flush=True)
