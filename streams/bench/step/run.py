"""The full step, ours beside the bare loop and Quix Streams, in alternating rounds on one broker (contracts 12)."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from confluent_kafka import Producer

from schemas import topics
from streams.bench.cluster import QUIET, Cluster
from streams.bench.step.bare import FIGURES_FILE
from streams.bench.step.check import expected, wrong
from streams.bench.step.contestants import CONTESTANTS, Contestant, Run
from streams.bench.step.follow import Bounds, follow
from streams.bench.step.log import governance, records
from streams.bench.table import Bench
from streams.bench.watch import ContestantFailed, Window

EVENTS, QUICK_EVENTS = 200_000, 10_000
NAME = "full_step"
"""On the command line it stands for all who take part in it."""
SEED = 1
ROUNDS = 2
COMMIT_INTERVAL_SECONDS = 1.0
"""The same for all; each contestant's default gets one round more."""
BOUNDS, QUICK_BOUNDS = Bounds(), Bounds(measured_seconds_max=8.0)
_STOP_SECONDS, _REST_SECONDS = 30, 30


def run(bench: Bench, bootstrap: str) -> dict[str, Any]:
    """What `bench engine` adds to its document: `full_step`, our rate over those of {quix, quix_at_least_once,
    quix_spared, bare_loop}, with rates in changes a second, processor seconds a million and every round beside it; and
    `step_microseconds`, the shard's own calls for a change in the bare loop. Medians all."""
    cluster = Cluster(bootstrap)
    work = _load(cluster, bench)
    rows = []
    for number, contestant, interval in _order(bench):
        row = {"round": number, **_one(bench, cluster, contestant, work, interval)}
        bench.progress(_said(row))
        rows.append(row)
    cluster.delete(topics.CHANGES)
    return _document(rows, work.records)


class Work(NamedTuple):
    records: int
    """Watermarks included."""
    revisions: Counter[str]
    """What the corrected state must come to."""


def _load(cluster: Cluster, bench: Bench) -> Work:
    """Write the workload to q2c.changes."""
    events = QUICK_EVENTS if bench.quick else EVENTS
    bench.progress(f"loading {events:,} canonical changes")
    cluster.create([topics.CHANGES])
    producer = Producer({**QUIET, "bootstrap.servers": cluster.bootstrap, "compression.type": "lz4", "linger.ms": 50})
    total = 0
    for record in records(SEED, events, governance()):
        producer.produce(topics.CHANGES, record.value, record.key, record.partition)
        producer.poll(0)
        total += 1
        if total % 20_000 == 0:
            producer.flush(_REST_SECONDS)
    if left := producer.flush(_REST_SECONDS):
        raise TimeoutError(f"{left} changes were not written in time: is the broker up?")
    return Work(total, expected(cluster))


def _order(bench: Bench) -> Iterator[tuple[int, Contestant, float | None]]:
    """Contestants alternate; every other round begins at the other end. A last round has each at its default."""
    taking = [each for each in CONTESTANTS if NAME in bench.only or bench.takes(each.name)]
    rounds = bench.rounds or (1 if bench.quick else ROUNDS)
    for number in range(1, rounds + 1):
        for contestant in taking if number % 2 else reversed(taking):
            yield number, contestant, COMMIT_INTERVAL_SECONDS
    if not bench.quick:
        yield from ((rounds + 1, each, None) for each in taking if each.default_interval_seconds)


def _one(bench: Bench, cluster: Cluster, contestant: Contestant, work: Work, interval: float | None) -> dict[str, Any]:
    """One run from scratch: a new group, new topics, an empty store."""
    name = f"step-{contestant.name}-{time.time_ns()}"
    run_ = Run(contestant, name, cluster.bootstrap, bench.folder / name, work.records, interval)
    row: dict[str, Any] = {
        "job": NAME,
        "contestant": contestant.name,
        "commit_interval": "common" if interval else "default",
        "commit_interval_seconds": interval or contestant.default_interval_seconds,
    }
    run_.folder.mkdir(parents=True)
    if run_.topics():
        cluster.create(run_.topics())
    try:
        return row | _measure(bench, cluster, run_, work)
    except ContestantFailed as problem:
        return row | {"void": str(problem)}
    finally:
        shutil.rmtree(run_.folder, ignore_errors=True)
        for mark in (name, *run_.topics()):
            cluster.delete(mark)


def _measure(bench: Bench, cluster: Cluster, run_: Run, work: Work) -> dict[str, Any]:
    log = bench.folder / f"{run_.name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(run_.command(bench), env=run_.environment(), stdout=output, stderr=output)
    done = _told(run_.done_file) if run_.contestant.kind != "quix" else lambda: cluster.group_position(run_.name)
    try:
        measured = follow(process, done, run_.total, QUICK_BOUNDS if bench.quick else BOUNDS, log)
        figures = _figures(run_.folder / FIGURES_FILE) if run_.contestant.kind == "bare" and measured.finished else {}
    finally:
        _stop(process)
    topic = run_.corrected_state()
    void = wrong(cluster, topic, work.revisions) if topic and measured.finished else None
    return {**_row(measured), **figures, "void": void}


def _told(file: Path) -> Any:
    return lambda: int((file.read_text() if file.exists() else "") or 0)


def _figures(file: Path) -> dict[str, Any]:
    deadline = time.monotonic() + _REST_SECONDS
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    found: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return {"step_microseconds": found["step_microseconds"]} if found else {}


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _row(measured: Window) -> dict[str, Any]:
    return {
        "rate": round(measured.rate),
        "cpu_seconds_per_million": round(measured.cpu_seconds_per_million, 1),
        "events": measured.events,
        "seconds": round(measured.seconds, 2),
    }


def _said(row: dict[str, Any]) -> str:
    what = f"full step round {row['round']} {row['contestant']:<22}"
    if "rate" not in row:
        return f"{what} void: {row['void']}"
    void = f"  void: {row['void']}" if row["void"] else ""
    return f"{what} {row['rate']:>9,} changes/s  {row['cpu_seconds_per_million']:>6} CPU s/million{void}"


def _document(rows: list[dict[str, Any]], total: int) -> dict[str, Any]:
    common = [row for row in rows if row["commit_interval"] == "common" and not row["void"]]
    default = [row for row in rows if row["commit_interval"] == "default" and not row["void"]]
    rates = _medians(common, "rate")
    step = [row["step_microseconds"] for row in common if "step_microseconds" in row]
    peers = [name for name in rates if name != "ours"] if "ours" in rates else []
    ratios = {peer: round(rates["ours"] / rates[peer], 3) for peer in peers}
    beside = {
        "rates": rates,
        "rates_at_default_interval": _medians(default, "rate"),
        "cpu_seconds_per_million": _medians(common, "cpu_seconds_per_million"),
        "records": total,
    }
    return {NAME: {**ratios, **beside}, "step_microseconds": median(step) if step else None, "rounds": rows}


def _medians(rows: list[dict[str, Any]], figure: str) -> dict[str, float]:
    names = dict.fromkeys(row["contestant"] for row in rows)
    return {name: median(row[figure] for row in rows if row["contestant"] == name) for name in names}
