"""Since when a condition of a customer is true: the first time that an obligation of it was met.

It is the earliest in event time, in whatever order obligations are settled. Later turns of the condition follow from
openings and closings of drifts, so the process is written here at the first verdict only."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from schemas.instants import Instant
from streams.governance.model import Governance
from streams.judge import told
from streams.judge.concerned import MANY
from streams.judge.keys import ObligationKey, obligations_prefix
from streams.judge.obligation import Obligation, Transition
from streams.judge.process import first_met, met, met_otherwise
from streams.kinds.table import KINDS, Kind
from tables.view import Workspace

_ANSWERED = ("met", "retracted")
"""Results in the audit that mean: it was met in time."""


def answered(
    ws: Workspace, governance: Governance, kind: Kind, key: ObligationKey, after: Obligation, transition: Transition
) -> None:
    """Note what the transition says about it. The baseline, and its end, say nothing."""
    if transition.baseline:
        return
    at = transition.at if transition.what == "met" or _is_retracted_as_met(kind, transition) else None
    if (transition.amends or after.told) and (before := _told_at(governance, after, transition) - {at}):
        _take_back(ws, kind, key, _without(after, transition), before)
    if at is not None:
        met(ws, key.customer, kind.condition, at)


def _is_retracted_as_met(kind: Kind, transition: Transition) -> bool:
    return transition.how == "retracted" and transition.finding is not None and kind.clock == "deadline"


def _told_at(governance: Governance, o: Obligation, transition: Transition) -> set[Instant | None]:
    """The instants at which its trigger may have been counted as met."""
    before = told.of(governance, o, transition)
    if before is not None and before.result in _ANSWERED:
        return {transition.due, before.at}
    return {transition.due, transition.at} if transition.amends in _ANSWERED else set()


def _without(o: Obligation, transition: Transition) -> Obligation:
    """The obligation without the trigger whose result is being replaced."""
    known = tuple(each for each in o.told if each.version != transition.trigger.version)
    return o._replace(status="idle", told=known)


def _take_back(
    ws: Workspace, kind: Kind, key: ObligationKey, own: Obligation, counted: Collection[Instant | None]
) -> None:
    """Late evidence shows that it was not met. If it was the first, find the next: the same instant or a later one."""
    known = first_met(ws, key.customer, kind.condition)
    if known is not None and known in counted:
        still = (at for o in (own, *_others(ws, kind, key)) for at in _met(o) if at >= known)
        if (first := min(still, default=None)) != known:
            met_otherwise(ws, key.customer, kind.condition, first)


def _others(ws: Workspace, kind: Kind, but: ObligationKey) -> Iterator[Obligation]:
    for row in (k.row for k in KINDS if k.condition == kind.condition):
        for text, value in ws.range(obligations_prefix(but.customer, row), MANY):
            if text != but.text():
                yield Obligation.from_json(value)


def _met(o: Obligation) -> Iterator[Instant]:
    yield from (each.at for each in o.told if each.result == "met")
    if o.status == "met" and o.due is not None and not o.baseline:
        yield o.due if o.met_at is None else o.met_at
