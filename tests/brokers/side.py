"""What every broker is asked to do with the hub: one list of tests, run against each."""

from __future__ import annotations

import contextlib
import shutil
import threading
from typing import Any

import queues
from desk import DESK_PASSWORD, Desk, temporary_folder
from processes import START_SECONDS, wait_for
from proton import Delivery, ProtonException


def flush(connection: queues.BlockingConnection) -> None:
    """What was settled goes out: a blocking connection moves only while one waits on it."""
    connection.wait(lambda: connection.conn.transport.pending() <= 0)


def close(connection: queues.BlockingConnection) -> None:
    connection.timeout = 5  # one that is lost already answers nothing
    with contextlib.suppress(ProtonException):
        connection.close()


class Broker:
    """The other side of the broker's queues, by a connection of its own."""

    def __init__(self, address: str, user: str, password: str) -> None:
        self.connection = queues.connect(address, user, password)
        self._receivers: dict[str, Any] = {}
        self._senders: dict[str, Any] = {}

    def put(self, address: str, *messages: queues.Message) -> None:
        """Returns once all are accepted. Links stay: RabbitMQ answers no detach."""
        if address not in self._senders:
            self._senders[address] = self.connection.create_sender(address,
                                                                   options=queues.Durable())
        for each in messages:
            self._senders[address].send(each)

    def take(self, address: str) -> queues.Message:
        """The next message of a queue, accepted."""
        if address not in self._receivers:
            self._receivers[address] = self.connection.create_receiver(address, credit=1,
                                                                       options=queues.Durable())
        message = self._receivers[address].receive(queues.PATIENCE_SECONDS)
        self._receivers[address].accept()
        flush(self.connection)
        return message

    def close(self) -> None:
        close(self.connection)


class Partner:
    """The desk: it sends to the hub's listener and receives from it."""

    def __init__(self, desk: Desk) -> None:
        self.connection = queues.connect(desk.address, "desk", DESK_PASSWORD)
        self.inlet = self.connection.create_sender("desk.in")
        self.outlet = self.connection.create_receiver("desk.out", credit=1)

    def next(self) -> queues.Message:
        return self.outlet.receive(queues.PATIENCE_SECONDS)

    def settle(self, state: int) -> None:
        self.outlet.settle(state)
        flush(self.connection)

    def close(self) -> None:
        close(self.connection)


class Orders:
    """Puts orders into a queue until each is accepted, whatever happens to the broker."""

    def __init__(self, address: str, user: str, password: str, queue: str, count: int) -> None:
        self._where = (address, user, password)
        self._queue, self._count = queue, count
        self.put = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while self.put < self._count:
            try:
                broker = Broker(*self._where)
                while self.put < self._count:
                    number = f"L-{self.put}"
                    broker.put(self._queue, queues.message(number, queues.order(number)))
                    self.put += 1
                broker.close()
            except Exception:  # noqa: BLE001 - it goes on, whatever the library says of the loss
                wait_for(self._reachable, "the broker", START_SECONDS)

    def _reachable(self) -> bool:
        try:
            Broker(*self._where).close()
            return True
        except Exception:  # noqa: BLE001
            return False

    def wait(self) -> None:
        self._thread.join(2 * START_SECONDS)
        assert self.put == self._count, f"{self.put} of {self._count} orders were accepted"


class Side:
    """The tests themselves, for a unittest.TestCase of one broker: `make_broker` (which sets
    `login`: address, user, password), addresses of its queues, and what a message that was given
    back looks like (`again`: redelivered, delivery-count)."""

    shop = warehouse = relay = back = dead = ""
    login = ("", "", "")
    again = ("", "")

    @classmethod
    def settings(cls) -> dict[str, str]:
        return {"hosts": cls.login[0], "shop-queue": cls.shop, "warehouse-queue": cls.warehouse,
                "relay-queue": cls.relay, "back-queue": cls.back}

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = temporary_folder()
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        broker = cls.make_broker()
        cls.addClassCleanup(broker.end)
        broker.start()
        cls.desk = Desk(cls.folder / "desk", cls.settings(), {"broker": cls.login[2]}).start()
        cls.addClassCleanup(cls.desk.end)
        wait_for(lambda: not any("obstacle" in row for row in cls.desk.endpoints()),
                 "all the links")

    def setUp(self) -> None:
        self.broker = Broker(*self.login)
        self.addCleanup(lambda: self.broker.close())
        self.partner = Partner(self.desk)
        self.addCleanup(self.partner.close)

    def test_an_order_goes_from_a_durable_queue_through_the_hub_to_another(self) -> None:
        self.broker.put(self.shop, queues.message("m-1", queues.order("A-1")))
        message = self.broker.take(self.warehouse)
        self.assertIn(b"<o:number>A-1</o:number>", bytes(message.body))
        self.assertTrue(message.durable)
        self.assertEqual("application/xml", message.content_type)

    def test_what_repeats_a_message_id_is_taken_once(self) -> None:
        for number in ("B-1", "B-1", "B-2"):
            self.broker.put(self.shop, queues.message(f"m-{number}", queues.order(number)))
        got = [bytes(self.broker.take(self.warehouse).body) for _ in range(2)]
        self.assertEqual([True, True], [f"B-{i + 1}".encode() in b for i, b in enumerate(got)])

    def test_what_is_refused_goes_to_the_dead_letters(self) -> None:
        self.broker.put(self.shop, queues.message("m-bad", "<no order"))
        self.assertEqual("m-bad", self.broker.take(self.dead).id)

    def test_a_large_message_is_refused_and_the_next_goes(self) -> None:
        self.broker.put(self.shop, queues.message("m-large", queues.order("C-1", "x" * 300_000)),
                        queues.message("m-small", queues.order("C-2")))
        self.assertEqual("m-large", self.broker.take(self.dead).id)
        self.assertIn(b"C-2", bytes(self.broker.take(self.warehouse).body))

    def test_a_message_of_the_desk_gets_the_brokers_outcome(self) -> None:
        delivery = self.partner.inlet.send(queues.message("m-back", "<a/>"))
        self.assertEqual(Delivery.ACCEPTED, delivery.remote_state)
        self.assertEqual("<a/>", bytes(self.broker.take(self.back).body).decode())

    def test_what_the_desk_rejects_goes_to_the_dead_letters(self) -> None:
        self.broker.put(self.relay, queues.message("m-rejected", "<a/>"))
        self.partner.next()
        self.partner.settle(Delivery.REJECTED)
        self.assertEqual("m-rejected", self.broker.take(self.dead).id)

    def test_what_the_desk_releases_comes_again(self) -> None:
        self.broker.put(self.relay, queues.message("m-released", "<a/>"))
        first = self.partner.next()
        self.assertEqual("false", first.properties["redelivered"])
        self.partner.settle(Delivery.RELEASED)
        again = self.partner.next()
        self.assertEqual(self.again, (again.properties["redelivered"],
                                               again.properties["delivery-count"]))
        self.partner.settle(Delivery.ACCEPTED)

    def test_a_paused_endpoint_takes_nothing(self) -> None:
        self.assertEqual(200, self.desk.hub.post("/api/endpoints/shop-in/pause")[0])
        self.broker.put(self.shop, queues.message("m-paused", queues.order("P-1")))
        # It is still there for another receiver, which goes with its connection.
        other = Broker(*self.login)
        self.addCleanup(other.close)
        self.assertEqual("m-paused", other.take(self.shop).id)
        other.close()
        self.assertEqual(200, self.desk.hub.post("/api/endpoints/shop-in/resume")[0])
        self.broker.put(self.shop, queues.message("m-resumed", queues.order("P-2")))
        self.assertIn(b"P-2", bytes(self.broker.take(self.warehouse).body))

    def test_z_a_broker_that_is_killed_under_load_loses_and_doubles_nothing(self) -> None:
        count = 150
        self.partner.close()  # it has no part in this
        orders = Orders(*self.login, self.shop, count)
        wait_for(lambda: orders.put > count // 4, "a quarter of the orders")
        self.restart()
        orders.wait()
        self.broker = Broker(*self.login)
        seen: dict[str, set[str]] = {}
        while len(seen) < count:
            message = self.broker.take(self.warehouse)
            number = bytes(message.body).decode().split("number>")[1].split("<")[0]
            seen.setdefault(number, set()).add(str(message.id))
        self.assertEqual({f"L-{i}" for i in range(count)}, set(seen))
        # What comes twice has the same message-id, by which the warehouse knows it.
        self.assertEqual([], [number for number, ids in seen.items() if len(ids) != 1])
