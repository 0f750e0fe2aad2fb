"""What a deployment holds of one shard: state, progress, letters, and what it said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from schemas import topics
from schemas.codec import Codec
from schemas.instants import Instant
from streams.letters import key_text
from streams.look.read import CannotLook
from streams.shard import State
from streams.verify.ledger import Deployed, When
from streams.verify.outputs import Output, Value
from streams.verify.recording import Bounds, Recording, decoded
from streams.verify.replay import Refused
from streams.verify.start import Search
from tables.state import PROGRESS, UnknownStateVersion, decode

Ends = Mapping[str, Mapping[int, Bounds]]
"""Topic -> partition -> where it ended before the state was read."""
_BATCH = 5_000


class Place(NamedTuple):
    """A shard of a deployment."""

    stage: str
    partition: int
    shards: int
    """How many the stage has."""

    def __str__(self) -> str:
        return f"{self.stage}-{self.partition}"


@dataclass
class Held:
    state: State
    positions: dict[str, int] = field(default_factory=dict)
    """Topic -> the next offset: as of the last commit."""


def read_state(recording: Recording, place: Place, state: State, search: Search | None = None) -> Held:
    """The changelog as it stands, into `state`; `search` reads it along."""
    held, batch = Held(state), dict[str, Value | None]()
    try:
        for raw in recording.records(topics.CHANGELOG + place.stage, place.partition):
            key, value = key_text(raw.key), None if raw.value is None else decode(raw.value)
            if key != PROGRESS:
                batch[key] = value
                if search is not None:
                    search.write(key, value)
            elif value is not None:
                held.positions = value["offsets"]
                if search is not None:
                    search.commit(held.positions, raw.timestamp_ms * 1_000)
            if len(batch) >= _BATCH:
                state.apply(batch)
                batch = {}
    except UnknownStateVersion as problem:
        raise CannotLook(f"the state of {place} was written by a newer driftwise ({problem}): use that one") from None
    state.apply(batch)
    if search is not None:
        search.end()
    return held


def read_letters(recording: Recording, codec: Codec, place: Place) -> dict[tuple[str, int], Refused]:
    """Which records this shard refused, and why."""
    found: dict[tuple[str, int], Refused] = {}
    for raw, _, letter in decoded(recording, codec, topics.DEAD_LETTERS, place.partition):
        if letter is not None and letter["stage"] == place.stage and raw.value is not None:
            refused = Refused(letter["reason"], letter["detail"], letter["entity"])
            found[letter["topic"], letter["offset"]] = refused
    return found


def read_output(
    recording: Recording,
    codec: Codec,
    output: Output,
    place: Place,
    ends: Ends,
    into: Deployed,
    after: Instant | None = None,
) -> None:
    """Everything that a topic holds of what this shard wrote; `after`: what was produced up to then, it knew before."""
    bounds = ends[output.topic]
    everywhere = place.shards == 1 or output.shard is not None
    for number in bounds if everywhere else (place.partition,):
        for raw, record, value in decoded(recording, codec, output.topic, number):
            if place.shards == 1 or _wrote(place, output, value):
                written_at = raw.timestamp_ms * 1_000
                when = _when(raw.offset < bounds[number].end, after is not None and written_at <= after)
                into.add(output, record, output.key(key_text(raw.key), number), value, written_at, when)


def _when(is_sure: bool, is_old: bool) -> When:
    if not is_sure:
        return "later"
    return "before" if is_old else "sure"


def _wrote(place: Place, output: Output, value: Value | None) -> bool:
    if output.shard is None or (value is None and output.compacted):
        return True
    try:
        return topics.partition_for(output.shard(value or {}), place.shards) == place.partition
    except KeyError:  # another sort of record, which is not compared
        return False
