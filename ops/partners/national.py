#!/usr/bin/python3
"""The national SMS platform: a login whose token is valid one minute, and one text a call. It
knows no repetition and sends no delivery reports."""

from __future__ import annotations

import itertools
import json
import secrets
import threading
import time
from typing import Any

from doors import Partner, Reply, Request, run
from faults import BadRequest

USER = "masar"
SECRET = "national-password"
TOKEN_SECONDS = 60.0
MESSAGE_TYPE = 3
JSON = "application/json"
FIELDS = {"msisdn", "text", "header", "messageTypeId"}
ANSWERS = ("accept", "refuse", "busy", "nonsense", "silent")


class National(Partner):
    name = "national"
    service_path = "/bulk"

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._tokens: dict[str, float] = {}  # token → when it ends
        self._mode = "accept"
        self._prefix = True
        self._counts: dict[str, int] = {}
        self.act("mode", self.mode, "how texts are answered: " + ", ".join(ANSWERS) +
                 "; silent: taken, but never answered", answer="refuse")
        self.act("prefix", self.prefix, "whether tokens come with the prefix Bearer", on=False)
        self.act("forget", self.forget, "every token is over, whatever its time")

    def summary(self) -> dict[str, Any]:
        with self._lock:
            return {"byNumber": dict(self._counts)}

    # What the hub sends.

    def serve(self, request: Request) -> Reply:
        if request.method != "POST":
            return Reply(405, b"POST\n")
        if request.path == f"{self.service_path}/authenticate":
            return self.faulty("authenticate", request, lambda: self._authenticate(request))
        if request.path == f"{self.service_path}/sendSmsNotifications":
            return self.faulty("send", request, lambda: self._send(request))
        return Reply(404, b"there is nothing here\n")

    def _authenticate(self, request: Request) -> Reply:
        said = _object(request.body)
        password = self.secret(SECRET)
        if said is None or set(said) != {"username", "password"}:
            return Reply(400, b"{}", JSON)
        if password is not None and (said["username"], said["password"]) != (USER, password):
            self.ledger.add("in", "login-refused", None, {"username": said["username"]})
            return Reply(401, b"{}", JSON)
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._tokens[token] = time.monotonic() + TOKEN_SECONDS
            shown = ("Bearer " if self._prefix else "") + token
        self.ledger.add("in", "login", None, {"username": said["username"]})
        return Reply(200, json.dumps({"token": shown}).encode(), JSON)

    def _send(self, request: Request) -> Reply:
        kind, _, token = (request.headers.get("Authorization") or "").partition(" ")
        with self._lock:
            valid = kind == "Bearer" and self._tokens.get(token, 0.0) > time.monotonic()
            mode = self._mode
        if not valid:
            self.ledger.add("in", "token-refused", None, {})
            return Reply(401, b"{}", JSON)
        said = _object(request.body)
        data = said.get("data1") if said is not None and set(said) == {"data1"} else None
        if not isinstance(data, dict) or set(data) != FIELDS:
            self.ledger.add("in", "refused", None, {"invalid": True})
            return Reply(400, b"{}", JSON)
        if mode == "busy":
            return Reply(503, b"{}", JSON, headers={"Retry-After": "1"})
        if mode == "refuse" or data["messageTypeId"] != MESSAGE_TYPE:
            self.ledger.add("in", "refused", data["msisdn"], data)
            return Reply(200, json.dumps({"17": "invalid header"}).encode(), JSON)
        return self._take(data, mode, request)

    def _take(self, data: dict[str, Any], mode: str, request: Request) -> Reply:
        to = data["msisdn"]
        with self._lock:
            self._counts[to] = self._counts.get(to, 0) + 1
        self.ledger.add("in", "send", to, data)
        if mode == "silent":
            with self.busy.held():
                while self._mode == mode and request.alive():
                    time.sleep(0.05)
        if mode == "nonsense":
            return Reply(200, b"<html>messagesId[1]</html>", "text/html")
        sent = f"mobile number[{to}] messagesId[{next(self._numbers)}]"
        return Reply(200, json.dumps({"0": sent}).encode(), JSON)

    # What its people do.

    def mode(self, fields: dict[str, Any]) -> None:
        answer = fields.get("answer", "accept")
        if answer not in ANSWERS:
            raise BadRequest(f"answer is one of {', '.join(ANSWERS)}")
        self._mode = answer

    def prefix(self, fields: dict[str, Any]) -> None:
        self._prefix = bool(fields.get("on", True))

    def forget(self, fields: dict[str, Any]) -> None:
        with self._lock:
            self._tokens.clear()


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(body)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


if __name__ == "__main__":
    run(National)
