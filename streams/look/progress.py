"""How far each source object has been heard, from the progress that identify reports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from schemas import topics
from schemas.instants import NEVER, Instant, seconds
from streams.governance.model import Governance
from streams.look.read import Cluster
from tables.watermarks import LINKS, Marks, heard, name, object_watermark


@dataclass
class Progress:
    """The watermark of every source object, and when each was last reported (wall clock)."""

    marks: Marks = field(default_factory=dict)
    reported_at: dict[str, Instant] = field(default_factory=dict)

    def add(self, value: dict[str, Any], at: Instant) -> None:
        """Take in one `Watermarks` record."""
        for mark in value["watermarks"]:
            key = name(mark["system"], mark["object"])
            self.marks = heard(self.marks, key, value["partition"], mark["epoch"], mark["phase"], mark["watermark"])
            self.reported_at[key] = max(at, self.reported_at.get(key, NEVER))

    def complete_until(self, governance: Governance, system: str) -> Instant:
        """The lowest watermark over everything that is mapped of a system; NEVER where something was not heard."""
        return min(object_watermark(self.marks, s, e, governance.partitions) for s, e in objects(governance, system))


def objects(governance: Governance, system: str) -> list[tuple[str, str]]:
    """What a system must be heard about: each mapped entity, and its links where it has some."""
    entities = sorted({mapping.entity for mapping in governance.mappings[system].values()})
    return [(system, e) for e in (*entities, *((LINKS,) if governance.systems[system].links else ()))]


def read_progress(cluster: Cluster, governance: Governance, now: Instant) -> Progress:
    """A source within its limit has reported lately, so the recent records mostly do; else all that is kept."""
    limit = max((s.stale_after_seconds for s in governance.systems.values()), default=0)
    recent = _collect(cluster, now - seconds(2 * limit + 60))
    if any(recent.complete_until(governance, system) == NEVER for system in governance.systems):
        return _collect(cluster, None)
    return recent


def _collect(cluster: Cluster, since: Instant | None) -> Progress:
    progress = Progress()
    for seen in cluster.decoded(topics.PROGRESS, since=since):
        if seen.record == "Watermarks" and seen.value is not None:
            progress.add(seen.value, seen.origin.timestamp_ms * 1_000)
    return progress


def ages(progress: Progress, governance: Governance, systems: Iterable[str]) -> dict[str, Instant | None]:
    """System -> up to when it is complete, None where it never was."""
    known = {s: progress.complete_until(governance, s) for s in systems}
    return {s: None if mark == NEVER else mark for s, mark in known.items()}
