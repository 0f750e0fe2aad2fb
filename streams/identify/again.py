"""Reads known rows again, from what their source sent last, once another mapping is in force.

A row that now reads differently gets a new version: of the same native version, and valid from the instant up to which
the source has been heard. Rows are read in slices, each its own commit. A row that is needed for anything else
meanwhile is read first, so nothing depends on where the slices fall. If a further mapping comes meanwhile, rows are
read by one mapping after the other.

Rows that vanished (`sweeps`) are found in the same slices, in the order in which mappings and sweeps came."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

from schemas import topics
from schemas.entities import ENTITIES
from schemas.instants import Instant
from schemas.source import UNCHANGED
from streams.governance.mapping import ObjectMapping, SystemMapping
from streams.governance.model import Governance
from streams.identify import furthest, holes, images, keys, links, mappings, parking, stays, sweeps
from streams.identify.canonicalize import attributes
from streams.identify.holes import Hole
from streams.identify.images import Came, Native
from streams.identify.stays import Stay
from streams.inputs import Divert
from streams.kinds.facts import completed, governed, stamp
from streams.kinds.trail import read_again
from streams.letters import ENTITY_HEADER, ID_HEADER
from streams.suspects import circle
from tables.versions import PRESENT, Version
from tables.view import Emit, Value, Workspace

RECORD = "RowToRead"
SLICE = 256
"""Rows read again in one commit."""
_AGAIN = ".m"
"""Suffix of the native version, followed by the mapping's number: it sorts after that version and before the next."""

_LETTER = "again-"


class Row(NamedTuple):
    system: str
    customer: str
    entity: str
    native_id: str

    @property
    def key(self) -> str:
        return keys.row_key(*self)

    @property
    def local(self) -> tuple[str, str, str]:
        """Of its native customer."""
        return self.system, self.entity, self.native_id


def steps(ws: Workspace, system: str) -> list[Value]:
    """Mappings and sweeps that have not been through all rows of the system yet, in the order in which they came."""
    swept, read = ws.get(keys.sweep_key(system)), mappings.pending(ws.get(keys.mapping_key(system)))
    if not sweeps.is_pending(swept):
        return read
    return sorted([*read, *sweeps.pending(swept)], key=_came)


def _came(step: Value) -> tuple[int, bool]:
    """A sweep comes after the mapping that was in force when it began."""
    return (step["mapping"], True) if _is_sweep(step) else (step["number"], False)


def is_behind(ws: Workspace, system: str) -> bool:
    return bool(steps(ws, system))


def slice_(ws: Workspace, governance: Governance, system: str) -> None:
    """Take the first of these steps through the next rows of the system."""
    first = next(iter(steps(ws, system)), None)
    if first is None:
        return
    if _is_sweep(first):
        _sweep(ws, governance, system, first)
    else:
        _read_slice(ws, governance, system, first)


def _is_sweep(step: Value) -> bool:
    return "entities" in step


def _sweep(ws: Workspace, governance: Governance, system: str, sweep: Value) -> None:
    found = ws.range(keys.system_prefix(system), SLICE, sweep["after"])
    for key, image in found:
        _take(ws, governance, sweep, row_of(system, key, image), image)
    sweeps.read_so_far(ws, system, found[-1][0] if len(found) == SLICE else None)


def _take(ws: Workspace, governance: Governance, step: Value, row: Row, image: Value) -> None:
    if _is_sweep(step):
        sweeps.take_away(ws, governance, step, (row.system, row.entity, row.native_id), image)
    else:
        _read(ws, governance, step, row, image)


def _read_slice(ws: Workspace, governance: Governance, system: str, pending: Value) -> None:
    """Read the next rows by a mapping; after the last one, the rows that wait for their parents."""
    waiting = keys.parked_of(system)
    if pending["after"] < waiting:
        found = ws.range(keys.system_prefix(system), SLICE, pending["after"])
        for key, image in found:
            _read(ws, governance, pending, row_of(system, key, image), image)
        following = waiting if ws.range(waiting, 1) else None
    else:
        found, following = ws.range(waiting, SLICE, pending["after"]), None
        for key, parked in found:
            ws.put(key, parking.read_again(ws, governance, system, pending, parked))
    mappings.read_so_far(ws, system, found[-1][0] if len(found) == SLICE else following)


def up_to_date(ws: Workspace, governance: Governance, row: Row) -> Value | None:
    """The image of a row, once all pending steps are done with it."""
    image = ws.get(row.key)
    if image is not None and (todo := steps(ws, row.system)):
        if any(map(_is_sweep, todo)):  # the customer's record decides from when on it is read, and may be swept away
            customer_up_to_date(ws, governance, row.system, row.customer)
        else:
            _catch_up(ws, governance, todo, row)
        image = ws.get(row.key)
    return image


def _catch_up(ws: Workspace, governance: Governance, todo: list[Value], row: Row) -> None:
    for step in todo:
        image = ws.get(row.key)
        if image is not None and row.key > step["after"]:
            _take(ws, governance, step, row, image)


def customer_up_to_date(ws: Workspace, governance: Governance, system: str, customer: str) -> None:
    """Do all pending steps for all rows of a native customer, one step after the other: the customer's own record
    decides from when on its rows are read again."""
    if system not in governance.mappings:
        return  # it is read again once governance has the system again
    for step in steps(ws, system):
        for key, image in ws.range(keys.rows_prefix(system, customer), keys.EVERY_ROW):
            if key > step["after"]:
                _take(ws, governance, step, row_of(system, key, image), image)


def try_out(image: Value, before: SystemMapping, mapping: SystemMapping) -> None:
    """Raises Divert where the mapping could not read the row."""
    native = _readable(image)
    if native is not None and native.object in mapping and native.object in before:
        _attributes(mapping[native.object], native.under(before[native.object]), image["versions"][-1])


def is_of_mapping(letter_id: str) -> bool:
    """The letter of a row that a mapping cannot read."""
    return letter_id.startswith(_LETTER)


def is_refused(ws: Workspace, governance: Governance, letter: dict[str, Any]) -> bool:
    """Whether a letter leaves a hole. A row that was read since it was refused leaves none. All pending steps for the
    customer are done first, so that in a replay, too, the hole begins at the same instant."""
    letter_id, system = letter["letter_id"], letter["system"]
    if not is_of_mapping(letter_id):
        return True
    customer = letter["original_key"].decode()
    customer_up_to_date(ws, governance, system, customer)
    rows = ws.range(keys.rows_prefix(system, customer), keys.EVERY_ROW)
    return any(hole.letter_id == letter_id for _, image in rows if (hole := images.asked(image)))


def on_asked(ws: Workspace, governance: Governance, partition: int, letter_id: str | None, value: Value) -> None:
    """Try once more to read a row that a mapping could not read. Raises Divert. If the row came anew, or a later
    mapping has read it, nothing is left to do; so it does not matter which came first."""
    row = Row(value["system"], value["native_customer"], value["entity"], value["native_id"])
    known = ws.get(keys.mapping_key(row.system))
    customer_up_to_date(ws, governance, row.system, row.customer)
    image = ws.get(row.key)
    hole = images.asked(image)
    if known is not None and image is not None and hole is not None and hole.letter_id == letter_id:
        passed = furthest.passed(ws, row.system, row.entity, partition)
        _derive(ws, governance, known, row, image, _from(ws, row, passed))
        images.answered(ws, governance, row.key)


def _read(ws: Workspace, governance: Governance, pending: Value, row: Row, image: Value) -> None:
    from_ = pending["passed"].get(row.entity)
    if from_ is None or images.is_read_by(image, mappings.number(pending)):
        return
    image = _without(ws, governance, pending, row, image)
    try:
        _derive(ws, governance, pending, row, image, _from(ws, row, from_))
    except Divert:
        _ask(ws, governance, pending, row, from_)
    else:
        images.answered(ws, governance, row.key)


def _without(ws: Workspace, governance: Governance, pending: Value, row: Row, image: Value) -> Value:
    """The image without fields that the mapping does not ask for. Fields that the previous mapping did not ask for go
    as well: an earlier release kept them, but a replay of the same rows does not have them."""
    both = (mappings.named(ws, governance, row.system, pending, which) for which in ("before", "now"))
    return images.forget(ws, row.key, image, *both)


def _from(ws: Workspace, row: Row, passed: Instant) -> Instant:
    """From when on the new reading counts: after what was heard. Not before the customer's own record, though: that may
    be ahead and link the customer elsewhere, and whether the link has arrived by now is a race."""
    customer = ws.get(Row(row.system, row.customer, "customer", row.customer).key)
    return max(passed + 1, customer["versions"][-1]["at"] if customer else passed)


def _ask(ws: Workspace, governance: Governance, pending: Value, row: Row, heard: Instant) -> None:
    """The row cannot be read: open a hole for its customer, and append a record to the row's partition that asks for it
    to be read. There it is refused like any unreadable record, into a dead letter that can be replayed."""
    partition, number = pending["partition"], pending["number"]
    letter_id = f"{_LETTER}{hashlib.sha256(f'{row.key}/{number}'.encode()).hexdigest()[:32]}"
    hole = Hole(row.system, row.customer, row.entity, letter_id)
    if images.asked(ws.get(row.key)) == hole:
        return
    holes.open_(ws, governance, hole, partition, heard)
    images.answered(ws, governance, row.key)
    images.ask(ws, row.key, hole)
    value = {"system": row.system, "entity": row.entity, "native_customer": row.customer, "native_id": row.native_id}
    headers = ((ID_HEADER, letter_id.encode()), (ENTITY_HEADER, row.entity.encode()))
    ws.emit(Emit(topics.source_topic(row.system), row.customer, RECORD, value, partition=partition, headers=headers))


def _derive(ws: Workspace, governance: Governance, known: Value, row: Row, image: Value, from_: Instant) -> None:
    """Make the new version, if the row reads differently now. Raises Divert if the mapping `known` cannot read it."""
    last, native = image["versions"][-1], _readable(image)
    if native is None or images.is_read_by(image, mappings.number(known)):
        return
    mapping = mappings.named(ws, governance, row.system, known).get(native.object)
    before = mappings.named(ws, governance, row.system, known, "before").get(native.object)
    if mapping is None or before is None or mapping.entity != row.entity:
        return
    version = _version(governance, row, last, native, before, mapping)
    if (version["attrs"], version["since"]) == (last["attrs"], last["since"]):
        return
    version["version"] = f"{_native_version(last)}{_AGAIN}{known['number']:06d}"
    version["at"] = max(from_, last["at"])
    left = _left(ws, image)
    images.keep(ws, governance, row.key, [*image["versions"], version], Came(native, known["number"]))
    _tell(ws, governance, row, last, version, left)


def _left(ws: Workspace, image: Value) -> list[Stay]:
    """The customers who lacked the row, if an earlier mapping could not read it."""
    hole = images.asked(image)
    return stays.of(ws.get(hole.key)) if hole is not None else []


def _version(
    governance: Governance, row: Row, last: Version, native: Native, before: ObjectMapping, mapping: ObjectMapping
) -> Version:
    attrs = _attributes(mapping, native, last) | _belonging(governance, row, last)
    held = (last["committed_at"], _native_version(last), last["snapshot"])
    stamped = completed(row.entity, last["attrs"], last["since"]) if last["attrs"] else last["since"]
    facts = stamp(row.entity, attrs, stamped, *held, seen=native.seen, facts=governed(mapping))
    # A step that another mapping does not read was not taken back.
    facts = {fact: began for fact, began in facts.items() if fact in last["since"] or not fact.startswith("once_")}
    return {**last, "attrs": attrs, "since": facts | read_again(row.entity, attrs, last, before, mapping)}


def _belonging(governance: Governance, row: Row, last: Version) -> dict[str, Any]:
    """Links and parents, which stay as they were read until the row comes anew. They begin with a version from the
    source; what they move or release must not begin at the place of a mapping."""
    parent = ENTITIES[row.entity].parent
    names = {f"{parent}_ref"} if parent else set()
    if row.entity == "customer":
        names |= {*governance.systems[row.system].links, circle.PARENT}
    return {name: value for name, value in last["attrs"].items() if name in names}


def _attributes(mapping: ObjectMapping, native: Native, last: Version) -> dict[str, Any]:
    # A field that was not captured or kept when the row came is unknown: its attribute stays until the row comes anew.
    return attributes(mapping, {**dict.fromkeys(mapping.read_by, UNCHANGED), **native.fields}, last["attrs"])


def _readable(image: Value) -> Native | None:
    """What is kept of a row as its source sent it; None: the row is gone, or nothing is kept."""
    return images.native_of(image) if image["versions"][-1]["op"] == PRESENT else None


def _tell(ws: Workspace, governance: Governance, row: Row, last: Version, version: Version, left: list[Stay]) -> None:
    if row.entity == "customer":
        links.asserted(ws, governance, row.system, version)
        links.parent_asserted(ws, governance, row.system, version, last)
    stays.compare(ws, governance, row.local, last, version)
    stays.tell(ws, governance, row.local, version, left)


def _native_version(version: Version) -> str:
    text: str = version["version"]
    return text.partition(_AGAIN)[0]


def row_of(system: str, key: str, image: Value) -> Row:
    _, entity, native_id = key.removeprefix(keys.system_prefix(system)).split("/", 2)
    return Row(system, image["versions"][-1]["customer"], entity, native_id)
