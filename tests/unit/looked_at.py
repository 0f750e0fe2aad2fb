"""One customer's records as a predicate looks at them, without what brought them there; times are plain numbers."""

from __future__ import annotations

from typing import Any

from schemas.entities import ENTITIES
from schemas.instants import Instant
from streams.governance.model import Governance
from streams.kinds.asof import AsOf, Found, entity_key
from streams.kinds.facts import stamp
from streams.kinds.references import add, reference_key, values
from streams.kinds.table import REFERENCES
from streams.kinds.trail import stamp_trails
from tables.versions import Version
from tables.view import MemoryView, Workspace
from tests.dossiers.model import Change, change

CUSTOMER = "crm:A"
SNAPSHOT = "snapshot"
"""As the writer of a change: a snapshot shows it."""


def record(system: str, entity: str, native_id: str, at: float = 1, **told: Any) -> Change:
    return change(at, system, entity, native_id, **told)


def version_of(change: Change, last: Version | None = None) -> Version:
    """As identify stamps it."""
    told = {a.name: None for a in ENTITIES[change.entity].attributes} | dict(change.attributes or {})
    at, name, shown = round(change.at), f"v{round(change.at)}", change.by == SNAPSHOT
    since = stamp(change.entity, told, last["since"] if last else {}, at, name, shown)
    since |= stamp_trails(change.entity, told, last, at, name, shown, change.by)
    return {
        "version": name, "native": name, "customer": change.customer, "at": at, "committed_at": at, "op": "upsert",
        "attrs": told, "since": since, "by": change.by, "snapshot": shown, "source": change.system, "route": 0,
    }  # fmt: skip


def workspace(*records: Change) -> Workspace:
    """The last of several changes of a record comes last."""
    ws = Workspace(MemoryView())
    for one in records:
        key = entity_key(CUSTOMER, one.entity, one.system, one.native_id)
        before = (ws.get(key) or {"versions": []})["versions"]
        versions = [*before, version_of(one, before[-1] if before else None)]
        ws.put(key, {"versions": versions, "revision": len(versions)})
        for attribute in REFERENCES.get(one.entity, ()):
            for value in values(versions, attribute):
                add(ws, reference_key(CUSTOMER, one.entity, attribute, value), f"{one.system}/{one.native_id}")
    return ws


def looking(governance: Governance, instant: Instant, *records: Change) -> AsOf:
    return AsOf(workspace(*records), governance, CUSTOMER, instant)


def found(now: AsOf, system: str, entity: str, native_id: str) -> Found:
    record = now.record(entity, system, native_id)
    assert record is not None
    return record
