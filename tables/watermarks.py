"""The watermark algebra: per source object the minimum over upstream partitions (contracts 3 and 5).

Held as one state value `{system/object: {partition: [epoch, phase, watermark]}}`: one commit writes one record."""

from __future__ import annotations

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
