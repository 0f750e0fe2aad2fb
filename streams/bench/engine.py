"""`driftwise bench engine`: the join job, ours beside its peers, in alternating rounds on one broker (contracts 12)."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from schemas import topics
from streams.bench import figures, machine
from streams.bench.check import Verdict, check, distinct_keys_per_commit
from streams.bench.cluster import Cluster, Loaded
from streams.bench.contestants import CONTESTANTS, RATIOS, Contestant, Programs, Run
from streams.bench.ours import DONE_FILE
from streams.bench.process import start, stop
from streams.bench.step import run as full_step
from streams.bench.table import Bench
from streams.bench.watch import ContestantFailed, Limits, watch
from streams.bench.workload import DISTRIBUTIONS, PARTITIONS, VALUE_BYTES, Size, Workload
from tables.state import PROGRESS

TAKES = (*(each.name for each in CONTESTANTS), full_step.NAME)

COMMIT_INTERVAL_SECONDS = 1.0
"""The same for all; each contestant's default gets one round more."""
SIZE, QUICK = Size(events=1_200_000, keys=1_000_000), Size(events=40_000, keys=10_000)
LIMITS = Limits()
QUICK_LIMITS = Limits(measured_seconds_max=8.0)
SLOW_SECONDS = 40.0
"""Measured for so long where commits stall for up to 17 s."""
ROUNDS = 2
_OUTPUT_SECONDS = 20


def run(bench: Bench) -> dict[str, Any]:
    """The document of `bench engine --json`."""
    size, rounds = (QUICK, 1) if bench.quick else (SIZE, ROUNDS)
    rounds = bench.rounds or rounds
    described, programs = machine.describe(), Programs(bench)
    rows: list[dict[str, Any]] = []
    with bench.broker() as bootstrap:
        cluster = Cluster(bootstrap)
        for distribution in DISTRIBUTIONS if any(bench.takes(each.name) for each in CONTESTANTS) else ():
            bench.progress(f"loading {size.events:,} events, {distribution} over {size.keys:,} keys")
            loaded = cluster.load(Workload(distribution, size))
            for number, contestant, interval in _order(
                bench, rounds, defaults=distribution == next(iter(DISTRIBUTIONS)) and rounds > 1
            ):
                row = _one(bench, cluster, programs, loaded, contestant, interval)
                rows.append({"round": number, **row})
                bench.progress(_said(rows[-1]))
            cluster.delete(f"bench.{distribution}.")
        step = full_step.run(bench, bootstrap) if bench.takes(full_step.NAME) else {}
    document = _document(rows, size, described)
    return document | step | {"rounds": [*document["rounds"], *step.get("rounds", ())]}


def _order(bench: Bench, rounds: int, *, defaults: bool) -> Iterator[tuple[int, Contestant, float | None]]:
    """Contestants alternate; every other round begins at the other end. `defaults`: a last one, each at its default."""
    taking = [each for each in CONTESTANTS if bench.takes(each.name)]
    for number in range(1, rounds + 1):
        for contestant in taking if number % 2 else reversed(taking):
            if not contestant.slow or number == 1:
                yield number, contestant, COMMIT_INTERVAL_SECONDS
    if defaults:
        yield from ((rounds + 1, each, None) for each in taking if not each.slow)


def _one(
    bench: Bench,
    cluster: Cluster,
    programs: Programs,
    loaded: Loaded,
    contestant: Contestant,
    interval: float | None,
) -> dict[str, Any]:
    """One run from scratch: a new group, new topics, an empty store."""
    mark = f"{contestant.name}-{time.time_ns()}"
    run = Run(mark, cluster.bootstrap, loaded.left, loaded.right, f"out.{mark}", bench.folder / mark, interval)
    row: dict[str, Any] = {
        "contestant": contestant.name,
        "distribution": loaded.workload.distribution,
        "commit_interval": "common" if interval else "default",
        "commit_interval_seconds": interval or contestant.default_interval_seconds,
    }
    try:
        return row | _measure(bench, cluster, programs.command(contestant, run), run, loaded, contestant)
    except ContestantFailed as problem:
        return row | {"void": str(problem)}
    finally:
        shutil.rmtree(run.folder, ignore_errors=True)
        cluster.delete(mark)


def _measure(
    bench: Bench, cluster: Cluster, command: list[str], run: Run, loaded: Loaded, contestant: Contestant
) -> dict[str, Any]:
    run.folder.mkdir(parents=True)
    changelog = topics.CHANGELOG + run.name
    cluster.create([run.output, *([changelog] if contestant.kind == "ours" else [])])
    limits = QUICK_LIMITS if bench.quick else LIMITS
    if contestant.slow:
        limits = replace(limits, measured_seconds_max=SLOW_SECONDS)
    log = bench.folder / f"{run.name}.log"
    process = start(command, log)
    try:
        done = _progress(cluster, contestant, run)
        measured = watch(process, done, loaded.events, limits, log)
        if measured.finished:
            _wait_for_the_rest(done, loaded.events)
    finally:
        stop(process)
    verdict = check(cluster, run.output, loaded, collapsed=contestant.collapsed, finished=measured.finished)
    wrong = verdict.wrong or _not_collapsed(contestant, verdict, loaded, measured.finished)
    usual = (contestant.usual_rates or {}).get(loaded.workload.distribution)
    found = {
        "rate": round(measured.rate),
        "cpu_seconds_per_million": round(measured.cpu_seconds_per_million, 2),
        "events": measured.events,
        "seconds": round(measured.seconds, 2),
        "outputs": verdict.outputs,
        "void": figures.void_reason(measured.rate, None if bench.quick else usual, wrong),
    }
    if contestant.kind == "ours":
        keys = distinct_keys_per_commit(cluster, changelog, PROGRESS.encode())
        found["distinct_keys_per_commit"] = round(keys)
    return found


def _progress(cluster: Cluster, contestant: Contestant, run: Run) -> Any:
    def told() -> int:
        file = run.folder / DONE_FILE
        return int((file.read_text() if file.exists() else "") or 0)

    return {
        "outputs": lambda: sum(cluster.committed_ends(run.output)),
        "group": lambda: cluster.group_position(run.name),
        "told": told,
    }[contestant.progress]


def _wait_for_the_rest(done: Any, total: int) -> None:
    deadline = time.monotonic() + _OUTPUT_SECONDS
    while done() < total and time.monotonic() < deadline:
        time.sleep(0.1)


def _not_collapsed(contestant: Contestant, verdict: Verdict, loaded: Loaded, finished: bool) -> str | None:
    if contestant.collapsed and finished and verdict.outputs >= loaded.events:
        return "one output for each input: nothing was collapsed"
    return None


def _said(row: dict[str, Any]) -> str:
    what = f"{row['distribution']:<8} round {row['round']} {row['contestant']:<22}"
    if "rate" not in row:
        return f"{what} void: {row['void']}"
    void = f"  void: {row['void']}" if row["void"] else ""
    return f"{what} {row['rate']:>9,} events/s  {row['cpu_seconds_per_million']:>6} CPU s/million{void}"


def _document(rows: list[dict[str, Any]], size: Size, described: dict[str, Any]) -> dict[str, Any]:
    common = [row for row in rows if row["commit_interval"] == "common"]
    default = [row for row in rows if row["commit_interval"] == "default"]
    rates = figures.medians(common, "rate")
    return {
        "bench": "engine",
        "ratios": figures.ratios(rates, RATIOS),
        "rates": rates,
        "rates_at_default_interval": figures.medians(default, "rate"),
        "cpu_seconds_per_million": figures.medians(common, "cpu_seconds_per_million"),
        "distinct_keys_per_commit": figures.medians(
            [row for row in common if row["contestant"] == "ours"], "distinct_keys_per_commit"
        ),
        "void": any(row["void"] for row in common),
        "sizes": {
            "events": size.events,
            "keys": size.keys,
            "value_bytes": VALUE_BYTES,
            "partitions": PARTITIONS,
            "commit_interval_seconds": COMMIT_INTERVAL_SECONDS,
        },
        "machine": described,
        "rounds": rows,
    }
