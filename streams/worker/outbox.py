"""The outbox: one transactional producer a shard; a transaction holds a commit's outputs, changed state and progress.

`init_transactions` of a new owner fences the old one at the broker (KIP-98), so two workers that both believe they own
a partition cannot both write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from streams.worker.sizes import LETTER_BYTES_MAX, Unwritable

TRANSACTION_TIMEOUT_SECONDS = 10
"""Short: an open transaction holds back everyone who reads committed records (contracts 1)."""
CALL_TIMEOUT_SECONDS = 8.0
"""Below the time-outs of the transaction and the group session: a blocked broker call must end before we are declared
dead."""
ASK_AGAIN_SECONDS = 1.0
"""For the second try; both together are still below those time-outs."""
_NEVER = (KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE, KafkaError.INVALID_RECORD)
"""Errors of a record that the broker will never take."""
BY_KEY = -1
"""Instead of a partition: the producer hashes the key, as all our producers do."""


Outgoing = tuple[str, int, bytes, bytes | None, tuple[tuple[str, bytes], ...]]
"""Topic, partition, key, value, headers. A plain tuple, because every change makes two."""

Delivered = Callable[[KafkaError | None, Message], None]
_NOBODY: Mapping[int, Delivered] = {}


class Fenced(Exception):
    """Stop: another worker owns this partition now. Nothing to mend; this worker must leave."""


class CommitFailed(Exception):
    """Stop: the broker refused or did not answer a transaction. The restart resumes at the last finished commit."""


class Outbox:
    def __init__(self, client: Mapping[str, Any], transactional_id: str) -> None:
        self._id = transactional_id
        self._producer = Producer(
            dict(client)
            | {
                "transactional.id": transactional_id,
                "transaction.timeout.ms": TRANSACTION_TIMEOUT_SECONDS * 1000,
                "acks": "all",
                "linger.ms": 1,
                "socket.nagle.disable": True,  # a transaction is several small requests, each awaited
                "compression.type": "lz4",
                "partitioner": "murmur2",  # in C, and the same as `topics.partition_for` and Java's
                "message.max.bytes": LETTER_BYTES_MAX,
                "queue.buffering.max.messages": 500_000,
            }
        )
        self._changelog_end: int | None = None

    def fence(self) -> None:
        """Take the shard over; returns once the previous owner can no longer write."""
        try:
            self._producer.init_transactions(30)
        except KafkaException as problem:
            raise CommitFailed(f"{self._id}: cannot start transactions: {problem}; is the broker up?") from problem

    def commit(
        self,
        outgoing: Sequence[Outgoing],
        changelog: Iterable[Outgoing],
        progress: Outgoing,
        told: Mapping[int, Delivered] = _NOBODY,
    ) -> int:
        """Write all of it or nothing; returns the changelog offset behind its last record, the progress record. Blocks:
        call it in a thread.

        Raises Unwritable if a record is at fault; then no transaction is open and another commit may be tried.

        `told`: number of an outgoing record -> its delivery callback, for offsets that are needed. A record that is not
        delivered fails the transaction anyway (KIP-98), and a callback for each would cost more than all the rest."""
        self._changelog_end = None
        try:
            self._producer.begin_transaction()
            done = 0
            for number in sorted(told):
                self._produce(outgoing[done:number])
                self._produce([outgoing[number]], on_delivery=told[number])
                done = number + 1
            self._produce(chain(outgoing[done:], changelog))
            self._produce([progress], on_delivery=self._logged)
            self._end_transaction()
        except KafkaException as problem:
            raise self._explain(problem) from problem
        if self._changelog_end is None:
            raise CommitFailed(f"{self._id}: committed, but nobody said where its progress record lies")
        return self._changelog_end

    def _end_transaction(self) -> None:
        """A worker that was suspended during the call wakes to a time-out, though the broker was never asked. So it is
        asked once more: it commits, or says that another owner has fenced us."""
        try:
            self._producer.commit_transaction(CALL_TIMEOUT_SECONDS)
        except KafkaException as problem:
            if not problem.args[0].retriable():
                raise
            self._producer.commit_transaction(ASK_AGAIN_SECONDS)

    def _produce(self, records: Iterable[Outgoing], **callback: Any) -> None:
        produce, plain = self._producer.produce, not callback
        for topic, partition, key, value, headers in records:
            while True:
                try:
                    if plain and not headers:
                        produce(topic, value, key, partition)
                    else:
                        produce(topic, value, key, partition, headers=list(headers), **callback)
                    break
                except BufferError:
                    self._producer.poll(0.1)

    def _logged(self, error: KafkaError | None, message: Message) -> None:
        if error is None:
            # The offset behind it: transaction markers follow, a restore from here skips them.
            self._changelog_end = (message.offset() or 0) + 1

    def _explain(self, problem: KafkaException) -> Exception:
        error: KafkaError = problem.args[0]
        fenced = (KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED)
        if error.code() in fenced:
            return Fenced(f"{self._id}: another worker took this partition over")
        if error.code() in _NEVER:
            self._abort()
            return Unwritable(f"{self._id}: {error.str()}")
        if error.txn_requires_abort():
            self._abort()
        return CommitFailed(f"{self._id}: {error.str()}; the restart resumes at the last finished commit")

    def _abort(self) -> None:
        with suppress(KafkaException):  # the next owner's init_transactions aborts it
            self._producer.abort_transaction(CALL_TIMEOUT_SECONDS)

    def close(self) -> None:
        self._producer.purge()
