"""Apache Artemis, from its own archive, as a broker of the tests' own. Maven fetches the archive
once into a folder of the user's (MASAR_ARTEMIS, else ~/.cache/masar)."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import zipfile

from processes import Program, Server, free_ports, listens

VERSION = "2.40.0"
USER, PASSWORD = "hub", "password of the hub"
CACHE = pathlib.Path(os.environ.get("MASAR_ARTEMIS", pathlib.Path.home() / ".cache" / "masar"))
PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"

BROKER = """<?xml version="1.0" encoding="UTF-8"?>
<configuration xmlns="urn:activemq">
<core xmlns="urn:activemq:core">
  <name>masar</name>
  <persistence-enabled>true</persistence-enabled>
  <journal-type>NIO</journal-type>
  <paging-directory>data/paging</paging-directory>
  <bindings-directory>data/bindings</bindings-directory>
  <journal-directory>data/journal</journal-directory>
  <large-messages-directory>data/large</large-messages-directory>
  <journal-pool-files>2</journal-pool-files>
  <journal-min-files>2</journal-min-files>
  <journal-file-size>1M</journal-file-size>
  <critical-analyzer>false</critical-analyzer>
  <acceptors>
    <acceptor name="amqp">tcp://127.0.0.1:{port}?protocols=AMQP;useEpoll=false</acceptor>
  </acceptors>
  <security-settings>
    <security-setting match="#">{permissions}</security-setting>
  </security-settings>
  <address-settings>
    <address-setting match="#">
      <dead-letter-address>dead</dead-letter-address>
      <redelivery-delay>0</redelivery-delay>
      <max-delivery-attempts>10</max-delivery-attempts>
      <auto-create-queues>false</auto-create-queues>
      <auto-create-addresses>false</auto-create-addresses>
    </address-setting>
  </address-settings>
  <addresses>{queues}</addresses>
</core>
</configuration>
"""
PERMISSIONS = ("send", "consume", "browse")
# What only a person at the machine may leave out: CI has both.
MISSING = [program for program in ("java", "mvn") if shutil.which(program) is None]
SKIPPED = (f"Artemis needs {' and '.join(MISSING)}"
           if MISSING and os.environ.get("CI") != "true" else "")


def home() -> pathlib.Path:
    """The unpacked archive."""
    found = CACHE / f"apache-artemis-{VERSION}"
    if not (found / "bin" / "artemis").exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mvn", "-q", "-B", PLUGIN,
                        f"-Dartifact=org.apache.activemq:apache-artemis:{VERSION}:zip:bin",
                        f"-DoutputDirectory={CACHE}"], check=True, timeout=300, cwd=CACHE)
        archive = CACHE / f"apache-artemis-{VERSION}-bin.zip"
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(CACHE)
        archive.unlink()
        (found / "bin" / "artemis").chmod(0o755)
    return found


class Artemis(Server):
    def __init__(self, folder: pathlib.Path, queues: list[str]) -> None:
        super().__init__(free_ports(1)[0])
        self._folder = folder
        subprocess.run([str(home() / "bin" / "artemis"), "create", str(folder), "--user", USER,
                        "--password", PASSWORD, "--require-login", "--silent", "--no-web",
                        "--no-autotune", "--nio", "--no-amqp-acceptor", "--no-mqtt-acceptor",
                        "--no-stomp-acceptor", "--no-hornetq-acceptor"],
                       check=True, capture_output=True, timeout=120)
        declared = "".join(f'<address name="{name}"><anycast><queue name="{name}"/></anycast>'
                           "</address>" for name in queues)
        allowed = "".join(f'<permission type="{kind}" roles="amq"/>' for kind in PERMISSIONS)
        (folder / "etc" / "broker.xml").write_text(
            BROKER.format(port=self.port, queues=declared, permissions=allowed))

    def start(self) -> Artemis:
        self._program = Program([str(self._folder / "bin" / "artemis"), "run"],
                                self._folder / "run.log", {"JAVA_ARGS_APPEND": "-Xms64m -Xmx256m"})
        self._program.ready(lambda: listens(self.port))
        return self
