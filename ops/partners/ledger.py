"""What a partner writes down: everything it saw and did, in order, and how much it still has to
do."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Fields = dict[str, Any]
Clock = Callable[[], str | None]


class Busy:
    """Counts what a partner still has to do by itself. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._sources: list[Callable[[], int]] = []

    def add(self, change: int) -> None:
        with self._lock:
            self._count += change

    def also(self, source: Callable[[], int]) -> None:
        """Adds a count that is asked for each time (the length of a queue)."""
        self._sources.append(source)

    @contextmanager
    def work(self) -> Iterator[None]:
        """Inside, something is still to be done."""
        self.add(1)
        try:
            yield
        finally:
            self.add(-1)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside a work() block: an act or a fault holds it back until told, so it does not
        count."""
        self.add(-1)
        try:
            yield
        finally:
            self.add(1)

    def count(self) -> int:
        return self._count + sum(source() for source in self._sources)


class Ledger:
    """Entries only ever get appended. The business time of an entry is asked of the hub just after
    it was written, by a thread of its own, so that writing never waits; until it is known the entry
    counts as busy, so that the clock is not stepped meanwhile."""

    def __init__(self, partner: str, clock: Clock, busy: Busy) -> None:
        self.partner = partner
        self._clock = clock
        self._busy = busy
        self._entries: list[Fields] = []
        self._unstamped: list[Fields] = []
        self._changed = threading.Condition()
        busy.also(lambda: len(self._unstamped))
        threading.Thread(target=self._stamp, name="stamps", daemon=True).start()

    def add(
        self, direction: str, kind: str, key: str | None, fields: Fields | None = None, **more: Any
    ) -> Fields:
        """`direction` is in, out, act or fault; `more` are further members (raw, messageId, invalid
        …)."""
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
        entry: Fields = {
            "n": 0,
            "at": now,
            "business": None,
            "direction": direction,
            "kind": kind,
            "key": key,
            "fields": fields or {},
        }
        entry.update({name: value for name, value in more.items() if value is not None})
        with self._changed:
            entry["n"] = len(self._entries) + 1
            self._entries.append(entry)
            self._unstamped.append(entry)
            self._changed.notify_all()
        return entry

    def _stamp(self) -> None:
        while True:
            with self._changed:
                while not self._unstamped:
                    self._changed.wait()
                fresh = list(self._unstamped)
            now = self._clock()
            with self._changed:
                for entry in fresh:
                    entry["business"] = now
                del self._unstamped[: len(fresh)]

    def entries(
        self, since: int = 0, kind: str | None = None, key: str | None = None
    ) -> list[Fields]:
        with self._changed:
            found = self._entries[max(since, 0) :]
        return [
            e
            for e in found
            if (kind is None or e["kind"] == kind) and (key is None or e["key"] == key)
        ]

    def page(self, since: int = 0, kind: str | None = None, key: str | None = None) -> Fields:
        busy = self._busy.count()
        entries = self.entries(since, kind, key)
        last = len(self._entries)
        return {"partner": self.partner, "busy": busy, "last": last, "entries": entries}
