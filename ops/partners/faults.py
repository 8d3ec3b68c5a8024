"""Faults that a partner is told to have, for the next N calls or until they are taken back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

KINDS = (
    "slow",
    "silent",
    "500",
    "reset",
    "did-it-but-no-answer",
    "duplicate",
    "out-of-order",
    "garbage",
)
#: What a proxy on the way says in place of a partner.
GARBAGE = b"<!DOCTYPE html><html><body>Welcome! <br> Please come again.</body></html>\n"
SLOW_MS = 2000
OUT_OF_ORDER_MS = 500


class BadRequest(ValueError):
    """What was asked of a door makes no sense; the text says why."""


@dataclass
class Fault:
    kind: str
    count: int | None
    operation: str | None
    ms: int

    def shown(self) -> dict[str, Any]:
        return {"fault": self.kind, "count": self.count, "operation": self.operation, "ms": self.ms}


class Faults:
    """Any thread."""

    def __init__(self) -> None:
        self._active: list[Fault] = []
        self._changed = threading.Condition()
        self._generation = 0
        self._on_clear: list[Callable[[], None]] = []

    def set(self, wanted: dict[str, Any]) -> None:
        kind = str(wanted.get("fault", ""))
        if kind == "none":
            self.clear()
            return
        if kind not in KINDS:
            raise BadRequest(f"fault is one of {', '.join(KINDS)} or none")
        count = wanted.get("count")
        if count is not None and (not isinstance(count, int) or count < 1):
            raise BadRequest("count is a positive number, or null until taken back")
        default = SLOW_MS if kind == "slow" else OUT_OF_ORDER_MS
        with self._changed:
            self._active.append(
                Fault(kind, count, wanted.get("operation"), int(wanted.get("ms") or default))
            )

    def clear(self) -> None:
        """Takes all faults back and lets go of whatever they hold."""
        with self._changed:
            self._active.clear()
            self._generation += 1
            self._changed.notify_all()
        for callback in self._on_clear:
            callback()

    def on_clear(self, callback: Callable[[], None]) -> None:
        self._on_clear.append(callback)

    def take(self, operation: str, among: tuple[str, ...] = KINDS) -> Fault | None:
        """The first fault that applies to this call, counted down."""
        with self._changed:
            for fault in self._active:
                if fault.kind not in among or fault.operation not in (None, operation):
                    continue
                if fault.count is not None:
                    fault.count -= 1
                    if fault.count == 0:
                        self._active.remove(fault)
                return fault
        return None

    def wait_until_cleared(self, alive: Callable[[], bool] = lambda: True) -> None:
        """Returns when all faults are taken back, or when `alive` says that nobody waits any
        more."""
        with self._changed:
            generation = self._generation
            while self._generation == generation and alive():
                self._changed.wait(0.1)

    def shown(self) -> list[dict[str, Any]]:
        with self._changed:
            return [fault.shown() for fault in self._active]


class Swap:
    """Out of order: the first one waits until the next has gone by, but not for ever. Any
    thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._passed = 0

    def wait_for_next(self, ms: int) -> None:
        end = time.monotonic() + ms / 1000
        with self._changed:
            before = self._passed
            while self._passed == before and time.monotonic() < end:
                self._changed.wait(end - time.monotonic())

    def gone_by(self) -> None:
        with self._changed:
            self._passed += 1
            self._changed.notify_all()
