#!/usr/bin/python3
"""Makes whatever secret is missing in a folder: passwords, the report key, and the RSA keys of hub
and switch. Existing ones stay. Files are readable by their owner only."""

from __future__ import annotations

import argparse
import os
import pathlib
import secrets

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

PASSWORDS = (
    "amqp-portal",
    "amqp-roads",
    "amqp-street-lighting",
    "amqp-traffic-signals",
    "amqp-parks",
    "amqp-sanitation",
    "soap-masar",
    "soap-traffic",
    "kannel-password",
    "mfep-switch-password",
    "report-key",
)
KEY_BITS = 2048


def keep(file: pathlib.Path, text: str) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)


def make(folder: pathlib.Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in PASSWORDS:
        if not (folder / name).exists():
            keep(folder / name, secrets.token_urlsafe(24))
    for owner in ("switch", "hub"):
        private, public = folder / f"mfep-{owner}-private", folder / f"mfep-{owner}-public"
        if private.exists():
            continue
        public.unlink(missing_ok=True)
        key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
        keep(
            private,
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ).decode(),
        )
        keep(
            public,
            key.public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            .decode(),
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    make(parser.parse_args().folder)
