"""How much of a shard's input is still there: what can be recomputed, and what can not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from schemas import topics
from schemas.instants import Instant, iso
from streams.verify.deployed import Place
from streams.verify.recording import Bounds, Recording

_COMPACTED = frozenset(topic.name for topic in topics.topics(()) if topic.cleanup == "compact")
_NEWEST = "proven is only that the newest version of each record that it still holds is the one remembered"
_PROVEN_OF_A_PART = {
    # stage: what a replay of the rest still tells
    "identify": _NEWEST,
    "crosswalk": "nothing of clusters and routes is proven",
    "judge": _NEWEST,
    "suspects": "nothing of suspects is proven",
    "fleet": "proven is only which sources fell silent since (ask with --since)",
}


class Reach(NamedTuple):
    whole: bool
    """Everything that the state came from can be read."""
    begins_at: Instant | None
    """When the oldest record was produced, where older ones are gone."""
    unproven: list[str]


def reach(recording: Recording, place: Place, inputs: Iterable[str], positions: Mapping[str, int]) -> Reach:
    gone = list(_gone(recording, place, inputs))
    begins = [at for _, _, at in gone]
    unproven = [_told(place, topic, first, at) for topic, first, at in gone]
    recreated = list(_recreated(recording, place, positions))
    return Reach(not gone and not recreated, max(begins, default=None), unproven + recreated)


def trimmed(topic: str, bounds: Mapping[int, Bounds]) -> bool:
    """Whether the oldest records of a topic are gone."""
    return topic not in _COMPACTED and any(each.first > 0 for each in bounds.values())


def _gone(recording: Recording, place: Place, inputs: Iterable[str]) -> Iterator[tuple[str, int, Instant]]:
    for topic in inputs:
        first = recording.bounds(topic)[place.partition].first
        if first > 0 and topic not in _COMPACTED:
            oldest = next(recording.records(topic, place.partition), None)
            yield topic, first, 0 if oldest is None else oldest.timestamp_ms * 1_000


def _told(place: Place, topic: str, first: int, at: Instant) -> str:
    proven = _PROVEN_OF_A_PART[place.stage]
    since = f"begins at offset {first}, produced at {iso(at)}" if at else f"holds nothing below offset {first}"
    return f"{place}: {topic}-{place.partition} {since}; what came before is gone (retention): {proven}"


def _recreated(recording: Recording, place: Place, positions: Mapping[str, int]) -> Iterator[str]:
    for topic, position in positions.items():
        end = recording.bounds(topic)[place.partition].end
        if position > end:
            yield (
                f"{place}: its state covers {topic}-{place.partition} up to offset {position}, but that ends at {end}: "
                f"the topic was recreated or cut; nothing of this shard is proven"
            )
