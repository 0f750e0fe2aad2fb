"""In identify: tells the suspects stage of business keys, where they change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from schemas import topics
from schemas.instants import Instant
from schemas.money import from_json
from streams.governance.model import Governance
from streams.suspects.keys import NOTHING, Keyed, alike, keyed
from streams.suspects.table import compared
from tables.versions import Version, as_of
from tables.view import Emit, Workspace


class Record(NamedTuple):
    """The record that is told of, and its customer."""

    system: str
    entity: str
    native_id: str
    canonical_id: str


def changed(
    ws: Workspace,
    governance: Governance,
    record: Record,
    before: Version | None,
    after: Version,
    effective_at: Instant,
) -> None:
    """One version of a record has followed another. An ordinary update, which changes nothing that is compared, costs
    no message; a row read in a full pass is told again, so that a new epoch tells the stage of what was there before
    it was switched on."""
    system, entity = record.system, record.entity
    if entity not in compared(governance) or (alike(entity, before, after) and not after["snapshot"]):
        return
    old, new = keyed(system, entity, before), keyed(system, entity, after)
    if old == new and not after["snapshot"]:
        return
    for key in old.keys:
        if key not in new.keys:
            ws.emit(_told(record, key, NOTHING, after, effective_at))
    for key in new.keys:
        ws.emit(_told(record, key, new, after, effective_at))


def rerouted(
    ws: Workspace, governance: Governance, record: Record, versions: list[Version], routed_at: Instant
) -> None:
    """The record is of another canonical customer since then: also what it said later and was read before we heard of
    it."""
    if record.entity not in compared(governance):
        return
    before = as_of(versions, routed_at)
    if before is not None:
        new = keyed(record.system, record.entity, before)
        for key in new.keys:
            ws.emit(_told(record, key, new, before, routed_at))
    for after in versions:
        if after["at"] > routed_at:
            changed(ws, governance, record, before, after, after["at"])
            before = after


def heard(ws: Workspace, governance: Governance, watermarks: Mapping[str, Any]) -> None:
    """Send watermarks, after everything that they cover."""
    if compared(governance):
        for target in range(governance.partitions):
            ws.emit(Emit(topics.BUSINESS_KEYS, "", "Watermarks", dict(watermarks), partition=target))


def _told(record: Record, key: str, said: Keyed, version: Version, effective_at: Instant) -> Emit:
    money = from_json(said.amount)
    value = {
        **record._asdict(),
        "key": key,
        "native_customer": version["customer"],
        "present": said is not NOTHING,
        "version": version["version"],
        "effective_at": effective_at,
        "began_at": said.began_at,
        "snapshot": version["snapshot"],
        "fields": dict(said.fields),
        "amount": money._asdict() if money else None,
    }
    return Emit(topics.BUSINESS_KEYS, key, "BusinessKeyAsserted", value)
