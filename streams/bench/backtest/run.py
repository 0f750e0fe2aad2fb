"""Rounds of `driftwise backtest` and of pm4py's streaming checkers over one order log, each in one process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from streams.bench.backtest.log import write_changes, write_csv
from streams.bench.backtest.orders import orders
from streams.bench.backtest.verdicts import NOT_CHECKED, noticed
from streams.bench.figures import Row, medians, ratios
from streams.bench.machine import describe
from streams.bench.peers import environment
from streams.bench.table import Bench

CASES, QUICK_CASES, SEED, ROUNDS = 10_000, 300, 1, 3
JUDGED = (
    "won_without_erp_customer",
    "won_without_subscription",
    "invoice_not_posted",
    "invoice_amount_mismatch",
    "state_regression",
    "step_out_of_order",
    "step_skipped",
    "duplicate_document",
)
"""The kinds that an order log tells enough for. The others look at records that it has none of."""
LOG = "orders"
"""The one distribution that the figures are by."""
RATIOS: Mapping[str, tuple[str, str]] = {
    # ratio: whose rate over whose
    "replay": ("ours", "pm4py_replay"),
    "replay_live": ("ours", "pm4py_replay_live"),
    "footprints": ("ours", "pm4py_footprints"),
    "footprints_defaults": ("ours", "pm4py_footprints_defaults"),
}


class Files(NamedTuple):
    changes: Path
    table: Path
    rules: Path
    out: Path


Command = Callable[[Bench, Files], list[str]]


def _ours(bench: Bench, files: Files) -> list[str]:
    profile = ["-m", "cProfile", "-o", str(bench.profile)] if bench.profile else []
    own = [sys.executable, *profile, "-m", "streams.bench.backtest.ours"]
    return [*own, str(files.out), str(files.changes), "--governance", str(files.rules)]


def _pm4py(*options: str) -> Command:
    script = str(Path(__file__).parent / "pm4py_checker.py")

    def command(bench: Bench, files: Files) -> list[str]:
        python = environment.python(bench.progress, environment.YARDSTICKS)
        return [str(python), script, str(files.table), *options]

    return command


CONTESTANTS: Mapping[str, Command] = {
    "ours": _ours,
    "pm4py_replay": _pm4py("--checker", "replay"),
    "pm4py_replay_live": _pm4py("--checker", "replay", "--live"),
    "pm4py_footprints": _pm4py("--checker", "footprints"),
    "pm4py_footprints_defaults": _pm4py("--checker", "footprints", "--locked"),
}
ONCE = frozenset({"pm4py_footprints_defaults"})
"""Slow: in the first round only."""


def run(bench: Bench) -> dict[str, Any]:
    """`events_per_second`, `cpu_seconds_per_million` by contestant, `ratios` of ours to each checker by wall clock
    and by CPU, `noticed`: shares of the deviating cases, `not_checked`: what pm4py has no notion of."""
    deviating, events, files = _written(bench)
    rows: list[Row] = []
    found: dict[str, list[str]] = {}
    for number in range(1, (bench.rounds or (1 if bench.quick else ROUNDS)) + 1):
        for name in CONTESTANTS:
            if not bench.takes(name) or (name in ONCE and number > 1):
                continue
            measured = _measure(CONTESTANTS[name](bench, files))
            found[name] = measured.pop("noticed")
            wrong = None if measured["events"] == events else f"{measured['events']} events of {events}"
            rows.append({"round": number, "contestant": name, "distribution": LOG, "void": wrong} | _figures(measured))
            bench.progress(f"round {number}, {name}: {rows[-1]['rate']:,.0f} events/s")
    rates, cpu = medians(rows, "rate"), medians(rows, "cpu_seconds_per_million")
    return {
        "bench": "backtest",
        "sizes": {"cases": QUICK_CASES if bench.quick else CASES, "events": events, "deviating": len(deviating)},
        "ratios": ratios(rates, RATIOS).get(LOG, {}),
        "ratios_by_cpu": ratios(cpu, {name: (peer, ours) for name, (ours, peer) in RATIOS.items()}).get(LOG, {}),
        "events_per_second": rates.get(LOG, {}),
        "cpu_seconds_per_million": cpu.get(LOG, {}),
        "noticed": noticed(deviating, found),
        "not_checked": dict(NOT_CHECKED),
        "machine": describe(),
        "rounds": rows,
    }


def _written(bench: Bench) -> tuple[dict[str, str], int, Files]:
    """The log as both read it."""
    events, deviating = orders(SEED, QUICK_CASES if bench.quick else CASES)
    bench.progress(f"writing {len(events):,} events, {len(deviating):,} cases deviate ...")
    files = Files(*(bench.folder / name for name in ("orders.jsonl", "orders.csv", "rules", "found.json")))
    write_changes(events, files.changes)
    write_csv(events, files.table)
    files.rules.mkdir()
    (files.rules / "systems.yaml").write_text(yaml.safe_dump({"judged": list(JUDGED)}))
    return deviating, len(events), files


def _measure(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, check=True)
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _figures(measured: Mapping[str, Any]) -> dict[str, float]:
    return {
        **measured,
        "rate": measured["events"] / measured["seconds"],
        "cpu_seconds_per_million": measured["cpu_seconds"] / measured["events"] * 1e6,
    }
