"""Kind M7: a drift that opens again and again is a drift of its own, of the same subject.

It is a function of the openings of one obligation, in event time, and lives in that obligation: so it is as independent
of arrival as they are. It ends when the obligation has not opened for a whole window."""

from __future__ import annotations

from schemas.instants import ALWAYS, SECOND, Instant
from streams.governance.process import Flapping
from streams.judge.announce import announce
from streams.judge.keys import ObligationKey
from streams.judge.obligation import Obligation, Transition, Trigger
from streams.kinds.asof import AsOf
from streams.kinds.finding import Finding
from streams.kinds.model import Kind
from tables.view import Workspace

NAME = "correction_oscillation"


def watch(
    ws: Workspace, now: AsOf, kind: Kind, key: ObligationKey, after: Obligation, transitions: list[Transition]
) -> Obligation:
    """Remember what opened at this instant, and tell when it is too often, or no more."""
    if not transitions and not after.openings and after.flapping is None:
        return after
    governed = now.governance.process.flapping
    if kind.name == NAME or not now.governance.wants(NAME):
        return after._replace(openings=())
    after = after._replace(openings=_openings(after.openings, transitions, now.instant - governed.window))
    flaps = len(after.openings) > governed.openings
    retracted = any(t.how == "retracted" for t in transitions)
    if after.flapping is None:
        opened = next((t for t in transitions if t.what == "opened"), None)
        return _open(ws, now, kind, key, after, opened) if flaps and opened else after
    if retracted and not flaps:
        return _close(ws, now, kind, key, after, after.flapping["opened_at"], "retracted")
    return after if after.openings else _close(ws, now, kind, key, after, now.instant, "self_healed")


def calm_at(o: Obligation, governed: Flapping) -> Instant:
    """When the last opening leaves the window."""
    return o.openings[-1] + governed.window if o.openings else ALWAYS


def _openings(known: tuple[Instant, ...], transitions: list[Transition], since: Instant) -> tuple[Instant, ...]:
    """Those within the window; what stood before the cut-over, or never was a drift, does not count."""
    false = {t.at for t in transitions if t.how == "retracted"}
    new = [t.at for t in transitions if t.what == "opened" and not t.baseline]
    return tuple(sorted({at for at in (*known, *new) if at > since} - false))


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
