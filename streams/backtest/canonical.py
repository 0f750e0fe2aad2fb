"""Canonical changes as a source: every system speaks the canonical model, so nothing is left to be mapped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.canonical.model import Attribute
from schemas.entities import ENTITIES, MONEY_TYPES, Entity
from schemas.instants import Instant
from schemas.money import Money
from schemas.source import Heard, Probed, SourceEvent, SourceRow
from streams.governance.model import Amount, Governance, ObjectMapping, Vocabulary


def canonical(governance: Governance) -> Governance:
    """The same decisions over systems whose objects are the canonical entities."""
    mappings = {name: {e.name: _mapping(e) for e in ENTITIES.values()} for name in governance.systems}
    return governance.mapped(mappings)


def _mapping(entity: Entity) -> ObjectMapping:
    attributes: dict[str, str | Vocabulary | Amount] = {
        a.name: Amount(amount=f"{a.name}.amount", currency=f"{a.name}.currency") if a.type in MONEY_TYPES else a.name
        for a in entity.attributes
    }
    return ObjectMapping(entity=entity.name, id="id", customer="customer", attributes=attributes)


def _fields_of(attribute: Attribute) -> tuple[str, ...]:
    if attribute.type in MONEY_TYPES:
        return tuple(f"{attribute.name}.{part}" for part in _MONEY)
    return (attribute.name,)


_MONEY = Money._fields[:2]
_UNSTATED: dict[str, dict[str, str | None]] = {
    e.name: dict.fromkeys(field for a in e.attributes for field in _fields_of(a)) for e in ENTITIES.values()
}


def fields(entity: str, attributes: Mapping[str, Any]) -> dict[str, str | None]:
    """Canonical attributes as the exact text that a source would send; money is `{"amount", "currency"}`."""
    found = _UNSTATED[entity].copy()
    for name, value in attributes.items():
        if isinstance(value, dict):
            found |= {f"{name}.{part}": value.get(part) for part in _MONEY}
        elif isinstance(value, bool):
            found[name] = "true" if value else "false"
        elif value is not None:
            found[name] = str(value)
    return found


def row(
    system: str,
    entity: str,
    native_id: str,
    customer: str,
    at: Instant,
    number: int,
    attributes: Mapping[str, Any] | None,
    *,
    by: str | None = None,
    operation: str = "upsert",
    snapshot: bool = False,
) -> dict[str, Any]:
    """A PolledRow of one canonical change; `number` orders the versions of the record."""
    return {
        "system": system,
        "object": entity,
        "id": native_id,
        "customer": customer,
        "operation": operation,
        "modified_at": at,
        "poll": number,
        "snapshot": snapshot,
        "changed_by": by,
        "fields": fields(entity, attributes) if attributes is not None else {},
    }


def read(record: str, value: dict[str, Any], headers: dict[str, bytes]) -> SourceEvent:
    """Reader of such a source: rows as `row` makes them, SourceProgress, SourceProbe."""
    if record == "SourceProgress":
        return Heard(value["system"], value["object"], value["epoch"], value["phase"], value["watermark"])
    if record == "SourceProbe":
        return Probed(value["system"], value["observed_at"])
    return SourceRow(
        value["system"],
        value["object"],
        value["id"],
        value["customer"],
        value["operation"],
        f"{value['poll']:012d}",
        str(value["poll"]),
        value["modified_at"],
        value["snapshot"],
        value["changed_by"],
        value["fields"],
    )
