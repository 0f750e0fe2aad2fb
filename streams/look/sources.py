"""What holds verdicts back: every source object, how far it has been heard, and what waits for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from schemas.instants import ALWAYS, NEVER, Instant, seconds
from streams.canary import is_canary
from streams.governance.model import Governance
from streams.judge.keys import MARKS, ObligationKey, is_obligation
from streams.judge.obligation import Obligation
from streams.kinds.asof import AsOf
from streams.kinds.finding import Finding, Subject
from streams.kinds.table import BY_NAME
from streams.look.lag import due_by, holding_back, source_name
from streams.look.progress import Progress, objects
from tables.view import MemoryView, Workspace
from tables.watermarks import Marks, name, watermark

ANSWERED = frozenset({"met", "closed"})


class Waiting(NamedTuple):
    """One verdict that cannot be given yet."""

    source: str
    """system/object that holds it back."""
    key: ObligationKey
    since: Instant
    """The instant that is to be judged."""
    amount: dict[str, Any] | None


class Source(NamedTuple):
    source: str
    phase: str
    """streaming, snapshot, gap, or never: not every partition has been heard."""
    watermark: Instant | None
    reported_at: Instant | None
    stale: bool
    why: str
    obligations: int
    amounts: dict[str, Decimal]
    """Currency -> sum at stake in what waits."""


def waiting(view: MemoryView, governance: Governance, now: Instant) -> Iterator[Waiting]:
    """The verdicts of one shard of judge that are due, or may end a drift, but for a source not heard yet."""
    marks = view.get(MARKS) or {}
    ws = Workspace(view)

    @cache
    def bound(kind: str, system: str) -> tuple[Instant, str]:
        return holding_back(marks, governance, BY_NAME[kind], system)

    for text, value in view.items():
        if not is_obligation(text) or is_canary(text):
            continue
        key, obligation = ObligationKey.parse(text), Obligation.from_json(value)
        if key.system not in governance.systems:
            continue  # no source will tell more of it
        until, source = bound(key.kind, key.system)
        if obligation.held is not None or not until < obligation.next <= now:
            continue
        kind = BY_NAME[key.kind]
        as_of = AsOf(ws, governance, key.customer, obligation.next)
        subject = Subject(key.system, kind.entity, key.native_id)
        finding = kind.judge(as_of, subject)
        if not isinstance(finding, Finding) or obligation.status in ANSWERED:
            continue
        due = due_by(as_of, kind, subject, obligation, finding)
        if (ALWAYS if due is None else due.at) <= now:
            yield Waiting(source, key, obligation.next, finding.amount)


def sources(progress: Progress, governance: Governance, waits: Iterable[Waiting], now: Instant) -> list[Source]:
    """Every source object, worst first: stale ones, then by how many verdicts wait, then by watermark."""
    grouped: dict[str, list[Waiting]] = defaultdict(list)
    for wait in waits:
        grouped[wait.source].append(wait)
    names = {
        source_name(progress.marks, name(s, e)) for system in governance.systems for s, e in objects(governance, system)
    }
    found = [_source(progress, governance, full, grouped.get(full, []), now) for full in names | set(grouped)]
    return sorted(found, key=lambda s: (not s.stale, -s.obligations, s.watermark or NEVER, s.source))


def _source(progress: Progress, governance: Governance, full: str, waits: list[Waiting], now: Instant) -> Source:
    mark = watermark(progress.marks, full, governance.partitions)
    phase = _phase(progress.marks, full, governance.partitions)
    reported = progress.reported_at.get(full)
    limit = seconds(governance.systems[full.split("/", 1)[0]].stale_after_seconds)
    stale = mark == NEVER or now - mark > limit
    silent = reported is None or now - reported > limit
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    for wait in waits:
        if wait.amount is not None:
            amounts[wait.amount["currency"]] += abs(Decimal(wait.amount["amount"]))
    why = WHY[phase if phase != "streaming" or not stale else ("silent" if silent else "behind")]
    return Source(full, phase, None if mark == NEVER else mark, reported, stale, why, len(waits), dict(amounts))


def _phase(marks: Marks, full: str, partitions: int) -> str:
    reports = marks.get(full, {})
    if len(reports) < partitions:
        return "never"
    phases = {phase for _, phase, _ in reports.values()}
    return next((phase for phase in ("gap", "snapshot") if phase in phases), "streaming")


WHY = {
    "streaming": "heard within its limit",
    "silent": "no report for longer than its limit: the connector, the source or the worker stands still",
    "behind": "it reports, but lags by more than its limit: the connector or the worker cannot keep up",
    "snapshot": "its first full pass is not complete",
    "gap": "changes were lost (a gap): its watermark is withdrawn until it has been read anew",
    "never": "not every partition has been heard: has its connector ever run?",
}
