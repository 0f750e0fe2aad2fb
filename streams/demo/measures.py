"""How long it took: spreads of seconds, and how much longer than allowed a verdict stayed UNKNOWN (contracts 12)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from schemas.instants import SECOND, Instant, from_datetime
from streams.demo.truth import Outage


class Seconds(NamedTuple):
    """Median and 99th percentile (nearest rank); None if there was nothing to measure."""

    p50: float | None
    p99: float | None


def spread(values: Iterable[float]) -> Seconds:
    ordered = sorted(values)
    if not ordered:
        return Seconds(None, None)
    return Seconds(*(ordered[math.ceil(share * len(ordered)) - 1] for share in (0.50, 0.99)))


def unknown_excess_seconds(
    settled: Iterable[tuple[Instant, Mapping[str, Any]]],
    horizon_seconds: Mapping[str, float],
    outages: Sequence[Outage],
) -> list[float]:
    """For each settled obligation (broker time, record): how long after its due time the answer came, less the verdict
    horizon of its kind and less what fell into an outage of a source; never below zero."""
    return [_excess(at, record, horizon_seconds, outages) for at, record in settled if record["result"] != "baseline"]


def _excess(
    at: Instant, record: Mapping[str, Any], horizon_seconds: Mapping[str, float], outages: Sequence[Outage]
) -> float:
    due_at = as_instant(record["due_at"])
    waited = (at - due_at - _overlap(due_at, at, outages)) / SECOND
    return max(0.0, waited - horizon_seconds.get(record["kind"], 0.0))


def _overlap(begin: Instant, end: Instant, outages: Sequence[Outage]) -> Instant:
    """Time between the two in which at least one source was away."""
    covered, reached = 0, begin
    for outage in sorted(outages, key=lambda each: each.begun_at):
        first, last = max(outage.begun_at, reached), min(outage.ended_at, end)
        if last > first:
            covered, reached = covered + last - first, last
    return covered


def as_instant(value: Any) -> Instant:
    """Microseconds, whether the reader of the record made datetimes of them or not."""
    return from_datetime(value) if isinstance(value, datetime) else int(value)
