"""RabbitMQ 3.10 as Debian has it: the hub takes from its queues and sends to them."""

from __future__ import annotations

import unittest

import queues
from desk import Desk
from peers import with_peer
from processes import free_ports, wait_for
from rabbitmq import PASSWORD, USER, RabbitMQ, queue
from side import Broker, Side
from town import Town

DEAD = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"}
QUEUES = [queue("shop", **DEAD), queue("relay", **DEAD), queue("dead"), queue("warehouse"),
          queue("back"), queue("doomed")]


@with_peer("RabbitMQ")
class OnRabbitMQ(Side, unittest.TestCase):
    shop, relay = "/amq/queue/shop", "/amq/queue/relay"
    warehouse, back, dead = "/queue/warehouse", "/queue/back", "/queue/dead"
    again = ("true", "0")  # it says that it is not the first time, and does not count

    @classmethod
    def make_broker(cls) -> RabbitMQ:
        cls.town = Town(cls.folder / "tls")
        cls.town.sign("rabbitmq", "/CN=rabbitmq", "DNS:localhost,IP:127.0.0.1")
        cls.town.sign("hub", f"/CN={USER}")
        cls.rabbitmq = RabbitMQ(cls.folder / "rabbitmq", QUEUES, {
            "certificate": cls.town.file("rabbitmq"), "key": cls.town.file("rabbitmq-key"),
            "trust": cls.town.file("city")})
        cls.login = (cls.rabbitmq.address, USER, PASSWORD)
        return cls.rabbitmq

    def restart(self) -> None:
        self.rabbitmq.kill()
        self.rabbitmq.start()

    def other_desk(self, name: str, connection: str, **settings: str) -> Desk:
        """One whose queues are none of the others'."""
        desk = Desk(self.folder / name,
                    {**{f"{each}-queue": f"/queue/{name}-{each}"
                        for each in ("shop", "warehouse", "relay", "back")}, **settings},
                    {"broker": PASSWORD, "authority": self.town.text("city"),
                     "certificate": self.town.text("hub"), "key": self.town.text("hub-key")},
                    connection)
        self.addCleanup(desk.end)
        return desk.start()

    def goes(self, name: str) -> None:
        self.broker.put(f"/queue/{name}-shop", queues.message("m", queues.order("N-1")))
        self.assertIn(b"N-1", bytes(self.broker.take(f"/queue/{name}-warehouse").body))

    def test_plain_over_tls(self) -> None:
        self.other_desk("plain", f'''<connection id="broker" connector="amqp" user="{USER}"
            password="secret:broker" hosts="localhost:{self.rabbitmq.tls_port}">
            <tls trust="secret:authority"/></connection>''')
        self.goes("plain")

    def test_a_certificate_in_place_of_a_password_and_the_second_host(self) -> None:
        nobody = free_ports(1)[0]
        self.other_desk("external", f'''<connection id="broker" connector="amqp" login="external"
            hosts="127.0.0.1:{nobody} 127.0.0.1:{self.rabbitmq.tls_port}">
            <tls trust="secret:authority" certificate="secret:certificate" key="secret:key"
                 version="1.3"/></connection>''')
        self.goes("external")

    def test_a_queue_that_is_deleted_is_asked_for_until_it_is_there_again(self) -> None:
        desk = self.other_desk("doomed", f'''<connection id="broker" connector="amqp"
            user="{USER}" password="secret:broker" hosts="{self.rabbitmq.address}"
            retry-first="PT0.1S" retry-max="PT0.5S"/>''', **{"shop-queue": "/amq/queue/doomed"})
        # A side of its own: a receiver that stays may have credit left, and take what comes later.
        first = Broker(*self.login)
        first.put("/amq/queue/doomed", queues.message("m-1", queues.order("D-1")))
        self.assertIn(b"D-1", bytes(first.take("/queue/doomed-warehouse").body))
        first.close()
        self.rabbitmq.control("delete_queue", "doomed")
        # RabbitMQ may cut the whole connection first; then the others come back, and this does not.
        wait_for(lambda: "link to /amq/queue/doomed" in desk.obstacle("shop-in"), "an obstacle")
        wait_for(lambda: desk.obstacle("relay-in") == "", "the other links")
        again = Broker(*self.login)
        self.addCleanup(again.close)
        again.put("/queue/doomed", queues.message("m-2", queues.order("D-2")))
        self.assertIn(b"D-2", bytes(again.take("/queue/doomed-warehouse").body))
        wait_for(lambda: desk.obstacle("shop-in") == "", "the link")


if __name__ == "__main__":
    unittest.main()
