"""A real hub (`masar run`) between the queues of a broker, made of `installation/`."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import sys
import tempfile
from typing import Any

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scenarios"))

from stage import Hub  # noqa: E402

MASAR = pathlib.Path(os.environ.get("MASAR", HERE.parents[1] / "build" / "release" / "masar"))
DESK_PASSWORD = "password of the desk"


def temporary_folder() -> pathlib.Path:
    """In memory where that can be: nothing here is judged by what a disk keeps of a power cut."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    return pathlib.Path(tempfile.mkdtemp(prefix="masar-brokers-", dir=memory))


class Desk:
    """`connection`: attributes of its <connection> beside those of installation/config/hub.xml,
    or instead of them; `tls`: what stands in it. `secrets`: by name."""

    def __init__(self, folder: pathlib.Path, settings: dict[str, str], secrets: dict[str, Any],
                 connection: str | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(HERE / "installation", folder / "installation")
        config = folder / "installation" / "config"
        if connection is not None:
            hub = config / "hub.xml"
            text, count = re.subn(r"<connection [^>]*/>", lambda _: connection,
                                  hub.read_text("utf-8"))
            assert count == 1
            hub.write_text(text, "utf-8")
        self.secrets = folder / "secrets"
        self.secrets.mkdir()
        for name, value in {"desk": DESK_PASSWORD, **secrets}.items():
            (self.secrets / name).write_text(value, "utf-8")
        self.hub = Hub(MASAR, folder, self.secrets, settings, config=config)

    def start(self) -> Desk:
        self.hub.start()
        return self

    @property
    def address(self) -> str:
        return self.hub.addresses["amqp"]

    def said(self) -> str:
        return self.hub.log.read_text("utf-8", "replace")

    def endpoints(self) -> list[dict[str, Any]]:
        return self.hub.get("/api/endpoints")["endpoints"]

    def obstacle(self, endpoint: str) -> str:
        """What keeps it from its partner; empty: nothing."""
        return next(row for row in self.endpoints() if row["id"] == endpoint).get("obstacle", "")

    def end(self) -> None:
        self.hub.end()
