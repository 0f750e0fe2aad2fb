"""Parks rows whose parent row is not known yet; their customer has a hole until it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from schemas.entities import ENTITIES
from schemas.instants import Instant
from schemas.source import UNCHANGED, SourceRow
from streams.governance.mapping import ObjectMapping
from streams.governance.model import Governance
from streams.identify import holes, keys, letters, losses, mappings
from streams.identify.canonicalize import attributes
from streams.identify.holes import Hole
from streams.inputs import Divert, Input
from tables.view import Value, Workspace

_MANY = 100_000
_PARENTS = frozenset(entity.parent for entity in ENTITIES.values())
_OBJECT, _VERSION, _FIELDS = map(SourceRow._fields.index, ("object", "version", "fields"))


class Waiting(NamedTuple):
    """A parked row, as it is to be read once its parent has come."""

    row: SourceRow
    record: Input
    first_snapshot: bool
    letter_id: str
    read: dict[str, Any] | None
    """Its attributes as the mapping in force reads them; None: parked by a release that kept all columns instead."""


def park(
    ws: Workspace,
    governance: Governance,
    row: SourceRow,
    mapping: ObjectMapping,
    attrs: dict[str, Any],
    record: Input,
    first_snapshot: bool,
    known: str = "",
) -> bool:
    """Park the row if it has to wait; returns whether it has. Only columns that its mapping asks for are kept. `known`:
    the newest known version of the row."""
    entity = mapping.entity
    parent = ENTITIES[entity].parent
    if parent is None:
        return False
    parent_id = attrs[f"{parent}_ref"] or ""
    if ws.get(keys.row_key(row.system, row.native_customer, parent, parent_id)) is not None:
        return False
    if losses.lost(ws.get(keys.sweep_key(row.system)), entity, row.version) is not None:
        return True  # as its parent is, which no snapshot showed either
    key = keys.parked_prefix(row.system, row.native_customer, parent, parent_id) + f"{entity}/{row.native_id}"
    under = _under(row, entity)
    waits_under = (ws.get(under) or {"key": key})["key"]
    before = ws.get(waits_under)  # another version that waits already; its hole is ours
    if row.version < max(known, before["row"][_VERSION] if before else ""):
        return True
    if waits_under != key:
        ws.delete(waits_under)
    ws.put(under, {"key": key})
    letter = before["letter_id"] if before else f"parked:{record.position}"
    kept = row._replace(fields=mapping.kept_of(row.fields))
    parked = {"row": _plain(kept), "position": record.position, "letter_id": letter, "first_snapshot": first_snapshot}
    number = mappings.number(ws.get(keys.mapping_key(row.system)))
    ws.put(key, {**parked, "read": attrs, **({"number": number} if number else {})})
    hole = Hole(row.system, row.native_customer, entity, letter)
    came_home = letters.letter_of(record)
    left = letters.stays_of(ws, record, row.system, came_home) if came_home is not None else []
    holes.open_(ws, governance, hole, record.partition, row.committed_at - 1, left)
    return True


def children(ws: Workspace, governance: Governance, parent: SourceRow, entity: str) -> Iterator[Waiting]:
    """The rows that wait for this one, in the order of their versions. Each is removed as it is taken."""
    if entity not in _PARENTS:
        return
    prefix = keys.parked_prefix(parent.system, parent.native_customer, entity, parent.native_id)
    for key, waits in sorted(ws.range(prefix, _MANY), key=lambda item: item[1]["row"][_VERSION]):
        parked = up_to_date(ws, governance, parent.system, key, waits)
        row = SourceRow(*parked["row"])
        _take_off(ws, key, row, key.split("/", 6)[5])
        record = _record(parked["position"], row.native_customer)
        snapshot = parked.get("first_snapshot", row.snapshot)
        yield Waiting(row, record, snapshot, parked["letter_id"], parked.get("read"))


def up_to_date(ws: Workspace, governance: Governance, system: str, key: str, parked: Value) -> Value:
    """A parked row, read by the mapping in force and without columns that this does not ask for."""
    for pending in mappings.pending(ws.get(keys.mapping_key(system))):
        if key > pending["after"]:
            parked = read_again(ws, governance, system, pending, parked)
    return parked


def read_again(ws: Workspace, governance: Governance, system: str, pending: Value, parked: Value) -> Value:
    """A parked row, read by one of the pending mappings."""
    row = SourceRow(*parked["row"])
    before, now = (mappings.named(ws, governance, system, pending, which) for which in ("before", "now"))
    if parked.get("number", 0) >= pending["number"] or row.object not in before or row.object not in now:
        return parked
    return _read_again(parked, row, before[row.object], now[row.object])


def _read_again(parked: Value, row: SourceRow, old: ObjectMapping, new: ObjectMapping) -> Value:
    read = parked.get("read") or _tried(old, row.fields, {})
    fields = new.kept_of(old.kept_of(row.fields))  # an earlier release kept what the mapping of before did not ask for
    again = _tried(new, {**dict.fromkeys(new.read_by, UNCHANGED), **fields}, read)
    read = again | waited_for(new.entity, read)
    return {**parked, "row": _plain(row._replace(fields=fields)), "read": read}


def _plain(row: SourceRow) -> list[Any]:
    """The row without `snapshot_of`: once its parent has come it no longer belongs to that snapshot."""
    return list(row)[: _FIELDS + 1]


def waited_for(entity: str, read: dict[str, Any]) -> dict[str, Any]:
    """The reference to its parent, which stays as it was read until the row comes anew."""
    name = f"{ENTITIES[entity].parent}_ref"
    return {name: read[name]} if name in read else {}


def _tried(mapping: ObjectMapping, fields: dict[str, str | None], last: dict[str, Any]) -> dict[str, Any]:
    """Read it; if that fails, keep the last reading. If it still fails when its parent comes, it is refused."""
    try:
        return attributes(mapping, fields, last)
    except Divert:
        return last


def vanish(ws: Workspace, governance: Governance, system: str, is_gone: Callable[[str, str, Instant], bool]) -> None:
    """Drop parked rows that are gone. `is_gone`: (entity, version, instant) of a row -> whether it is."""
    for key, waits in ws.range(keys.parked_of(system), keys.EVERY_ROW):
        row, object_ = SourceRow(*waits["row"]), governance.mappings[system].get(waits["row"][_OBJECT])
        if object_ is not None and is_gone(object_.entity, row.version, row.committed_at):
            _take_off(ws, key, row, object_.entity)
            hole = Hole(system, row.native_customer, object_.entity, waits["letter_id"])
            holes.close(ws, governance, hole, "vanished")


def overtaken(ws: Workspace, governance: Governance, row: SourceRow, entity: str) -> None:
    """A version that need not wait has come (its parent is known, or the row is gone): drop an older one that waits."""
    if ENTITIES[entity].parent is None or (found := ws.get(_under(row, entity))) is None:
        return
    waits = ws.get(found["key"])
    if waits is not None and waits["row"][_VERSION] < row.version:
        _take_off(ws, found["key"], row, entity)
        hole = Hole(row.system, row.native_customer, entity, waits["letter_id"])
        holes.close(ws, governance, hole, "overtaken")


def _under(row: SourceRow, entity: str) -> str:
    return keys.parked_under(row.system, row.native_customer, entity, row.native_id)


def _take_off(ws: Workspace, key: str, row: SourceRow, entity: str) -> None:
    ws.delete(key)
    ws.delete(_under(row, entity))


def arrived(ws: Workspace, governance: Governance, waiting: Waiting) -> None:
    row = waiting.row
    entity = governance.mappings[row.system][row.object].entity
    hole = Hole(row.system, row.native_customer, entity, waiting.letter_id)
    holes.close(ws, governance, hole, "parent_arrived")


def _record(position: str, key: str) -> Input:
    topic, _, rest = position.rpartition("-")
    partition, offset = rest.split("@")
    return Input(topic, int(partition), int(offset), key, "", {}, {})
