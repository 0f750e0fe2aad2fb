"""The baseline: what disagreed already on day one, priced and ranked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from streams.look.drifts import Drift, worst_first

LEAVES = (
    "An item leaves the baseline when it is put right (its drift closes), or when a later change demands it anew or "
    "makes another mismatch of it (then it is a drift like any other)."
)


class Group(NamedTuple):
    """What one team has to look through of one kind."""

    kind: str
    severity: str
    """The worst in it."""
    owner_team: str
    items: int
    amounts: Mapping[str, Decimal]
    """Currency -> sum of what is at stake."""
    unpriced: int
    """Items at which no amount is known."""


class Baseline(NamedTuple):
    items: int
    amounts: Mapping[str, Decimal]
    groups: tuple[Group, ...]
    """Worst first: by severity, then the largest sum in any currency, then number."""
    drifts: tuple[Drift, ...]
    """Worst first."""


def baseline(drifts: Iterable[Drift], kind: str | None = None) -> Baseline:
    """The baseline, from the latest record of each drift. `kind`: name or number; None: all kinds."""
    stood = worst_first(d for d in drifts if d["status"] == "baseline" and kind in (None, d["kind"], d["kind_number"]))
    return Baseline(len(stood), _amounts(stood), grouped(stood), tuple(stood))


def grouped(drifts: Iterable[Drift]) -> tuple[Group, ...]:
    """Given worst first, by kind and owner: by severity, then the largest sum in any currency, then number."""
    of: dict[tuple[str, str], list[Drift]] = {}
    for drift in drifts:
        of.setdefault((drift["kind"], drift["owner_team"]), []).append(drift)
    return tuple(sorted((_group(kind, team, items) for (kind, team), items in of.items()), key=_rank))


def _group(kind: str, team: str, drifts: list[Drift]) -> Group:
    unpriced = sum(1 for d in drifts if d["amount_at_stake"] is None)
    return Group(kind, drifts[0]["severity"], team, len(drifts), _amounts(drifts), unpriced)


def _amounts(drifts: Iterable[Drift]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for drift in drifts:
        if (money := drift["amount_at_stake"]) is not None:
            sums[money["currency"]] = sums.get(money["currency"], Decimal(0)) + abs(money["amount"])
    return dict(sorted(sums.items()))


def _rank(group: Group) -> tuple[str, Decimal, int, str, str]:
    largest = max(group.amounts.values(), default=Decimal(0))
    return group.severity, -largest, -group.items, group.kind, group.owner_team
