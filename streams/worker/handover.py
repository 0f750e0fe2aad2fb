"""Hands what a shard has committed straight to the shard that reads it, where both run in this worker.

Once a transaction is committed its records are final, and their delivery reports tell at which offsets they lie. So the
reader can fold them at once, without waiting for the broker's markers and a fetch. When the consumer brings them later
they are dropped, because no offset is taken twice. The reader still sees its topic in order and without a gap: what
does not follow directly on the last offset it took is not handed over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from schemas import topics
from streams.worker.inbox import BACKLOG_LOW
from streams.worker.outbox import BY_KEY, Delivered, Outgoing

RECORDS_MAX = 500
"""In one commit. A larger one belongs to a backlog: its reader has enough to fold, and nothing to gain."""
_MARKER = 1
"""Offsets that the end of a transaction takes in each partition that it wrote to (KIP-98)."""


class Reader(Protocol):
    paused: str | None

    @property
    def backlog(self) -> int: ...

    def submit_behind(self, marker: int, batch: list[Any]) -> None: ...


class Committed(NamedTuple):
    """A record with the fields that a consumer's record has."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Span:
    """The records that one commit writes to one partition, in order."""

    def __init__(self, topic: str, partition: int, first: int) -> None:
        self.topic, self.partition = topic, partition
        self.written: list[Outgoing] = []
        self.first = self.last = first
        """The numbers of its first and last record in the commit."""
        self._offsets: list[int] = []
        self._timestamp = 0

    def delivered(self, error: Any, message: Any) -> None:
        """The delivery callback of the first and the last record."""
        if error is None and message.partition() == self.partition and (offset := message.offset()) is not None:
            self._offsets.append(offset)
            self._timestamp = message.timestamp()[1]

    @property
    def end(self) -> int | None:
        """The offset of the last record; None: not known."""
        return max(self._offsets, default=None)

    def records(self) -> list[Committed]:
        """The records with their offsets. Empty if those are not certain: another producer wrote in between, or the
        broker did not report them."""
        if not self._offsets or max(self._offsets) - min(self._offsets) != len(self.written) - 1:
            return []
        place = self.topic, self.partition
        return [
            Committed(*place, offset, self._timestamp, key, value, headers)
            for offset, (_, _, key, value, headers) in enumerate(self.written, min(self._offsets))
        ]


Spans = Mapping[tuple[str, int], Span]
"""By topic and partition."""


class Handover:
    """The handover of one writing shard."""

    def __init__(
        self, reader: Callable[[str, int], Reader | None], topics_read: Iterable[str], partitions: int
    ) -> None:
        """`reader`: topic, partition -> the shard that reads it, if it runs in this worker."""
        self._reader, self._read, self._partitions = reader, frozenset(topics_read), partitions
        self._before: dict[tuple[str, int], int] = {}
        """(topic, partition) -> offset of the last record of our previous transaction there."""

    def spans(self, outgoing: list[Outgoing]) -> Spans:
        """One span a partition, of the topics that are read here."""
        found: dict[tuple[str, int], Span] = {}
        if not self._read or len(outgoing) > RECORDS_MAX:
            return found
        for number, record in enumerate(outgoing):
            if record[0] in self._read and (partition := self._partition(record)) is not None:
                place = record[0], partition
                if (span := found.get(place)) is None:
                    span = found[place] = Span(*place, number)
                span.written.append(record)
                span.last = number
        return found

    def hand_over(self, spans: Spans) -> None:
        """Call once the transaction is committed. The reader must lag little: memory is bounded by what it fetches."""
        for place, span in spans.items():
            before, end = self._before.get(place), span.end
            if end is not None:
                self._before[place] = end
            reader = self._reader(*place)
            if before is not None and reader is not None and reader.paused is None and reader.backlog < BACKLOG_LOW:
                reader.submit_behind(before + _MARKER, span.records())

    def _partition(self, record: Outgoing) -> int | None:
        """None: not worked out. With several partitions each has several writers, so spans have gaps, and hashing every
        key would be wasted."""
        topic, partition, *_ = record
        if partition != BY_KEY:
            return partition
        return 0 if self._partitions == 1 or topic in topics.SINGLE_PARTITION else None


NOBODY = Handover(lambda topic, partition: None, (), 1)
"""For a shard whose output nobody reads in this worker."""


def callbacks(spans: Spans) -> dict[int, Delivered]:
    """Number of a record in the commit -> its delivery callback."""
    return {number: span.delivered for span in spans.values() for number in (span.first, span.last)}
