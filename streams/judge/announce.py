"""Emits what a transition means: drift records, commands, audit records, the customer's conditions."""

from __future__ import annotations

from typing import Any

from schemas import ids, topics
from schemas.instants import NEVER, Instant
from schemas.money import from_json
from streams.fleet import corrections, mass
from streams.governance.model import Governance
from streams.judge import breaker, lives, rejections, told
from streams.judge.answered import answered
from streams.judge.approvals import may_be_performed
from streams.judge.closing import in_period
from streams.judge.commands import commanded, has_passed, held_by, is_held
from streams.judge.keys import MARKS, ObligationKey
from streams.judge.obligation import Obligation, Told, Transition
from streams.judge.process import count
from streams.judge.release import is_released, without_releases
from streams.kinds.asof import AsOf, entity_key
from streams.kinds.finding import Answer, Finding
from streams.kinds.table import Kind
from tables.versions import MOVED, Version
from tables.view import Emit, Workspace


def announce(
    ws: Workspace, now: AsOf, kind: Kind, key: ObligationKey, after: Obligation, transition: Transition
) -> Obligation:
    """Emit what the transition means; returns the obligation, with the drift record while one is open."""
    drift_id = ids.drift_id(kind.name, key.system, kind.entity, key.native_id, transition.trigger.version)
    answered(ws, now.governance, kind, key, after, transition)
    elsewhere = _is_settled_elsewhere(ws, kind, key, after, transition)
    if not elsewhere or _was_otherwise(now.governance, after, transition):
        after = _audit(ws, now.governance, kind, key, after._replace(elsewhere=""), transition, drift_id)
    elif transition.how != "moved":
        after = after._replace(elsewhere=transition.trigger.version)
    elif transition.amends and after.elsewhere != transition.trigger.version:
        after = told.with_told(after, transition, transition.amends)  # told before it went; that stands
    if transition.what == "opened":
        drift = _opened(ws, now, kind, key, after, transition, drift_id)
        _publish_drift(ws, now.governance, key, drift)
        if not transition.baseline:
            _set_going(ws, now.governance, kind, key, drift, transition.finding)
        return after._replace(drift=drift)
    if transition.what == "closed":
        assert transition.drift is not None
        ended = {"status": "closed", "closed_at": transition.at, "how": transition.how}
        _publish_drift(ws, now.governance, key, {**transition.drift, **ended})
        if not transition.baseline:
            count(ws, key.customer, kind, -1, transition.at)
        if _was_awaited(now.governance, transition.drift):
            ws.emit(corrections.tell_ended(drift_id, transition.at, transition.how))
    return after


def _result(transition: Transition) -> str:
    if transition.what == "closed":
        return "retracted" if transition.how == "retracted" else "late"
    return "missed" if transition.what == "opened" else transition.what


def _is_settled_elsewhere(ws: Workspace, kind: Kind, key: ObligationKey, o: Obligation, transition: Transition) -> bool:
    """Whether another customer counts it: the one who had the subject when it was due counts the obligation and its
    end. One that moves on is not over; one that comes back was counted already."""
    if transition.what == "closed" or transition.how == "moved":
        return transition.how == "moved" or o.elsewhere == transition.trigger.version
    held = ws.get(entity_key(key.customer, kind.entity, key.system, key.native_id))
    if held is None:
        return False
    first = _arrived(held["versions"], transition.at)
    came_by_link = first["at"] > first["committed_at"]
    return bool(came_by_link and transition.due < first["at"])


def _was_otherwise(governance: Governance, o: Obligation, transition: Transition) -> bool:
    """Whether it came back and ends with another result than the audit was told."""
    before = None if transition.how == "moved" else told.of(governance, o, transition)
    return before is not None and before.result != _result(transition)


def _arrived(versions: list[Version], instant: Instant) -> Version:
    """The version by which the record last came to this customer. Earlier stays do not count: how much is remembered of
    them depends on when they were folded."""
    by_then = [v for v in versions if v["at"] <= instant]
    left = max((v["at"] for v in by_then if v["op"] == MOVED), default=NEVER)
    stay = [v for v in by_then if v["op"] != MOVED and v["at"] >= left]
    first: Version = min(stay or by_then or versions, key=lambda version: version["at"])
    return first


def _set_going(
    ws: Workspace,
    governance: Governance,
    kind: Kind,
    key: ObligationKey,
    drift: dict[str, Any],
    finding: Finding | None,
) -> None:
    if count(ws, key.customer, kind, +1, drift["opened_at"]):
        mass.count(ws, governance, kind.name, drift["opened_at"])
    _ask(ws, governance, drift, finding)


def _ask(ws: Workspace, governance: Governance, drift: dict[str, Any], finding: Finding | None) -> None:
    if finding is not None and finding.ask is not None and _awaited(governance, drift):
        ws.emit(corrections.tell_asked(_with_money(drift, "amount_at_stake"), finding.ask.target_system))


def _awaited(governance: Governance, drift: dict[str, Any]) -> bool:
    """Whether the fleet stage follows its correction: it is performed, or will be once a breaker no longer stops it."""
    performed = drift["mode"] == "execute" or drift["restraint"] == breaker.REASON
    return performed and drift["command_id"] is not None and corrections.followed(governance)


def _was_awaited(governance: Governance, drift: dict[str, Any]) -> bool:
    """Whether it follows, or followed, its correction. One that was recalled may have been performed before that."""
    was_recalled = drift["recalled_at"] is not None and corrections.followed(governance)
    return was_recalled or _awaited(governance, drift)


def _opened(
    ws: Workspace,
    now: AsOf,
    kind: Kind,
    key: ObligationKey,
    obligation: Obligation,
    transition: Transition,
    drift_id: str,
) -> dict[str, Any]:
    finding = transition.finding
    assert finding is not None
    governance, rules, impacting = now.governance, now.rules(kind.name), finding.finance_impacting
    drift: dict[str, Any] = {
        "drift_id": drift_id,
        "kind": kind.name,
        "kind_number": kind.number,
        "canonical_id": key.customer,
        "system": key.system,
        "entity": kind.entity,
        "native_id": key.native_id,
        "status": "baseline" if transition.baseline else "open",
        "severity": finding.severity or rules.severity,
        "finance_impacting": rules.finance_impacting if impacting is None else impacting,
        "amount_at_stake": finding.amount,
        "owner_system": finding.owner_system,
        "owner_team": rules.owner_team,
        "trigger_version": transition.trigger.version,
        "triggered_at": transition.trigger.at,
        "due_at": transition.due,
        "opened_at": transition.at,
        "closed_at": None,
        "how": "",
        "expected": in_period(finding.expected, obligation.period),
        "observed": finding.observed,
        "evidence": _evidence(finding),
        "watermarks": _heard(ws),
        "command_id": None,
        "mode": "alert" if transition.baseline else rules.mode,
        "restraint": "",
        "approved_by": "",
        "released_at": None,
        "recalled_at": None,
        **rejections.NOTHING,
        "causes": list(finding.causes),
        "correlation_id": _correlation(finding),
        "segment": (now.segment or "") if governance.kinds[kind.name].segments else "",
    }
    return commanded(ws, now, kind, obligation, finding, drift, drift["evidence"])


def look_again(
    ws: Workspace, now: AsOf, kind: Kind, key: ObligationKey, obligation: Obligation, answer: Answer
) -> Obligation:
    """Look again at the command of an open drift: it may have to be held back now, or may be issued now."""
    drift = obligation.drift
    if drift is None:
        return without_releases(obligation, now.instant)
    if not isinstance(answer, Finding) or answer.satisfied:
        return obligation
    decided = rejections.is_rejected(ws, now, drift) or may_be_performed(ws, now, drift)
    may_go = is_held(drift) or is_released(obligation, now.instant) or decided
    if may_go or has_passed(ws, now, kind, obligation, drift, answer):
        return _release(ws, now, kind, key, without_releases(obligation, now.instant), answer)
    if drift["command_id"] is None or (restraint := held_by(ws, now, kind, key.system)) is None:
        return obligation
    return _held(ws, now, key, obligation, {**drift, "restraint": restraint})


def _held(ws: Workspace, now: AsOf, key: ObligationKey, obligation: Obligation, drift: dict[str, Any]) -> Obligation:
    """Recall the command; where none is asked for, tell of what holds it back by now."""
    stood = obligation.drift
    assert stood is not None
    if stood["command_id"] is not None:
        drift = {**drift, "command_id": None, "recalled_at": now.instant}
    elif all(stood[name] == drift[name] for name in _HELD_BY):
        return obligation
    _publish_drift(ws, now.governance, key, drift)
    return obligation._replace(drift=drift)


_HELD_BY = ("restraint", "rejected_command_id", "rejected_at")
"""Fields of a drift that say what holds its command back."""


def _release(
    ws: Workspace, now: AsOf, kind: Kind, key: ObligationKey, obligation: Obligation, answer: Finding
) -> Obligation:
    """Issue the command, for what is right by now, unless something still holds it back."""
    stood = obligation.drift
    assert stood is not None
    mode = now.rules(kind.name).mode  # governance may have changed it since the drift opened
    drift = commanded(ws, now, kind, obligation, answer, {**stood, "mode": mode, "restraint": ""}, _evidence(answer))
    if is_held(drift):
        return _held(ws, now, key, obligation, drift)
    is_taken_back = stood["command_id"] is not None and drift["command_id"] is None
    was_recalled = is_taken_back or rejections.is_rejected(ws, now, stood)
    recalled_at = now.instant if was_recalled else drift["recalled_at"]
    drift = {**drift, "released_at": now.instant, "recalled_at": recalled_at}
    _publish_drift(ws, now.governance, key, drift)
    _ask(ws, now.governance, drift, answer)
    return obligation._replace(drift=drift)


def _correlation(finding: Finding) -> str:
    named = (evidence.found.attrs.get("correlation_id") for evidence in finding.evidence)
    return next((str(name) for name in named if name), "")


def _evidence(finding: Finding) -> list[dict[str, Any]]:
    return [
        {
            "system": found.system,
            "entity": found.entity,
            "native_id": found.native_id,
            "version": found.version["version"],
            "native_version": found.version["native"],
            "committed_at": found.version["committed_at"],
            "field": field,
            "value": value,
        }
        for found, field, value in finding.evidence
    ]


def _heard(ws: Workspace) -> dict[str, Instant]:
    marks = ws.get(MARKS) or {}
    return {
        name: min(m[2] for m in reports.values())
        for name, reports in marks.items()
        if all(m[2] is not None for m in reports.values())
    }


def _publish_drift(ws: Workspace, governance: Governance, key: ObligationKey, drift: dict[str, Any]) -> None:
    if lives.is_last_word(ws, governance, key.customer, drift):
        value = _with_money(drift, "amount_at_stake")
        ws.emit(Emit(topics.DRIFTS, drift["drift_id"], "Drift", value, partition_key=key.customer))


def _audit(
    ws: Workspace,
    governance: Governance,
    kind: Kind,
    key: ObligationKey,
    after: Obligation,
    transition: Transition,
    drift_id: str,
) -> Obligation:
    # KPIs are sums over results. The baseline has a result of its own, so that it is in none of them.
    result = "baseline" if transition.baseline else _result(transition)
    before = told.of(governance, after, transition)
    if before is not None and not transition.amends:
        if (before.result, before.at) == (result, transition.at) or _stays(kind, before, transition):
            return after
        transition = transition._replace(amends=before.result)
    value = {
        "drift_id": drift_id,
        "kind": kind.name,
        "canonical_id": key.customer,
        "system": key.system,
        "entity": kind.entity,
        "native_id": key.native_id,
        "triggered_at": transition.trigger.at,
        "due_at": transition.due,
        "settled_at": transition.at,
        "result": result,
        "amends": transition.amends,
        "amount": transition.finding.amount if transition.finding else None,
        "answered_at": _answered_at(kind, transition),
    }
    ws.emit(Emit(topics.AUDIT, drift_id, "ObligationSettled", _with_money(value, "amount")))
    return told.with_told(after, transition, result)


def _answered_at(kind: Kind, transition: Transition) -> Instant | None:
    """Of a deadline nobody looks before it is due, so when it was met is what the record that answers it says."""
    finding, was_in_time = transition.finding, transition.what == "met" or transition.how == "retracted"
    if not was_in_time:
        return transition.clean_since
    if kind.clock != "deadline":
        return transition.at if transition.what == "met" else None
    if finding is None or not finding.satisfied or finding.satisfied_by is None:
        return None
    at: Instant = finding.satisfied_by.version["at"]
    return at if at <= transition.due else None  # judged late: it says what came since, and not when it was met


def _stays(kind: Kind, before: Told, transition: Transition) -> bool:
    """Whether the earlier result stands. An obligation that is judged again only from after its deadline looks
    answered, whether or not that was in time. What was met is told with the time at which it was no longer demanded."""
    if kind.clock != "deadline" or transition.what != "met":
        return False
    return before.result == "met" or (before.result == "late" and transition.at > transition.due)


def _with_money(value: dict[str, Any], field: str) -> dict[str, Any]:
    money = from_json(value[field])
    return {**value, field: money._asdict() if money else None}
