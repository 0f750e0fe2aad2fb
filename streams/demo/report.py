"""The closing table for people, and the one object for programs."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from streams.demo.measures import Seconds
from streams.demo.score import COUNTS, Score


def as_json(score: Score) -> dict[str, Any]:
    """`injected` to `corrected` map each kind to a count; times are seconds; `differences` and `shortfalls` say in
    words why a run failed. `judged_not_injected` maps kinds whose truth nobody knows to the drifts seen; they and
    `not_judged`, which no system of the demo has the records for, are not in the score."""
    return {
        **{name: dict(score.counts[name]) for name in COUNTS},
        "totals": {name: score.total(name) for name in COUNTS},
        "near_misses": sum(score.near_misses.values()),
        "clean_customers": score.clean_customers,
        "unresolved": score.unresolved,
        "detection_seconds": _rounded(score.detection),
        "detection_raw_seconds": _rounded(score.detection_raw),
        "unknown_excess_seconds": {"p99": _rounded(score.unknown_excess)["p99"]},
        "events": score.events,
        "seed": score.seed,
        "judged_not_injected": dict(score.beside),
        "not_judged": list(score.not_judged),
        "differences": list(score.differences),
        "shortfalls": list(score.shortfalls),
    }


def render(score: Score) -> Table:
    """One line a kind, their sum, and the figures of the run below."""
    title = f"Seed {score.seed}: {'passed' if score.passed else 'FAILED'}"
    table = Table(title=title, caption=_caption(score), box=None, padding=(0, 1, 0, 0))  # 80 columns are enough
    table.add_column("kind", no_wrap=True, overflow="fold")
    for name in (*COUNTS, "near misses"):
        table.add_column(name, justify="right")
    for kind in score.counts["injected"]:
        counts = (score.counts[name][kind] for name in COUNTS)
        table.add_row(kind, *map(_number, counts), _number(score.near_misses.get(kind, 0)))
    table.add_row("all", *(str(score.total(name)) for name in COUNTS), str(sum(score.near_misses.values())))
    return table


def _caption(score: Score) -> str:
    detection, excess = score.detection, score.unknown_excess
    lines = [
        f"{score.events} events, {score.clean_customers} clean customers, {score.unresolved} unresolved",
        f"detected after {_seconds(detection.p50)} (median), {_seconds(detection.p99)} (p99); "
        f"unknown for {_seconds(excess.p99)} longer than explained (p99)",
    ]
    lines += _not_scored(score)
    return "\n".join([*lines, *score.differences, *score.shortfalls])


def _not_scored(score: Score) -> list[str]:
    judged = ", ".join(f"{kind} ({number} seen)" if number else kind for kind, number in score.beside.items())
    without = ", ".join(score.not_judged)
    told = (("judged, not injected", judged), ("not judged, no system has the records", without))
    return [f"{what}: {kinds}" for what, kinds in told if kinds]


def _rounded(seconds: Seconds) -> dict[str, float | None]:
    return {name: None if value is None else round(value, 3) for name, value in seconds._asdict().items()}


def _number(count: int) -> str:
    return str(count) if count else "·"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"
