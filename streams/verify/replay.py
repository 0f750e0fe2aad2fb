"""Replays the input of one shard, up to what its last commit covers, through a fresh shard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from schemas.codec import Codec
from streams.identify.changes import ENTITY_OF_RECORD
from streams.intake import take_in
from streams.judge.fold import LATE
from streams.judge.stage import Judge
from streams.letters import Raw
from streams.shard import Shard
from streams.verify.aside import Leaving
from tables.view import Emit, Workspace

CHUNK = 500
"""Records between two rounds of settling; where commits fell is recorded nowhere, and makes no difference."""
ANYONES_HOLE = "g/"
"""Prefix in judge's state."""
Hear = Callable[[Emit], None]


class Refused(NamedTuple):
    """What a dead letter says of why its record was refused."""

    reason: str
    detail: str
    entity: str


class Replay:
    """`letters`: (topic, offset) -> why the deployment refused that record; under the governance of then, so what it
    refused stays refused."""

    def __init__(self, shard: Shard, codec: Codec, letters: Mapping[tuple[str, int], Refused], hear: Hear) -> None:
        self.shard, self.late = shard, set[str]()
        self.records = 0
        self.anyones_hole = bool(shard.state.range(ANYONES_HOLE, 1))
        """Whether for a while evidence was missing and it was not known whose. Corrections decided then were only
        proposed. In earlier releases it depended on commits which ones those are."""
        self._codec, self._letters, self._hear = codec, letters, hear

    def run(self, records: Iterable[Raw]) -> None:
        for raw in records:
            self._one(raw)
            self.records += 1
            if self.records % CHUNK == 0:
                self.settle()
        self.settle()

    def settle(self) -> None:
        """Work off everything that the watermarks have released."""
        while self.shard.has_due():
            self._tell(self.shard.settle())
        self._tell(self.shard.flush())
        self.shard.deadlines.changes()  # the copy of the index in a store: we keep none

    def _one(self, raw: Raw) -> None:
        refused = self._letters.get((raw.topic, raw.offset))
        if refused is not None:
            self._tell(self.shard.refuse(raw, *refused, raw.timestamp_ms * 1_000))
            return
        before = dict(self.shard.outcomes)
        self._tell(take_in(self.shard, self._codec, raw, raw.timestamp_ms * 1_000))
        self.late |= late_by(self.shard, before, self._codec, raw)
        if self._has_more("holeopened", before) and self.shard.state.range(ANYONES_HOLE, 1):
            self.anyones_hole = True

    def _has_more(self, outcome: str, before: Mapping[str, int]) -> bool:
        return self.shard.outcomes[outcome] > before.get(outcome, 0)

    def _tell(self, effects: Iterable[Emit]) -> None:
        for effect in effects:
            self._hear(effect)


def late_by(shard: Shard, before: Mapping[str, int], codec: Codec, raw: Raw) -> frozenset[str]:
    """The customer for whom this record was late evidence, if a verdict had been given by then. `before`: counts of
    outcomes before the record was folded."""
    if not any(shard.outcomes[outcome] > before.get(outcome, 0) for outcome in LATE):
        return frozenset()
    decoded = codec.decode(raw.value or b"")
    value, stage = decoded.value, shard.stage
    assert isinstance(stage, Judge | Leaving)
    entity = ENTITY_OF_RECORD.get(decoded.record) or value["entity"]
    at = value["effective_at"] if "effective_at" in value else value["moved_at"]
    is_decided = stage.decided_until(Workspace(shard.state), value["system"], entity) >= at
    return frozenset({str(value["canonical_id"])} if is_decided else ())
