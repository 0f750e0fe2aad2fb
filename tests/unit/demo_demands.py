"""What the demo's own truth demands of whom, from when until when: the same claims that its drifts are told from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from schemas.instants import Instant, seconds
from streams.demo.agreement import disagree, mismatches
from streams.demo.claims.model import EVER, times
from streams.demo.claims.table import claims
from streams.demo.flaws import VALUE_MISMATCH
from streams.demo.journal import Entry, History, histories
from streams.demo.obligations import OBLIGATIONS
from streams.demo.stories import SLA_SECONDS


class Demand(NamedTuple):
    kind: str
    customer: int
    record: tuple[str, str, str]
    since: Instant
    """A deadline runs from then on, or a mismatch lasts since then."""
    until: Instant
    """When a mismatch was over; of a deadline it is not asked."""
    fulfilled: Callable[[Instant], bool]
    is_deadline: bool

    @property
    def due(self) -> Instant:
        return self.since + seconds(SLA_SECONDS[self.kind])

    @property
    def opens(self) -> bool:
        return not self.fulfilled(self.due) if self.is_deadline else self.until > self.due


def demands(journal: Sequence[Entry]) -> list[Demand]:
    return [demand for history in histories(journal) for demand in _of(history)]


def _of(history: History) -> Iterator[Demand]:
    for each in OBLIGATIONS:
        for o in each(history):
            yield Demand(o.kind, history.customer, o.subject.name, o.triggered_at, EVER, o.met, is_deadline=True)
    for mismatch in mismatches(history):
        until = EVER if mismatch.until is None else mismatch.until
        name, sides = mismatch.subscription.name, mismatch.sides
        yield Demand(VALUE_MISMATCH, history.customer, name, mismatch.since, until, _agreed(sides), is_deadline=False)
    changes = times(history)
    for claim in claims(history, SLA_SECONDS):
        fulfilled = _right(claim.wrong)
        if claim.since is not None:
            yield Demand(
                claim.kind, history.customer, claim.subject.name, claim.since, EVER, fulfilled, is_deadline=True
            )
            continue
        for since, until in _spans(sorted({*changes, *claim.moments}), fulfilled):
            yield Demand(claim.kind, history.customer, claim.subject.name, since, until, fulfilled, is_deadline=False)


def _right(wrong: Callable[[Instant], object | None]) -> Callable[[Instant], bool]:
    return lambda instant: wrong(instant) is None


def _agreed(sides: tuple) -> Callable[[Instant], bool]:  # type: ignore[type-arg]
    return lambda instant: not disagree(sides, instant)


def _spans(instants: Sequence[Instant], fulfilled: Callable[[Instant], bool]) -> Iterator[tuple[Instant, Instant]]:
    since: Instant | None = None
    for at, right in [(at, fulfilled(at)) for at in instants]:
        if not right and since is None:
            since = at
        elif right and since is not None:
            yield since, at
            since = None
    if since is not None:
        yield since, EVER
