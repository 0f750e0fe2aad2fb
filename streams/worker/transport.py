"""A Faust transport that hands agents one batch a partition, and starts each partition where its state stands.

Faust keeps the app, the agents, the membership and the partition assignor. What differs from its aiokafka driver:

- `getmany` yields one message a partition, whose value is the list of records; Faust's cost is paid once a batch;
- `seek_to_committed` asks our own progress records, not the group's offsets, which are only a hint for lag tools;
- `force_commit` writes that hint; the acknowledgement bookkeeping, wrong in 0.15.3, is not used;
- the consumer reads committed records only, and Faust's assignor is always on, so that equal partition numbers of all
  topics stay on one worker.

The private names overridden here are guarded by `tests/unit/test_faust_contract.py`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Set
from typing import Any, cast

import aiokafka
import faust
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

Positions = Callable[[Set[TP]], Awaitable[Mapping[TP, int]]]
REQUEST_TIMEOUT_MS = 40_000
FETCH_WAIT_MS = 100
"""How long the broker may sit on an empty fetch; a record arriving ends it at once."""


class BatchTopic(faust.Topic):
    """A topic whose events carry raw batches. Decoding is ours: in Faust a bad record would end the agent."""

    def _compile_decode(self) -> None:
        self.decode = self._pass_on  # type: ignore[method-assign]

    async def _pass_on(self, message: Any, *, propagate: bool = False) -> Any:
        return self._create_event(None, message.value, None, message=message)


class ConsumerThread(driver.AIOKafkaConsumerThread):
    async def on_start(self) -> None:
        await super().on_start()
        cast(Any, self.app).connected = True

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        conf = self.app.conf
        self._assignor = self.app.assignor
        return aiokafka.AIOKafkaConsumer(
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            bootstrap_servers=driver.server_list(transport.url, transport.default_port),
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_poll_interval_ms=int((conf.broker_max_poll_interval or 300) * 1000),
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            **driver.credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
        )

    async def seek_to_committed(self) -> Mapping[TP, int]:
        positions = await cast(Consumer, self.consumer).positions(self.assignment())
        await self.call_thread(self._seek_all, positions)
        return positions

    async def _seek_all(self, positions: Mapping[TP, int]) -> None:
        consumer = self._ensure_consumer()
        for tp, offset in positions.items():
            consumer.seek(driver.ensure_aiokafka_TP(tp), offset)


class Consumer(driver.Consumer):
    positions: Positions
    """Set by the worker: where each partition resumes."""
    hints: Callable[[], Mapping[TP, int]]
    """Set by the worker: committed positions, for lag tools."""

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:
        records, _ = await self._wait_next_records(timeout)
        generation = self.app.consumer_generation_id
        for theirs, batch in (records or {}).items():
            tp = TP(*theirs)  # aiokafka's own kind: Faust resumes what it is given, and then refuses it as no TP
            if self.should_stop or not self.flow_active or generation != self.app.consumer_generation_id:
                return
            # Also if its partition was paused meanwhile: the position is behind the batch, nobody reads it again.
            if batch:
                yield tp, self._batch_message(tp, batch)

    def _batch_message(self, tp: TP, batch: list[Any]) -> ConsumerMessage:
        last = batch[-1]
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1000.0,
            last.timestamp_type,
            None,
            None,
            batch,  # type: ignore[arg-type]
            None,
            0,
            0,
            tp,
            # A stream skips, without a word, a message of another generation or of none.
            generation_id=self.app.consumer_generation_id,
        )

    async def go_to(self, positions: Mapping[TP, int]) -> None:
        """Fetch these partitions from these offsets on. Runs in the consumer's thread: a seek from any other, as
        Faust's own, interferes with a fetch under way and ends the consumer. Raises IllegalStateError if a partition
        was revoked meanwhile."""
        thread = cast(ConsumerThread, self._thread)
        await thread.call_thread(thread._seek_all, positions)
        self._read_offset.update(positions)  # Faust drops, as read before, what lies below

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        self._acked.clear()
        self._acked_index.clear()
        hints = {tp: offset for tp, offset in self.hints().items() if tp in self.assignment()}
        return bool(hints) and await self._commit(hints)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Positions come from progress records; gaps need no bookkeeping."""


class Transport(driver.Transport):
    Consumer = Consumer
