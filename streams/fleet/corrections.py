"""M6 correction_ineffective: a correction was performed, and its target's own stream still shows the old state.

A command counts as successful only when its target's change comes back through capture and closes the drift. Whether it
has closed, judge says; so one that lags is waited for, as the canaries that it lets through tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas import topics
from schemas.instants import Instant, iso
from schemas.money import Money
from streams import canary
from streams.asked import WITHHELD
from streams.fleet.table import Subject, Told, clock, close, opened, publish, wait
from streams.governance.model import Governance
from streams.judge.gates import needed
from streams.kinds.table import BY_NAME
from tables.view import Emit, Value, Workspace

KIND = "correction_ineffective"
_KEPT = ("drift_id", "kind", "canonical_id", "system", "entity", "native_id", "owner_system", "expected")


def tell_asked(drift: Mapping[str, Any]) -> Emit:
    """For judge: a drift whose correction is to be performed."""
    value = {name: drift[name] for name in _KEPT}
    value["amount_at_stake"] = drift["amount_at_stake"]
    return Emit(topics.PROGRESS, drift["drift_id"], "CorrectionAsked", value, partition=0)


def tell_ended(drift_id: str, closed_at: Instant, how: str) -> Emit:
    value = {"drift_id": drift_id, "closed_at": closed_at, "how": how}
    return Emit(topics.PROGRESS, drift_id, "DriftEnded", value, partition=0)


def asked(ws: Workspace, governance: Governance, value: dict[str, Any]) -> None:
    key = f"k/{value['drift_id']}"
    if not governance.wants(KIND) or ws.get(key) is not None:
        return
    money = value["amount_at_stake"]
    amount = Money(**money).as_json() if money else None
    ws.put(key, {**value, "amount_at_stake": amount, "result": None, "drift": None})


def performed(ws: Workspace, governance: Governance, value: dict[str, Any]) -> None:
    key = f"k/{value['drift_id']}"
    entry = ws.get(key)
    if entry is None or entry["drift"] is not None or value["status"] == WITHHELD:
        return  # of what was withheld no effect can show
    result = {name: value[name] for name in ("command_id", "type", "status", "reason", "attempt", "finished_at")}
    ws.put(key, {**entry, "result": result})
    wait(ws, max(value["finished_at"] + governance.kinds[KIND].sla, clock(ws)), key)


def due(ws: Workspace, governance: Governance, key: str) -> None:
    entry = ws.get(key)
    if entry is None or entry["result"] is None or entry["drift"] is not None:
        return
    verify_until = entry["result"]["finished_at"] + governance.kinds[KIND].sla
    if verify_until > clock(ws):
        return  # it was performed once more; that has an entry of its own
    if _judged_until(ws, governance, entry) < verify_until:
        wait(ws, clock(ws) + 1, key)
        return
    drift = opened(governance, KIND, _told(entry, verify_until))
    publish(ws, drift)
    ws.put(key, {**entry, "drift": drift})


def _judged_until(ws: Workspace, governance: Governance, entry: Value) -> Instant:
    """Up to when judge has decided about such drifts of the customer."""
    partition = topics.partition_for(entry["canonical_id"], governance.partitions)
    systems = {system for system, _ in needed(governance, BY_NAME[entry["kind"]], entry["system"])}
    return min(canary.judged_until(ws, governance, system, partition) for system in systems)


def _told(entry: Value, verify_until: Instant) -> Told:
    result = entry["result"]
    said = result["status"].replace("_", " ") + (f": {result['reason']}" if result["reason"] else "")
    return Told(
        Subject(entry["system"], entry["entity"], entry["native_id"]),
        result["command_id"],
        result["finished_at"],
        verify_until,
        expected=f"{entry['expected']}, as {result['type']} was to bring about",
        observed=f"the target answered at {iso(result['finished_at'])} ({said}, attempt {result['attempt']}), "
        "and its own changes still do not show it",
        customer=entry["canonical_id"],
        amount=entry["amount_at_stake"],
        causes=(entry["kind"],),
    )


def ended(ws: Workspace, governance: Governance, value: dict[str, Any]) -> None:
    key = f"k/{value['drift_id']}"
    entry = ws.get(key)
    if entry is None:
        return
    if entry["drift"] is not None:
        close(ws, entry["drift"], value["closed_at"], value["how"])
    ws.delete(key)
