"""A run: fill, catch up, warm up, measure, and measure again while the largest table is read once more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import mean
from typing import Any, NamedTuple

from schemas import topics
from schemas.codec import Codec
from schemas.instants import Instant
from schemas.registry import HttpRegistry
from streams.bench import machine
from streams.bench.latency import company, figures
from streams.bench.latency.deployment import SOURCE, Deployment, deployed
from streams.bench.latency.figures import Seen, Stamps, percentiles, spans
from streams.bench.latency.listen import Listener
from streams.bench.table import Bench
from streams.bench.watch import ContestantFailed

LARGEST = "invoice_line"
AGAIN_PAUSE_SECONDS = 0.001
"""Between two rows of a snapshot beside live traffic: some hundred rows a second."""
SOURCE_TOPIC = topics.source_topic(SOURCE)
READ = (SOURCE_TOPIC, topics.CHANGES, topics.CORRECTED_STATE, topics.DRIFTS)


@dataclass(frozen=True)
class Size:
    customers: int
    warm_seconds: float
    measured_seconds: float
    rate: int = 500
    """Changes a second, each a commit."""


# A hundred seconds after their start the compilers of broker and Connect still keep a core busy at times.
FULL, QUICK = Size(2_000, 120, 45), Size(500, 5, 10)
ROUNDS = 2
"""And no more: the drafts that clerks post, each to drift, last that long."""
_CATCH_UP_SECONDS, _AGAIN_SECONDS, _TAIL_SECONDS = 120, 180, 3


class Window(NamedTuple):
    """Instants by the clock of the machine."""

    begin: Instant
    end: Instant

    @property
    def seconds(self) -> float:
        return (self.end - self.begin) / figures.MICROS


class Phases(NamedTuple):
    live: Window
    """Live traffic alone."""
    again: Window
    """The largest table read again beside it."""
    worker_cores: float
    """That the worker kept busy, with live traffic alone."""
    load_average: float


def run(bench: Bench) -> dict[str, Any]:
    """The document of `bench latency --json`."""
    size, described = QUICK if bench.quick else FULL, machine.describe()
    rounds = min(bench.rounds or ROUNDS, 1 if bench.quick else ROUNDS)
    with deployed(bench) as deployment, Listener(deployment.endpoints.kafka_bootstrap, READ) as listener:
        _catch_up(bench, deployment, listener, company.fill(deployment.conninfo, size.customers))
        with _clerks(deployment, size) as told:
            time.sleep(size.warm_seconds)
            phases = [_phases(bench, deployment, listener, size) for _ in range(rounds)]
        time.sleep(_TAIL_SECONDS)
        listener.check()
        entities = {table: m.entity for table, m in deployment.governance.mappings[SOURCE].items()}
        codec = Codec(HttpRegistry(deployment.settings.registry_url))
        stamped = figures.stamps(listener.heard, codec, SOURCE_TOPIC, entities)
    return {
        **_document(stamped, phases),
        "changes": {**told, "captured": len(stamped.captured)},
        "partitions": deployment.governance.partitions,
        "machine": described,
        "rounds": [_document(stamped, [each]) for each in phases],
    }


def _catch_up(bench: Bench, deployment: Deployment, listener: Listener, rows: int) -> None:
    """Every row that was there has a place in the corrected state."""
    bench.progress(f"{rows:,} rows are in the database")
    deployment.capture()
    deployment.wait(lambda: listener.counts[topics.CORRECTED_STATE] >= rows, "the first snapshot", _CATCH_UP_SECONDS)
    bench.progress("the first snapshot is in the corrected state")


@contextmanager
def _clerks(deployment: Deployment, size: Size) -> Iterator[dict[str, Any]]:
    told: dict[str, Any] = {}
    arguments = ["--conninfo", deployment.conninfo, "--customers", str(size.customers), "--rate", str(size.rate)]
    process = subprocess.Popen(
        [sys.executable, "-m", "streams.bench.latency.clerks", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield told
        output, _ = process.communicate(timeout=30)
        told.update(json.loads(output))
    finally:
        process.kill()
        process.wait()


def _phases(bench: Bench, deployment: Deployment, listener: Listener, size: Size) -> Phases:
    begin, cpu = _now(), deployment.cpu_seconds()
    time.sleep(size.measured_seconds)
    live = Window(begin, _now())
    cores = round((deployment.cpu_seconds() - cpu) / live.seconds, 2)
    bench.progress(f"live traffic measured; the worker kept {cores} cores busy")
    again = _again(deployment, listener, size)
    bench.progress(f"{LARGEST} was read again within {again.seconds:.1f} s")
    return Phases(live, again, cores, round(os.getloadavg()[0], 2))


def _again(deployment: Deployment, listener: Listener, size: Size) -> Window:
    """From the wish until the query is over that reads the table."""
    begin, before = _now(), listener.counts[SOURCE_TOPIC]
    deployment.read_again(LARGEST, AGAIN_PAUSE_SECONDS)

    def over() -> bool:
        enough = listener.counts[SOURCE_TOPIC] - before >= company.lines(size.customers)
        return enough and not deployment.is_reading_again()

    deployment.wait(over, f"another snapshot of {LARGEST}", _AGAIN_SECONDS)
    return Window(begin, _now())


def _document(stamped: Stamps, phases: Sequence[Phases]) -> dict[str, Any]:
    """Over these rounds together: some ten drifts make a p99 of one, which is chance."""
    live, again = [each.live for each in phases], [each.again for each in phases]
    captured, drifts = _spans(stamped.captured, live), percentiles(_spans(stamped.drifted, live))
    during = percentiles(_spans(stamped.drifted, again))
    if not during["p99"] or not drifts["p99"]:
        raise ContestantFailed("There was a round without drifts: the clerks have no drafts left to post.")
    return {
        "state_seconds": percentiles(_spans(stamped.corrected, live)),
        "drift_seconds": drifts,
        "split": {
            "debezium": percentiles(captured),
            "identify": percentiles(_spans(stamped.identified, live, stamped.captured)),
            "judge_state": percentiles(_spans(stamped.corrected, live, stamped.identified)),
            "judge_drift": percentiles(_spans(stamped.drifted, live, stamped.identified)),
        },
        "resnapshot": {
            "p99_before": drifts["p99"],
            "p99_during": during["p99"],
            "ratio": round(during["p99"] / drifts["p99"], 2),
            "drifts_during": during["count"],
            "state_p99_during": percentiles(_spans(stamped.corrected, again))["p99"],
            "rows": sum(any(w.begin <= at < w.end for w in again) for at in stamped.read_again),
            "seconds": round(sum(w.seconds for w in again), 1),
        },
        "changes_per_second": round(len(captured) / sum(w.seconds for w in live), 1),
        "worker_cores": round(mean(each.worker_cores for each in phases), 2),
        "load_average": max(each.load_average for each in phases),
    }


def _spans(later: Seen, windows: Sequence[Window], earlier: Seen | None = None) -> list[float]:
    return [span for window in windows for span in spans(later, *window, earlier)]


def _now() -> Instant:
    return time.time_ns() // 1000
