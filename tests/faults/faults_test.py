"""Real faults of the machine under a hub at work: a short run of all of them, and each of the
disk's and the clock's by itself. What was done is judged at the partners."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "scenarios"), str(HERE.parent / "servers")]

import cast  # noqa: E402
from stage import PYTHON, Stage, call, wait_for  # noqa: E402
from strikes import EIO, ENOSPC, StruckHub  # noqa: E402
from trial import MASAR, temporary_folder  # noqa: E402

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
RUN_SECONDS = 300
STOP_SECONDS = 60


class ShortRun(unittest.TestCase):
    def plays(self, minutes: float, *more: str) -> None:
        command = [PYTHON, str(HERE / "run"), "--masar", str(MASAR), "--seed", "2026", *more]
        done = subprocess.run(
            [*command, "--minutes", str(minutes)],
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
        )
        last = done.stdout.splitlines()[-1:] or [""]
        self.assertEqual(last, ["lost 0, doubled 0, late 0, wrong 0"], done.stderr[-8000:])
        self.assertEqual(done.returncode, 0)

    def test_nothing_lost_nothing_twice(self) -> None:
        self.plays(0.4)

    def test_nothing_lost_nothing_twice_on_postgresql(self) -> None:
        self.plays(0.4, "--store", "postgresql")


class Disk(unittest.TestCase):
    def setUp(self) -> None:
        self.stage = Stage(MASAR, temporary_folder(self), kind=StruckHub)
        self.addCleanup(self.stage.end)
        self.stage.hub.start()

    def hub(self) -> StruckHub:
        assert isinstance(self.stage.hub, StruckHub)
        return self.stage.hub

    def ready(self) -> tuple[int, object]:
        return call(self.hub().addresses["admin"], "GET", "/ready")

    def settles(self, who: cast.Applicant) -> None:
        cast.reach(self.stage, who, "awaiting-payment")
        cast.pay(self.stage, who)
        cast.reach(self.stage, who, "cleared")
        cast.expect_end(self.stage, who, "cleared", 1)

    def logged(self, text: str) -> list[str]:
        """The levels of the log's lines that hold a text; every line is a JSON object."""
        lines = map(json.loads, self.hub().log.read_text("utf-8").splitlines())
        return [line["level"] for line in lines if text in line["text"]]

    def test_full(self) -> None:
        """It says so, acknowledges nothing, and goes on by itself."""
        who = cast.applicant("disk-full")
        who.policy(self.stage, "EXPIRED")
        self.hub().system_calls(f"enable name=posix/io/rw/pwrite,failinfo={ENOSPC}")
        who.submit(self.stage)
        wait_for(lambda: self.ready()[0] == 503, "the hub to say that it cannot write")
        self.assertIn("store", str(self.ready()[1]))
        self.assertEqual(self.stage.states(who.application), [])
        self.assertFalse(self.hub().ended())
        self.hub().system_calls("disable name=posix/io/rw/pwrite")
        wait_for(lambda: self.ready()[0] == 200, "the hub to be ready again")
        self.settles(who)
        self.assertEqual(self.logged("the store cannot write, trying again: "), ["error"])
        self.assertEqual(self.logged("the store writes again"), ["info"])

    def test_a_backup_that_cannot_be_written(self) -> None:
        """It says why, and leaves nothing; the hub beside it does not notice."""
        folder = temporary_folder(self)
        command = [str(MASAR), "backup", "--state", str(self.hub().folder / "state")]
        command += ["--to", str(folder / "copy.db")]
        for call_, error in (("rw/pwrite", ENOSPC), ("sync/fsync", EIO)):
            with self.subTest(call=call_):
                done = subprocess.run(
                    ["fiu-run", "-x", "-c", f"enable name=posix/io/{call_},failinfo={error}"]
                    + command,
                    capture_output=True,
                    text=True,
                    timeout=STOP_SECONDS,
                )
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertIn("the backup ", done.stderr)
                self.assertEqual(list(folder.iterdir()), [])
        self.assertEqual(self.ready()[0], 200)
        self.assertEqual(subprocess.run(command, capture_output=True).returncode, 0)

    def test_a_sync_that_fails(self) -> None:
        """It ends instead of acknowledging what may not be on disk."""
        who = cast.applicant("sync-fails")
        who.policy(self.stage, "EXPIRED")
        self.hub().system_calls(f"enable name=posix/io/sync/fdatasync,failinfo={EIO}")
        who.submit(self.stage)
        wait_for(self.hub().ended, "the hub to end")
        process = self.hub().process
        assert process is not None
        self.assertNotEqual(process.returncode, 0)
        settled = [e for e in self.stage.portal.entries("Settled") if e["fields"]]
        self.assertEqual([e for e in settled if "accepted" in str(e["fields"])], [])
        self.assertEqual(self.logged("the store could not sync, stopping at once"), ["error"])
        self.hub().start()
        self.settles(who)


class Clock(unittest.TestCase):
    def test_jumps(self) -> None:
        """The machine's clock jumps back and forth: stamps never go back, a deadline comes once and
        not before its time, and what is paid in time is paid."""
        folder = temporary_folder(self)
        offset = folder / "offset"
        offset.write_text("+0\n", "utf-8")
        stage = Stage(
            MASAR,
            folder,
            {
                "LD_PRELOAD": FAKETIME,
                "FAKETIME_TIMESTAMP_FILE": str(offset),
                "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            },
        )
        self.addCleanup(stage.end)
        stage.hub.settings["clock"] = "system"
        stage.hub.start()
        unpaid = cast.to_number(stage, "clock-unpaid")
        for number, jump in enumerate(("-60", "+60", "-1d", "+1d")):
            offset.write_text(jump + "\n", "utf-8")
            who = cast.to_number(stage, f"clock-{number}")
            cast.pay(stage, who)
            cast.reach(stage, who, "cleared")
            self.assertEqual(cast.releases(stage, who), 1)
        self.assertEqual(stage.state(unpaid.application), "awaiting-payment")
        offset.write_text("+6d\n", "utf-8")
        cast.reach(stage, unpaid, "closing-payment")
        offset.write_text("+7d\n", "utf-8")
        cast.reach(stage, unpaid, "cancelled")
        self.assertEqual(cast.last(stage, unpaid).get("reason"), "not-paid")
        offset.write_text("+5d\n", "utf-8")
        later = cast.to_number(stage, "clock-later")
        # A turn's rows carry their event's stamp: compared are those of what came in.
        rows = stage.case(unpaid.application)["timeline"]
        stamps = [row["at"] for row in rows if row["kind"] in ("received", "deadline")]
        self.assertEqual(stamps, sorted(stamps))
        first = stage.case(later.application)["timeline"][0]["at"]
        self.assertGreaterEqual(first, stamps[-1], "a stamp went back with the clock")
        cast.no_breach(stage)


if __name__ == "__main__":
    unittest.main()
