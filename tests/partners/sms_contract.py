"""What Kannel's sendsms answers (PARTNERS.md): held against the simulated gateway here, and against
the real program in tests/peers."""

from __future__ import annotations

# What is changed in a usual call (None: left out), the status, how the text begins.
CONTRACT: tuple[tuple[dict[str, str | None], int, str], ...] = (
    ({}, 202, "0: Accepted for delivery"),
    ({"password": "x"}, 403, "Authorization failed for sendsms"),
    ({"to": None}, 400, "Missing receiver number, rejected"),
    ({"to": "abc"}, 400, "Number(s) has/have been denied by white- and/or black-lists."),
    ({"from": None}, 400, "Sender missing"),
    ({"coding": "9"}, 400, "Coding"),
    ({"text": None}, 202, "0: Accepted for delivery"),
)
