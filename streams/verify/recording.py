"""The topics of a deployment, as verification reads them: committed records, never a write."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from confluent_kafka import Message

from schemas.codec import Codec, Registry, Unreadable
from streams.letters import Raw
from streams.look.read import CannotLook, Cluster
from streams.verify.transactions import Transactions


class Bounds(NamedTuple):
    first: int
    """Offset of the oldest record held."""
    end: int
    """Offset behind the newest committed one."""


class Recording(Protocol):
    registry: Registry
    """Knows the schemas of what was written."""

    def bounds(self, topic: str) -> Mapping[int, Bounds]:
        """Of each partition. Raises CannotLook."""

    def records(self, topic: str, partition: int, first: int = 0) -> Iterator[Raw]:
        """From this offset, or the oldest held, to where the partition ends now. Raises CannotLook."""

    def await_transactions(self, names: Iterable[str]) -> None:
        """Until all that was written to these topics by now can be read, or never will be. Raises CannotLook."""


class ClusterRecording:
    """A recording on a broker."""

    def __init__(self, cluster: Cluster, transactions: Transactions, registry: Registry) -> None:
        self._cluster, self._transactions, self.registry = cluster, transactions, registry

    def bounds(self, topic: str) -> Mapping[int, Bounds]:
        return {partition: Bounds(*found) for partition, found in self._cluster.bounds(topic).items()}

    def records(self, topic: str, partition: int, first: int = 0) -> Iterator[Raw]:
        for message in self._cluster.messages(topic, (partition,), first=first):
            yield _raw(message)

    def await_transactions(self, names: Iterable[str]) -> None:
        self._transactions.await_end(names)


def _raw(message: Message) -> Raw:
    """Byte for byte, as a worker gets it."""
    return Raw(
        str(message.topic()),
        int(message.partition() or 0),
        int(message.offset() or 0),
        int(message.timestamp()[1]),
        message.key(),
        message.value(),
        dict(message.headers() or ()),  # type: ignore[arg-type]
    )


def decoded(
    recording: Recording, codec: Codec, topic: str, partition: int
) -> Iterator[tuple[Raw, str, dict[str, Any] | None]]:
    """Each record of a topic of ours with its short name and value; a tombstone has neither."""
    for raw in recording.records(topic, partition):
        if raw.value is None:
            yield raw, "", None
            continue
        try:
            record, value = codec.decode(raw.value)
        except Unreadable as problem:
            where = f"{raw.topic}-{raw.partition}@{raw.offset}"
            raise CannotLook(f"{where} cannot be read ({problem}): is this the registry it was written with?") from None
        yield raw, record, value


def up_to(recording: Recording, topic: str, partition: int, end: int, first: int = 0) -> Iterator[Raw]:
    for raw in recording.records(topic, partition, first):
        if raw.offset >= end:
            return
        yield raw


def interleaved(
    recording: Recording, partition: int, ends: Mapping[str, int], firsts: Mapping[str, int]
) -> Iterator[Raw]:
    """Several topics between these offsets, each in its order, among each other about as they were produced: the order
    in which a worker met them is recorded nowhere, and makes no difference (contracts 5)."""
    streams = [up_to(recording, topic, partition, end, firsts.get(topic, 0)) for topic, end in sorted(ends.items())]
    yield from heapq.merge(*streams, key=lambda raw: raw.timestamp_ms)
