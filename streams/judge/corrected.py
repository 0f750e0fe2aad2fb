"""The corrected state: each entity's attributes from their system of record, while systems still disagree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from schemas import topics
from schemas.entities import ENTITIES
from schemas.instants import NEVER
from streams.governance.model import Governance, Role
from streams.judge.keys import MARKS
from streams.judge.process import PROCESS, publish_process
from streams.kinds.asof import entity_key
from streams.kinds.references import EVERY, names, reference_key
from tables.versions import PRESENT, Version, latest
from tables.view import Emit, Place, Workspace
from tables.watermarks import minima

Records = dict[str, tuple[str, Version]]
"""System -> id of the customer's record there, and what it says."""


def place_of(customer: str, entity: str, system: str, native_id: str) -> Place:
    """What is published where this record changed: the merged customer for a customer record, else the record."""
    return (customer, entity) if entity == "customer" else (customer, entity, system, native_id)


def project(ws: Workspace, governance: Governance, place: Place) -> None:
    """Publish the latest of a place, or a tombstone for what was deleted or went to another customer."""
    if place[0] == PROCESS:
        publish_process(ws, governance, place[1])
    elif len(place) == 2:
        _publish_customer(ws, governance, place[0])
    else:
        _publish_record(ws, governance, *place)


def _publish_record(
    ws: Workspace, governance: Governance, customer: str, entity: str, system: str, native_id: str
) -> None:
    record = ws.get(entity_key(customer, entity, system, native_id)) or {"versions": []}
    newest = latest(record["versions"])
    if newest is None or newest["op"] != PRESENT:
        key = f"{customer}/{entity}/{system}:{native_id}"
        ws.emit(Emit(topics.CORRECTED_STATE, key, "CorrectedEntity", None, partition_key=customer))
        return
    attributes = [
        _attribute(name, value, system, native_id, newest)
        for name in ENTITIES[entity].attribute_names
        if (value := newest["attrs"].get(name)) is not None
    ]
    place = (entity, system, native_id)
    _emit(ws, governance, customer, place, f"{system}:{native_id}", record["revision"], attributes)


def _publish_customer(ws: Workspace, governance: Governance, customer: str) -> None:
    records = _customer_records(ws, customer)
    key = f"{customer}/customer/{customer}"
    if not records:
        ws.emit(Emit(topics.CORRECTED_STATE, key, "CorrectedEntity", None, partition_key=customer))
        return
    revision_key = f"c/{customer}"
    revision = (ws.get(revision_key) or {"revision": 0})["revision"] + 1
    ws.put(revision_key, {"revision": revision})
    attributes = [_merged(governance, name, role, records) for name, role in _owned(governance)]
    _emit(ws, governance, customer, ("customer", "", customer), customer, revision, attributes)


def _owned(governance: Governance) -> tuple[tuple[str, Role], ...]:
    """Attributes of a customer that have a system of record, and its role."""
    known: tuple[tuple[str, Role], ...] | None = governance.derived.get((_owned,))
    if known is None:
        roles = ((name, governance.owner_role("customer", name)) for name in ENTITIES["customer"].attribute_names)
        known = governance.derived[(_owned,)] = tuple((name, role) for name, role in roles if role is not None)
    return known


def _customer_records(ws: Workspace, customer: str) -> Records:
    """The customer's live records; if a system has several, the first by id."""
    found: Records = {}
    for system, native_id in names(ws, reference_key(customer, "customer", EVERY, "")):
        record = ws.get(entity_key(customer, "customer", system, native_id)) or {"versions": []}
        newest = latest(record["versions"])
        if newest is not None and newest["op"] == PRESENT:
            found.setdefault(system, (native_id, newest))
    return found


def _merged(governance: Governance, name: str, role: Role, records: Records) -> dict[str, Any]:
    owner = _owner(name, governance.in_role(role), records)
    native_id, version = records.get(owner, ("", None))
    value = version["attrs"].get(name) if version else None
    others = {s: v["attrs"].get(name) for s, (_, v) in records.items() if s != owner}
    stated = {s: v for s, v in others.items() if v is not None}
    merged = _attribute(name, value, owner, native_id, version)
    merged["agree"] = sorted(s for s, v in stated.items() if v == value)
    merged["diverge"] = {s: _text(v) for s, v in stated.items() if v != value}
    merged["unheard"] = sorted(s for s in governance.systems if s not in records)
    return merged


def _owner(name: str, systems: Sequence[str], records: Records) -> str:
    """The system of record that counts, if there are several: the first that states a value for a customer who has not
    churned, else the first that states one, else the first that has the customer."""
    known = [system for system in systems if system in records]
    attrs = {system: records[system][1]["attrs"] for system in known}
    stating = [system for system in known if attrs[system].get(name) is not None]
    staying = [system for system in stating if attrs[system].get("status") != "churned"]
    return next(iter((*staying, *stating, *known, *systems)), "")


def _attribute(name: str, value: Any, owner: str, native_id: str, version: Version | None) -> dict[str, Any]:
    return {
        "name": name,
        "value": None if value is None else _text(value),
        "owner": owner,
        "native_id": native_id,
        "version": version["version"] if version else "",
        "committed_at": version["committed_at"] if version else None,
        "agree": [],
        "diverge": {},
        "unheard": [],
    }


def _text(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _emit(
    ws: Workspace,
    governance: Governance,
    customer: str,
    place: tuple[str, str, str],
    native_id: str,
    revision: int,
    attributes: list[dict[str, Any]],
) -> None:
    entity, system, _ = place
    value = {
        "canonical_id": customer,
        "entity": entity,
        "native_id": native_id,
        "revision": revision,
        "complete_until": _complete_until(ws, governance, entity, system),
        "attributes": attributes,
    }
    key = f"{customer}/{entity}/{native_id}"
    ws.emit(Emit(topics.CORRECTED_STATE, key, "CorrectedEntity", value, partition_key=customer))


def _complete_until(ws: Workspace, governance: Governance, entity: str, system: str) -> int | None:
    heard = minima(ws.get(MARKS), governance.partitions)
    lowest = min(heard.of(s, entity) for s in ([system] if system else governance.systems))
    return None if lowest <= NEVER else lowest
