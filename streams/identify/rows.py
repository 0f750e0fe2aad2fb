"""A row of a source becomes a version of its image, and a canonical change for judge."""

from __future__ import annotations

from typing import Any

from schemas.instants import ALWAYS, NEVER
from schemas.source import UNCHANGED, SourceRow
from streams.governance.mapping import ObjectMapping
from streams.governance.model import Governance
from streams.identify import images, keys, links, losses, mappings, parking, shown, stays, sweeps
from streams.identify.again import Row, customer_up_to_date, up_to_date
from streams.identify.canonicalize import attributes
from streams.identify.images import Native
from streams.identify.letters import letter_of, stays_of
from streams.identify.parking import Waiting
from streams.identify.stays import Stay
from streams.inputs import Divert, Input
from streams.kinds.facts import stamp
from streams.kinds.trail import stamp_trails
from tables.versions import MOVED, PRESENT, Version
from tables.view import Workspace


def on_row(
    ws: Workspace,
    governance: Governance,
    record: Input,
    row: SourceRow,
    first_snapshot: bool,
    waited: Waiting | None = None,
) -> None:
    """Fold it, and the rows that waited for it. `waited`: if it did, how it was read then."""
    known = ws.get(keys.mapping_key(row.system))
    mapping = mappings.named(ws, governance, row.system, known).get(row.object)
    if mapping is None:
        raise Divert("unmapped_object", f"{row.system} has no mapping for {row.object!r}: add it and replay")
    entity = mapping.entity
    place = Row(row.system, row.native_customer, entity, row.native_id)
    if entity == "customer":
        customer_up_to_date(ws, governance, row.system, row.native_customer)  # when they are read anew follows from it
    image = up_to_date(ws, governance, place)
    if row.version in images.not_told(image) and letter_of(record) is None:
        return  # once more, what says nothing
    versions: list[Version] = [] if image is None else image["versions"]
    last = next((v for v in reversed(versions) if v["version"] < row.version), None)
    attrs, native = None, None
    if row.operation in ("upsert", "moved_in"):
        fields = images.followed(image if last is not None and last is versions[-1] else None, row)
        attrs = _attributes(mapping, fields, last, waited.read if waited else None)
        native = Native(row.object, mapping.kept_of(fields), not row.snapshot)
        newest = versions[-1]["version"] if versions else ""
        if parking.park(ws, governance, row, mapping, attrs, record, first_snapshot, newest):
            return
    version = _version(governance, row, entity, attrs, last, record.position, first_snapshot)
    # Positions order a row's versions, whatever their commit times (a snapshot read later than a change that the
    # log still brings; a clock set back): a newer one is not hidden, and an older one that comes late hides none.
    following = next((v["at"] for v in versions if v["version"] > row.version), ALWAYS)
    version["at"] = min(max(row.committed_at, last["at"] if last else NEVER), following)
    letter = letter_of(record)
    lacked = waited.letter_id if waited else letter
    left = stays_of(ws, record, row.system, lacked) if lacked is not None else []
    if lacked is None and last is not None and last is versions[-1] and shown.as_known(ws, row, place, last, version):
        shown.keep(ws, governance, place, versions, version, native)
        return
    shown.tell_behind(ws, governance, place, image, version, left)
    _remember(ws, governance, place, version, versions, native, left)
    stays.tell(ws, governance, place.local, version, left, letter)
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
    # Another mapping may have come while it waited: what that reads of columns that were not kept stays as it was read.
    absent = mapping.read_by.keys() - fields.keys()
    found = attributes(mapping, {**dict.fromkeys(absent, UNCHANGED), **fields}, read if absent else before)
    return found | parking.waited_for(mapping.entity, read)


def _version(
    governance: Governance,
    row: SourceRow,
    entity: str,
    attrs: dict[str, Any] | None,
    last: Version | None,
    source: str,
    first_snapshot: bool,
) -> Version:
    before = last["since"] if last and last["attrs"] else {}
    by = governance.people.writer(row.changed_by)
    held = (row.committed_at, row.version, first_snapshot)
    facts = stamp(entity, attrs, before, *held, seen=not row.snapshot) if attrs else {}
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
    """The image, unless it is an older version or a duplicate: that is told again, and judge knows it."""
    system, entity, _ = row.local
    if not versions or _is_newest(version, versions):
        swept, versions_now = ws.get(keys.sweep_key(system)), [*versions, version]
        images.keep(ws, governance, row.key, versions_now, native, came=sweeps.begun(swept))
        _tell_links(ws, governance, row, version, versions)
        stays.compare(ws, governance, row.local, versions[-1] if versions else None, version)
        loss = losses.lost(swept, entity, version["version"]) if version["op"] == PRESENT else None
        if loss is not None:  # told before it, so that nothing rests on the row in between
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
