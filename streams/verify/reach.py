"""How much of a shard's input is still there: what can be recomputed, and what can not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from schemas import topics
from schemas.instants import Instant, iso
from streams.verify.deployed import Place
from streams.verify.recording import Bounds, Recording
from streams.verify.start import Positions

_COMPACTED = frozenset(topic.name for topic in topics.topics(()) if topic.cleanup == "compact")
_NEWEST = "the newest version of each record that it still holds is the one remembered"
_PROVEN_OF_A_PART = {
    # stage: what a replay of the rest still tells, from no state at all
    "identify": _NEWEST,
    "judge": _NEWEST,
    "fleet": "which sources fell silent since (ask with --since)",
}


class Gone(NamedTuple):
    """A topic whose oldest records of this shard are gone."""

    topic: str
    first: int
    """Offset of the oldest that is held."""
    begins_at: Instant
    """When that was produced; 0: none is held."""


def gone(recording: Recording, place: Place, inputs: Iterable[str]) -> list[Gone]:
    found = []
    for topic in inputs:
        first = recording.bounds(topic)[place.partition].first
        if first > 0 and topic not in _COMPACTED:
            found.append(Gone(topic, first, _oldest(recording, topic, place.partition) or 0))
    return found


def reached(lost: Iterable[Gone], positions: Positions) -> bool:
    """Whether all can be read that a shard had not yet read there."""
    return all(each.first <= positions.get(each.topic, 0) for each in lost)


def told(place: Place, lost: Iterable[Gone], proven_since: Instant | None) -> Iterator[str]:
    """What is not proven, for people. `proven_since`: from when on everything is; None: no commit is held from which
    the input goes on."""
    for topic, first, at in lost:
        begins = f"begins at offset {first}, produced at {iso(at)}" if at else f"holds nothing below offset {first}"
        yield (
            f"{place}: {topic}-{place.partition} {begins}; what came before is gone (retention): "
            f"proven is {_proven(place, proven_since)}"
        )


def _proven(place: Place, since: Instant | None) -> str:
    of_a_part = _PROVEN_OF_A_PART.get(place.stage)
    if since is None:
        return f"only {of_a_part}" if of_a_part else "nothing, as its changelog is compacted beyond that"
    everything = f"what came of its state as of {iso(since)}, where its changelog lets a replay begin"
    return f"{everything}, and {of_a_part}" if of_a_part else everything


def ahead(recording: Recording, place: Place, positions: Mapping[str, int]) -> list[str]:
    """Topics of which a shard has read more than is there: what another shard committed was handed to it, and the end
    of that transaction has not reached the topic yet; or they were recreated or cut."""
    return [topic for topic, position in positions.items() if position > recording.bounds(topic)[place.partition].end]


def recreated(recording: Recording, place: Place, positions: Mapping[str, int]) -> Iterator[str]:
    for topic in ahead(recording, place, positions):
        end = recording.bounds(topic)[place.partition].end
        yield (
            f"{place}: its state covers {topic}-{place.partition} up to offset {positions[topic]}, but that ends at "
            f"{end}: the topic was recreated or cut; nothing of this shard is proven"
        )


def trimmed(recording: Recording, topic: str, bounds: Mapping[int, Bounds], after: Instant | None) -> bool:
    """Whether records of a topic are gone, of those produced after this instant; None: any."""
    if topic in _COMPACTED:
        return False
    cut = [partition for partition, each in bounds.items() if each.first > 0]
    return any(not _holds(recording, topic, partition, after) for partition in cut)


def _holds(recording: Recording, topic: str, partition: int, after: Instant | None) -> bool:
    oldest = _oldest(recording, topic, partition)
    return after is not None and oldest is not None and oldest <= after


def _oldest(recording: Recording, topic: str, partition: int) -> Instant | None:
    raw = next(recording.records(topic, partition), None)
    return None if raw is None else raw.timestamp_ms * 1_000
