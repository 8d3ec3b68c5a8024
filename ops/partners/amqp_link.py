"""One AMQP 1.0 connection to the hub: a sender to `USER.in`, a receiver from `USER.out`.

What is posted stays until the hub has settled it; when the connection drops it is sent again under
the same message-id over the next one. Proton's container runs on a thread of the link's own; other
threads only post() and wake it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lxml import etree
from proton import Message
from proton.handlers import MessagingHandler
from proton.reactor import ApplicationEvent, Container, EventInjector

import wire
from doors import Partner
from faults import GARBAGE, Fault

RECONNECT_SECONDS = 0.05
RESEND_SECONDS = 0.1
PREFETCH = 100
BROKEN_STATUS = 70

logging.getLogger("proton").setLevel(logging.CRITICAL)


@dataclass
class Incoming:
    """A message from the hub, read."""

    kind: str
    key: str | None
    fields: dict[str, Any]
    root: etree._Element | None
    message_id: str
    again: bool  #: its message-id was seen before


@dataclass
class Outgoing:
    """A message for the hub. `state`: queued, sent, waiting (to be sent again)."""

    kind: str
    key: str | None
    message_id: str
    encoded: bytes
    fields: dict[str, Any]
    state: str = "queued"
    times: int = 0


#: Returns why the message is refused, or None.
OnMessage = Callable[["AmqpLink", Incoming], str | None]


class AmqpLink(MessagingHandler):
    def __init__(self, partner: Partner, user: str, on_message: OnMessage) -> None:
        super().__init__(prefetch=PREFETCH, auto_accept=False)
        self.user = user
        self._partner = partner
        self._deliver = on_message
        self._lock = threading.Lock()
        self._outbox: list[Outgoing] = []
        self._postponed: list[Outgoing] = []
        self._seen: set[str] = set()
        # From here on: the container's thread only.
        self._sent: dict[str, Outgoing] = {}
        self._held: list[tuple[Any, Incoming]] = []
        self._connection: Any = None
        self._sender: Any = None
        self._tags = 0
        self._trouble = ""
        self._injector = EventInjector()
        self._container = Container(self)
        self._container.selectable(self._injector)
        partner.busy.also(self.unsettled)
        partner.faults.on_clear(self.wake)

    # Any thread.

    def start(self) -> None:
        threading.Thread(target=self._run, name=f"amqp-{self.user}", daemon=True).start()

    def _run(self) -> None:
        """A mistake of the simulation ends the partner, and loudly: a silent one would look like a
        fault of the hub."""
        try:
            self._container.run()
        except BaseException:
            logging.getLogger("partner").exception("the link of %s broke down", self.user)
            os._exit(BROKEN_STATUS)

    def wake(self) -> None:
        self._injector.trigger(ApplicationEvent("wake"))

    def unsettled(self) -> int:
        with self._lock:
            return len(self._outbox) + len(self._postponed)

    def post(
        self,
        kind: str,
        key: str | None,
        message_id: str,
        body: bytes,
        fields: dict[str, Any],
        content_type: str = "application/xml",
    ) -> None:
        message = Message(
            id=message_id,
            correlation_id=key,
            body=body,
            inferred=True,
            durable=True,
            content_type=content_type,
        )
        self.post_encoded(Outgoing(kind, key, message_id, message.encode(), fields))

    def post_encoded(self, one: Outgoing) -> None:
        fault = self._partner.faults.take(one.kind, among=("duplicate", "out-of-order", "garbage"))
        with self._lock:
            if fault and fault.kind == "out-of-order":
                self._postponed.append(one)
                threading.Timer(fault.ms / 1000, self._no_longer_postponed).start()
            else:
                if fault and fault.kind == "garbage":
                    self._outbox.append(_garbage())
                self._outbox.append(one)
                if fault and fault.kind == "duplicate":
                    self._outbox.append(
                        Outgoing(one.kind, one.key, one.message_id, one.encoded, one.fields)
                    )
                self._outbox += self._postponed
                self._postponed.clear()
        if fault:
            self._partner.ledger.add("fault", fault.kind, one.key, {"operation": one.kind})
        self.wake()

    def _no_longer_postponed(self) -> None:
        with self._lock:
            self._outbox += self._postponed
            self._postponed.clear()
        self.wake()

    # The container's thread.

    def on_start(self, event: Any) -> None:
        self._connect()

    def on_timer_task(self, event: Any) -> None:
        self._connect()

    def _connect(self) -> None:
        address = self._partner.hub.address("amqp")
        if address is None:
            self._container.schedule(RECONNECT_SECONDS, self)
            return
        password = self._partner.secret(f"amqp-{self.user}")
        login = (
            {"user": self.user, "password": password, "allowed_mechs": "PLAIN"}
            if password
            else {"allowed_mechs": "ANONYMOUS"}
        )
        host, port = address
        self._connection = self._container.connect(
            f"{host}:{port}", reconnect=False, allow_insecure_mechs=True, **login
        )

    def on_connection_opened(self, event: Any) -> None:
        if event.connection == self._connection and self._sender is None:
            self._trouble = ""
            inlet, outlet = (
                self._partner.hub.link_address(f"{self.user}.{end}") for end in ("in", "out")
            )
            self._sender = self._container.create_sender(self._connection, inlet)
            self._container.create_receiver(self._connection, outlet)

    def on_sendable(self, event: Any) -> None:
        self._pump()

    def on_wake(self, event: Any) -> None:
        self._pump()
        if not self._still_silent():
            held, self._held = self._held, []
            for delivery, incoming in held:
                self._take(delivery, incoming)

    def _still_silent(self) -> bool:
        return any(fault["fault"] == "silent" for fault in self._partner.faults.shown())

    def _pump(self) -> None:
        if self._sender is None:
            return
        with self._lock:
            ready = [one for one in self._outbox if one.state == "queued"]
        for one in ready:
            if self._sender.credit <= 0:
                return
            self._tags += 1
            tag = str(self._tags)
            self._sent[tag] = one
            one.state = "sent"
            one.times += 1
            self._sender.delivery(tag)
            self._sender.stream(one.encoded)
            self._sender.advance()
            self._partner.ledger.add(
                "out",
                one.kind,
                one.key,
                one.fields,
                messageId=one.message_id,
                link=self.user,
                again=True if one.times > 1 else None,
            )

    def on_accepted(self, event: Any) -> None:
        self._settled(event.delivery, "accepted")

    def on_rejected(self, event: Any) -> None:
        self._settled(event.delivery, "rejected")

    def on_released(self, event: Any) -> None:
        one = self._sent.pop(event.delivery.tag, None)
        if one is None:
            return
        one.state = "waiting"
        self._note(one, "released", None)
        self._container.schedule(RESEND_SECONDS, _SendAgain(self, one))

    def _settled(self, delivery: Any, outcome: str) -> None:
        one = self._sent.pop(delivery.tag, None)
        if one is None:
            return
        self._note(one, outcome, delivery.remote.condition)
        with self._lock:
            self._outbox.remove(one)

    def _note(self, one: Outgoing, outcome: str, condition: Any) -> None:
        fields: dict[str, Any] = {"outcome": outcome, "messageId": one.message_id, "type": one.kind}
        if condition is not None:
            fields["condition"] = condition.name
            fields["description"] = condition.description
        self._partner.ledger.add("in", "Settled", one.key, fields, link=self.user)

    def on_message(self, event: Any) -> None:
        incoming = self._read(event.message)
        fault = self._partner.faults.take(
            incoming.kind, among=("slow", "silent", "500", "reset", "did-it-but-no-answer")
        )
        if fault is None:
            self._take(event.delivery, incoming)
            return
        self._partner.ledger.add("fault", fault.kind, incoming.key, {"operation": incoming.kind})
        self._take_faultily(fault, event.delivery, incoming)

    def _take_faultily(self, fault: Fault, delivery: Any, incoming: Incoming) -> None:
        if fault.kind == "silent":
            self._held.append((delivery, incoming))
        elif fault.kind == "slow":
            self._partner.busy.add(1)
            self._container.schedule(fault.ms / 1000, _TakeLate(self, delivery, incoming))
        elif fault.kind == "500":
            self.release(delivery, delivered=False)
        else:
            if fault.kind == "did-it-but-no-answer":
                self._process(incoming)
            self._cut(delivery.link.connection)

    def _read(self, message: Message) -> Incoming:
        body = bytes(message.body) if isinstance(message.body, (bytes, memoryview)) else b""
        message_id = str(message.id)
        again = message_id in self._seen
        try:
            root = wire.read(body)
        except etree.XMLSyntaxError:
            return Incoming(
                "unreadable", None, {"body": repr(message.body)}, None, message_id, again
            )
        fields = wire.fields_of(root)
        return Incoming(
            wire.name_of(root), fields.get("applicationId"), fields, root, message_id, again
        )

    def _take(self, delivery: Any, incoming: Incoming) -> None:
        if delivery.link.connection != self._connection:
            return  # it came over a connection that is gone, and will come again
        refused = self._process(incoming)
        if refused is None:
            self.accept(delivery)
        else:
            self.reject(delivery)

    def _process(self, incoming: Incoming) -> str | None:
        incoming.again = incoming.message_id in self._seen
        self._seen.add(incoming.message_id)
        try:
            return self._deliver(self, incoming)
        except Exception:  # a mistake of the simulation must not end its connection unseen
            logging.getLogger("partner").exception("a message could not be handled")
            return "internal error"

    def _cut(self, connection: Any) -> None:
        """Ends a connection without a word; where it has ended already (the network cut it, or the
        message before this one did), nothing is left to end."""
        selectable = connection.transport and connection.transport._selectable
        if selectable is not None:
            with contextlib.suppress(OSError), socket.socket(
                fileno=os.dup(selectable.fileno())
            ) as peer:
                peer.shutdown(socket.SHUT_RDWR)

    # The connection is gone, in one way or another.

    def on_link_error(self, event: Any) -> None:
        condition = event.link.remote_condition
        self._partner.ledger.add(
            "in",
            "LinkClosed",
            None,
            {
                "condition": condition.name if condition else None,
                "description": condition.description if condition else None,
            },
            link=self.user,
        )
        if event.link.is_sender and self._sent:  # what the link was closed for is not sent again
            tag, one = next(iter(self._sent.items()))
            del self._sent[tag]
            self._note(one, "link-closed", condition)
            with self._lock:
                self._outbox.remove(one)
        self._connection.close()

    def on_connection_error(self, event: Any) -> None:
        self._say(event.connection.remote_condition)

    def on_connection_closed(self, event: Any) -> None:
        self._lost(event.connection)

    def on_transport_error(self, event: Any) -> None:
        self._say(event.transport.condition)

    def on_disconnected(self, event: Any) -> None:
        self._lost(event.connection)

    def on_transport_closed(self, event: Any) -> None:
        self._lost(event.connection)

    def _say(self, condition: Any) -> None:
        text = f"{condition.name}: {condition.description}" if condition else "connection lost"
        if text != self._trouble and condition and condition.name == "amqp:unauthorized-access":
            logging.getLogger("partner").warning("%s: %s", self.user, text)
        self._trouble = text

    def _lost(self, connection: Any) -> None:
        if self._connection is None or connection != self._connection:
            return
        self._connection = self._sender = None
        self._held.clear()
        with self._lock:
            for one in self._outbox:
                if one.state == "sent":
                    one.state = "queued"
        self._sent.clear()
        self._container.schedule(RECONNECT_SECONDS, self)

    def send_again(self, one: Outgoing) -> None:
        one.state = "queued"
        self._pump()

    def take_late(self, delivery: Any, incoming: Incoming) -> None:
        self._take(delivery, incoming)
        self._partner.busy.add(-1)


def _garbage() -> Outgoing:
    message_id = str(uuid.uuid4())
    message = Message(id=message_id, body=GARBAGE, inferred=True, durable=True)
    return Outgoing("garbage", None, message_id, message.encode(), {"bytes": len(GARBAGE)})


class _SendAgain:
    """A timer: the hub released this one."""

    def __init__(self, link: AmqpLink, one: Outgoing) -> None:
        self._link, self._one = link, one

    def on_timer_task(self, event: Any) -> None:
        self._link.send_again(self._one)


class _TakeLate:
    """A timer: a slow partner gets round to it."""

    def __init__(self, link: AmqpLink, delivery: Any, incoming: Incoming) -> None:
        self._link, self._delivery, self._incoming = link, delivery, incoming

    def on_timer_task(self, event: Any) -> None:
        self._link.take_late(self._delivery, self._incoming)
