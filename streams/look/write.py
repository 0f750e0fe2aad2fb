"""Write a few records on somebody's behalf: replays, dismissals, governance. Returns once the broker has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from schemas.codec import Codec
from schemas.patience import said_if_slow
from streams.look.read import ANSWER_SECONDS, CannotLook
from streams.settings import Settings
from tables.view import Emit


class Outgoing(NamedTuple):
    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes]


def encoded(codec: Codec, effect: Emit) -> Outgoing:
    assert effect.partition is not None
    value = None if effect.value is None else codec.encode(effect.topic, effect.record, effect.value)
    return Outgoing(effect.topic, effect.partition, effect.key.encode(), value, dict(effect.headers))


def write(settings: Settings, records: Iterable[Outgoing]) -> int:
    """Write all of them, in order; returns how many. Raises CannotLook with what the broker said."""
    failed: list[str] = []

    def delivered(error: KafkaError | None, message: Message) -> None:
        if error is not None:
            failed.append(f"{message.topic()}-{message.partition()}: {error.str()}")

    producer = Producer({**settings.client, "log_level": 2, "enable.idempotence": True, "message.timeout.ms": 10_000})
    count = 0
    try:
        for r in records:
            headers: dict[str, str | bytes | None] = dict(r.headers)
            producer.produce(r.topic, r.value, r.key, r.partition, on_delivery=delivered, headers=headers)
            count += 1
    except (KafkaException, BufferError) as problem:
        failed.append(str(problem))
    with said_if_slow(f"Kafka at {settings.kafka_bootstrap}"):
        left = producer.flush(2 * ANSWER_SECONDS)
    if failed or left:
        what = "; ".join(failed[:3]) or "no answer"
        raise CannotLook(
            f"{len(failed) + left} of {count} records were not written ({what}): nothing is lost, try again"
        )
    return count


def write_together(settings: Settings, records: Iterable[Outgoing]) -> None:
    """Write all of them or none. Raises CannotLook with what the broker said; of two at a time the first gives way."""
    named = {"transactional.id": f"{settings.application}-written-together"}
    # Workers read none of what lies behind one that is broken off, until the broker gives it up.
    producer = Producer({**settings.client, **named, "log_level": 2, "transaction.timeout.ms": 10_000})
    committing = False
    try:
        with said_if_slow(f"Kafka at {settings.kafka_bootstrap}"):
            producer.init_transactions(ANSWER_SECONDS)
        producer.begin_transaction()
        for r in records:
            producer.produce(r.topic, r.value, r.key, r.partition, headers=dict(r.headers))
        committing = True
        producer.commit_transaction(ANSWER_SECONDS)
    except (KafkaException, BufferError) as problem:
        if not _aborted(producer) and committing:
            raise CannotLook(f"whether it was written is not known ({problem}): look first, then try again") from None
        raise CannotLook(f"nothing was written ({problem}): try again") from None


def _aborted(producer: Producer) -> bool:
    try:
        producer.abort_transaction(ANSWER_SECONDS)
    except KafkaException:
        return False
    return True
