"""Apache Artemis: the hub takes from its queues and sends to them."""

from __future__ import annotations

import unittest

from side import Side

from artemis import PASSWORD, SKIPPED, USER, Artemis  # the path is set by side
from peers import with_peer


@with_peer("Apache Artemis")
@unittest.skipIf(SKIPPED, SKIPPED)
class OnArtemis(Side, unittest.TestCase):
    shop, warehouse, relay, back, dead = "shop", "warehouse", "relay", "back", "dead"
    again = ("true", "1")  # it counts what is given back as modified

    @classmethod
    def settings(cls) -> dict[str, str]:
        return {**super().settings(), "gives-back": "modified"}

    @classmethod
    def make_broker(cls) -> Artemis:
        cls.artemis = Artemis(cls.folder / "artemis",
                              [cls.shop, cls.warehouse, cls.relay, cls.back, cls.dead])
        cls.login = (cls.artemis.address, USER, PASSWORD)
        return cls.artemis

    def restart(self) -> None:
        self.artemis.kill()
        self.artemis.start()


if __name__ == "__main__":
    unittest.main()
