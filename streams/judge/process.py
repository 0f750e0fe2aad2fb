"""The customer's process in one record: stage, members, open drifts, conditions.

It is updated by the contributions of changed records, never by a scan."""

from __future__ import annotations

from typing import Any

from schemas import topics
from schemas.instants import NEVER, Instant
from streams.fleet import mass
from streams.governance.model import Governance, Role
from streams.judge.gates import heard_by, needed_at_all
from streams.judge.keys import process_key
from streams.judge.turns import Turns
from streams.kinds.facts import PENDING_ACTIVATION
from streams.kinds.table import Kind, judged
from tables.versions import Version
from tables.view import Emit, Value, Workspace

PROCESS = "process"
"""`(PROCESS, customer)` is the place of a customer's process."""
WHOLE = "whole"
"""In a process of which all was kept that turned or answered a condition; earlier releases did not."""
_EMPTY: Value = {"revision": 0, "facts": {}, "members": [], "open": {}, "conditions": {}, WHOLE: True}

IDENTITY = "IdentityCertain"
"""A condition that no kind decides: it appears once the customer's identity was ever in conflict."""
_COUNTED = ("opportunity", "customer", "subscription")
STAGES: tuple[tuple[str, str], ...] = (
    # (stage, fact that must be counted); the first that applies
    ("churned", "churned"),
    ("active", "subscriptions_active"),
    ("provisioned", "erp_customers"),
    ("won", "deals_won"),
)


def contribute(
    ws: Workspace,
    governance: Governance,
    customer: str,
    place: tuple[str, str, str],
    before: Version | None,
    after: Version,
) -> None:
    """Take the record's old contribution out of the customer's counts and put the new one in."""
    entity, system, native_id = place
    governed = governance.systems.get(system)  # what was counted by the role of one that has gone stands
    role = governed.role if governed else None
    old = _contribution(role, entity, before)
    new = _contribution(role, entity, after)
    if before is not None and before["op"] == after["op"] and old == new:
        return  # its customer is known, and nothing is counted otherwise: most changes, and their process is not read
    known = ws.get(process_key(customer))
    if known is None:
        mass.customer_came(ws)
    elif old == new and entity != "customer":
        return
    process = known or _EMPTY
    facts = dict(process["facts"])
    for fact in old - new:
        facts[fact] = facts.get(fact, 0) - 1
    for fact in new - old:
        facts[fact] = facts.get(fact, 0) + 1
    members = set(process["members"])
    if entity == "customer":
        member = f"{system}:{native_id}"
        members = members | {member} if after["op"] == "upsert" else members - {member}
    changed = {**process, "facts": {f: n for f, n in facts.items() if n}, "members": sorted(members)}
    if known is None or changed != process:
        _keep(ws, customer, changed)


def _contribution(role: Role | None, entity: str, version: Version | None) -> set[str]:
    if version is None or version["op"] != "upsert":
        return set()
    if entity not in _COUNTED:
        return set()
    attrs: dict[str, Any] = version["attrs"]
    counted = {
        "deals_won": entity == "opportunity" and attrs.get("stage") == "won",
        "erp_customers": entity == "customer" and role == "erp",
        "churned": entity == "customer" and role == "crm" and attrs.get("status") == "churned",
        "subscriptions_active": entity == "subscription" and attrs.get("status") == "active",
        "subscriptions_pending": entity == "subscription" and attrs.get("status") in PENDING_ACTIVATION,
    }
    return {fact for fact, holds in counted.items() if holds}


def count(ws: Workspace, customer: str, kind: Kind, by: int, at: Instant) -> bool:
    """A drift of this kind opened (+1) or closed (-1) at an instant of event time; True: it is the only one open."""
    process = ws.get(process_key(customer)) or _EMPTY
    number = process["open"].get(kind.name, 0) + by
    open_ = {**process["open"], kind.name: number}
    turns = _turns(process, kind.condition).with_one(at, by, number)
    conditions = {name: told for name, told in process["conditions"].items() if name != kind.condition}
    if (last := turns.last(number)) is not None:
        conditions[kind.condition] = ["False", _reason(kind), last] if number else ["True", "AsExpected", last]
    changed = {
        "open": {k: n for k, n in open_.items() if n},
        "conditions": conditions,
        "turns": {**process.get("turns", {}), kind.condition: [*turns]},
    }
    _keep(ws, customer, {**process, **changed})
    return by > 0 and number == by


def _turns(process: Value, condition: str) -> Turns:
    """The turns of a condition. An earlier release kept only the last one."""
    known = process.get("turns", {}).get(condition)
    if known is None:
        return Turns(process["conditions"].get(condition, [None, None, None])[2])
    since, instants = known
    return Turns(since, tuple((at, change) for at, change in instants))


def met(ws: Workspace, customer: str, condition: str, at: Instant) -> None:
    """An obligation of the condition was met. The earliest counts, in whatever order they are told."""
    process = ws.get(process_key(customer)) or _EMPTY
    first = process.get("met", {}).get(condition)
    if first is None or at < first:
        _put_met(ws, customer, process, condition, at)


def first_met(ws: Workspace, customer: str, condition: str) -> Instant | None:
    """None: none was."""
    first: Instant | None = (ws.get(process_key(customer)) or _EMPTY).get("met", {}).get(condition)
    return first


def met_otherwise(ws: Workspace, customer: str, condition: str, first: Instant | None) -> None:
    """Late evidence has it first answered at another instant, or never."""
    _put_met(ws, customer, ws.get(process_key(customer)) or _EMPTY, condition, first)


def _put_met(ws: Workspace, customer: str, process: Value, condition: str, first: Instant | None) -> None:
    """It is another revision where there was none, or is none: of two, which is told of first hangs on where commits
    fall, and the status on neither."""
    known = process.get("met", {})
    others = {name: at for name, at in known.items() if name != condition}
    changed = {**process, "met": others if first is None else {**others, condition: first}}
    if first is not None and condition in known:
        ws.put(process_key(customer), changed)
        ws.refresh((PROCESS, customer))
    else:
        _keep(ws, customer, changed)


def set_condition(ws: Workspace, customer: str, condition: str, status: str, reason: str, at: Instant) -> None:
    """A condition has this status since an instant of event time."""
    known = ws.get(process_key(customer))
    if known is None:
        mass.customer_came(ws)
    process = known or _EMPTY
    if process["conditions"].get(condition, [None])[0] != status:
        _keep(ws, customer, {**process, "conditions": {**process["conditions"], condition: [status, reason, at]}})


def _reason(kind: Kind) -> str:
    return "".join(word.capitalize() for word in kind.name.split("_"))


def _keep(ws: Workspace, customer: str, process: Value) -> None:
    ws.put(process_key(customer), {**process, "revision": process["revision"] + 1})
    ws.refresh((PROCESS, customer))


def publish_process(ws: Workspace, governance: Governance, customer: str) -> None:
    """Publish the customer's process as it stands."""
    process = ws.get(process_key(customer)) or _EMPTY
    key = f"{customer}/process/{customer}"
    if not (process["facts"] or process["members"] or process["open"]):
        # All its records went elsewhere. The state stays, so that the revision never falls.
        ws.emit(Emit(topics.CORRECTED_STATE, key, "ProcessState", None, partition_key=customer))
        return
    value = {
        "canonical_id": customer,
        "revision": process["revision"],
        "stage": next((stage for stage, fact in STAGES if process["facts"].get(fact)), "prospect"),
        "complete_until": _complete_until(ws, governance),
        "members": process["members"],
        "open_drifts": process["open"],
        "conditions": _conditions(governance, process),
    }
    ws.emit(Emit(topics.CORRECTED_STATE, key, "ProcessState", value, partition_key=customer))


def _complete_until(ws: Workspace, governance: Governance) -> Instant | None:
    """Every source that some verdict waits for has been heard so far; None: one was never heard."""
    until, _ = heard_by(ws, governance).lowest(needed_at_all(governance))
    return None if until <= NEVER else until


def _conditions(governance: Governance, process: Value) -> list[dict[str, Any]]:
    """What turned says how it stands; else whether any was ever answered does."""
    told = {name: ["True", "AsExpected", first] for name, first in process.get("met", {}).items()}
    told |= process["conditions"]
    unknown = _unknown(governance)
    conditions = [_condition(name, *told[name]) if name in told else none for name, none in unknown.items()]
    return [*conditions, _condition(IDENTITY, *told[IDENTITY])] if IDENTITY in told else conditions


def _unknown(governance: Governance) -> dict[str, dict[str, Any]]:
    """Each condition while nothing is told of it. Several rows of one kind decide one condition."""
    known: dict[str, dict[str, Any]] | None = governance.derived.get((_unknown,))
    if known is None:
        names = dict.fromkeys(kind.condition for kind in judged(governance))
        known = {name: _condition(name, "Unknown", "NothingSettledYet", None) for name in names}
        governance.derived[(_unknown,)] = known
    return known


def _condition(name: str, status: str, reason: str, at: Instant | None) -> dict[str, Any]:
    return {"type": name, "status": status, "reason": reason, "last_transition_at": at}
