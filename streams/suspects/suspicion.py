"""The life of a suspicion: it waits out its grace, opens a drift, and ends.

An entry of the state is {due, opened, drift, desired}; its drift record is complete from the beginning. A suspicion
that ends behind its due time was open for a while, whether or not it was seen in time to be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from schemas import ids, topics
from schemas.instants import Instant
from schemas.money import from_json
from schemas.records import completed
from streams import graves
from streams.governance.model import Governance
from streams.suspects.table import SUSPECT_KINDS
from tables.deadlines import Gate
from tables.view import Emit, Value, Workspace


class Suspected(NamedTuple):
    """What is suspected of which record, and since when."""

    kind: str
    canonical_id: str
    system: str
    entity: str
    native_id: str
    trigger: str
    """Tells this suspicion from others about the same record."""
    began_at: Instant
    expected: str
    observed: str
    evidence: tuple[Value, ...]
    desired: Mapping[str, str]
    amount: dict[str, Any] | None = None
    snapshot: bool = False


def begin(ws: Workspace, governance: Governance, key: str, suspected: Suspected, **more: Any) -> Instant:
    """Begin a suspicion; `more` is kept with it. Returns when it is due."""
    due = suspected.began_at + governance.kinds[suspected.kind].sla
    baseline = suspected.snapshot or suspected.began_at < governance.go_live
    drift = _drift(governance, suspected, due, baseline)
    ws.put(key, {**more, "due": due, "opened": False, "drift": drift, "desired": dict(suspected.desired)})
    return due


def fall_due(ws: Workspace, governance: Governance, key: str, entry: Value) -> None:
    """The suspicion has stood until it was due: open its drift."""
    _open(ws, governance, entry["drift"], entry["desired"])
    ws.put(key, {**entry, "opened": True})


def waits(waiting: str, gate: Gate, key: str, value: Value | None) -> tuple[Gate, Instant] | None:
    """`waiting`DUE/PLACE names an entry under PLACE that falls due: the instant, and the gate it waits at."""
    if value is None or not key.startswith(waiting):
        return None
    return gate, int(key.removeprefix(waiting).partition("/")[0])


def fall_due_at(ws: Workspace, governance: Governance, waiting: str, entries: str, key: str) -> None:
    """Open the drift of the suspicion that `key` names, unless it has ended or was put off meanwhile."""
    due, place = key.removeprefix(waiting).split("/", 1)
    ws.delete(key)
    entry = ws.get(f"{entries}{place}")
    if entry is not None and not entry["opened"] and entry["due"] == int(due):
        fall_due(ws, governance, f"{entries}{place}", entry)


def end(ws: Workspace, governance: Governance, key: str, entry: Value, at: Instant, how: str = "self_healed") -> None:
    """The suspicion ends, as of `at`."""
    ws.delete(key)
    drift = entry["drift"]
    if not entry["opened"]:
        if at <= entry["due"]:
            return
        _open(ws, governance, drift, entry["desired"])
    _publish(ws, governance, {**drift, "status": "closed", "closed_at": max(at, drift["opened_at"]), "how": how})


def move(ws: Workspace, governance: Governance, key: str, entry: Value, canonical_id: str, at: Instant) -> None:
    """Its record belongs to another customer now: the drift ends at the old one and goes on here, under the same id."""
    end(ws, governance, key, entry, at, "moved")
    due = max(entry["due"], at)
    drift = {**entry["drift"], "canonical_id": canonical_id, "opened_at": due}
    ws.put(key, {**entry, "due": due, "opened": False, "drift": drift})


def _drift(governance: Governance, suspected: Suspected, due: Instant, baseline: bool) -> Value:
    rules, kind = governance.kinds[suspected.kind], SUSPECT_KINDS[suspected.kind]
    subject = (suspected.system, suspected.entity, suspected.native_id)
    drift_id = ids.drift_id(suspected.kind, *subject, suspected.trigger)
    proposed = rules.mode != "alert" and not baseline
    return {
        "drift_id": drift_id,
        "kind": suspected.kind,
        "kind_number": kind.number,
        "canonical_id": suspected.canonical_id,
        "system": suspected.system,
        "entity": suspected.entity,
        "native_id": suspected.native_id,
        "status": "baseline" if baseline else "open",
        "severity": rules.severity,
        "finance_impacting": rules.finance_impacting,
        "amount_at_stake": suspected.amount,
        "owner_system": suspected.system,
        "owner_team": rules.owner_team,
        "trigger_version": suspected.trigger,
        "triggered_at": suspected.began_at,
        "due_at": due,
        "opened_at": due,
        "closed_at": None,
        "how": "",
        "expected": suspected.expected,
        "observed": suspected.observed,
        "evidence": list(suspected.evidence),
        "watermarks": {},
        "command_id": _command_id(drift_id, suspected) if proposed else None,
        "mode": "propose" if proposed else "alert",
        "causes": [],
        "correlation_id": "",
        "segment": "",
    }


def _command_id(drift_id: str, suspected: Suspected) -> str:
    target = f"{suspected.system}/{suspected.entity}/{suspected.native_id}"
    type_ = SUSPECT_KINDS[suspected.kind].command
    return ids.command_id(drift_id, type_, target, suspected.desired, _versions(suspected.evidence))


def _versions(evidence: Any) -> dict[str, str]:
    return {f"{e['system']}/{e['entity']}/{e['native_id']}": e["version"] for e in evidence}


def _open(ws: Workspace, governance: Governance, drift: Value, desired: dict[str, str]) -> None:
    _publish(ws, governance, drift)
    if drift["command_id"] is None:
        return
    value = {
        "command_id": drift["command_id"],
        "idempotency_key": ids.idempotency_key(drift["command_id"], 0),
        "drift_id": drift["drift_id"],
        "kind": drift["kind"],
        "type": SUSPECT_KINDS[drift["kind"]].command,
        "sort": "ask",
        "target_system": drift["system"],
        "target_entity": drift["entity"],
        "target_id": drift["native_id"],
        "canonical_id": drift["canonical_id"],
        "mode": "propose",
        "desired": desired,
        "expected": {},
        "evidence_versions": _versions(drift["evidence"]),
        "not_after": None,
    }
    ws.emit(Emit(topics.COMMANDS, f"{drift['system']}/{drift['native_id']}", "Command", value))


def _publish(ws: Workspace, governance: Governance, drift: Value) -> None:
    money = from_json(drift["amount_at_stake"])
    value = {**completed("Drift", drift), "amount_at_stake": money._asdict() if money else None}
    graves.told(ws, governance, drift, SUSPECT_KINDS[drift["kind"]].gate or (drift["entity"],))
    ws.emit(Emit(topics.DRIFTS, drift["drift_id"], "Drift", value, partition_key=drift["canonical_id"]))
