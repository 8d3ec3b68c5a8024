"""What can befall hub, network, disk, database and partners, each a strike that heals what it broke
before it is over. Knows nothing of the service."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from cluster import Cluster
from relay import Relay
from stage import ROOT, Failed, Hub, Stage, wait_for

sys.path.append(str(ROOT / "ops" / "partners"))
from faults import KINDS  # noqa: E402

FIU_LIBRARIES = "/usr/lib/fiu/fiu_run_preload.so /usr/lib/fiu/fiu_posix_preload.so"
EIO, ENOSPC = 5, 28
NOTICED_SECONDS = 2.0  # how long a strike waits for something to happen under it
END_SECONDS = 30.0


class StruckHub(Hub):
    """A hub behind relays, its system calls under libfiu's control."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.partners_file = self.addresses_file  # what partners read says where the relays are
        self.addresses_file = self.folder / "hub-itself.json"
        self.relays = {"amqp": Relay(), "http": Relay()}
        self.database: Cluster | None = None
        self._fifo = self.folder / "fiu"

    def stand_on(self, database: Cluster) -> None:
        """PostgreSQL, behind a relay; before the first start."""
        self.database = database
        relay = self.relays["database"] = Relay()
        relay.point_to(str(database.socket))
        host, port = relay.address.split(":")
        self.settings = {
            **self.settings,
            **database.settings(f"host={host} port={port} user=masar dbname=postgres"),
        }

    def start(self, wait: bool = True) -> None:
        plain = self.environment
        self.environment = {
            **plain,
            "LD_PRELOAD": FIU_LIBRARIES,
            "FIU_CTRL_FIFO": str(self._fifo),
        }
        try:
            super().start(wait)
        finally:
            self.environment = plain

    def ready(self) -> None:
        super().ready()
        doors = {name: self.relays[name] for name in ("amqp", "http")}
        for name, relay in doors.items():
            relay.point_to(self.addresses[name])
        told = {**self.addresses, **{name: relay.address for name, relay in doors.items()}}
        draft = self.partners_file.with_suffix(".draft")
        draft.write_text(json.dumps(told), "utf-8")
        draft.rename(self.partners_file)

    def end(self) -> None:
        super().end()
        for relay in self.relays.values():
            relay.end()

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def system_calls(self, command: str) -> None:
        """A command for libfiu in the hub's process, such as `disable name=posix/io/sync`."""
        assert self.process is not None
        subprocess.run(
            ["fiu-ctrl", "-f", str(self._fifo), "-c", command, str(self.process.pid)],
            check=False,  # the hub may have ended meanwhile
            timeout=END_SECONDS,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


class Striker:
    """Draws strikes by a seed and carries them out one after another. One thread."""

    def __init__(self, stage: Stage, seed: int, only: list[str]) -> None:
        """`only`: the names of those that may be drawn; empty: all."""
        self._stage = stage
        self._only = only
        self._random = random.Random(seed)
        hub = stage.hub
        assert isinstance(hub, StruckHub)
        self._hub = hub
        self.count: dict[str, int] = {}
        own: dict[str, Callable[[], None]] = {
            "hub killed": self._killed,
            "hub killed twice": self._killed_twice,
            "hub frozen": self._frozen,
            "hub stopped in order": self._stopped,
            "AMQP answer lost": lambda: self._cut("amqp"),
            "HTTP answer lost": lambda: self._cut("http"),
            "half-open connections": self._half_open,
        }
        if hub.database is None:
            own |= {"disk full": self._disk_full, "fsync fails": self._sync_fails}
        else:
            own |= {
                "database killed": self._database_killed,
                "database frozen": self._database_frozen,
                "database out of connections": self._database_full,
                "database answer lost": lambda: self._cut("database"),
            }
        of_partners: dict[str, Callable[[], None]] = {
            f"{partner} {fault}": lambda p=partner, f=fault: self._partner(p, f)
            for partner in ("portal", "departments", "traffic", "insurance", "switch", "sms")
            for fault in KINDS
        }
        self._own, self._of_partners = list(own), list(of_partners)
        self._strikes = own | of_partners

    @property
    def names(self) -> list[str]:
        return list(self._strikes)

    def pause(self) -> float:
        return self._random.uniform(0.02, 0.4)

    def draw(self) -> str:
        """Half of the strikes are the hub's own."""
        if self._only:
            return self._random.choice(self._only)
        return self._random.choice(self._own if self._random.random() < 0.5 else self._of_partners)

    def strike(self, name: str) -> None:
        self._strikes[name]()
        self.count[name] = self.count.get(name, 0) + 1

    def heal(self) -> None:
        for relay in self._hub.relays.values():
            relay.heal()
        for partner in self._stage.partners.values():
            partner.fault("none")
        if self._hub.ended():
            self._hub.start()

    # The hub

    def _killed(self) -> None:
        self._hub.kill()
        self._hub.start()

    def _killed_twice(self) -> None:
        self._hub.kill()
        self._hub.start(wait=False)
        time.sleep(self._random.uniform(0.05, 2))
        self._hub.kill()
        self._hub.start()

    def _frozen(self) -> None:
        self._hub.signal(signal.SIGSTOP)
        time.sleep(self._random.uniform(0.3, 2))
        self._hub.signal(signal.SIGCONT)

    def _stopped(self) -> None:
        assert self._hub.process is not None
        self._hub.signal(signal.SIGTERM)
        try:
            status = self._hub.process.wait(END_SECONDS + 5)
        except subprocess.TimeoutExpired:
            raise Failed("the hub did not stop within 35 s") from None
        if status != 0:
            raise Failed(f"the hub stopped with {status}")
        self._hub.start()

    # The network

    def _cut(self, name: str) -> None:
        relay = self._hub.relays[name]
        before = relay.cuts
        relay.cut_after(self._random.randrange(600))
        with contextlib.suppress(Failed):
            wait_for(lambda: relay.cuts > before, "a cut", NOTICED_SECONDS)
        relay.heal()

    def _half_open(self) -> None:
        for relay in self._hub.relays.values():
            relay.freeze()
        time.sleep(self._random.uniform(0.3, 2))
        for relay in self._hub.relays.values():
            relay.thaw()

    # The disk

    def _disk_full(self) -> None:
        self._hub.system_calls(f"enable name=posix/io/rw/pwrite,failinfo={ENOSPC}")
        time.sleep(self._random.uniform(0.3, 2))
        self._hub.system_calls("disable name=posix/io/rw/pwrite")

    def _sync_fails(self) -> None:
        """The hub ends by itself at its next commit, and acknowledges nothing of it."""
        self._hub.system_calls(f"enable name=posix/io/sync/fdatasync,failinfo={EIO}")
        with contextlib.suppress(Failed):
            wait_for(self._hub.ended, "the hub to end", NOTICED_SECONDS)
        if self._hub.ended():
            self._hub.start()
        else:
            self._hub.system_calls("disable name=posix/io/sync/fdatasync")

    # The database

    def _database_killed(self) -> None:
        database = self._database()
        database.kill()
        time.sleep(self._random.uniform(0, 1.5))
        database.start()

    def _database_frozen(self) -> None:
        database = self._database()
        database.freeze()
        time.sleep(self._random.uniform(0.3, 2))
        database.thaw()

    def _database_full(self) -> None:
        """Others hold every connection while the hub needs new ones."""
        database, relay = self._database(), self._hub.relays["database"]
        others = [database.visitor() for _ in range(database.connections)]
        relay.freeze()
        relay.thaw()
        others += [database.visitor() for _ in range(database.connections)]
        time.sleep(self._random.uniform(0.3, 2))
        for each in others:
            each.kill()
        for each in others:
            each.wait()

    def _database(self) -> Cluster:
        assert self._hub.database is not None
        return self._hub.database

    # Partners

    def _partner(self, name: str, fault: str) -> None:
        partner = self._stage.partners[name]
        partner.fault(fault, count=self._random.randint(1, 3), ms=self._random.randint(200, 2000))
        if fault == "silent":
            time.sleep(self._random.uniform(0.5, NOTICED_SECONDS))
            partner.fault("none")
