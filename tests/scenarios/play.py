#!/usr/bin/python3
"""Plays the scenarios on one stage, one after another, and prints a table or JSON."""

from __future__ import annotations

import argparse
import json
import pathlib
import signal
import sys
import tempfile
import time
from typing import Any

import cast
import ways
from cluster import Cluster
from real import RealStage
from stage import Failed, Stage, note

from peers import took_part  # the path is set by stage


def play(stage: Stage, name: str) -> dict[str, Any]:
    note(f"scenario {name} …")
    begun = time.monotonic()
    result: dict[str, Any] = {"name": name, "verdict": "passed", "states": [], "messages": 0}
    try:
        applicants = ways.SCENARIOS[name](stage)
        cast.no_breach(stage)
        first = applicants[0]
        result["states"] = first.way or stage.states(first.application)
        result["messages"] = sum(who.messages for who in applicants) or cast.messages(
            stage, applicants
        )
    except (Failed, OSError, KeyError) as error:
        result["verdict"] = (
            f"failed: {error!r}" if isinstance(error, KeyError) else f"failed: {error}"
        )
    result["seconds"] = round(time.monotonic() - begun, 2)
    return result


def all_passed(results: list[dict[str, Any]]) -> bool:
    return all(result["verdict"] == "passed" for result in results)


def print_table(results: list[dict[str, Any]]) -> None:
    width = max(len(result["name"]) for result in results)
    for result in results:
        print(
            f"{result['name']:<{width}}  {result['seconds']:>6.1f} s  "
            f"{result['messages']:>4} messages  "
            f"{result['verdict']}"
        )
        print(f"{'':<{width}}  {' > '.join(result['states'])}")


def keep_serving(stage: Stage) -> None:
    print("\nHub and partners go on until Ctrl-C.")
    print(
        f"  operators' interface  http://{stage.hub.addresses['admin']}/api/cases   "
        f"(Authorization: Bearer, token in {stage.folder}/state/admin.token)"
    )
    for partner in stage.partners.values():
        if partner.doors:
            print(
                f"  {partner.name:<12} ledger  http://{partner.doors}/ledger   "
                f"acts  http://{partner.doors}/acts"
            )
        else:
            print(f"  {partner.name:<12} phones  {partner.log}")
    sys.stdout.flush()
    signal.sigwait({signal.SIGINT, signal.SIGTERM})


def write_addresses(stage: Stage, file: pathlib.Path) -> None:
    told = {
        "hub": {**stage.hub.addresses, "token": str(stage.folder / "state" / "admin.token")},
        "partners": {
            p.name: {"doors": f"http://{p.doors}", "url": p.url} for p in stage.partners.values()
        },
    }
    part = file.with_suffix(".part")
    part.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    part.rename(file)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--masar", type=pathlib.Path, required=True, help="the hub's executable")
    parser.add_argument(
        "--once", action="store_true", help="end after the scenarios: 0 only if all passed"
    )
    parser.add_argument(
        "--only", action="append", choices=sorted(ways.SCENARIOS), help="play this one"
    )
    parser.add_argument("--json", action="store_true", help="print JSON (implies --once)")
    parser.add_argument(
        "--addresses", type=pathlib.Path, help="write where hub and partners listen"
    )
    parser.add_argument(
        "--keep", type=pathlib.Path, help="folder of logs and state; default: a temporary one"
    )
    parser.add_argument(
        "--store", choices=("sqlite", "postgresql"), default="sqlite", help="what the hub stands on"
    )
    parser.add_argument(
        "--real",
        action="store_true",
        help="RabbitMQ between hub, portal and departments; Kannel behind the SMS endpoint",
    )
    options = parser.parse_args()
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(1)
    )  # an end by SIGTERM ends hub and partners, too
    with tempfile.TemporaryDirectory(prefix="masar-demo-") as temporary:
        folder = options.keep or pathlib.Path(temporary)
        database = Cluster(folder / "postgresql") if options.store == "postgresql" else None
        settings = database.settings() if database else {}
        kind = RealStage if options.real else Stage
        stage = kind(options.masar.resolve(), folder, settings=settings)
        try:
            stage.hub.start()
            if options.addresses:
                write_addresses(stage, options.addresses)
            results = [play(stage, name) for name in options.only or ways.SCENARIOS]
            if options.real and not options.only and all_passed(results):
                for peer in ("RabbitMQ", "Kannel"):
                    took_part(peer, "all scenarios of ops/demo --real", "tests/scenarios/play.py")
            if options.json:
                print(json.dumps({"scenarios": results}, ensure_ascii=False))
            else:
                print_table(results)
            sys.stdout.flush()
            if not options.once and not options.json:
                signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
                keep_serving(stage)
        except Failed as failed:
            note(f"failed: {failed}")
            return 1
        except KeyboardInterrupt:
            return 1
        finally:
            stage.end()
            if database:
                database.end()
    return 0 if all_passed(results) else 1


if __name__ == "__main__":
    sys.exit(main())
