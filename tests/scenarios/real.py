"""The stage with programs that we did not write on the way: RabbitMQ between the hub, the portal
and the departments, Debian's Kannel in the SMS partner's place."""

from __future__ import annotations

import pathlib
import re
import shutil
from typing import Any

from gateway import Gateway
from stage import Partner, Stage, change, copy_shipped

from rabbitmq import PASSWORD, USER, RabbitMQ, queue  # the path is set by stage

BY_BROKER = ("portal", "departments")
LISTENS = '<listener id="amqp" connector="amqp" address="${amqp-address}"/>'
CONNECTS = f"""<connection id="broker" connector="amqp" hosts="${{amqp-address}}" user="{USER}"
              password="secret:amqp-broker" retry-first="PT0.1S" retry-max="PT1S"/>"""
OURS = re.compile(r'<amqp listener="amqp" address="([^"]+)" user="([^"]+)" password="[^"]+"/>')


def before_broker(folder: pathlib.Path) -> list[tuple[str, str]]:
    """Copies the shipped configuration, and gives every AMQP endpoint a queue of a broker in place
    of an address of the hub's. Returns those queues and whose they are."""
    config = copy_shipped(folder)
    change(config / "hub.xml", LISTENS, CONNECTS)
    queues: list[tuple[str, str]] = []
    for file in sorted((config / "endpoints").glob("*.xml")):
        text = file.read_text("utf-8")
        queues += OURS.findall(text)
        theirs = OURS.sub(r'<amqp connection="broker" address="/amq/queue/\1"/>', text)
        file.write_text(theirs, "utf-8")
    return queues


class RealStage(Stage):
    def prepare(self) -> None:
        own = self.folder / "real"
        shutil.rmtree(own, ignore_errors=True)
        own.mkdir()
        queues = before_broker(own)
        self.config = own / "config"
        (self.secrets / "amqp-broker").write_text(PASSWORD, "utf-8")
        users = {user: self._secret(f"amqp-{user}") for _, user in queues}
        self.rabbitmq = RabbitMQ(own / "rabbitmq", [queue(name) for name, _ in queues], users=users)
        try:
            self.rabbitmq.start()
            self.gateway = Gateway(own, self._secret("kannel-password"), self._hub_http)
        except BaseException:
            self.rabbitmq.end()
            raise
        self.settings |= {
            "amqp-address": self.rabbitmq.address,
            "report-url": self.gateway.reports_url,
        }

    def hire(self, name: str) -> Any:
        if name == "sms":
            return self.gateway
        more = ("--broker", self.rabbitmq.address) if name in BY_BROKER else ()
        return Partner(name, self.folder, self.hub_file, self.secrets, more)

    def end(self) -> None:
        super().end()
        self.rabbitmq.end()

    def _secret(self, name: str) -> str:
        return (self.secrets / name).read_text("utf-8").strip()

    def _hub_http(self) -> str:
        return self.hub.addresses.get("http", "")

    # Time. What is in a queue of the broker is on its way, too.

    def quiet(self) -> bool:
        return super().quiet() and self.rabbitmq.messages() == 0

    def settled(self) -> bool:
        """A message that went from one place to the next while each was asked has left its mark in
        a ledger, or is still in a queue."""
        before = self._marks()
        return super().settled() and self.quiet() and self._marks() == before

    def _marks(self) -> list[int]:
        return [partner.mark() for partner in self.partners.values()]
