"""KPIs: sums over what the audit says of each obligation, so the same again after a replay. Pure.

An obligation that is not answered yet counts with how long it has been overdue, and demanded: no KPI can look good
while things hang. The audit tells no end of one whose subject moved on after it was due; its drift does."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from schemas import topics
from schemas.instants import SECOND, Instant
from streams.kinds.table import KINDS
from streams.look.drifts import Drift, read_drifts
from streams.look.read import Cluster

DUE = ("met", "late", "missed")
"""Results of what was demanded and fell due; the others were withdrawn, ignored, retracted, or stood before go-live."""
RECORD = "ObligationSettled"
_DEADLINES = frozenset(kind.name for kind in KINDS if kind.clock == "deadline")


class Settled(NamedTuple):
    """What was told last of an obligation."""

    kind: str
    due_at: Instant
    settled_at: Instant | None
    """None: it ended, and nobody says when."""
    result: str
    amount: Mapping[str, Any] | None
    triggered_at: Instant = 0
    answered_at: Instant | None = None

    def overdue(self, now: Instant) -> Instant | None:
        ended_at = now if self.result == "missed" else self.settled_at
        return None if ended_at is None else max(0, ended_at - self.due_at)

    def propagation(self, now: Instant) -> Instant | None:
        """From what demanded it to its answer, so far where there is none. What was there before did not come of it."""
        until = now if self.result == "missed" else self.answered_at
        return None if until is None or until < self.triggered_at else until - self.triggered_at


class Kpi(NamedTuple):
    kind: str
    due: int
    met: int
    late: int
    """Answered behind the deadline, or ended at another customer."""
    missed: int
    """Not answered yet."""
    not_due: int
    """Withdrawn, ignored, retracted, or of the baseline."""
    on_time: float | None
    """Share of what was due that was met; None: nothing was, or it is no deadline."""
    on_time_by_amount: Mapping[str, float]
    """Currency -> the same of the sums of what they are worth."""
    overdue_seconds: Mapping[str, float]
    """p50, p95 and max of what was late or is missed."""
    propagation_seconds: Mapping[str, float]
    """p50, p95 and max from what demands to the answer, of what was due and has one, or has none yet."""


def read_settled(cluster: Cluster, since: Instant) -> list[Settled]:
    """The latest of each obligation that was due then or later: nothing is told of one before it is due."""
    latest: dict[str, Settled] = {}
    for seen in cluster.decoded(topics.AUDIT, since=since):
        if seen.record == RECORD and seen.value is not None:
            value = seen.value
            latest[value["drift_id"]] = Settled(*(value[name] for name in Settled._fields))
    if any(each.result == "missed" for each in latest.values()):
        drifts = {drift["drift_id"]: drift for drift in read_drifts(cluster)}
        return [ended(each, drifts.get(drift_id)) for drift_id, each in latest.items()]
    return list(latest.values())


def ended(told: Settled, drift: Drift | None) -> Settled:
    """The same, with the end that only its drift tells; None: that is over for so long that it is gone."""
    if told.result != "missed" or (drift is not None and drift["status"] != "closed"):
        return told
    if drift is not None and drift["how"] == "retracted":
        return told._replace(result="retracted")
    return told._replace(result="late", settled_at=drift["closed_at"] if drift else None)


class Refused(NamedTuple):
    """Input that went to the dead letters."""

    records: int
    replays: int
    """Of them that were refused again."""


def read_refused(cluster: Cluster, since: Instant) -> Refused:
    """Of what was refused since then, as far back as dead letters are kept."""
    found: set[str] = set()
    replays = 0
    for seen in cluster.decoded(topics.DEAD_LETTERS, since=since):
        if seen.value is not None:
            found.add(seen.value["letter_id"])
            replays += seen.value["hops"] > 1
    return Refused(len(found), replays)


def kpis_of(settled: Iterable[Settled], since: Instant, now: Instant) -> tuple[Kpi, ...]:
    """By kind, of what was due since then; first all deadlines together, then the worst kind first."""
    of: dict[str, list[Settled]] = {}
    for each in settled:
        if each.due_at >= since:
            of.setdefault(each.kind, []).append(each)
    if not of:
        return ()
    deadlines = [each for kind, found in of.items() if kind in _DEADLINES for each in found]
    found = [_kpi(kind, each, now, is_deadline=kind in _DEADLINES) for kind, each in of.items()]
    return (_kpi("", deadlines, now, is_deadline=True), *sorted(found, key=_worst_first))


def _kpi(kind: str, settled: list[Settled], now: Instant, *, is_deadline: bool) -> Kpi:
    counted = Counter(each.result for each in settled)
    due = [each for each in settled if each.result in DUE]
    return Kpi(
        kind,
        due=len(due),
        met=counted["met"],
        late=counted["late"],
        missed=counted["missed"],
        not_due=len(settled) - len(due),
        on_time=round(counted["met"] / len(due), 4) if due and is_deadline else None,
        on_time_by_amount=_by_amount(due) if is_deadline else {},
        overdue_seconds=_percentiles(each.overdue(now) for each in due if each.result != "met"),
        propagation_seconds=_percentiles(each.propagation(now) for each in due),
    )


def _by_amount(due: list[Settled]) -> dict[str, float]:
    sums: dict[str, list[Decimal]] = {}
    for each in due:
        if each.amount is not None:
            of = sums.setdefault(each.amount["currency"], [Decimal(0), Decimal(0)])
            worth = abs(each.amount["amount"])
            of[0] += worth if each.result == "met" else 0
            of[1] += worth
    return {currency: round(float(met / all_), 4) for currency, (met, all_) in sorted(sums.items()) if all_}


def _percentiles(spans: Iterable[Instant | None]) -> dict[str, float]:
    """In seconds, by nearest rank, of those that are known."""
    ordered = sorted(each / SECOND for each in spans if each is not None)
    ranks = {"p50": 0.5, "p95": 0.95, "max": 1.0}
    return {name: ordered[math.ceil(share * len(ordered)) - 1] for name, share in ranks.items()} if ordered else {}


def _worst_first(kpi: Kpi) -> tuple[int, float, str]:
    return -kpi.missed, 1.0 if kpi.on_time is None else kpi.on_time, kpi.kind
