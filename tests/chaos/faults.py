"""Where a commit may break, and how: a table of faults, each put into the one commit that it is meant for.

A commit is begin, produce, commit of the transaction, then the batch into the store (contracts 1)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException

from streams.worker.outbox import Outbox
from tables.state import RocksState, encode
from tables.view import Value

DIED = 86
"""Exit code of a worker that a fault ended on the spot, without a goodbye."""
DELIVERED_SECONDS = 10
Break = Callable[["FaultyProducer"], None]


class Fault(NamedTuple):
    """What happens at each step of the commit; None: it goes as always."""

    before_begin: Break | None = None
    amid_produces: Break | None = None
    before_commit: Break | None = None
    after_commit: Break | None = None
    tears_store: bool = False
    """The batch reaches the store's log in part."""

    @property
    def is_deadly(self) -> bool:
        """The worker ends on the spot; else it has its say."""
        return self.tears_store or any(step in (die, die_with_all_delivered) for step in self)


def die(producer: FaultyProducer) -> None:
    os._exit(DIED)


def die_with_all_delivered(producer: FaultyProducer) -> None:
    """The broker has every record of the transaction, and never hears its end."""
    producer.real.flush(DELIVERED_SECONDS)
    die(producer)


def time_out(producer: FaultyProducer) -> None:
    """As librdkafka says it: retriable, so nothing is known of what became of it."""
    raise KafkaException(KafkaError(KafkaError._TIMED_OUT, "injected"))


def refuse(producer: FaultyProducer) -> None:
    raise KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED, "injected"))


def lose_records(producer: FaultyProducer) -> None:
    """What is on its way is never delivered; the transaction has to notice."""
    producer.real.purge(in_queue=True, in_flight=True)


FAULTS: dict[str, Fault] = {
    "dies before the transaction": Fault(before_begin=die),
    "refused before the transaction": Fault(before_begin=refuse),
    "dies amid the transaction": Fault(amid_produces=die),
    "dies with all records delivered": Fault(before_commit=die_with_all_delivered),
    "refused amid the transaction": Fault(amid_produces=refuse),
    "records lost amid the transaction": Fault(before_commit=lose_records),
    "times out before the transaction ends": Fault(before_commit=time_out),
    "times out though the transaction ended": Fault(after_commit=time_out),
    "dies between transaction and store": Fault(after_commit=die),
    "dies amid the write to the store": Fault(tears_store=True),
}


class FaultyProducer:
    """A producer that breaks in one of its transactions."""

    def __init__(self, real: Any, fault: Fault, is_chosen: Callable[[], bool]) -> None:
        self.real = real
        self._fault, self._is_chosen, self._chosen = fault, is_chosen, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def begin_transaction(self) -> None:
        self._chosen = self._is_chosen()
        self._break(self._fault.before_begin)
        self.real.begin_transaction()

    def produce(self, *record: Any, **callback: Any) -> None:
        self.real.produce(*record, **callback)
        self._break(self._fault.amid_produces)

    def commit_transaction(self, timeout: float) -> None:
        self._break(self._fault.before_commit)
        self.real.commit_transaction(timeout)
        self._break(self._fault.after_commit)

    def _break(self, how: Break | None) -> None:
        if self._chosen and how is not None:
            how(self)


def outbox_with(fault: Fault, stage: str, nth: int) -> type[Outbox]:
    is_chosen = _only(nth)

    class FaultyOutbox(Outbox):
        def __init__(self, client: Any, transactional_id: str) -> None:
            super().__init__(client, transactional_id)
            if f"-{stage}-" in transactional_id:
                self._producer: Any = FaultyProducer(self._producer, fault, is_chosen)

    return FaultyOutbox


def tear_store(stage: str, nth: int) -> None:
    """Cut the log of the store within the batch just written: what a crash amid the write leaves behind."""
    whole, is_chosen = RocksState.commit, _only(nth)

    def torn(state: RocksState, pending: Iterable[Any], progress: Value) -> None:
        records = list(pending)
        whole(state, records, progress)
        if state._folder.name.startswith(f"{stage}-") and is_chosen():
            _cut(state._folder, len(encode(progress)) // 2)
            os._exit(DIED)

    RocksState.commit = torn  # type: ignore[assignment,method-assign]


def _only(nth: int) -> Callable[[], bool]:
    """Says yes to the nth commit; those of several shards run in threads."""
    numbers = count(1)
    return lambda: next(numbers) == nth


def _cut(folder: Path, size_bytes: int) -> None:
    log = max(folder.glob("*.log"), key=lambda file: file.stat().st_mtime_ns)
    os.truncate(log, log.stat().st_size - size_bytes)
