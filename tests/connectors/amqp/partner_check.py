"""A partner on Debian's python3-qpid-proton: the contract as another library sees it.

Called by partner_test.cpp with the hub's address; prints nothing and exits 0, or tells what
differs. The hub's Intake answers by the body: <refuse/>, <later/>, anything else is accepted; what
it accepts under the target echo.in comes back from the source echo.out.
"""

from __future__ import annotations

import sys
import uuid

from proton import ConnectionException, Delivery, Message
from proton.utils import BlockingConnection, LinkDetached

PATIENCE = 60  # seconds; a net for a hung hub, never part of what is judged


def connect(address: str, user: str | None = "echo", password: str = "password of echo",
            mechanisms: str = "PLAIN"):
    return BlockingConnection(address, timeout=PATIENCE, user=user, password=password,
                              sasl_enabled=True, allowed_mechs=mechanisms,
                              allow_insecure_mechs=True, heartbeat=10)


def send(connection: BlockingConnection, message: Message):
    sender = connection.create_sender("echo.in")
    delivery = sender.send(message, timeout=PATIENCE)
    sender.close()
    return delivery


def check(name: str, wanted, got) -> None:
    if wanted != got:
        sys.exit(f"{name}: wanted {wanted!r}, got {got!r}")


def check_round_trip(address: str) -> None:
    connection = connect(address)
    receiver = connection.create_receiver("echo.out", credit=10)
    identity = uuid.uuid4()
    bodies = [Message(id=identity, correlation_id="A-1", body=b"<a/>", inferred=True,
                      content_type="application/xml", properties={"traceparent": "00-1"}),
              Message(id="text", body="<text/>"),
              Message(id=7, body=b"<binary/>")]
    for message in bodies:
        check("state", Delivery.ACCEPTED, send(connection, message).remote_state)
    got = [receiver.receive(timeout=PATIENCE) for _ in bodies]
    for _ in got:
        receiver.accept()
    check("ids", [str(identity), "text", "7"], [m.id for m in got])
    check("bodies", [b"<a/>", b"<text/>", b"<binary/>"], [bytes(m.body) for m in got])
    check("properties", (True, "application/xml", "A-1", "00-1"),
          (got[0].durable, got[0].content_type, got[0].correlation_id,
           got[0].properties["traceparent"]))
    connection.close()


def check_refusals(address: str) -> None:
    connection = connect(address)
    for message, state, condition, description in (
            (Message(body=b"<refuse/>", inferred=True), Delivery.REJECTED, "masar:no", "because"),
            (Message(body=b"<later/>", inferred=True), Delivery.RELEASED, None, None),
            (Message(body={"a": 1}), Delivery.REJECTED, "amqp:decode-error",
             "the body's amqp-value is neither string nor binary"),
            (Message(body=[1, 2], inferred=True), Delivery.REJECTED, "amqp:decode-error",
             "the body is an amqp-sequence; send a data section")):
        sender = connection.create_sender("echo.in")
        delivery = sender.link.send(message)
        connection.wait(lambda d=delivery: d.settled, timeout=PATIENCE)
        check("state", state, delivery.remote_state)
        reason = delivery.remote.condition
        check("condition", (condition, description),
              (reason and reason.name, reason and reason.description))
        sender.close()
    connection.close()


def check_too_large(address: str) -> None:
    connection = connect(address)
    sender = connection.create_sender("echo.in")
    try:
        sender.send(Message(body=b"x" * 2_000_000, inferred=True), timeout=PATIENCE)
        sys.exit("a message of 2 MB was taken")
    except LinkDetached as error:
        check("too large", "amqp:link:message-size-exceeded", error.condition)
    connection.close()


def check_addresses(address: str) -> None:
    connection = connect(address)
    for target, condition in (("other.in", "amqp:unauthorized-access"),
                              ("nowhere", "amqp:not-found")):
        try:
            connection.create_sender(target)
            sys.exit(f"a link to {target} was opened")
        except LinkDetached as error:
            check(target, condition, error.condition)
    connection.close()


def check_logins(address: str) -> None:
    for user, password, mechanisms in (("echo", "wrong", "PLAIN"), ("nobody", "x", "PLAIN"),
                                       (None, "", "ANONYMOUS")):
        try:
            connect(address, user, password, mechanisms)
            sys.exit(f"{user} came in by {mechanisms}")
        except ConnectionException:
            pass


def main() -> None:
    address = sys.argv[1]
    check_logins(address)
    check_addresses(address)
    check_round_trip(address)
    check_refusals(address)
    check_too_large(address)
    check_round_trip(address)


if __name__ == "__main__":
    main()
