"""Kind M7: a drift that opens again and again is a drift of its own, about the same subject.

It follows from the openings of one obligation in event time, and is kept in that obligation. So it depends on arrival
as little as they do. It ends when the obligation has not opened for a whole window."""

from __future__ import annotations

from schemas.instants import SECOND, Instant
from streams.judge.announce import announce
from streams.judge.keys import ObligationKey
from streams.judge.obligation import Obligation, Transition, Trigger
from streams.judge.openings import flaps
from streams.kinds.asof import AsOf
from streams.kinds.finding import Finding
from streams.kinds.model import Kind
from streams.kinds.quarrel import NAME
from tables.view import Workspace


def watch(
    ws: Workspace, now: AsOf, kind: Kind, key: ObligationKey, after: Obligation, transitions: list[Transition]
) -> Obligation:
    """Open the flapping drift when the obligation opened too often, and close it when it no longer does."""
    if kind.name == NAME or not now.governance.wants(NAME):
        return after
    too_often = flaps(now.governance, after)
    if after.flapping is None:
        opened = next((t for t in transitions if t.what == "opened"), None)
        return _open(ws, now, kind, key, after, opened) if too_often and opened else after
    if not too_often and any(t.how == "retracted" for t in transitions):
        return _close(ws, now, kind, key, after, after.flapping["opened_at"], "retracted")
    return after if after.openings else _close(ws, now, kind, key, after, now.instant, "self_healed")


def _open(
    ws: Workspace, now: AsOf, kind: Kind, key: ObligationKey, after: Obligation, opened: Transition
) -> Obligation:
    assert opened.finding is not None
    governed, times = now.governance.process.flapping, len(after.openings)
    what = f"{kind.name.replace('_', ' ')} of {kind.entity.replace('_', ' ')} {key.native_id}"
    span = f"{governed.window // SECOND:,} seconds"
    trigger = Trigger(after.openings[0], f"{kind.row}@{after.openings[0]}")
    finding = Finding(
        satisfied=False,
        triggered_at=trigger.at,
        trigger_version=trigger.version,
        owner_system=opened.finding.owner_system,
        amount=opened.finding.amount,
        expected=f"{what} stays right once it was put right: at most {governed.openings} openings in {span}",
        observed=f"it opened {times} times in {span}",
        evidence=opened.finding.evidence,
        causes=(kind.name,),
    )
    told = Transition("opened", trigger, now.instant, now.instant, finding)
    return after._replace(flapping=announce(ws, now, _as_kind(kind), key, after, told).drift)


def _close(
    ws: Workspace, now: AsOf, kind: Kind, key: ObligationKey, after: Obligation, at: Instant, how: str
) -> Obligation:
    drift = after.flapping
    assert drift is not None
    trigger = Trigger(drift["triggered_at"], drift["trigger_version"])
    announce(ws, now, _as_kind(kind), key, after, Transition("closed", trigger, at, at, None, how, drift=drift))
    return after._replace(flapping=None)


def _as_kind(kind: Kind) -> Kind:
    return kind._replace(number="M7", name=NAME, command="", condition="CorrectionsSettle")
