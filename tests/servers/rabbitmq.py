"""RabbitMQ as Debian has it, with its plug-in for AMQP 1.0: a node of the tests' own with data,
name, epmd and ports of its own."""

from __future__ import annotations

import json
import os
import pathlib
import re
import signal
import subprocess

from processes import Program, Server, free_ports, listens

USER, PASSWORD = "hub", "password of the hub"
ROOT = pathlib.Path("/usr/lib/rabbitmq/lib")


def tool(name: str) -> str:
    found = sorted(ROOT.glob(f"rabbitmq_server-*/sbin/{name}"))
    if not found:
        raise AssertionError(f"there is no {name}: run ops/setup")
    return str(found[-1])


def queue(name: str, **arguments: str) -> dict[str, object]:
    return {"name": name, "vhost": "/", "durable": True, "auto_delete": False,
            "arguments": arguments}


class RabbitMQ(Server):
    """`queues`: what exists at the first start. `tls`: certificate, key and trust as files; then
    there is a second port, on which a client's certificate names its user. `users`: passwords of
    others than the hub, by name."""

    def __init__(self, folder: pathlib.Path, queues: list[dict[str, object]] | None = None,
                 tls: dict[str, pathlib.Path] | None = None,
                 users: dict[str, str] | None = None) -> None:
        port, self.tls_port, self._epmd_port, distribution = free_ports(4)
        super().__init__(port)
        folder.mkdir(parents=True)
        self.folder = folder
        self._environment = {
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"masar-{self.port}@localhost",
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_PLUGINS_EXPAND_DIR": str(folder / "expanded"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS":
                "-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none",
        }
        logins = {USER: PASSWORD, **(users or {})}
        self.node = self._environment["RABBITMQ_NODENAME"]
        (folder / "plugins").write_text("[rabbitmq_amqp1_0,rabbitmq_auth_mechanism_ssl].\n")
        (folder / "definitions.json").write_text(json.dumps({
            "rabbit_version": "3.10.8",
            "vhosts": [{"name": "/"}],
            "users": [{"name": name, "password": password, "tags": []}
                      for name, password in logins.items()],
            "permissions": [{"user": name, "vhost": "/", "configure": ".*", "write": ".*",
                             "read": ".*"} for name in logins],
            "queues": queues or []}))
        (folder / "rabbitmq.conf").write_text("\n".join(self._settings(tls)) + "\n")
        self.log = folder / "rabbitmq.log"
        self._epmd = Program(["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"],
                             folder / "epmd.log", self._environment)
        self._epmd.ready(lambda: listens(self._epmd_port))

    def _settings(self, tls: dict[str, pathlib.Path] | None) -> list[str]:
        lines = [f"listeners.tcp.1 = 127.0.0.1:{self.port}",
                 f"load_definitions = {self.folder}/definitions.json",
                 "log.console = true", "log.console.level = info", "log.file = false",
                 "disk_free_limit.absolute = 10MB"]
        if tls:
            lines += [f"listeners.ssl.1 = 127.0.0.1:{self.tls_port}",
                      f"ssl_options.certfile = {tls['certificate']}",
                      f"ssl_options.keyfile = {tls['key']}",
                      f"ssl_options.cacertfile = {tls['trust']}",
                      "ssl_options.verify = verify_peer",
                      "ssl_options.fail_if_no_peer_cert = false",
                      "ssl_options.versions.1 = tlsv1.2",
                      "ssl_options.versions.2 = tlsv1.3",
                      "ssl_cert_login_from = common_name",
                      "auth_mechanisms.1 = PLAIN",
                      "auth_mechanisms.2 = EXTERNAL"]
        return lines

    def start(self) -> RabbitMQ:
        self.log.unlink(missing_ok=True)
        self._program = Program([tool("rabbitmq-server")], self.log, self._environment)
        self._program.ready(lambda: "Server startup complete" in self.said())
        return self

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def end(self) -> None:
        super().end()
        self._epmd.end(signal.SIGKILL)

    def control(self, *arguments: str) -> str:
        """What `rabbitmqctl` prints."""
        return subprocess.run([tool("rabbitmqctl"), "--quiet", *arguments], check=True,
                              capture_output=True, text=True, timeout=60,
                              env={**os.environ, **self._environment}).stdout

    def messages(self) -> int | None:
        """How many are in its queues at this moment, those among them that a receiver has and did
        not settle yet; none where it cannot be asked."""
        cookie = self.folder / ".erlang.cookie"
        if not cookie.exists():
            return None
        said = subprocess.run(
            ["erl_call", "-sname", self.node, "-c", cookie.read_text("ascii").strip(),
             "-e"],
            input='rabbit_amqqueue:info_all(<<"/">>, [messages]).\n', check=False,
            capture_output=True, text=True, timeout=60,
            env={**os.environ, **self._environment})
        counts = re.findall(r"{messages,\s*(\d+)}", said.stdout)
        return sum(map(int, counts)) if said.returncode == 0 and counts else None
