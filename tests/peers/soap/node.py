#!/usr/bin/python3
"""Runs a script of this folder by node, with npm's soap beside it: `node.py SCRIPT ARGUMENTS`. What
package-lock.json names is installed once, below build/, by npm; a changed lock installs anew."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE.parents[2] / "build" / "peers" / HERE.name
INSTALL_SECONDS = 300
ENVIRONMENT = {**os.environ, "NODE_PATH": str(FOLDER / "node_modules")}


def install() -> None:
    """Raises CalledProcessError where npm cannot, with what it said on standard error."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    mark = FOLDER / "installed"
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several tests may come at once
        if mark.exists() and mark.read_text() == wanted:
            return
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, FOLDER / name)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=FOLDER,
                       check=True, stdout=sys.stderr, timeout=INSTALL_SECONDS)
        mark.write_text(wanted)


def command(script: str, *arguments: str) -> list[str]:
    install()
    return ["node", str(HERE / script), *arguments]


if __name__ == "__main__":
    os.execvpe("node", command(*sys.argv[1:]), ENVIRONMENT)
