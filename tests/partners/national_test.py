"""The national platform's contract, as PARTNERS.md has it."""

from __future__ import annotations

import http.client
import json
import unittest
import urllib.parse
from typing import Any

import standing
from standing import PartnerProcess

DATA = {"msisdn": "962791234567", "text": "مرحبا", "header": "GAM", "messageTypeId": 3}
LOGIN = {"username": "masar", "password": "n"}


class National(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = standing.folder()
        (self.folder / "national-password").write_text("n\n")
        self.platform = PartnerProcess("national", self.folder, secrets=self.folder)
        self.addCleanup(self.platform.end)

    def post(self, path: str, body: Any, token: str = "") -> tuple[int, Any]:
        url = urllib.parse.urlsplit(self.platform.where["url"])
        connection = http.client.HTTPConnection(url.netloc, timeout=20)
        try:
            headers = {"Content-Type": "application/json"}
            if token:
                headers["Authorization"] = token
            connection.request("POST", url.path + path, json.dumps(body).encode(), headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            return answer.status, json.loads(text) if text.startswith("{") else text
        finally:
            connection.close()

    def test_a_token_and_a_text(self) -> None:
        for prefixed in (True, False):
            self.platform.act("prefix", on=prefixed)
            status, said = self.post("/authenticate", LOGIN)
            self.assertEqual((200, prefixed), (status, said["token"].startswith("Bearer ")))
            token = "Bearer " + said["token"].removeprefix("Bearer ")
            status, said = self.post("/sendSmsNotifications", {"data1": DATA}, token)
            self.assertEqual(200, status)
            self.assertRegex(said["0"], r"^mobile number\[962791234567\] messagesId\[\d+\]$")
        self.assertEqual({DATA["msisdn"]: 2}, self.platform.call("GET", "/ledger")[1]["byNumber"])
        self.assertNotIn(token.removeprefix("Bearer "), str(self.platform.entries()))

    def test_what_is_refused(self) -> None:
        self.assertEqual(401, self.post("/authenticate", {**LOGIN, "password": "x"})[0])
        self.assertEqual(400, self.post("/authenticate", {"user": "masar"})[0])
        self.assertEqual(401, self.post("/sendSmsNotifications", {"data1": DATA}, "Bearer x")[0])
        token = "Bearer " + self.post("/authenticate", LOGIN)[1]["token"].removeprefix("Bearer ")
        self.assertEqual(400, self.post("/sendSmsNotifications", DATA, token)[0])
        self.platform.act("mode", answer="refuse")
        self.assertEqual((200, {"17": "invalid header"}),
                         self.post("/sendSmsNotifications", {"data1": DATA}, token))
        self.platform.act("forget")
        self.assertEqual(401, self.post("/sendSmsNotifications", {"data1": DATA}, token)[0])
        self.assertEqual({}, self.platform.call("GET", "/ledger")[1]["byNumber"])


if __name__ == "__main__":
    unittest.main()
