"""The image of a row: its versions, as far back as a link may still send them elsewhere, and what the source said last.

Of what it said only those fields are kept that the mapping in force reads, and those that it names to be kept: what
nobody asked for may be personal, and the state would spread it."""

from __future__ import annotations

from typing import Any, NamedTuple

from schemas.source import UNCHANGED, SourceRow
from streams.governance.mapping import ObjectMapping, SystemMapping
from streams.governance.model import Governance
from streams.identify import holes, keys, links, mappings, stays
from streams.identify.holes import Hole
from tables.versions import Version, fold
from tables.view import Workspace


class Native(NamedTuple):
    """What is kept of a row as its source sent it."""

    object: str
    fields: dict[str, str | None]
    seen: bool = True
    """False: a snapshot showed it."""

    def under(self, mapping: ObjectMapping) -> Native:
        """What is kept of it while this mapping is in force."""
        return self._replace(fields=mapping.kept_of(self.fields))


def native_of(image: dict[str, Any] | None) -> Native | None:
    """None: it is gone, or was read by a release that kept nothing of it."""
    kept = None if image is None else image.get("native")
    return None if kept is None else Native(*kept)


def is_read_by(image: dict[str, Any], number: int) -> bool:
    """Whether it was written when the mapping with this number was in force already: then there is nothing to read
    again, and what changed since was read by it as well."""
    return bool(image.get("read", 0) >= number)


def followed(image: dict[str, Any] | None, row: SourceRow) -> dict[str, str | None]:
    """The fields of a row once this version has come; what the source did not send again is as it was."""
    fields = row.fields
    if UNCHANGED not in fields.values() or (native := native_of(image)) is None:
        return fields
    return {name: native.fields.get(name, text) if text == UNCHANGED else text for name, text in fields.items()}


class Came(NamedTuple):
    """What is kept of how the last version came."""

    native: Native | None = None
    number: int | None = None
    """Of the mapping by which it was read, where that is not the one in force."""
    swept: int | None = None
    """Where it came from its source, how many sweeps had begun."""
    untold: bool = False
    """Nobody was told of it."""


_OF_OURS = Came()


def keep(ws: Workspace, governance: Governance, key: str, versions: list[Version], how: Came = _OF_OURS) -> None:
    answered(ws, governance, key)
    known = ws.get(key)
    silent = [*not_told(known), versions[-1]["version"]] if how.untold else not_told(known)
    several = len(versions) > 1  # most have one, of which nothing can be folded
    image: dict[str, Any] = {"versions": _folded(ws, governance, key, versions, silent) if several else versions}
    number = mappings.number(ws.get(keys.mapping_key(keys.system_of(key)))) if how.number is None else how.number
    if number:
        image["read"] = number
    if how.native is not None:
        image["native"] = _plain(how.native)
    if came := swept(known) if how.swept is None else how.swept:
        image["swept"] = came
    if silent := [v["version"] for v in image["versions"] if v["version"] in silent]:
        image["untold"] = silent
    ws.put(key, image)


def _folded(
    ws: Workspace, governance: Governance, key: str, versions: list[Version], silent: list[str]
) -> list[Version]:
    """What nobody was told takes the place of nothing that was: whoever is told of the row later is told that. While
    what is late is judged where it was shown, it may have to be told behind that."""
    frontier = links.frontier(ws, governance)
    if not silent:
        return fold(versions, frontier)
    _, system, _, entity, _ = key.split("/", 4)
    frontier = min(frontier, stays.amended_from(ws, governance, system, entity))
    first = fold([v for v in versions if v["version"] not in silent] or versions, frontier)[0]
    return versions[versions.index(first) :]


def not_told(image: dict[str, Any] | None) -> list[str]:
    """Which of its versions judge was not told (streams/identify/shown.py)."""
    return [] if image is None else image.get("untold", [])


def told(image: dict[str, Any]) -> list[Version]:
    """The others."""
    silent = not_told(image)
    return [v for v in image["versions"] if v["version"] not in silent] or image["versions"]


def swept(image: dict[str, Any] | None) -> int:
    """How many sweeps had begun when it came last: those that did before do not concern it."""
    return 0 if image is None else int(image.get("swept", 0))


def forget(ws: Workspace, key: str, image: dict[str, Any], *mappings: SystemMapping) -> dict[str, Any]:
    """What one of these mappings neither reads nor keeps; returns what is left of the image."""
    native = left = native_of(image)
    for mapping in mappings:
        if left is not None and left.object in mapping:
            left = left.under(mapping[left.object])
    if left is not None and left != native:
        image = {**image, "native": _plain(left)}
        ws.put(key, image)
    return image


def _plain(native: Native) -> list[Any]:
    return [native.object, native.fields] if native.seen else list(native)


def asked(image: dict[str, Any] | None) -> Hole | None:
    """The hole that a mapping left which could not read the row."""
    hole = None if image is None else image.get("asked")
    return None if hole is None else Hole(*hole)


def ask(ws: Workspace, key: str, hole: Hole) -> None:
    ws.put(key, {**(ws.get(key) or {}), "asked": list(hole)})


def answered(ws: Workspace, governance: Governance, key: str) -> None:
    """The row came anew or was read: nobody need ask for it any more, wherever the record lies that does."""
    image = ws.get(key)
    hole = asked(image)
    if image is not None and hole is not None:
        holes.close(ws, governance, hole, "replayed")
        ws.put(key, {name: value for name, value in image.items() if name != "asked"})
