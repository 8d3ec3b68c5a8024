#!/usr/bin/python3
"""The SMS gateway: Kannel's sendsms contract, as measured with Kannel 1.4.5, and its delivery
reports. Without an act every message is accepted and reported as taken by the centre (8) and
delivered (1). """

from __future__ import annotations

import http.client
import threading
import time
import urllib.parse
from typing import Any

import hub
from doors import Drop, Partner, Reply, Request, needed, run
from faults import BadRequest

USER = "masar"
RETRY_SECONDS = 0.1
GIVE_UP_SECONDS = 30.0
NUMBER_CHARACTERS = set("0123456789 +-")
REPORTS = {
    "delivered": [8, 1],
    "failed": [8, 2],
    "none": [],
    "twice": [8, 1, 1],
    "out-of-order": [1, 8],
    "buffered": [8, 4],
    "rejected": [16],
}
ANSWERS = {
    "accept": (202, "0: Accepted for delivery"),
    "queue": (202, "3: Queued for later delivery"),
    "reject": (403, "Not routable. Do not try again."),
    "silent": (0, ""),
}
STATES = {"delivered": 1, "failed": 2, "buffered": 4, "accepted": 8, "rejected": 16}
DEFAULT = {"answer": "accept", "report": "delivered"}
ANYONE = "*"


class Sms(Partner):
    name = "sms"
    service_path = "/cgi-bin/sendsms"

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self._lock = threading.Lock()
        self._modes: dict[str, dict[str, str]] = {}
        self._mode_changes = 0
        self._counts: dict[str, int] = {}
        self._urls: list[tuple[str, str]] = []
        self.act(
            "mode",
            self.mode,
            "how messages (to one number, or to all) are answered: accept, queue, "
            "reject, or silent (taken, but never answered); and reported: " + ", ".join(REPORTS),
            to="962791234567",
            answer="accept",
            report="failed",
        )
        self.act(
            "report",
            self.report,
            "one delivery report by hand, for the latest message to that number: "
            + ", ".join(STATES),
            to="962791234567",
            state="delivered",
        )

    def summary(self) -> dict[str, Any]:
        with self._lock:
            return {"byReportUrl": dict(self._counts)}

    # What the hub sends.

    def serve(self, request: Request) -> Reply:
        if request.path != self.service_path:
            return Reply(404, b"Unknown request.")
        asked = dict(request.query)
        refused = self._refusal(asked)
        if refused is not None:
            self.ledger.add(
                "in", "refused", asked.get("to"), {**_shown(asked), "answer": refused.body.decode()}
            )
            return refused
        return self.faulty("sendsms", request, lambda: self._take(asked, request))

    def _refusal(self, asked: dict[str, str]) -> Reply | None:
        password = self.secret("kannel-password")
        if password is not None and (asked.get("username"), asked.get("password")) != (
            USER,
            password,
        ):
            return Reply(403, b"Authorization failed for sendsms")
        if "to" not in asked:
            return Reply(400, b"Missing receiver number, rejected")
        if not asked["to"].strip():
            return Reply(400, b"Empty receiver number not allowed, rejected")
        if not set(asked["to"]) <= NUMBER_CHARACTERS:
            return Reply(400, b"Number(s) has/have been denied by white- and/or black-lists.")
        if not asked.get("from"):
            return Reply(400, b"Sender missing and no global set, rejected")
        if asked.get("coding", "0") not in ("0", "1", "2"):
            return Reply(400, b"Coding field misformated, rejected")
        return None

    def _take(self, asked: dict[str, str], request: Request) -> Reply:
        to, url = asked["to"], asked.get("dlr-url", "")
        text = asked.get("text", "")
        if asked.get("coding") != "2":  # what a centre makes of it without UCS-2
            text = text.encode("latin-1", "replace").decode("latin-1")
        with self._lock:
            mode = self._modes.get(to) or self._modes.get(ANYONE) or DEFAULT
            changes = self._mode_changes
            self._counts[url] = self._counts.get(url, 0) + 1
            self._urls.append((to, url))
        self.ledger.add(
            "in", "sendsms", to, {**_shown(asked), "text": text, "answer": mode["answer"]}
        )
        states = REPORTS[mode["report"]]
        if mode["answer"] == "silent":
            self._report_later(asked, states)
            with self.busy.held():
                while self._mode_changes == changes and request.alive():
                    time.sleep(0.05)
            raise Drop(reset=False)
        status, body = ANSWERS[mode["answer"]]
        if mode["answer"] == "reject":
            return Reply(status, body.encode())
        self.busy.add(1)  # the reports are due from now on

        def reports() -> None:
            self._report_later(asked, states)
            self.busy.add(-1)

        return Reply(status, body.encode(), after=reports)

    # The delivery reports.

    def _report_later(self, asked: dict[str, str], states: list[int]) -> None:
        mask = int(asked.get("dlr-mask") or 0)
        due = [state for state in states if state & mask]
        fault = self.faults.take("report", among=("duplicate",)) if due else None
        if fault:
            due = [state for state in due for _ in range(2)]
        if due and asked.get("dlr-url"):
            self.busy.add(1)
            threading.Thread(
                target=self._report_all, args=(asked["to"], asked["dlr-url"], due), daemon=True
            ).start()

    def _report_all(self, to: str, url: str, states: list[int]) -> None:
        try:
            for state in states:
                self._report_one(to, url, state)
        finally:
            self.busy.add(-1)

    def _report_one(self, to: str, url: str, state: int) -> None:
        """Until the hub answers; a hub that came back on another port is found by its addresses."""
        end = time.monotonic() + GIVE_UP_SECONDS
        target = urllib.parse.urlsplit(url.replace("%d", str(state)))
        path = target.path + (f"?{target.query}" if target.query else "")
        address = (target.hostname or "127.0.0.1", target.port or 80)
        self.ledger.add("out", "report", to, {"state": state, "url": url})
        while time.monotonic() < end:
            try:
                status, _ = hub.request(address, "GET", path)
            except (OSError, http.client.HTTPException):
                status = 0
                address = self.hub.address("http") or address
            if 200 <= status < 500 and status != 429:
                self.ledger.add("in", "reported", to, {"state": state, "status": status})
                return
            time.sleep(RETRY_SECONDS)
        self.ledger.add("in", "reported", to, {"state": state, "status": None})

    # What its people do.

    def mode(self, fields: dict[str, Any]) -> None:
        answer, report = fields.get("answer", "accept"), fields.get("report")
        if answer not in ANSWERS:
            raise BadRequest(f"answer is one of {', '.join(ANSWERS)}")
        if report is None:
            report = "delivered" if answer in ("accept", "queue") else "none"
        if report not in REPORTS:
            raise BadRequest(f"report is one of {', '.join(REPORTS)}")
        with self._lock:
            self._modes[_international(str(fields.get("to") or ANYONE))] = {
                "answer": answer,
                "report": report,
            }
            self._mode_changes += 1

    def report(self, fields: dict[str, Any]) -> None:
        to, state = _international(needed(fields, "to")), fields.get("state", "delivered")
        if state not in STATES:
            raise BadRequest(f"state is one of {', '.join(STATES)}")
        with self._lock:
            found = [url for number, url in self._urls if number == to and url]
        if not found:
            raise BadRequest("no message with a dlr-url went to that number")
        self.busy.add(1)
        threading.Thread(
            target=self._report_all, args=(to, found[-1], [STATES[state]]), daemon=True
        ).start()


def _international(number: str) -> str:
    """As the hub writes numbers: 07… and +962… as a person with curl would."""
    bare = number.lstrip("+").removeprefix("00")
    return f"962{bare[1:]}" if bare.startswith("07") else bare


def _shown(asked: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in asked.items() if name != "password"}


if __name__ == "__main__":
    run(Sms)
