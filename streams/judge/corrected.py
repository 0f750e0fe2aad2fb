"""The corrected state: each entity's attributes from their system of record, while systems still disagree."""

from __future__ import annotations

import json
from typing import Any

from schemas import topics
from schemas.entities import ENTITIES
from schemas.instants import NEVER
from streams.governance.model import Governance
from streams.judge.keys import MARKS
from streams.kinds.asof import FEW
from tables.versions import Version, latest
from tables.view import Emit, Workspace
from tables.watermarks import object_watermark

Place = tuple[str, str, str]


def publish(
    ws: Workspace, governance: Governance, customer: str, place: Place, version: Version, revision: int
) -> None:
    """Publish the record; for a customer record, the merged customer."""
    entity, system, native_id = place
    if entity == "customer":
        _publish_customer(ws, governance, customer)
        return
    attributes = [
        _attribute(name, version["attrs"].get(name), system, native_id, version)
        for name in ENTITIES[entity].attribute_names
        if version["attrs"].get(name) is not None
    ]
    _emit(ws, governance, customer, (entity, system, native_id), f"{system}:{native_id}", revision, attributes)


def withdraw(ws: Workspace, governance: Governance, customer: str, place: Place) -> None:
    """A tombstone for a record that was deleted or went to another customer."""
    entity, system, native_id = place
    if entity == "customer":
        _publish_customer(ws, governance, customer)
    else:
        key = f"{customer}/{entity}/{system}:{native_id}"
        ws.emit(Emit(topics.CORRECTED_STATE, key, "CorrectedEntity", None, partition_key=customer))


def _publish_customer(ws: Workspace, governance: Governance, customer: str) -> None:
    records = _customer_records(ws, customer)
    key = f"{customer}/customer/{customer}"
    if not records:
        ws.emit(Emit(topics.CORRECTED_STATE, key, "CorrectedEntity", None, partition_key=customer))
        return
    revision_key = f"c/{customer}"
    revision = (ws.get(revision_key) or {"revision": 0})["revision"] + 1
    ws.put(revision_key, {"revision": revision})
    attributes = [_merged(governance, name, records) for name in governance.ownership["customer"]]
    _emit(ws, governance, customer, ("customer", "", customer), customer, revision, attributes)


def _customer_records(ws: Workspace, customer: str) -> dict[str, tuple[str, Version]]:
    """system -> (native id, latest version) of live customer records; the first by id where a system has several."""
    found: dict[str, tuple[str, Version]] = {}
    prefix = f"e/{customer}/customer/"
    for key, value in ws.range(prefix, FEW):
        system, native_id = key.removeprefix(prefix).split("/", 1)
        newest = latest(value["versions"])
        if newest is not None and newest["op"] == "upsert":
            found.setdefault(system, (native_id, newest))
    return found


def _merged(governance: Governance, name: str, records: dict[str, tuple[str, Version]]) -> dict[str, Any]:
    role = governance.ownership["customer"][name]
    owner = next(iter(governance.in_role(role)), "")
    native_id, version = records.get(owner, ("", None))
    value = version["attrs"].get(name) if version else None
    others = {s: v["attrs"].get(name) for s, (_, v) in records.items() if s != owner}
    stated = {s: v for s, v in others.items() if v is not None}
    merged = _attribute(name, value, owner, native_id, version)
    merged["agree"] = sorted(s for s, v in stated.items() if v == value)
    merged["diverge"] = {s: json.dumps(v) for s, v in stated.items() if v != value}
    merged["unheard"] = sorted(s for s in governance.systems if s not in records)
    return merged


def _attribute(name: str, value: Any, owner: str, native_id: str, version: Version | None) -> dict[str, Any]:
    return {
        "name": name,
        "value": None if value is None else json.dumps(value, sort_keys=True),
        "owner": owner,
        "native_id": native_id,
        "version": version["version"] if version else "",
        "committed_at": version["committed_at"] if version else None,
        "agree": [],
        "diverge": {},
        "unheard": [],
    }


def _emit(
    ws: Workspace,
    governance: Governance,
    customer: str,
    place: Place,
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
    marks = ws.get(MARKS) or {}
    systems = [system] if system else list(governance.systems)
    lowest = min(object_watermark(marks, s, entity, governance.partitions) for s in systems)
    return None if lowest <= NEVER else lowest
