"""Which mapping of a system is in force in a shard: that of the last MappingPublished in its partition of the source
topic.

So how a row is read depends on its place in the partition, not on commits and restarts. A worker that is started with a
changed folder publishes that mapping, as a person does with `driftwise governance publish`. Until it reads the record
back it goes on with the old mapping."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from schemas import topics
from schemas.instants import Instant
from streams.governance.difference import Difference, differences
from streams.governance.mapping import ObjectMapping, SystemMapping, document_of, read_mapping, version_of
from streams.governance.model import Governance
from streams.identify import furthest, keys
from streams.inputs import Divert
from tables.view import Emit, Value, View, Workspace

RECORD = "MappingPublished"
_TURNED = ("before", "now", "number")
_READING = ("after", "passed", "partition")
FOLDER = "folder"
"""Stands for a publisher where a worker published what its folder says."""


def published(system: str, mapping: SystemMapping, partition: int, by: str = FOLDER, published_at: Instant = 0) -> Emit:
    """The record that puts a mapping in force in one partition."""
    document = document_of(mapping)
    value = {
        "system": system,
        "version": version_of(document),
        "published_at": published_at,
        "by": by,
        "document": document,
    }
    return Emit(topics.source_topic(system), "", RECORD, value, partition=partition)


def announce(ws: Workspace, governance: Governance, partition: int) -> None:
    """Publish the folder's mapping if it has changed since it was last looked at. The first one is in force from the
    start.
    """
    for system, mapping in governance.mappings.items():
        version, known = _folder(governance, system), ws.get(keys.mapping_key(system))
        if known is None:
            ws.put(keys.document_key(system, version), {"document": _document(governance, system)})
            named = dict.fromkeys(("first", "before", "now", "folder"), version)
            ws.put(keys.mapping_key(system), {**named, "number": 0})
        elif known["folder"] != version:
            ws.put(keys.mapping_key(system), {**known, "folder": version})
            if known["now"] != version:
                ws.emit(published(system, mapping, partition))


def take(ws: Workspace, governance: Governance, partition: int, value: Value) -> bool:
    """Put a published mapping in force. Returns whether known rows have to be read again."""
    system, version, document = value["system"], value["version"], value["document"]
    announce(ws, governance, partition)
    known = ws.get(keys.mapping_key(system))
    if known is None or known["now"] == version:
        return False
    try:
        read_mapping(document)
    except ValidationError as problem:
        raise Divert("bad_governance", f"this release cannot read it: {problem}") from None
    ws.put(keys.document_key(system, version), {"document": document})
    entities = {mapping.entity for mapping in governance.mappings[system].values()}
    passed = {entity: furthest.passed(ws, system, entity, partition) for entity in sorted(entities)}
    reading = {"after": keys.system_prefix(system), "passed": passed, "partition": partition}
    turned = {"before": known["now"], "now": version, "number": known["number"] + 1}
    _put(ws, system, known, {**known, **turned, **reading}, pending(known))
    return True


def number(known: Value | None) -> int:
    """How many mappings were put in force after the first."""
    return 0 if known is None else int(known["number"])


def is_pending(known: Value | None) -> bool:
    """Rows are still to be read again."""
    return known is not None and "after" in known


def pending(known: Value | None) -> list[Value]:
    """The mappings by which rows are still to be read, in order, and how far each has come: `{before, now, number,
    after, passed, partition}`. The last one is in force."""
    if known is None or "after" not in known:
        return []
    return [*known.get("earlier", ()), known]


def read_so_far(ws: Workspace, system: str, key: str | None) -> None:
    """The first pending mapping has read the images up to this key; None: all."""
    known = ws.get(keys.mapping_key(system))
    assert known is not None
    first, *others = pending(known)
    if others:
        earlier = [*([] if key is None else [{**first, "after": key}]), *others[:-1]]
        _put(ws, system, known, known, earlier)
    elif key is None:
        _put(ws, system, known, {name: held for name, held in known.items() if name not in _READING}, [])
    else:
        ws.put(keys.mapping_key(system), {**known, "after": key})


def _put(ws: Workspace, system: str, before: Value, after: Value, earlier: list[Value]) -> None:
    """Store the entry, and delete documents that it no longer names."""
    after = {name: held for name, held in after.items() if name != "earlier"}
    if earlier:
        after["earlier"] = [{name: each[name] for name in (*_TURNED, *_READING)} for each in earlier]
    ws.put(keys.mapping_key(system), after)
    for version in _names(before) - _names(after):
        ws.delete(keys.document_key(system, version))


def _names(known: Value) -> set[str]:
    named = [known["first"], *(each[name] for each in (known, *known.get("earlier", ())) for name in ("before", "now"))]
    return set(named)


def in_force(view: View, governance: Governance, system: str) -> SystemMapping:
    return named(view, governance, system, view.get(keys.mapping_key(system)))


def overruled(view: View, governance: Governance) -> list[Difference]:
    """Keys in which the folder differs from the mapping in force, because another was published later."""
    found = list(_overruled(view, governance))
    key = (overruled, tuple(found))
    if key not in governance.derived:
        read_by = {system: named(view, governance, system, {"now": version}) for system, version in found}
        other = governance.reading_by({**governance.mappings, **read_by})
        governance.derived[key] = differences(governance, other)
    differing: list[Difference] = governance.derived[key]
    return differing


def _overruled(view: View, governance: Governance) -> Iterator[tuple[str, str]]:
    """The systems, and the version that is in force."""
    for system in governance.mappings:
        known = view.get(keys.mapping_key(system))
        if known is not None and known["folder"] == _folder(governance, system) != known["now"]:
            yield system, known["now"]


def were_published(view: View) -> bool:
    """Whether any mapping of the shard is not the first."""
    return any(value["number"] for _, value in view.range(keys.MAPPINGS, keys.EVERY_ROW))


def first_of(view: View, governance: Governance) -> Governance:
    """The governance with the mappings that were in force in a shard before any was published to it."""
    known = {system: view.get(keys.mapping_key(system)) for system in governance.mappings}
    first = {system: named(view, governance, system, entry, "first") for system, entry in known.items()}
    return governance.model_copy(update={"mappings": first})


def named(view: View, governance: Governance, system: str, known: Value | None, which: str = "now") -> SystemMapping:
    """A mapping that the system's entry names: the one in force `now`, the one `before`, or the `first`. For objects
    that the folder maps to other records the folder counts, because the readers of the source are built from it."""
    if known is None:
        return governance.mappings[system]
    key = (system, known[which])
    found: SystemMapping | None = governance.derived.get(key)
    if found is None and known[which] == _folder(governance, system):
        found = governance.derived[key] = governance.mappings[system]
    if found is None:
        kept = view.get(keys.document_key(*key))
        assert kept is not None, f"mapping {known[which]} of {system} is named and not in the state"
        found = governance.derived[key] = _over(governance.mappings[system], read_mapping(kept["document"]))
    return found


def _over(folder: SystemMapping, mapping: SystemMapping) -> SystemMapping:
    def read(name: str, ours: ObjectMapping) -> ObjectMapping:
        theirs = mapping.get(name)
        return theirs if theirs is not None and theirs.is_about(ours) else ours

    return {name: read(name, ours) for name, ours in folder.items()}


def _folder(governance: Governance, system: str) -> str:
    known: str | None = governance.derived.get((_folder, system))
    if known is None:
        known = governance.derived[_folder, system] = version_of(_document(governance, system))
    return known


def _document(governance: Governance, system: str) -> str:
    """Of what the folder says: each shard keeps it."""
    known: str | None = governance.derived.get((_document, system))
    if known is None:
        known = governance.derived[_document, system] = document_of(governance.mappings[system])
    return known
