"""Read topics to their end: committed records only, in bounded time, with one line of text where it cannot be done."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, Message, TopicPartition

from schemas.codec import Codec, Decoded, Unreadable
from schemas.errors import OperatorError
from schemas.instants import Instant
from schemas.patience import said_if_slow
from schemas.registry import HttpRegistry, NoRegistry
from streams.letters import key_text
from streams.settings import Settings

ANSWER_SECONDS = 10.0
"""How long a broker may take for one answer."""
REFUSED_SECONDS = 2.5
"""How long where every one of them refuses the connection, as while it is started anew."""
READ_SECONDS = 120.0
"""How long reading one topic may take."""
_BATCH = 5_000
_QUIET = {
    # What goes wrong is told once, by CannotLook, and not by librdkafka as well.
    "log_level": 2,
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    "isolation.level": "read_committed",
    "auto.offset.reset": "earliest",
    "fetch.wait.max.ms": 10,  # a reading ends where the topic ends: nothing to wait for there
    "reconnect.backoff.max.ms": 1_000,
}


class CannotLook(OperatorError):
    """Stop: the text says in one line what could not be read and what to do about it."""


class Record(NamedTuple):
    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    """When it was produced."""
    key: str
    data: bytes | None
    """None: a tombstone."""
    headers: dict[str, bytes]


class Seen(NamedTuple):
    """A record with its decoded value."""

    origin: Record
    record: str
    """Short record name; empty for a tombstone."""
    value: dict[str, Any] | None


class Cluster:
    """The topics of a deployment, read as an outsider: no group, no commit, no trace."""

    def __init__(self, settings: Settings, *, read_seconds: float = READ_SECONDS) -> None:
        self._settings = settings
        self._read_seconds = read_seconds
        self._problem, self._down = "", False
        self._idle: list[Consumer] = []
        """Kept connected: to make a new one takes longer than to read most topics."""
        self.codec = Codec(HttpRegistry(settings.registry_url, settings.registry_client))

    def decoded(
        self, topic: str, partitions: Iterable[int] | None = None, since: Instant | None = None
    ) -> Iterator[Seen]:
        for record in self.raw(topic, partitions, since):
            yield self.decode(record)

    def raw(
        self, topic: str, partitions: Iterable[int] | None = None, since: Instant | None = None
    ) -> Iterator[Record]:
        """Every committed record of these partitions (all by default) up to where they end now; `since`: produced then
        or later. Raises CannotLook."""
        for message in self.messages(topic, partitions, since):
            yield _record(message)

    def bounds(self, topic: str) -> dict[int, tuple[int, int]]:
        """Partition -> (offset of the oldest record, offset behind the newest committed one)."""
        with self._lent() as consumer:
            return {p: self._ends(consumer, topic, p) for p in self._partitions(consumer, topic)}

    def messages(
        self, topic: str, partitions: Iterable[int] | None = None, since: Instant | None = None, *, first: int = 0
    ) -> Iterator[Message]:
        """As `raw`, as the client gives them: keys and headers byte for byte; `first`: from this offset on."""
        with self._lent() as consumer:
            known = self._partitions(consumer, topic)
            wanted = known if partitions is None else sorted(set(partitions) & set(known))
            starts, ends = self._bounds(consumer, topic, wanted, since, first)
            if starts:
                consumer.assign(starts)
                yield from self._drain(consumer, topic, ends)

    def close(self) -> None:
        """Let go of the connections kept; the next reading makes new ones."""
        while self._idle:
            self._idle.pop().close()

    def decode(self, record: Record) -> Seen:
        if record.data is None:
            return Seen(record, "", None)
        try:
            found: Decoded = self.codec.decode(record.data)
        except Unreadable as problem:
            place = f"{record.topic}-{record.partition}@{record.offset}"
            raise CannotLook(f"{place} cannot be read: {problem}; is this the registry it was written with?") from None
        except NoRegistry as problem:
            raise CannotLook(str(problem)) from None
        return Seen(record, found.record, found.value)

    @contextmanager
    def _lent(self) -> Iterator[Consumer]:
        """A consumer for one reading; one that was broken off gives it back too."""
        self._problem, self._down = "", False
        consumer = self._idle.pop() if self._idle else self._consumer()
        try:
            yield consumer
        except KafkaException as problem:
            consumer.poll(0)  # lets the client say what it really met, such as a refused connection
            raise self._unreachable(problem) from None
        finally:
            consumer.unassign()
            self._idle.append(consumer)

    def _consumer(self) -> Consumer:
        return Consumer({**self._settings.client, **_QUIET, "group.id": "driftwise-look", "error_cb": self._on_error})

    def _on_error(self, error: KafkaError) -> None:
        self._problem = self._problem or error.str()
        self._down = self._down or error.code() == KafkaError._ALL_BROKERS_DOWN

    def _partitions(self, consumer: Consumer, topic: str) -> list[int]:
        found = self._described(consumer, topic).topics[topic]
        if found.error is not None:
            broker = self._settings.kafka_bootstrap
            raise CannotLook(f"there is no topic {topic} at {broker}: `driftwise topics` creates what is missing")
        return sorted(found.partitions)

    def _described(self, consumer: Consumer, topic: str) -> Any:
        """Once the client has met nobody at any address of the cluster, no longer is waited than REFUSED_SECONDS."""
        with said_if_slow(f"Kafka at {self._settings.kafka_bootstrap}"):
            try:
                return consumer.list_topics(topic, timeout=REFUSED_SECONDS)
            except KafkaException:
                consumer.poll(0)
                if self._down:
                    raise
            return consumer.list_topics(topic, timeout=ANSWER_SECONDS - REFUSED_SECONDS)

    def _bounds(
        self, consumer: Consumer, topic: str, partitions: list[int], since: Instant | None, first: int
    ) -> tuple[list[TopicPartition], dict[int, int]]:
        """Where to start and where the partitions end now; empty ones are left out."""
        offsets = self._offsets(consumer, topic, partitions, since)
        starts, ends = [], {}
        for partition in partitions:
            low, high = self._ends(consumer, topic, partition)
            start = max(low, first, offsets.get(partition, low))
            if offsets.get(partition) != OFFSET_END and start < high:
                starts.append(TopicPartition(topic, partition, start))
                ends[partition] = high
        return starts, ends

    def _ends(self, consumer: Consumer, topic: str, partition: int) -> tuple[int, int]:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=ANSWER_SECONDS)
        return int(low), int(high)

    def _offsets(self, consumer: Consumer, topic: str, partitions: list[int], since: Instant | None) -> dict[int, int]:
        if since is None:
            return {}
        asked = [TopicPartition(topic, p, max(0, since // 1_000)) for p in partitions]
        return {p.partition: p.offset for p in consumer.offsets_for_times(asked, timeout=ANSWER_SECONDS)}

    def _drain(self, consumer: Consumer, topic: str, ends: dict[int, int]) -> Iterator[Message]:
        """A partition is done at the end it had when we came: under load its end runs away from us."""
        left_seconds = self._read_seconds
        while ends:
            asked = time.monotonic()
            messages = _waiting(consumer)
            left_seconds -= time.monotonic() - asked  # what the reader does with them takes its own time
            for message in messages:
                error, partition = message.error(), message.partition()
                if error is not None:
                    _at_end(error, ends, partition)
                elif partition is not None and partition in ends:
                    if (message.offset() or 0) >= ends[partition] - 1:
                        del ends[partition]
                    yield message
            if left_seconds < 0:
                raise CannotLook(f"{topic} was not read to its end in {self._read_seconds:.0f} s: is the broker slow?")

    def _unreachable(self, problem: KafkaException) -> CannotLook:
        broker, text = self._settings.kafka_bootstrap, self._problem or problem.args[0].str()
        remedy = "start it (`driftwise stack up`), or set DRIFTWISE_KAFKA_BOOTSTRAP"
        return CannotLook(f"Kafka at {broker} does not answer ({text}): {remedy}")


def _waiting(consumer: Consumer) -> list[Message]:
    """What has arrived, as soon as something has: `consume` alone would wait for a full batch."""
    first = consumer.poll(0.05)
    return [] if first is None else [first, *consumer.consume(_BATCH, timeout=0)]


def _at_end(error: KafkaError, ends: dict[int, int], partition: int | None) -> None:
    if error.code() != KafkaError._PARTITION_EOF:
        raise KafkaException(error)
    if partition is not None:
        ends.pop(partition, None)


def _record(message: Message) -> Record:
    return Record(
        str(message.topic()),
        int(message.partition() or 0),
        int(message.offset() or 0),
        int(message.timestamp()[1]),
        key_text(_bytes(message.key())),
        None if message.value() is None else _bytes(message.value()),
        {name: _bytes(value) for name, value in dict(message.headers() or ()).items()},
    )


def _bytes(value: str | bytes | None) -> bytes:
    return value if isinstance(value, bytes) else (value or "").encode()
