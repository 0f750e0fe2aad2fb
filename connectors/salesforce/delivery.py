"""Transactions on Kafka: rows, progress and the poller's own memory become visible together or not at all.

Semantics after KIP-98 (transactional ids fence a twin) and KIP-360 (which errors call for an abort).
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import NamedTuple, Self

from confluent_kafka import KafkaError, KafkaException, Producer

from connectors.errors import Stop

logger = logging.getLogger(__name__)

# An open transaction holds back everyone who reads committed; ours are produced from memory and take milliseconds.
TRANSACTION_TIMEOUT_MS = 10_000
CALL_SECONDS_MAX = 15.0  # above the transaction's own timeout, so that the broker's word comes first
GIVE_UP_SECONDS = 120.0
REPEAT_PAUSE_SECONDS = 0.5

_FENCED = (KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED)


class Outgoing(NamedTuple):
    topic: str
    partition: int
    key: str
    value: bytes


class Delivery:
    """One transactional producer. Opening it fences any other with the same id and aborts what that left open."""

    def __init__(self, client: Mapping[str, str], transactional_id: str) -> None:
        self._transactional_id = transactional_id
        self._producer = Producer(
            {
                **client,
                "transactional.id": transactional_id,
                "transaction.timeout.ms": TRANSACTION_TIMEOUT_MS,
                "compression.type": "zstd",
                "linger.ms": 0,
            }
        )

    def __enter__(self) -> Self:
        self._insist(self._producer.init_transactions)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._producer.purge()
        self._producer.flush(1)  # takes note of what was purged, so that closing has nothing to warn of

    def partitions_of(self, topic: str) -> int:
        """How many partitions the topic has; 0 if there is none."""
        return len(self._producer.list_topics(topic, CALL_SECONDS_MAX).topics[topic].partitions)

    def send(self, records: Sequence[Outgoing]) -> None:
        """Writes all records in one transaction, repeated until it is committed.

        Raises Stop if a twin has taken over, or the broker refuses for good or stays away for GIVE_UP_SECONDS.
        """
        give_up_at = time.monotonic() + GIVE_UP_SECONDS
        while not self._try(records):
            if time.monotonic() > give_up_at:
                raise Stop(f"{self._transactional_id}: no transaction committed for {GIVE_UP_SECONDS:.0f} s")
            time.sleep(REPEAT_PAUSE_SECONDS)

    def _try(self, records: Sequence[Outgoing]) -> bool:
        """One transaction; False if it was aborted and may be repeated."""
        try:
            self._producer.begin_transaction()
            for record in records:
                self._produce(record)
            self._commit()
        except KafkaException as failure:
            error = self._survivable(failure)
            logger.warning("%s: transaction aborted, repeating it: %s", self._transactional_id, error)
            self._insist(self._producer.abort_transaction)
            return False
        return True

    def _produce(self, record: Outgoing) -> None:
        while True:
            try:
                self._producer.produce(record.topic, record.value, record.key.encode(), record.partition)
            except BufferError:
                self._producer.poll(REPEAT_PAUSE_SECONDS)
            else:
                return

    def _commit(self) -> None:
        self._insist(self._producer.commit_transaction)

    def _insist(self, call: Callable[[float], None]) -> None:
        """Repeats a transactional call while the client library says that the same call may be repeated."""
        give_up_at = time.monotonic() + GIVE_UP_SECONDS
        while True:
            try:
                return call(CALL_SECONDS_MAX)
            except KafkaException as failure:
                error: KafkaError = failure.args[0]
                if error.txn_requires_abort():
                    raise
                if not error.retriable() or time.monotonic() > give_up_at:
                    raise Stop(self._remedy(error)) from failure
                logger.warning("%s: %s; repeating the call", self._transactional_id, error)

    def _survivable(self, failure: KafkaException) -> KafkaError:
        error: KafkaError = failure.args[0]
        if error.txn_requires_abort() or error.retriable():
            return error
        raise Stop(self._remedy(error)) from failure

    def _remedy(self, error: KafkaError) -> str:
        if error.code() in _FENCED:
            return f"{self._transactional_id}: another poller with this id has taken over; run only one for a system"
        return f"{self._transactional_id}: Kafka refuses the transaction: {error}"
