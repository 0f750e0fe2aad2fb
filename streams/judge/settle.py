"""Settle: work one obligation through the instants that every watermark it needs has passed."""

from __future__ import annotations

from functools import partial
from typing import Any

from schemas.instants import ALWAYS, Instant
from streams.governance.in_force import InForce
from streams.governance.model import Governance
from streams.judge import lacking, reconsider, told
from streams.judge.announce import announce, look_again
from streams.judge.approvals import adopt
from streams.judge.arming import save
from streams.judge.counting import clock_of
from streams.judge.flapping import watch
from streams.judge.fold import frontier
from streams.judge.gates import evidence
from streams.judge.kept import carry_over, under
from streams.judge.keys import ObligationKey, holes_prefix
from streams.judge.obligation import Clock, Obligation, Trigger, wake_at
from streams.judge.openings import calm_at, counted
from streams.judge.release import without_releases
from streams.judge.retention import Place, is_no_subject
from streams.kinds.asof import AsOf
from streams.kinds.finding import Answer, Finding, Subject, Waiting
from streams.kinds.sight import sight
from streams.kinds.table import AT_LARGE, BY_NAME, Kind
from tables.view import Value, Workspace

_AT_REST = ("idle", "waiting")
"""Nothing is demanded."""


def settle(ws: Workspace, ruled: InForce, text: str, until: Instant) -> None:
    """Judge every instant of one obligation up to `until`, in order."""
    value = ws.get(text)
    if value is None:
        return
    adopt(ws, ruled.newest, value)
    key, obligation = ObligationKey.parse(text), Obligation.from_json(value)._replace(awaits=None)
    kind, holes = BY_NAME[key.kind], _holes(ws, key.customer)
    if is_no_subject(ws, Place(key.customer, kind.entity, key.system, key.native_id)):
        ws.delete(text)
        return
    while obligation.next <= until and obligation.held is None and obligation.awaits is None:
        hole = _hole(holes, ruled.at(obligation.next), kind, key, obligation.next) if holes else None
        if hole is not None:
            obligation = obligation._replace(held=hole)
            break
        again = _overturned(ws, ruled, kind, key, obligation)
        obligation = _judge(ws, ruled, kind, key, again).looked_at(obligation)
    save(ws, key, obligation)


def _judge(ws: Workspace, ruled: InForce, kind: Kind, key: ObligationKey, obligation: Obligation) -> Obligation:
    instant, governance = obligation.next, ruled.at(obligation.next)
    before, known = ruled.at(obligation.settled), obligation
    obligation = carry_over(ws, before, governance, kind, key, obligation)
    at_rest = obligation.status in _AT_REST
    now, answer = _ask(ws, under(governance, kind, _kept(obligation)), kind, key, instant, at_rest=at_rest)
    if _kept(obligation) and _is_another(obligation, answer):
        now, answer = _ask(ws, governance, kind, key, instant)
    if now.awaits < instant:
        return known._replace(awaits=now.awaits)
    if (status := _resting(kind, obligation, answer)) is not None:
        obligation = _still_told(ws, ruled, obligation, instant)
        remembers_until = told.looked_through_at(governance, obligation, instant)
        obligation = without_releases(obligation, instant)
        released_at = min((release.at for release in obligation.releases), default=ALWAYS)
        next_change = min(now.next_change, ruled.next_begin(instant), remembers_until, released_at)
        return obligation._replace(status=status, settled=instant, kept=None, next=next_change, again_from=None)
    # Rules that matter have it judged as they begin; others may have come since it was judged last.
    is_new = governance is not ruled.at(instant - 1) or _is_settled_as_kept(obligation)
    clock = clock_of(now, kind, key.system, key.native_id, new_rules=is_new)
    obligation = _amended(ws, ruled, kind, key, obligation, clock)
    after = told.left_behind(obligation, clock.advance(obligation, instant, answer, moved=now.moved))
    after = counted(now, kind, after, clock.transitions)
    for transition in clock.transitions:
        after = announce(ws, now, kind, key, after, transition)
    if after.trigger is None and after.elsewhere:
        after = after._replace(elsewhere="")
    after = _still_told(ws, ruled, after, instant)
    after = look_again(ws, now, kind, key, after, answer)
    reconsider.note(ws, now, kind, key, known.drift, after.drift)
    after = watch(ws, now, kind, key, after, clock.transitions)
    if isinstance(answer, Finding):
        after = after._replace(status=_in_order(kind, after.status))
    changes = now.next_demand if after.awaits_deadline(kind.clock) else now.next_change
    calm = calm_at(after, governance.process.flapping)
    next_change = min(changes, calm, told.looked_through_at(governance, after, instant), ruled.next_begin(instant))
    if _kept(obligation) and after.status != "armed":
        next_change = min(next_change, instant + 1)  # settled; from now on the rules in force are those for it too
    runs_on = after.status in ("armed", "open") and after.trigger == obligation.trigger
    kept = obligation.kept if runs_on else None
    return after._replace(kept=kept, next=wake_at(after, next_change, clock.hold_down), again_from=None)


def _still_told(ws: Workspace, ruled: InForce, o: Obligation, instant: Instant) -> Obligation:
    return told.still_told(ruled.newest, o, instant, partial(frontier, ws, ruled)) if o.told else o


def _resting(kind: Kind, o: Obligation, answer: Answer) -> str | None:
    """The status of what was not demanded and is not, and of which nothing is remembered that ends by itself: there is
    nothing to tell. None: that is to be seen."""
    if o.status not in _AT_REST or o.due is not None or o.openings or o.flapping is not None:
        return None
    if not isinstance(answer, Finding):
        return "waiting" if isinstance(answer, Waiting) else "idle"
    if not answer.satisfied or (kind.clock == "deadline" and answer.trigger_version):
        return None
    return _in_order(kind, o.status)


def _in_order(kind: Kind, status: str) -> str:
    """In order, and still to be found by what reaches it at large."""
    return "waiting" if status == "idle" and kind.row in AT_LARGE else status


def _ask(
    ws: Workspace, governance: Governance, kind: Kind, key: ObligationKey, instant: Instant, *, at_rest: bool = False
) -> tuple[AsOf, Answer]:
    now = AsOf(ws, governance, key.customer, instant, sight(governance, kind), at_rest=at_rest)
    return now, kind.judge(now, Subject(key.system, kind.entity, key.native_id))


def _kept(obligation: Obligation) -> dict[str, Any] | None:
    return obligation.kept if obligation.status == "armed" else None


def _is_another(obligation: Obligation, answer: Answer) -> bool:
    """Demanded by another fact than the one by which it is armed."""
    if not isinstance(answer, Finding) or not answer.trigger_version:
        return False
    return Trigger(answer.triggered_at, answer.trigger_version) != obligation.asked


def _is_settled_as_kept(obligation: Obligation) -> bool:
    """Opened under the rules that it had kept, and not judged since."""
    return obligation.kept is not None and obligation.opened_at == obligation.settled


def _amended(
    ws: Workspace, ruled: InForce, kind: Kind, key: ObligationKey, obligation: Obligation, clock: Clock
) -> Obligation:
    """An open drift whose opening instant, judged again, is satisfied or demands nothing: late evidence overturned it.
    Asked only when late evidence had a settled instant judged again, and of an opening whose history is not folded
    yet."""
    again = obligation.next <= obligation.settled
    if obligation.status != "open" or obligation.opened_at is None or not again:
        return obligation
    if obligation.opened_at < _known_from(ws, ruled, obligation):
        return obligation
    governance = under(ruled.at(obligation.opened_at), kind, obligation.kept)
    then, answer = _ask(ws, governance, kind, key, obligation.opened_at)
    finding = answer if isinstance(answer, Finding) else None
    if (finding is None and not then.moved) or (finding is not None and finding.satisfied):
        return clock.retract(obligation, obligation.next, finding)
    return obligation


def _overturned(ws: Workspace, ruled: InForce, kind: Kind, key: ObligationKey, o: Obligation) -> Obligation:
    """What was met and, by late evidence, was not, or was not demanded: armed once more, to be judged from the instant
    on at which it counted as met, so that the drift is that of the obligation, not of a later loss. Asked as `_amended`
    is."""
    if o.status != "met" or o.next > o.settled:
        return o
    at = o.due if o.met_at is None else o.met_at
    if at is None or at < _known_from(ws, ruled, o):
        return o
    then, answer = _ask(ws, ruled.at(at), kind, key, at)
    if then.moved or (isinstance(answer, Finding) and answer.satisfied and not _is_another(o, answer)):
        return o
    return o._replace(status="armed", met_at=None, amends=o.amends or "met", settled=at - 1, next=at)


def _known_from(ws: Workspace, ruled: InForce, o: Obligation) -> Instant:
    """Behind it may be folded what was."""
    return frontier(ws, ruled) if o.again_from is None else o.again_from


def _holes(ws: Workspace, customer: str) -> list[tuple[str, Value]]:
    prefix = holes_prefix(customer)
    known: list[tuple[str, Value]] | None = ws.looked_up.get(prefix)
    if known is None:
        known = ws.looked_up[prefix] = ws.range(prefix, 1000)
    return known


def _hole(
    holes: list[tuple[str, Value]], governance: Governance, kind: Kind, key: ObligationKey, instant: Instant
) -> str | None:
    """The letter whose absence makes this instant undecidable, if there is one."""
    for text, hole in holes:
        system, entity, letter = text.removeprefix(holes_prefix(key.customer)).split("/", 2)
        wanted = any(system == s and entity in ("*", e) for s, e in evidence(governance, kind, key.system))
        if wanted and lacking.stands(hole, instant):
            return letter
    return None
