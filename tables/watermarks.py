"""The watermark algebra: per source object the minimum over upstream partitions (contracts 3 and 5).

Held as one state value `{system/object: {partition: [epoch, phase, watermark]}}`: one commit writes one record."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

from schemas.instants import NEVER, Instant
from schemas.source import ALL_OBJECTS

Marks = dict[str, dict[str, list[Any]]]
LINKS = "@links"
"""The object whose watermark says: every link that this system asserted up to then has been resolved and routed."""


def name(system: str, object_: str) -> str:
    return f"{system}/{object_}"


def heard(marks: Marks, key: str, partition: int, epoch: int, phase: str, watermark: Instant | None) -> Marks:
    """The marks after one report. Within an epoch a watermark never falls; a gap withdraws it, a new epoch restarts."""
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


def object_watermark(marks: Marks, system: str, entity: str, partitions: int) -> Instant:
    """Of one entity: a system either reports each object, or all at once."""
    key = name(system, entity)
    # Links are reported by the crosswalk alone: that the system's rows were heard says nothing about them.
    known = key in marks or entity == LINKS
    return watermark(marks, key if known else name(system, ALL_OBJECTS), partitions)


def lowest(marks: Marks, needed: Iterable[tuple[str, str]], partitions: int) -> tuple[Instant, str]:
    """The minimum over (system, entity) pairs, and the name of the one that holds it back."""
    return min(
        ((object_watermark(marks, s, e, partitions), name(s, e)) for s, e in needed),
        default=(NEVER, ""),
    )


class Minima:
    """What follows from one state of the marks, worked out once. Marks are never changed in place, so it stands."""

    def __init__(self, marks: Marks, partitions: int) -> None:
        self.marks = marks
        self._partitions = partitions
        self._objects: dict[tuple[str, str], Instant] = {}
        self._lowest: dict[object, tuple[Instant, str]] = {}

    def of(self, system: str, entity: str) -> Instant:
        """`object_watermark`."""
        found = self._objects.get((system, entity))
        if found is None:
            found = self._objects[system, entity] = object_watermark(self.marks, system, entity, self._partitions)
        return found

    def lowest(self, needed: tuple[tuple[str, str], ...]) -> tuple[Instant, str]:
        found = self._lowest.get(needed)
        if found is None:
            found = self._lowest[needed] = lowest(self.marks, needed, self._partitions)
        return found


_NOTHING_HEARD: Marks = {}
_RECENT: deque[Minima] = deque(maxlen=64)
"""Of the marks asked for last, newest first: one a shard of this process, and then some."""


def minima(marks: Marks | None, partitions: int) -> Minima:
    """Of these very marks: the same object means the same minima."""
    marks = _NOTHING_HEARD if marks is None else marks
    for known in _RECENT:
        if known.marks is marks:
            return known
    found = Minima(marks, partitions)
    _RECENT.appendleft(found)
    return found
