"""What ours says of a whole log, and what the second judge says, as spans in which something was wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from itertools import chain, pairwise
from operator import itemgetter
from typing import Any

from schemas import topics
from schemas.instants import SECOND
from streams.backtest.findings import Findings
from streams.backtest.lines import Line
from streams.backtest.log import Log
from streams.backtest.order import in_order
from streams.backtest.run import Run
from streams.backtest.stores import Stores
from streams.governance import Governance
from tables.view import Emit
from tests.crowd import as_lines
from tests.dossiers.model import Change
from tests.naive.companies import Companies, Kind
from tests.naive.world import Drift, Key, deadline, grace

Said = dict[tuple[str, Key], list[Drift]]
DAY = 86400


class Stepwise(Run):
    """What is told of a drift twice in one commit is told once; so it is asked before every line."""

    def _take(self, line: Line) -> None:
        self._move((line.at or 0) - 1)
        super()._take(line)


class Lives(Findings):
    """Every span in which a drift was open, not its latest alone."""

    def __init__(self) -> None:
        super().__init__()
        self.spans: dict[tuple[str, Key], dict[str, list[Drift]]] = defaultdict(lambda: defaultdict(list))

    def take(self, effect: Emit) -> None:
        if effect.topic == topics.DRIFTS and (drift := effect.value):
            spans = self.spans[drift["kind"], (drift["system"], drift["entity"], drift["native_id"])][drift["drift_id"]]
            opened, closed = drift["opened_at"] / SECOND, drift["closed_at"]
            if spans and spans[-1][1] is None:  # also at another customer
                opened = spans.pop()[0]
            spans.append((opened, None if closed is None else closed / SECOND))


def ours(story: list[Change], governance: Governance, ends: float) -> Said:
    lives = Lives()
    Stepwise(governance, Stores(None), lives, marked=False, until=round(ends * SECOND)).play(
        in_order(Log(BytesIO(b"".join(as_lines(story)))).lines(), 0)
    )
    return {subject: joined(sorted(chain(*ids.values()), key=itemgetter(0))) for subject, ids in lives.spans.items()}


def theirs(story: list[Change], kinds: Mapping[str, Kind], sla: float, ends: float) -> Said:
    worlds = [(at, Companies(story, at)) for at in instants_of(story, ends)]
    found: Said = {}
    for name, kind in kinds.items():
        for key in {(c.system, c.entity, c.native_id) for c in story if (c.system, c.entity) in kind.subject}:
            if spans := joined(drifts(kind, looks_at(kind, key, worlds), sla, ends)):
                found[name, key] = spans
    return found


def instants_of(story: Sequence[Change], ends: float) -> list[float]:
    """At which something changed, or a day began."""
    first = min(one.at for one in story)
    return sorted({one.at for one in story} | {d * DAY for d in range(int(first // DAY) + 1, int(ends // DAY) + 1)})


Since = tuple[float, bool | None, tuple[float, Any]]
"""At an instant: is it in order, and since when is that demanded, at which customer?"""


def looks_at(kind: Kind, key: Key, worlds: Sequence[tuple[float, Companies]]) -> list[Since]:
    """What differs at another customer differs anew."""
    found, whose = [], None
    for at, world in worlds:
        record = world.get(key)
        before, whose = whose, world.account(record) if record else None
        if kind.clock == "grace" and before not in (None, whose):
            found.append((at, None, (0.0, before)))
        order = kind.judge(world, record, datetime.fromtimestamp(at, UTC).date()) if record else None
        since = kind.trigger(world, record) if kind.trigger and record and order is not None else 0
        found.append((at, order, (since, whose)))
    return found


def drifts(kind: Kind, looks: Sequence[Since], sla: float, ends: float) -> list[Drift]:
    if kind.trigger:
        return since_triggers(looks, sla, ends)
    plain = [(at, order) for at, order, _ in looks]
    if kind.clock == "deadline":
        return deadline(plain, sla, ends)
    return grace(plain, sla if kind.clock == "grace" else 0, ends)


def since_triggers(looks: Sequence[Since], sla: float, ends: float) -> list[Drift]:
    """As `deadline`, counted from triggers. What comes to another customer takes its trigger along."""
    found: list[Drift] = []
    asked: tuple[float, Any] | None = None
    due: float | None = None
    opened: float | None = None
    for (at, order, trigger), (until, *_) in pairwise([*looks, (ends + 1, None, (0.0, None))]):
        if opened is not None and (order is not False or trigger != asked):
            found.append((opened, at))
            opened = None
        if order is None:
            asked = due = None
        elif trigger != asked:
            asked, due = trigger, round(trigger[0] + sla, 6)
        elif order is False and due is None and opened is None:
            due = round(at + sla, 6)
        if due is not None and due < until and due <= ends:
            opened, due = (max(due, at) if order is False else None), None
    return found + ([(opened, None)] if opened is not None else [])


def joined(spans: Sequence[Drift]) -> list[Drift]:
    """What ends as it begins again, at another customer say, stands all along."""
    found: list[Drift] = []
    for opened, closed in spans:
        if found and found[-1][1] == opened:
            opened = found.pop()[0]
        found.append((opened, closed))
    return found
