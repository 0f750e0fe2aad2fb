"""What a shard has folded since its last commit: records in, encoded effects out. No event loop, no broker."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from schemas import topics
from schemas.codec import Codec, Unreadable
from schemas.instants import Instant
from streams.inputs import Divert, Input
from streams.letters import ENTITY_HEADER, ID_HEADER, NO_RECORD, Raw, divert, key_text, letter, verdict_id
from streams.shard import SLICE, Behind, Shard
from streams.worker.counters import Counters
from streams.worker.outbox import BY_KEY, Outgoing
from streams.worker.sizes import RECORD_BYTES_MAX, Unwritable, check_effect
from tables.view import Emit

FLOOD_WINDOW = 1000


class Flood(Exception):
    """Too many dead letters: the partition is paused rather than drained into them."""


class Folding:
    def __init__(
        self, shard: Shard, codec: Codec, counters: Counters, read: Mapping[str, int], *, partitions: int, flood: int
    ) -> None:
        """`read`: topic -> the next offset, as of the last commit."""
        self.read = dict(read)
        self.outgoing: list[Outgoing] = []
        self.commit_times: list[Instant] = []
        """When the changes folded were committed at their sources."""
        self._shard, self._codec, self._counters = shard, codec, counters
        self._partitions, self._flood = partitions, flood
        self._letters: deque[int] = deque()
        self._records_committed = 0

    def records(self, records: Sequence[Any]) -> int:
        """Fold these; returns how many of them. Before the next one a commit has to work off deadlines."""
        read, fold, decode, accept = self.read, self._shard.fold, self._codec.decode, self.accept
        for number, record in enumerate(records):
            topic, offset, data = record.topic, record.offset, record.value
            if offset < read.get(topic, 0):
                continue  # the progress record is ahead of the group's offset
            self._counters.records += 1
            if data is not None:
                try:
                    name, value = decode(data)
                    key = key_text(record.key)
                    headers = dict(record.headers) if record.headers else {}
                    told = Input(topic, record.partition, offset, key, name, value, headers, record.timestamp)
                    try:
                        accept(fold(told))
                    except Behind:
                        if not self._caught_up():
                            self._counters.records -= 1  # it comes again
                            return number
                        accept(fold(told))
                    if topic == topics.CHANGES and "committed_at" in value:
                        self.commit_times.append(value["committed_at"])
                except (Unreadable, Divert) as refused:
                    self._refuse(record, refused)
            read[topic] = offset + 1
        return len(records)

    def divert(self, record: Any, problem: Unwritable) -> None:
        """Send this record to the dead letters: a commit with it cannot be written."""
        self._refuse(record, Divert("too_large", f"{problem}; shorten the record at its source"))
        self.read[record.topic] = record.offset + 1

    def put_aside(self, problem: Unwritable) -> bool:
        """Put the first due deadline aside, because its verdict cannot be written. Its dead letter holds a record that
        wakes it: once that is replayed the deadline is judged again. False: this deadline cannot be put aside."""
        shard = self._shard
        letter_id = verdict_id(shard.stage.name, shard.partition, time.time_ns())

        def told(waking: Emit) -> Emit:
            assert waking.value is not None
            data = self._codec.encode(waking.topic, waking.record, waking.value)
            headers = {ID_HEADER: letter_id.encode(), ENTITY_HEADER: waking.value["entity"].encode()}
            raw = Raw(waking.topic, shard.partition, NO_RECORD, 0, waking.key.encode(), data, headers)
            self._watch(raw)
            detail = f"{problem}; replay it once that has shrunk"
            return divert(letter(raw, shard.stage.name, "too_large", detail, "*", time.time_ns() // 1000))

        effects = shard.put_aside(letter_id, told)
        self.accept(effects)
        return bool(effects)

    def accept(self, effects: Iterable[Emit]) -> None:
        """Encode effects for the next commit, which writes bytes."""
        for topic, key, record, value, partition_key, partition, headers in effects:
            data = None if value is None else self._codec.encode(topic, record, value)
            if data is not None and len(data) > RECORD_BYTES_MAX:
                check_effect(topic, f"{record} {key}", len(data))
            if partition is None:
                partition = BY_KEY if partition_key is None else topics.partition_for(partition_key, self._count(topic))
            if topic == topics.DRIFTS and value is not None:
                self._counters.drifts[value["kind"], value["status"]] += 1
            self.outgoing.append((topic, partition, key.encode(), data, headers))

    def take(self) -> list[Outgoing]:
        """What the next transaction writes."""
        outgoing, self.outgoing = self.outgoing, []
        return outgoing

    def committed(self) -> list[Instant]:
        """The transaction is committed. Returns when its changes were committed at their sources."""
        self._records_committed = self._counters.records
        commit_times, self.commit_times = self.commit_times, []
        return commit_times

    def roll_back(self, read: Mapping[str, int]) -> None:
        """To the last finished commit."""
        self.read = dict(read)
        self.outgoing, self.commit_times = [], []
        while self._letters and self._letters[-1] > self._records_committed:
            self._letters.pop()

    def _caught_up(self) -> bool:
        """Settle what is due, if one commit can. Returns whether nothing is left."""
        if self._shard.has_due(SLICE):
            return False
        self.accept(self._shard.settle())
        return not self._shard.has_due()

    def _refuse(self, record: Any, refused: Unreadable | Divert) -> None:
        fields = (record.topic, record.partition, record.offset, record.timestamp, record.key, record.value)
        raw = Raw(*fields, dict(record.headers))
        entity = refused.entity if isinstance(refused, Divert) else "*"
        effects = self._shard.refuse(raw, refused.reason, str(refused), entity, time.time_ns() // 1000)
        self._watch(raw)
        self.accept(effects)

    def _watch(self, raw: Raw) -> None:
        """Count this letter among the last FLOOD_WINDOW records; raises Flood where those have too many."""
        count = self._counters.records
        self._letters.append(count)
        while self._letters[0] <= count - FLOOD_WINDOW:
            self._letters.popleft()
        if len(self._letters) > self._flood:
            raise Flood(
                f"{len(self._letters)} of the last {min(count, FLOOD_WINDOW)} records went to the dead letters, the "
                f"last at {raw.topic}-{raw.partition}@{raw.offset}; see `driftwise dead-letters list`, mend the cause, "
                "restart; what stays unreadable passes with a higher DRIFTWISE_DEAD_LETTER_FLOOD, to be replayed"
            )

    def _count(self, topic: str) -> int:
        return 1 if topic in topics.SINGLE_PARTITION else self._partitions
