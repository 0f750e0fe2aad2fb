"""Watermarks: of a source object the minimum over all upstream partitions (contracts 3 and 5).

A stage keeps all of them in one entry of its state, the *marks*: `{system/object: {partition: [epoch, phase,
watermark]}}`. So a commit writes one record for them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from schemas.instants import NEVER, Instant
from schemas.source import ALL_OBJECTS

Marks = dict[str, dict[str, list[Any]]]
LINKS = "@links"
"""An object of each linking system. Its watermark says: every link that the system asserted up to then is resolved."""


def name(system: str, object_: str) -> str:
    return f"{system}/{object_}"


def heard(marks: Marks, key: str, partition: int, epoch: int, phase: str, watermark: Instant | None) -> Marks:
    """The marks after a report. Within an epoch a watermark never falls; a gap withdraws it, and a new epoch begins
    anew."""
    old = marks.get(key, {}).get(str(partition))
    if old is not None:
        if epoch < old[0]:
            return marks
        if epoch == old[0] and phase == "streaming" and old[1] == "streaming":
            watermark = max(watermark or NEVER, old[2] if old[2] is not None else NEVER)
    new = [epoch, phase, watermark if phase == "streaming" else None]
    return marks if new == old else {**marks, key: {**marks.get(key, {}), str(partition): new}}


def watermark(marks: Marks, key: str, partitions: int) -> Instant:
    """The lowest over all upstream partitions; a partition not heard from counts as minus infinity."""
    reports = marks.get(key)
    if reports is None or len(reports) < partitions:
        return NEVER
    return min(NEVER if mark is None else mark for _, _, mark in reports.values())


def newest(marks: Marks) -> Instant:
    """The highest watermark of any source."""
    known = (mark for reports in marks.values() for _, _, mark in reports.values() if mark is not None)
    return max(known, default=NEVER)


def object_watermark(marks: Marks, system: str, entity: str, partitions: int) -> Instant:
    """The watermark of one entity."""
    return watermark(marks, reported_as(marks, system, entity), partitions)


def reported_as(marks: Marks, system: str, entity: str) -> str:
    """The key under which the entity is reported: a system reports each object by itself, or all as one."""
    key = name(system, entity)
    # Links are reported by the crosswalk alone; the system's own rows say nothing about them.
    return key if key in marks or entity == LINKS else name(system, ALL_OBJECTS)


def lowest(marks: Marks, needed: Iterable[tuple[str, str]], partitions: int) -> tuple[Instant, str]:
    """The minimum over (system, entity) pairs, and the name of the one that holds it back."""
    return min(
        ((object_watermark(marks, s, e, partitions), name(s, e)) for s, e in needed),
        default=(NEVER, ""),
    )


Needed = tuple[tuple[str, str], ...]
Sources = tuple[tuple[str, str], ...]
"""(key in the marks, name of the entity to be shown as the one that holds back)"""


def sources_of(marks: Marks, needed: Needed) -> Sources:
    """The marks that the pairs need. Entities that are reported as one share a watermark; the first of them gives the
    name. The result depends on the keys of the marks alone."""
    found: dict[str, str] = {}
    for system, entity in needed:
        key, source = reported_as(marks, system, entity), name(system, entity)
        found[key] = min(source, found.get(key, source))
    return tuple(found.items())


@lru_cache(maxsize=64)
def _sources_of_all(keys: tuple[str, ...]) -> dict[Needed, Sources]:
    """A cache for all marks with these keys: keys change seldom, watermarks with every commit."""
    return {}


class Minima:
    """Minima over one state of the marks, each worked out once. Marks are never changed in place."""

    def __init__(self, marks: Marks, partitions: int) -> None:
        self.marks = marks
        self._partitions = partitions
        self._reported: dict[str, Instant] = {}
        self._objects: dict[tuple[str, str], Instant] = {}
        self._sources = _sources_of_all(tuple(marks))
        self._lowest: dict[object, tuple[Instant, str]] = {}

    def of(self, system: str, entity: str) -> Instant:
        """`object_watermark`."""
        found = self._objects.get((system, entity))
        if found is None:
            found = self._objects[system, entity] = self._watermark(reported_as(self.marks, system, entity))
        return found

    def _watermark(self, key: str) -> Instant:
        """Most entities of a system share one."""
        found = self._reported.get(key)
        if found is None:
            found = self._reported[key] = watermark(self.marks, key, self._partitions)
        return found

    def lowest(self, needed: Needed) -> tuple[Instant, str]:
        """`lowest`."""
        found = self._lowest.get(needed)
        if found is None:
            sources = self._sources.get(needed)
            if sources is None:
                sources = self._sources[needed] = sources_of(self.marks, needed)
            found = min(((self._watermark(key), source) for key, source in sources), default=(NEVER, ""))
            self._lowest[needed] = found
        return found


_NOTHING_HEARD: Marks = {}
_RECENT: deque[Minima] = deque(maxlen=64)
"""Minima of the latest marks, newest first: enough for every shard of the process."""


def minima(marks: Marks | None, partitions: int) -> Minima:
    """The minima of these marks; kept for the same object."""
    marks = _NOTHING_HEARD if marks is None else marks
    for known in _RECENT:
        if known.marks is marks:
            return known
    found = Minima(marks, partitions)
    _RECENT.appendleft(found)
    return found
