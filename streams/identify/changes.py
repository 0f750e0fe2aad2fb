"""Canonical changes as records of q2c.changes: written by identify, read back by judge."""

from __future__ import annotations

from typing import Any

from schemas import topics
from schemas.entities import ENTITIES, MONEY_TYPES, whole
from schemas.instants import Instant
from schemas.money import Money, from_json
from schemas.records import change_record_name
from tables.versions import Version
from tables.view import Emit

_MONEY: dict[str, tuple[str, ...]] = {
    e.name: tuple(a.name for a in e.attributes if a.type in MONEY_TYPES) for e in ENTITIES.values()
}
ENTITY_OF_RECORD = {change_record_name(name): name for name in ENTITIES}


def change(
    canonical_id: str,
    system: str,
    entity: str,
    native_id: str,
    version: Version,
    route_version: int,
    effective_at: Instant,
    letter_id: str | None = None,
    effective_until: Instant | None = None,
) -> Emit:
    """The effect that tells judge of one version of one row."""
    value = {
        "canonical_id": canonical_id,
        "system": system,
        "native_id": native_id,
        "native_customer": version["customer"],
        "operation": version["op"],
        "version": version["version"],
        "native_version": version["native"],
        "committed_at": version["committed_at"],
        "effective_at": effective_at,
        "route_version": route_version,
        "snapshot": version["snapshot"],
        "changed_by": version["by"],
        "since": version["since"],
        "source": version["source"],
        "letter_id": letter_id,
        "effective_until": effective_until,
        "attributes": _to_avro(entity, version["attrs"]),
    }
    return Emit(topics.CHANGES, canonical_id, change_record_name(entity), value)


def moved(
    canonical_id: str,
    system: str,
    entity: str,
    native_id: str,
    version: Version,
    route_version: int,
    at: Instant,
    to: str = "",
) -> Emit:
    """The effect that a row leaves this canonical customer: its native customer is routed elsewhere, or the row itself
    went to another native customer (then the move carries the row's version)."""
    value = {
        "canonical_id": canonical_id,
        "system": system,
        "entity": entity,
        "native_id": native_id,
        "route_version": route_version,
        "native_customer": version["customer"],
        "version": version["version"],
        "moved_at": at,
        "moved_to": to,
    }
    return Emit(topics.CHANGES, canonical_id, "EntityMoved", value)


def version_of(entity: str, value: dict[str, Any]) -> Version:
    """The version that a record of q2c.changes carries."""
    return {
        "version": value["version"],
        "native": value["native_version"],
        "customer": value["native_customer"],
        "at": value["effective_at"],
        "committed_at": value["committed_at"],
        "op": value["operation"],
        "attrs": _from_avro(entity, value["attributes"]),
        "since": value["since"],
        "by": value["changed_by"],
        "snapshot": value["snapshot"],
        "source": value["source"],
        "route": value["route_version"],
    }


def _to_avro(entity: str, attrs: dict[str, Any] | None) -> dict[str, Any] | None:
    if attrs is None:
        return None
    attrs = whole(entity, attrs)
    money = {name: m._asdict() for name in _MONEY[entity] if (m := from_json(attrs[name])) is not None}
    return {**attrs, **money}


def _from_avro(entity: str, attrs: dict[str, Any] | None) -> dict[str, Any] | None:
    if attrs is None:
        return None
    money = {name: Money(**attrs[name]).as_json() for name in _MONEY[entity] if attrs[name] is not None}
    return {**attrs, **money}
