"""Arithmetic of the results: medians, ratios, and which runs are void."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

VOID_BELOW = 0.8
"""A peer that stays below this share of its usual rate had a bad day: the comparison says nothing (contracts 12)."""
Row = Mapping[str, Any]
"""One run: contestant, distribution, interval ("common" or "default"), rate, void (why) and more."""


def medians(rows: Iterable[Row], figure: str) -> dict[str, dict[str, float]]:
    """Distribution -> contestant -> the median of a figure over the runs that are not void."""
    values: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        if not row["void"]:
            values.setdefault(row["distribution"], {}).setdefault(row["contestant"], []).append(row[figure])
    return {d: {name: round(median(each), 2) for name, each in found.items()} for d, found in values.items()}


def ratios(rates: Mapping[str, Mapping[str, float]], asked: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """Each ratio by distribution, and as headline the worst of them; a ratio without both rates is left out."""
    by_distribution = {
        distribution: {
            name: round(found[ours] / found[peer], 3)
            for name, (ours, peer) in asked.items()
            if ours in found and peer in found
        }
        for distribution, found in rates.items()
    }
    headline = {
        name: min(found[name] for found in by_distribution.values() if name in found)
        for name in asked
        if any(name in found for found in by_distribution.values())
    }
    return {**headline, **by_distribution}


def void_reason(rate: float, usual: float | None, wrong: str | None) -> str | None:
    """Why a run counts for nothing, or None."""
    if wrong:
        return f"wrong output: {wrong}"
    if usual and rate < VOID_BELOW * usual:
        return f"{rate:.0f} events/s, below {VOID_BELOW} of the usual {usual:.0f}"
    return None
