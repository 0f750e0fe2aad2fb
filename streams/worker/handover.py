"""Hands what a shard has committed to the shard that reads it, where both run in this worker.

Once its transaction is committed a record is decided, and its delivery said at which offset it lies. So it is folded at
once, and not when the broker's markers are written and a fetch has brought it; then it is dropped, for no offset is
taken twice. What a shard reads stays the topic, record by record: nothing is handed over a gap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from schemas import topics
from streams.worker.outbox import BY_KEY, Delivered, Outgoing

RECORDS_MAX = 500
"""Of a commit. A larger one is of a backlog: whoever reads it has enough to fold, and no fetch to wait for."""
BACKLOG_MAX = 5_000
"""Of the reader: what it has not asked for must not grow beyond what it may fetch."""
_MARKER = 1
"""Offsets that the end of a transaction takes in each partition that it wrote to (KIP-98)."""


class Reader(Protocol):
    paused: str | None

    @property
    def backlog(self) -> int: ...

    def submit_behind(self, marker: int, batch: list[Any]) -> None: ...


class Committed(NamedTuple):
    """A record as a consumer would bring it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Span:
    """What one commit writes to one partition, in its order."""

    def __init__(self, topic: str, partition: int, first: int) -> None:
        self.topic, self.partition = topic, partition
        self.written: list[Outgoing] = []
        self.first = self.last = first
        """Their numbers in the commit."""
        self._offsets: list[int] = []
        self._timestamp = 0

    def delivered(self, error: Any, message: Any) -> None:
        """Called for the first and the last."""
        if error is None and message.partition() == self.partition and (offset := message.offset()) is not None:
            self._offsets.append(offset)
            self._timestamp = message.timestamp()[1]

    @property
    def end(self) -> int | None:
        """The offset of the last."""
        return max(self._offsets, default=None)

    def records(self) -> list[Committed]:
        """Empty where it is not known of each where it lies: others wrote in between, or the broker did not say."""
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
    """Of one shard that writes."""

    def __init__(
        self, reader: Callable[[str, int], Reader | None], topics_read: Iterable[str], partitions: int
    ) -> None:
        """`reader`: topic, partition -> the shard that reads it, if it runs here."""
        self._reader, self._read, self._partitions = reader, frozenset(topics_read), partitions
        self._before: dict[tuple[str, int], int] = {}
        """Partition -> the last record of our transaction before."""

    def spans(self, outgoing: list[Outgoing]) -> Spans:
        """Of the topics that are read here."""
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
        """Call once they are committed."""
        for place, span in spans.items():
            before, end = self._before.get(place), span.end
            if end is not None:
                self._before[place] = end
            reader = self._reader(*place)
            if before is not None and reader is not None and reader.paused is None and reader.backlog < BACKLOG_MAX:
                reader.submit_behind(before + _MARKER, span.records())

    def _partition(self, record: Outgoing) -> int | None:
        """None: not asked. Many partitions have many writers each, and so gaps: to hash every key would be vain."""
        topic, partition, *_ = record
        if partition != BY_KEY:
            return partition
        return 0 if self._partitions == 1 or topic in topics.SINGLE_PARTITION else None


NOBODY = Handover(lambda topic, partition: None, (), 1)
"""Reads here what is written."""


def callbacks(spans: Spans) -> dict[int, Delivered]:
    """Whose delivery is to be told, by their numbers in the commit."""
    return {number: span.delivered for span in spans.values() for number in (span.first, span.last)}
