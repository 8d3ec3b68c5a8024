#!/usr/bin/python3
"""Checks the audit log of a store as core/store/FORMAT.md describes it, and shares no code with
the hub: `audit_check.py STORE [HEADS PUBLIC-KEY]`. Prints the first thing that is wrong and exits
with 1, or says how many rows are in order."""

from __future__ import annotations

import base64
import hashlib
import json
import pathlib
import sqlite3
import struct
import subprocess
import sys
import tempfile
from typing import Any

COLUMNS = (
    'id, partition, at, version, journal, case_key, kind, name, state, reference, text, '
    'previous, hash, personal_digest, salt, content'
)


class Wrong(Exception):
    """The first thing that is not as it was written."""


def counted(value: Any) -> bytes:
    data = b'' if value is None else value.encode() if isinstance(value, str) else bytes(value)
    return struct.pack('>I', len(data)) + data


def check_row(row: tuple[Any, ...], newest: dict[int, tuple[int, bytes]]) -> None:
    numbers, texts = row[0:5], row[5:11]
    previous, stored, digest, salt, content = (value or b'' for value in row[11:16])
    where = f'audit row {row[0]}'
    before = newest.get(row[1], (0, b''))[1]
    if not stored:
        if newest:
            raise Wrong(f'{where} has no hash')
        return
    if previous != before:
        raise Wrong(f'{where} does not follow the row before it in partition {row[1]}')
    data = (previous or bytes(32)) + struct.pack('>5q', *numbers)
    data += b''.join(counted(text) for text in texts) + counted(digest)
    if hashlib.sha256(data).digest() != stored:
        raise Wrong(f'{where} was changed')
    if salt or content:
        if hashlib.sha256(counted(salt) + content).digest() != digest:
            raise Wrong(f'{where}: its personal content was changed')
    newest[row[1]] = (row[0], stored)


def root(newest: dict[int, tuple[int, bytes]]) -> str:
    data = b''.join(
        struct.pack('>2q', partition, row) + stored
        for partition, (row, stored) in sorted(newest.items())
    )
    return hashlib.sha256(data).hexdigest()


def signed_heads(path: str, key: str) -> list[dict[str, Any]]:
    """The lines of a heads file, each signed and following the one before."""
    lines: list[dict[str, Any]] = []
    before = ''
    for number, line in enumerate(pathlib.Path(path).read_bytes().split(b'\n')[:-1], 1):
        text, _, signature = line.rpartition(b' ')
        with tempfile.NamedTemporaryFile() as said, tempfile.NamedTemporaryFile() as sign:
            said.write(text)
            said.flush()
            sign.write(base64.b64decode(signature))
            sign.flush()
            done = subprocess.run(
                ['openssl', 'pkeyutl', '-verify', '-pubin', '-inkey', key, '-rawin']
                + ['-in', said.name, '-sigfile', sign.name],
                capture_output=True,
                check=False,
            )
        if done.returncode != 0:
            raise Wrong(f'line {number} of the heads is not signed with this key')
        head = json.loads(text)
        if head['previous'] != before or head['line'] != number:
            raise Wrong(f'line {number} of the heads does not follow the line before it')
        before = hashlib.sha256(line).hexdigest()
        lines.append(head)
    return lines


def standing(heads: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the lines whose rows a restore from a backup lost."""
    lines: list[dict[str, Any]] = []
    for head in heads:
        while 'restored' in head and lines and lines[-1]['rows'] > head['rows']:
            lines.pop()
        if head['rows'] > 0:
            lines.append(head)
    return lines


def check(store: str, heads: list[dict[str, Any]]) -> int:
    database = sqlite3.connect(f'file:{store}?mode=ro', uri=True)
    database.text_factory = bytes
    newest: dict[int, tuple[int, bytes]] = {}
    waiting = standing(heads)
    last = 0
    select = f'SELECT {COLUMNS} FROM audit LEFT JOIN audit_personal ON audit = id ORDER BY id'
    for row in database.execute(select):
        if row[0] != last + 1:
            raise Wrong(f'audit row {last + 1} is missing')
        check_row(row, newest)
        last = row[0]
        while waiting and waiting[0]['rows'] == last:
            if waiting.pop(0)['root'] != root(newest):
                raise Wrong(f'audit row {last} or one before it was written anew')
    if waiting:
        raise Wrong(f'audit row {last + 1} is missing: the heads know {waiting[-1]["rows"]} rows')
    stored = database.execute('SELECT partition, audit, hash FROM audit_heads').fetchall()
    if {partition: (row, head) for partition, row, head in stored} != newest:
        raise Wrong(f'audit row {last + 1} is missing: the stored heads are of other rows')
    return last


def main() -> int:
    try:
        rows = check(sys.argv[1], signed_heads(*sys.argv[2:4]) if len(sys.argv) > 3 else [])
    except Wrong as wrong:
        print(wrong)
        return 1
    print(f'{rows} rows in order')
    return 0


if __name__ == '__main__':
    sys.exit(main())
