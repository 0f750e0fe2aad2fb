"""The kinds of the fleet stage, and what they have in common: a clock, a drift record, a list of what falls due."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from schemas import ids, topics
from schemas.instants import SECOND, Instant
from schemas.money import from_json
from schemas.records import completed
from streams import graves
from streams.governance.model import Governance
from tables.view import Emit, Value, Workspace

FLEET_KINDS: Mapping[str, str] = {
    # kind: number in the catalogue
    "finance_event_dead_lettered": "M1",
    "source_gap": "M2",
    "source_stale": "M3",
    "correction_breaker": "C4",
    "correction_ineffective": "M6",
    "mass_drift": "M8",
}
CLOCK = "~clock"
"""{at}: the wall-clock time that recorded observations carry; a replay sees the same."""
CLOCKS_APART: Instant = 300 * SECOND
"""How far the clocks of two workers may differ that observe one after the other."""
WAITING = "w/"
AGAIN = "h/"
"""What is withheld, and under which first part of a key it is looked at once more (streams/fleet/withheld.py)."""


class Subject(NamedTuple):
    system: str
    entity: str
    native_id: str


class Told(NamedTuple):
    """What a drift of the fleet says, besides what is governed for its kind."""

    subject: Subject
    trigger_version: str
    triggered_at: Instant
    due_at: Instant
    expected: str
    observed: str
    customer: str = ""
    """Empty: the owner is the system's."""
    amount: dict[str, Any] | None = None
    watermarks: Mapping[str, Instant] = {}
    causes: tuple[str, ...] = ()


def clock(ws: Workspace) -> Instant:
    at: Instant = (ws.get(CLOCK) or {"at": 0})["at"]
    return at


def tick(ws: Workspace, observed_at: Instant) -> Instant:
    """It does not run backwards, unless it was set wrong: else nothing would wait any more. Returns up to when entries
    fall due: what was to wait for the next tick of a clock that was ahead does not wait until it is that late."""
    known = clock(ws)
    set_back = observed_at < known - CLOCKS_APART
    if observed_at > known or set_back:
        ws.put(CLOCK, {"at": observed_at})
    return known + 1 if set_back else max(known, observed_at)


def opened(governance: Governance, kind: str, told: Told) -> Value:
    """The record of a drift that opens at the instant at which it was due."""
    rules = governance.kinds[kind]
    system, entity, native_id = told.subject
    return {
        "drift_id": ids.drift_id(kind, system, entity, native_id, told.trigger_version),
        "kind": kind,
        "kind_number": FLEET_KINDS[kind],
        "canonical_id": told.customer or f"system:{system}",
        "system": system,
        "entity": entity,
        "native_id": native_id,
        "status": "open",
        "severity": rules.severity,
        "finance_impacting": rules.finance_impacting,
        "amount_at_stake": told.amount,
        "owner_system": system,
        "owner_team": rules.owner_team,
        "trigger_version": told.trigger_version,
        "triggered_at": told.triggered_at,
        "due_at": told.due_at,
        "opened_at": told.due_at,
        "closed_at": None,
        "how": "",
        "expected": told.expected,
        "observed": told.observed,
        "evidence": [],
        "watermarks": dict(told.watermarks),
        "command_id": None,
        "mode": rules.mode,
        "causes": list(told.causes),
        "correlation_id": "",
        "segment": "",
    }


def publish(ws: Workspace, governance: Governance, drift: Value) -> None:
    money = from_json(drift["amount_at_stake"])
    value = {**completed("Drift", drift), "amount_at_stake": money._asdict() if money else None}
    if (grave := graves.told(ws, governance, drift)) is not None:
        key, due = grave
        wait(ws, max(due, clock(ws)), key)
    ws.emit(Emit(topics.DRIFTS, drift["drift_id"], "Drift", value, partition_key=drift["canonical_id"]))


def close(ws: Workspace, governance: Governance, drift: Value, at: Instant, how: str = "self_healed") -> None:
    publish(ws, governance, {**drift, "status": "closed", "closed_at": max(at, drift["opened_at"]), "how": how})


def wait(ws: Workspace, due: Instant, key: str) -> None:
    """Have the entry looked at once the clock has passed `due`."""
    ws.put(f"{WAITING}{due:020d}/{key}", {})


def is_early(ws: Workspace, due: Instant, key: str) -> bool:
    """The entry was looked at before its time, because the clock was ahead or its subject has changed: let it wait."""
    if early := due > clock(ws):
        wait(ws, due, key)
    return early


def fallen_due(ws: Workspace, now: Instant, limit: int = 256) -> list[str]:
    """Keys of the entries that are due; they are taken off the list."""
    found = []
    for text, _ in ws.range(WAITING, limit):
        due, key = text.removeprefix(WAITING).split("/", 1)
        if int(due) > now:
            break
        ws.delete(text)
        found.append(key)
    return found
