"""The drifts of a deployment: one record an id, worst first."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from schemas import topics
from streams.look.read import Cluster

Drift = dict[str, Any]


def read_drifts(cluster: Cluster, partitions: Iterable[int] | None = None) -> list[Drift]:
    """The latest record of each drift id."""
    held: dict[tuple[int, str], Drift | None] = {}
    for seen in cluster.decoded(topics.DRIFTS, partitions):
        held[seen.origin.partition, seen.origin.key] = seen.value
    return one_an_id(drift for drift in held.values() if drift is not None)


def one_an_id(records: Iterable[Drift]) -> list[Drift]:
    """A drift whose subject moved has records under two customers: the one that still stands wins, else the later."""
    chosen: dict[str, Drift] = {}
    for drift in records:
        other = chosen.get(drift["drift_id"])
        if other is None or _standing(drift) > _standing(other):
            chosen[drift["drift_id"]] = drift
    return list(chosen.values())


def _standing(drift: Drift) -> tuple[bool, bool, int]:
    return drift["status"] != "closed", drift["how"] != "moved", drift["closed_at"] or drift["opened_at"]


def worst_first(drifts: Iterable[Drift]) -> list[Drift]:
    """Sorted by severity, then amount, then age: the oldest first."""
    return sorted(drifts, key=lambda d: (d["severity"], -_amount(d), d["opened_at"], d["drift_id"]))


def _amount(drift: Drift) -> Decimal:
    money = drift["amount_at_stake"]
    return abs(money["amount"]) if money else Decimal(0)


def selected(
    drifts: Iterable[Drift], *, all_: bool = False, kind: str | None = None, customer: str | None = None
) -> list[Drift]:
    """Open ones, or all; of one kind (name or number) and one customer where given; worst first."""
    return worst_first(
        drift
        for drift in drifts
        if (all_ or drift["status"] == "open")
        and (kind is None or kind in (drift["kind"], drift["kind_number"]))
        and (customer is None or customer == drift["canonical_id"])
    )
