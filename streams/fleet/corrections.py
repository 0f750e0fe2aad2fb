"""M6 correction_ineffective: a correction was performed, and its target's own stream still shows the old state.

A command counts as successful only when its target's change comes back through capture and closes the drift. Judge says
whether it has closed. If judge lags it is waited for: the canaries that it has settled tell how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas import topics
from schemas.instants import ALWAYS, Instant, iso
from schemas.money import Money
from streams import canary
from streams.fleet import breaker, mass, withheld
from streams.fleet.table import Subject, Told, clock, close, is_early, opened, publish, wait
from streams.governance.model import Governance
from streams.judge.gates import needed
from streams.kinds.table import KINDS
from tables.view import Emit, Value, Workspace

KIND = "correction_ineffective"
EXPIRED, WITHHELD, HALTED = "expired", "withheld", "halted"
"""Statuses of commands that never reached the target: they came too late, or were not to be performed any more. HALTED
is a reason for the latter: a breaker is open."""
NOT_ASKED = (EXPIRED, WITHHELD)
"""Commands that expired or were halted are issued again as soon as nothing stops them."""
ANSWERS: Mapping[str, bool] = {"applied": False, "noop_already_right": False, "rejected": True, "failed": True}
"""Status -> whether the correction failed. Other statuses say nothing about the target."""
_RESULT = ("command_id", "type", "target_system", "status", "reason", "attempt", "finished_at")
_KEPT = ("drift_id", "kind", "canonical_id", "system", "entity", "native_id", "owner_system", "expected")


def tell_asked(drift: Mapping[str, Any], target: str) -> Emit:
    """Judge's message: the correction of this drift is performed at that system, or would be but for a breaker."""
    value = {name: drift[name] for name in _KEPT}
    value |= {"amount_at_stake": drift["amount_at_stake"], "target_system": target, "restraint": drift["restraint"]}
    return Emit(topics.PROGRESS, drift["drift_id"], "CorrectionAsked", value, partition=0)


def tell_ended(drift_id: str, closed_at: Instant, how: str) -> Emit:
    value = {"drift_id": drift_id, "closed_at": closed_at, "how": how}
    return Emit(topics.PROGRESS, drift_id, "DriftEnded", value, partition=0)


def followed(governance: Governance) -> bool:
    """Whether it has to be followed what becomes of corrections."""
    stopping = governance.wants(breaker.KIND) or governance.wants(mass.KIND)
    return governance.wants(KIND) or (stopping and KIND in governance.kinds)


def asked(ws: Workspace, governance: Governance, value: dict[str, Any]) -> None:
    key = f"k/{value['drift_id']}"
    if not followed(governance):
        return
    if value["restraint"]:
        withheld.withhold(ws, value, value["target_system"])
    elif ws.get(key) is None:
        money = value["amount_at_stake"]
        amount = Money(**money).as_json() if money else None
        kept = {name: value[name] for name in _KEPT}
        ws.put(key, {**kept, "amount_at_stake": amount, "result": None, "drift": None})


def performed(ws: Workspace, governance: Governance, value: dict[str, Any]) -> None:
    key = f"k/{value['drift_id']}"
    entry = ws.get(key)
    if entry is None:
        return
    if value["status"] == WITHHELD and value["reason"] != HALTED:
        return  # nobody asks for it, or it is asked for once more
    if value["status"] in NOT_ASKED:
        withheld.withhold(ws, entry, value["target_system"], value["finished_at"])
    if entry["drift"] is not None:
        return
    _answered(ws, governance, entry, value)
    result = {name: value[name] for name in _RESULT}
    ws.put(key, {**entry, "result": result})
    wait(ws, max(value["finished_at"] + governance.kinds[KIND].sla, clock(ws)), key)


def _answered(ws: Workspace, governance: Governance, entry: Value, value: dict[str, Any]) -> None:
    """A result counts once, however often it is told. That the target was not asked is no result."""
    known = entry["result"]
    again = known is not None and known["status"] in ANSWERS and known["command_id"] == value["command_id"]
    if value["status"] in ANSWERS and not again:
        at, target, wrong = value["finished_at"], value["target_system"], ANSWERS[value["status"]]
        breaker.went(ws, governance, entry["kind"], target, at, breaker.REFUSED, wrong=wrong)


def _showed(ws: Workspace, governance: Governance, entry: Value, at: Instant, *, wrong: bool) -> None:
    """Whether what the target answered was seen in its own changes."""
    result = entry["result"]
    if ANSWERS.get(result["status"]) is False:
        target = result.get("target_system") or entry["owner_system"]
        breaker.went(ws, governance, entry["kind"], target, at, breaker.INEFFECTIVE, wrong=wrong)


def due(ws: Workspace, governance: Governance, key: str) -> None:
    entry = ws.get(key)
    if entry is None or entry["result"] is None or entry["drift"] is not None:
        return
    verify_until = entry["result"]["finished_at"] + governance.kinds[KIND].sla
    if is_early(ws, verify_until, key):
        return
    if _judged_until(ws, governance, entry) < verify_until:
        wait(ws, clock(ws) + 1, key)
        return
    _showed(ws, governance, entry, verify_until, wrong=True)
    if not governance.wants(KIND):
        ws.delete(key)  # counted, and nobody is to be told
        return
    drift = opened(governance, KIND, _told(entry, verify_until))
    publish(ws, governance, drift)
    ws.put(key, {**entry, "drift": drift})


def _judged_until(ws: Workspace, governance: Governance, entry: Value) -> Instant:
    """Up to when judge has decided about drifts of this kind of the customer."""
    partition = topics.partition_for(entry["canonical_id"], governance.partitions)
    rows = [kind for kind in KINDS if (kind.name, kind.entity) == (entry["kind"], entry["entity"])]
    systems = {system for kind in rows for system, _ in needed(governance, kind, entry["system"])}
    # A kind that is no more, as after an upgrade, is judged by nobody: nothing is waited for.
    return min((canary.judged_until(ws, governance, system, partition) for system in systems), default=ALWAYS)


def _told(entry: Value, verify_until: Instant) -> Told:
    result = entry["result"]
    said = result["status"].replace("_", " ") + (f": {result['reason']}" if result["reason"] else "")
    answer = f"the target answered at {iso(result['finished_at'])} ({said}, attempt {result['attempt']})"
    if result["status"] in NOT_ASKED:
        answer = f"the target was not asked at {iso(result['finished_at'])} ({said})"
    return Told(
        Subject(entry["system"], entry["entity"], entry["native_id"]),
        result["command_id"],
        result["finished_at"],
        verify_until,
        expected=f"{entry['expected']}, as {result['type']} was to bring about",
        observed=f"{answer}, and its own changes still do not show it",
        customer=entry["canonical_id"],
        amount=entry["amount_at_stake"],
        causes=(entry["kind"],),
    )


def ended(ws: Workspace, governance: Governance, value: dict[str, Any]) -> None:
    key = f"k/{value['drift_id']}"
    entry = ws.get(key)
    withheld.forget(ws, value["drift_id"])
    if entry is None:
        return
    if entry["drift"] is not None:
        close(ws, governance, entry["drift"], value["closed_at"], value["how"])
    if entry["result"] is not None and value["how"] == "corrected":
        _showed(ws, governance, entry, value["closed_at"], wrong=False)
    ws.delete(key)
