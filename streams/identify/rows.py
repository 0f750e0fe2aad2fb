"""A row of a source becomes a version of its image, and a canonical change for judge."""

from __future__ import annotations

from typing import Any, NamedTuple

from schemas.instants import ALWAYS, NEVER, Instant
from schemas.source import UNCHANGED, SourceRow
from streams.governance.mapping import ObjectMapping
from streams.governance.model import Governance
from streams.identify import images, keys, links, losses, mappings, parking, shown, stays, sweeps
from streams.identify.again import Row, customer_up_to_date, up_to_date
from streams.identify.canonicalize import attributes
from streams.identify.images import Came, Native
from streams.identify.letters import letter_of, stays_of
from streams.identify.parking import Waiting
from streams.identify.stays import Stay
from streams.inputs import Divert, Input
from streams.kinds.facts import completed, governed, stamp
from streams.kinds.trail import stamp_trails
from tables.versions import MOVED, PRESENT, Version
from tables.view import Value, Workspace


class _Known(NamedTuple):
    """What was, as a version of a row comes."""

    image: Value | None
    versions: list[Version]
    last: Version | None
    """Of those that it follows."""

    @property
    def is_followed(self) -> bool:
        """It is behind all of them."""
        return self.last is not None and self.last is self.versions[-1]


def on_row(
    ws: Workspace,
    governance: Governance,
    record: Input,
    row: SourceRow,
    first_snapshot: bool,
    waited: Waiting | None = None,
) -> None:
    """Fold a row, and the rows that were parked for it. `waited`: how it was read when it was parked itself."""
    mapping = _mapping(ws, governance, row)
    place = Row(row.system, row.native_customer, mapping.entity, row.native_id)
    known = _known(ws, governance, place, row.version)
    if row.version in images.not_told(known.image) and letter_of(record) is None:
        return  # a duplicate of a version that says nothing new
    attrs, native = None, None
    if row.operation in ("upsert", "moved_in"):
        attrs, native = _read(mapping, row, known, waited.read if waited else None)
        newest = known.versions[-1]["version"] if known.versions else ""
        if parking.park(ws, governance, row, mapping, attrs, record, first_snapshot, newest):
            return
    version = _version(governance, row, mapping, attrs, known.last, record.position, first_snapshot)
    version["at"] = _instant(row, known)
    letter = letter_of(record)
    lacked = waited.letter_id if waited else letter
    if lacked is None and known.is_followed and shown.as_known(ws, row, place, known.versions[-1], version):
        shown.keep(ws, governance, place, known.versions, version, native)
        return
    left = stays_of(ws, record, row.system, lacked) if lacked is not None else []
    shown.tell_behind(ws, governance, place, known.image, version, left)
    _remember(ws, governance, place, version, known.versions, native, left)
    stays.tell(ws, governance, place.local, version, left, letter)
    _release(ws, governance, row, mapping.entity)


def _mapping(ws: Workspace, governance: Governance, row: SourceRow) -> ObjectMapping:
    known = ws.get(keys.mapping_key(row.system))
    mapping = mappings.named(ws, governance, row.system, known).get(row.object)
    if mapping is None:
        raise Divert("unmapped_object", f"{row.system} has no mapping for {row.object!r}: add it and replay")
    return mapping


def _known(ws: Workspace, governance: Governance, place: Row, version: str) -> _Known:
    if place.entity == "customer":
        customer_up_to_date(ws, governance, place.system, place.customer)  # it decides when they are read again
    image = up_to_date(ws, governance, place)
    versions: list[Version] = [] if image is None else image["versions"]
    return _Known(image, versions, next((v for v in reversed(versions) if v["version"] < version), None))


def _read(
    mapping: ObjectMapping, row: SourceRow, known: _Known, read: dict[str, Any] | None
) -> tuple[dict[str, Any], Native]:
    """Its attributes, and what is kept of it. `read`: how it was read when it was parked, if it was."""
    fields = images.followed(known.image if known.is_followed else None, row)
    attrs = _attributes(mapping, fields, known.last, read)
    return attrs, Native(row.object, mapping.kept_of(fields), not row.snapshot)


def _instant(row: SourceRow, known: _Known) -> Instant:
    """When the version became a fact: its commit time, kept between those of its neighbours. Positions order a row's
    versions even if commit times do not (a snapshot that was read later than a change which the log still brings; a
    clock that was set back)."""
    following: Instant = next((v["at"] for v in known.versions if v["version"] > row.version), ALWAYS)
    return min(max(row.committed_at, known.last["at"] if known.last else NEVER), following)


def _release(ws: Workspace, governance: Governance, row: SourceRow, entity: str) -> None:
    """Release rows that were parked for this one, and an older version of it that was parked itself."""
    parking.overtaken(ws, governance, row, entity)
    for child in parking.children(ws, governance, row, entity):
        on_row(ws, governance, child.record, child.row, child.first_snapshot, child)
        parking.arrived(ws, governance, child)


def _attributes(
    mapping: ObjectMapping, fields: dict[str, str | None], last: Version | None, read: dict[str, Any] | None
) -> dict[str, Any]:
    before = last["attrs"] if last else None
    if read is None:
        return attributes(mapping, fields, before)
    # Another mapping may have come while it waited: attributes from columns that were not kept stay as they were read.
    absent = mapping.read_by.keys() - fields.keys()
    found = attributes(mapping, {**dict.fromkeys(absent, UNCHANGED), **fields}, read if absent else before)
    return found | parking.waited_for(mapping.entity, read)


def _version(
    governance: Governance,
    row: SourceRow,
    mapping: ObjectMapping,
    attrs: dict[str, Any] | None,
    last: Version | None,
    source: str,
    first_snapshot: bool,
) -> Version:
    entity = mapping.entity
    before = completed(entity, last["attrs"], last["since"]) if last and last["attrs"] else {}
    by = governance.people.writer(row.changed_by)
    held = (row.committed_at, row.version, first_snapshot)
    facts = stamp(entity, attrs, before, *held, seen=not row.snapshot, facts=governed(mapping)) if attrs else {}
    since = facts | stamp_trails(entity, attrs, last, *held, by) if attrs else {}
    return {
        "version": row.version,
        "native": row.native_version,
        "customer": row.native_customer,
        "at": row.committed_at,
        "committed_at": row.committed_at,
        "op": PRESENT if attrs else (MOVED if row.operation == "moved_out" else row.operation),
        "attrs": attrs,
        "since": since,
        "by": by,
        "snapshot": first_snapshot,
        "source": source,
        "route": 0,
    }


def _remember(
    ws: Workspace,
    governance: Governance,
    row: Row,
    version: Version,
    versions: list[Version],
    native: Native | None,
    left: list[Stay],
) -> None:
    """Keep the version in the row's image. An older version or a duplicate is not kept; judge recognises it."""
    system, entity, _ = row.local
    if not versions or _is_newest(version, versions):
        swept, versions_now = ws.get(keys.sweep_key(system)), [*versions, version]
        images.keep(ws, governance, row.key, versions_now, Came(native, swept=sweeps.begun(swept)))
        _tell_links(ws, governance, row, version, versions)
        stays.compare(ws, governance, row.local, versions[-1] if versions else None, version)
        loss = losses.lost(swept, entity, version["version"]) if version["op"] == PRESENT else None
        if loss is not None:  # told before the row itself, so that no verdict rests on it in between
            sweeps.presume(ws, governance, row.local, versions_now, loss, left)
    elif sweeps.is_last_before(version, versions):
        *earlier, gone = versions
        images.keep(ws, governance, row.key, [*earlier, version, sweeps.following(gone, version)])
        _tell_links(ws, governance, row, version, earlier)


def _tell_links(ws: Workspace, governance: Governance, row: Row, version: Version, earlier: list[Version]) -> None:
    if row.entity == "customer":
        links.asserted(ws, governance, row.system, version)
        links.parent_asserted(ws, governance, row.system, version, earlier[-1] if earlier else None)


def _is_newest(version: Version, versions: list[Version]) -> bool:
    known = {v["version"] for v in versions}
    return version["version"] not in known and version["version"] > versions[-1]["version"]
