"""Openings: when drifts of one obligation opened lately, in event time. Too many of them are flapping (kind M7)."""

from __future__ import annotations

from schemas.instants import ALWAYS, Instant
from streams.governance.model import Governance
from streams.governance.process import Flapping
from streams.judge.obligation import Obligation, Transition
from streams.kinds.asof import AsOf
from streams.kinds.model import Kind
from streams.kinds.quarrel import NAME


def counted(now: AsOf, kind: Kind, after: Obligation, transitions: list[Transition]) -> Obligation:
    """The obligation with the openings at this instant added."""
    if kind.name == NAME or not now.governance.wants(NAME):
        return after._replace(openings=()) if after.openings else after
    if not transitions and not after.openings:
        return after
    since = now.instant - now.governance.process.flapping.window
    return after._replace(openings=_openings(after.openings, transitions, since))


def flaps(governance: Governance, o: Obligation) -> bool:
    return len(o.openings) > governance.process.flapping.openings


def calm_at(o: Obligation, governed: Flapping) -> Instant:
    """When the last opening leaves the window."""
    return o.openings[-1] + governed.window if o.openings else ALWAYS


def _openings(known: tuple[Instant, ...], transitions: list[Transition], since: Instant) -> tuple[Instant, ...]:
    """Openings within the window. Not counted: the baseline, retracted drifts, and drifts that moved, which count at
    the other customer."""
    false = {t.at for t in transitions if t.how == "retracted"}
    false |= {t.drift["opened_at"] for t in transitions if t.how == "moved" and t.drift is not None}
    new = [t.at for t in transitions if t.what == "opened" and not t.baseline]
    return tuple(sorted({at for at in (*known, *new) if at > since} - false))
