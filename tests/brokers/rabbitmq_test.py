"""RabbitMQ 3.10 as Debian has it: the hub takes from its queues and sends to them."""

from __future__ import annotations

import shutil
import unittest

import queues
from desk import Desk, temporary_folder
from rabbitmq import PASSWORD, USER, RabbitMQ, queue

FOLDER = temporary_folder()
BROKER = RabbitMQ(FOLDER / "rabbitmq", [
    queue("shop", **{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"}),
    queue("dead"), queue("warehouse"), queue("back"),
    queue("relay", **{"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"})])


def setUpModule() -> None:
    BROKER.start()


def tearDownModule() -> None:
    BROKER.end()
    shutil.rmtree(FOLDER)


def connect() -> queues.BlockingConnection:
    return queues.connect(BROKER.address, USER, PASSWORD)


class Queues(unittest.TestCase):
    def setUp(self) -> None:
        self.desk = Desk(FOLDER / self.id(), {"hosts": BROKER.address,
                                              "shop-queue": "/amq/queue/shop"},
                         {"broker": PASSWORD}).start()
        self.addCleanup(self.desk.end)
        self.broker = connect()
        self.addCleanup(self.broker.close)

    def receiver(self, address: str, credit: int = 1):
        return self.broker.create_receiver(address, credit=credit, options=queues.Durable())

    def put(self, address: str, *messages: queues.Message) -> None:
        sender = self.broker.create_sender(address, options=queues.Durable())
        for each in messages:
            sender.send(each)  # the link stays: RabbitMQ answers no detach

    def test_an_order_goes_from_a_durable_queue_through_the_hub_to_another(self) -> None:
        self.put("/amq/queue/shop", queues.message("m-1", queues.order("A-1")))
        picked = self.receiver("/queue/warehouse")
        message = picked.receive(queues.PATIENCE_SECONDS)
        picked.accept()
        self.assertIn(b"<o:number>A-1</o:number>", bytes(message.body))
        self.assertTrue(message.durable)
        self.assertEqual("application/xml", message.content_type)


if __name__ == "__main__":
    unittest.main()
