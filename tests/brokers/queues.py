"""What stands at the other side of a broker's queues, or of the hub's listener: Debian's
python3-qpid-proton."""

from __future__ import annotations

from typing import Any

from proton import Message, Terminus
from proton.reactor import LinkOption
from proton.utils import BlockingConnection

PATIENCE_SECONDS = 60  # a net for a hung broker, never part of what is judged


class Durable(LinkOption):
    """A queue that stays: RabbitMQ declares that of /queue/NAME as its link says."""

    def apply(self, link: Any) -> None:
        queue = link.source if link.is_receiver else link.target
        queue.durability = Terminus.CONFIGURATION
        queue.capabilities.put_symbol("queue")


def connect(address: str, user: str, password: str, **more: Any) -> BlockingConnection:
    return BlockingConnection(address, timeout=PATIENCE_SECONDS, user=user, password=password,
                              sasl_enabled=True, allowed_mechs="PLAIN", allow_insecure_mechs=True,
                              heartbeat=20, reconnect=False, **more)


def message(identity: str, body: str | bytes, **more: Any) -> Message:
    encoded = body.encode() if isinstance(body, str) else body
    return Message(id=identity, body=encoded, inferred=True, durable=True,
                   content_type="application/xml", **more)


def order(number: str, text: str = "a chair") -> str:
    return (f'<Order xmlns="urn:masar:desk:1"><number>{number}</number>'
            f"<text>{text}</text></Order>")
