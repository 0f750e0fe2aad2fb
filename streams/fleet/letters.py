"""M1 finance_event_dead_lettered: a record of a financial document was diverted, and nobody has dealt with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas import topics
from schemas.instants import iso
from streams.fleet.table import Subject, Told, clock, close, is_early, opened, publish, wait
from streams.governance.model import Governance
from tables.view import Emit, Workspace

KIND = "finance_event_dead_lettered"
FINANCE = frozenset(
    {"invoice", "invoice_line", "payment", "refund", "credit_memo", "ledger_posting", "revenue_schedule"}
    | {"cash_application", "*"}
)
"""Entities of financial documents. A record with an unknown entity may be one."""


def tell_written(letter: Mapping[str, Any]) -> Emit | None:
    """The message of the stage that refused a record; None: it is no financial document."""
    if letter["entity"] not in FINANCE or not letter["system"]:
        return None
    named = {name: letter[name] for name in ("letter_id", "system", "entity")}
    value = {**named, "reason": letter["reason"], "written_at": letter["diverted_at"]}
    return Emit(topics.PROGRESS, letter["letter_id"], "LetterWritten", value, partition=0)


def tell_resolved(letter_id: str, how: str) -> Emit:
    return Emit(topics.PROGRESS, letter_id, "LetterResolved", {"letter_id": letter_id, "how": how}, partition=0)


def written(ws: Workspace, governance: Governance, value: dict[str, Any]) -> None:
    key = f"l/{value['letter_id']}"
    if not governance.wants(KIND) or ws.get(key) is not None or value["system"] not in governance.systems:
        return
    ws.put(key, {**value, "drift": None})
    due = value["written_at"] + governance.kinds[KIND].sla
    wait(ws, max(due, clock(ws)), key)


def due(ws: Workspace, governance: Governance, key: str) -> None:
    entry = ws.get(key)
    if entry is None or entry["drift"] is not None:
        return
    if is_early(ws, entry["written_at"] + governance.kinds[KIND].sla, key):
        return
    letter = entry["letter_id"]
    what = "a record" if entry["entity"] == "*" else f"a record of entity {entry['entity']}"
    told = Told(
        Subject(entry["system"], "dead_letter", letter),
        letter,
        entry["written_at"],
        entry["written_at"] + governance.kinds[KIND].sla,
        expected=f"{what} from {entry['system']} that was diverted is replayed or dismissed",
        observed=f"waiting since {iso(entry['written_at'])} ({entry['reason'].replace('_', ' ')}); "
        f"driftwise dead-letters show {letter} says what to do",
    )
    drift = opened(governance, KIND, told)
    publish(ws, governance, drift)
    ws.put(key, {**entry, "drift": drift})


def resolved(ws: Workspace, governance: Governance, value: dict[str, Any]) -> None:
    key = f"l/{value['letter_id']}"
    entry = ws.get(key)
    if entry is None:
        return
    if entry["drift"] is not None:
        close(ws, governance, entry["drift"], clock(ws), "corrected" if value["how"] == "replayed" else "accepted")
    ws.delete(key)
