#!/usr/bin/python3
"""Runs a script of a folder beside this by node, with the packages that the folder's
package-lock.json names: `node.py FOLDER/SCRIPT ARGUMENTS`. They are installed once, below build/,
by npm; a changed lock installs anew."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
INSTALLED = HERE.parents[1] / "build" / "peers"
INSTALL_SECONDS = 300


def install(folder: pathlib.Path) -> None:
    """Raises CalledProcessError where npm cannot, with what it said on standard error."""
    there = INSTALLED / folder.name
    there.mkdir(parents=True, exist_ok=True)
    wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    mark = there / "installed"
    with (there / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several tests may come at once
        if mark.exists() and mark.read_text() == wanted:
            return
        for name in ("package.json", "package-lock.json"):
            shutil.copy(folder / name, there / name)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=there,
                       check=True, stdout=sys.stderr, timeout=INSTALL_SECONDS)
        mark.write_text(wanted)


def environment(script: str) -> dict[str, str]:
    there = INSTALLED / pathlib.Path(script).parent.name
    return {**os.environ, "NODE_PATH": str(there / "node_modules")}


def command(script: str, *arguments: str) -> list[str]:
    """`script` as FOLDER/SCRIPT; it runs in environment(script)."""
    install(HERE / pathlib.Path(script).parent.name)
    return ["node", str(HERE / script), *arguments]


if __name__ == "__main__":
    os.execvpe("node", command(*sys.argv[1:]), environment(sys.argv[1]))
