"""Certificates for the tests."""

from __future__ import annotations

import pathlib
import subprocess


class Town:
    """Certificates of one authority, made by openssl's command line into a folder: NAME and
    NAME-key, the authority's own as `city`."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._openssl("req", "-x509", *self._key("city"), "-days", "30", "-subj", "/CN=City",
                      "-out", str(self.file("city")))

    def file(self, name: str) -> pathlib.Path:
        return self.folder / name

    def text(self, name: str) -> str:
        return self.file(name).read_text("ascii")

    def sign(self, name: str, subject: str, names: str = "", days: int = 20) -> None:
        request = str(self.folder / f"{name}.csr")
        extension = ["-addext", f"subjectAltName={names}"] if names else []
        self._openssl("req", "-new", *self._key(name), "-subj", subject, *extension,
                      "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", str(self.file("city")), "-CAkey",
                      str(self.file("city-key")), "-CAcreateserial", "-copy_extensions", "copy",
                      "-days", str(days), "-out", str(self.file(name)))

    def _key(self, name: str) -> list[str]:
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                str(self.folder / f"{name}-key")]

    @staticmethod
    def _openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)
