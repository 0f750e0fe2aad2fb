"""What our transport and app take for granted about Faust and aiokafka, much of it private: a new release of either has
to pass here before anything else."""

from __future__ import annotations

import asyncio
import inspect
import tomllib
from collections.abc import AsyncIterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aiokafka
import faust
import pytest
from aiokafka.structs import ConsumerRecord
from faust.assignor.partition_assignor import PartitionAssignor
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from packaging.requirements import Requirement

from schemas.codec import Codec
from schemas.registry import DictRegistry
from streams.governance import load
from streams.settings import Settings
from streams.worker import transport, wiring
from streams.worker.app import WorkerApp, build
from tests.stack import ROOT

Thread = driver.AIOKafkaConsumerThread
PARAMETERS: list[tuple[Any, str, tuple[str, ...]]] = [
    # (class, method, its parameters): what we override ...
    (driver.Consumer, "_new_consumer_thread", ()),
    (driver.Consumer, "getmany", ("timeout",)),
    (driver.Consumer, "force_commit", ("topics", "start_new_transaction")),
    (driver.Consumer, "_add_gap", ("tp", "offset_from", "offset_to")),
    (Thread, "_create_worker_consumer", ("transport",)),
    (Thread, "seek_to_committed", ()),
    (Thread, "on_start", ()),
    (faust.Topic, "_compile_decode", ()),
    (faust.Topic, "decode", ("message", "propagate")),
    (faust.App, "_new_transport", ()),
    (faust.App, "_new_consumer", ()),
    (faust.App, "_on_partitions_revoked", ("revoked",)),
    (faust.App, "_on_partitions_assigned", ("assigned", "generation_id")),
    # ... and what we call
    (driver.Consumer, "_wait_next_records", ("timeout",)),
    (driver.Consumer, "_commit", ("offsets",)),
    (driver.Consumer, "assignment", ()),
    (driver.Consumer, "highwater", ("tp",)),
    (driver.Consumer, "pause_partitions", ("tps",)),
    (driver.Consumer, "resume_partitions", ("tps",)),
    (driver.Consumer, "seek", ("partition", "offset")),
    (PartitionAssignor, "assigned_standbys", ()),
    (Thread, "assignment", ()),
    (Thread, "call_thread", ("fun", "args", "kwargs")),
    (Thread, "_ensure_consumer", ()),
    (faust.Topic, "_create_event", ("key", "value", "headers", "message")),
]
COROUTINES = [
    (driver.Consumer, "force_commit"),
    (driver.Consumer, "_add_gap"),
    (driver.Consumer, "_commit"),
    (driver.Consumer, "_wait_next_records"),
    (Thread, "seek_to_committed"),
    (Thread, "on_start"),
    (Thread, "call_thread"),
    (faust.App, "_on_partitions_revoked"),
    (faust.App, "_on_partitions_assigned"),
]
LIBRARIES = ("faust-streaming", "mode-streaming", "aiokafka")
HERE = TP("src.crm", 0)


@pytest.mark.parametrize(("owner", "name", "parameters"), PARAMETERS, ids=lambda v: getattr(v, "__name__", str(v)))
def test_a_method_that_we_override_or_call_has_the_parameters_we_know(
    owner: Any, name: str, parameters: tuple[str, ...]
) -> None:
    assert tuple(inspect.signature(getattr(owner, name)).parameters)[1:] == parameters


@pytest.mark.parametrize(("owner", "name"), COROUTINES, ids=lambda v: getattr(v, "__name__", str(v)))
def test_what_we_await_is_a_coroutine(owner: Any, name: str) -> None:
    assert inspect.iscoroutinefunction(getattr(owner, name))


@pytest.mark.parametrize("ours", [transport.Consumer, transport.ConsumerThread, transport.BatchTopic, WorkerApp])
def test_every_private_method_of_ours_that_faust_should_call_exists_there(ours: type) -> None:
    own = {"_batch_message", "_seek_all", "_pass_on", "_admit", "go_to", "fail"}
    (above,) = ours.__bases__
    overridden = {name for name, value in vars(ours).items() if inspect.isfunction(value)} - own

    assert overridden
    assert {name for name in overridden if not hasattr(above, name)} == set()


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_installed_version_is_the_pinned_one(library: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (pinned,) = [r for r in map(Requirement, project["dependencies"]) if r.name == library]

    assert {s.operator for s in pinned.specifier} == {"=="}
    assert version(library) in pinned.specifier


def test_a_message_knows_its_generation() -> None:
    names = list(inspect.signature(ConsumerMessage).parameters)

    assert names[:11] == [
        "topic", "partition", "offset", "timestamp", "timestamp_type", "headers", "key", "value", "checksum",
        "serialized_key_size", "serialized_value_size",
    ]  # fmt: skip
    assert "generation_id" in names


@pytest.fixture
def app(tmp_path: Path) -> WorkerApp:
    """The worker's app as it is built, never started: no broker is asked."""
    governance = load()
    settings = Settings("localhost:1", "http://localhost:1", data_folder=tmp_path, instance_id="one")
    return build(settings, wiring.stages(governance), Codec(DictRegistry()), governance.partitions)


def record(offset: int, tp: TP = HERE) -> Any:
    return ConsumerRecord(tp.topic, tp.partition, offset, 1_000 + offset, 0, b"k", b"v", None, 1, 1, ())


def test_faust_makes_our_consumer_and_our_thread(app: WorkerApp) -> None:
    async def made() -> Any:
        return app.consumer

    consumer = asyncio.run(made())

    assert type(consumer) is transport.Consumer
    assert type(consumer._thread) is transport.ConsumerThread
    assert (consumer.positions, consumer.hints) == (app.shards.positions, app.shards.hints)
    assert isinstance(consumer._acked, dict)
    assert isinstance(consumer._acked_index, dict)


def test_aiokafka_takes_our_settings_and_reads_committed_records_only(app: WorkerApp) -> None:
    async def made() -> tuple[Any, Any]:
        consumer: Any = app.consumer
        return consumer._thread._create_worker_consumer(app.transport), app.assignor

    kafka, assignor = asyncio.run(made())

    assert isinstance(kafka, aiokafka.AIOKafkaConsumer)
    assert (kafka._isolation_level, kafka._enable_auto_commit) == ("read_committed", False)
    assert (kafka._group_id, kafka._group_instance_id) == ("driftwise", "one")
    # Faust's assignor keeps equal partition numbers of all topics on one worker.
    assert kafka._partition_assignment_strategy == [assignor]


async def fetched(
    app: WorkerApp, records: dict[TP, list[Any]], active: set[TP] | None = None, rebalance_after: int = 99
) -> list[tuple[TP, Any]]:
    """What getmany yields of these records; the group's generation changes after so many batches."""
    consumer: Any = app.consumer

    async def next_records(timeout: float) -> Any:
        return records, active

    consumer._wait_next_records = next_records
    consumer.flow_active = True
    found = []
    async for tp, message in consumer.getmany(1.0):
        found.append((tp, message))
        if len(found) == rebalance_after:
            app.consumer_generation_id += 1
    return found


def test_a_fetch_becomes_one_message_a_partition_whose_value_is_the_batch(app: WorkerApp) -> None:
    other = TP("src.erp", 0)
    batch = [record(5), record(6), record(9)]

    found = asyncio.run(fetched(app, {HERE: batch, other: [record(1, other)]}))

    assert [tp for tp, _ in found] == [HERE, other]
    message = found[0][1]
    assert message.value is batch
    assert (message.tp, message.offset, message.timestamp) == (HERE, 9, 1.009)
    assert message.generation_id == app.consumer_generation_id


def test_a_batch_in_hand_is_delivered_though_its_partition_was_paused_meanwhile(app: WorkerApp) -> None:
    other = TP("src.erp", 0)

    found = asyncio.run(fetched(app, {HERE: [record(1)], other: [record(1, other)]}, active={other}))

    assert [tp for tp, _ in found] == [HERE, other]


def test_a_rebalance_in_the_middle_of_a_fetch_ends_it(app: WorkerApp) -> None:
    other = TP("src.erp", 0)

    found = asyncio.run(fetched(app, {HERE: [record(1)], other: [record(1, other)]}, rebalance_after=1))

    assert [tp for tp, _ in found] == [HERE]


async def streamed(app: WorkerApp, generations: list[int]) -> list[Any]:
    """What an agent's stream gives for one batch a generation, after all have been decoded as the conductor does."""
    consumer: Any = app.consumer
    app.flow_control.resume()
    topic = app.topic(HERE.topic)
    stream = topic.stream()
    app.consumer_generation_id = generations[-1]
    for number, generation in enumerate(generations):
        message = consumer._batch_message(HERE, [record(10 * number), record(10 * number + 1)])
        message.generation_id = generation
        await stream.channel.put(await topic.decode(message, propagate=True))
    events: AsyncIterator[Any] = stream.events().__aiter__()
    return [await asyncio.wait_for(anext(events), 5)]


def test_a_batch_passes_through_a_stream_as_one_event_with_its_list(app: WorkerApp) -> None:
    (event,) = asyncio.run(streamed(app, [3]))

    assert [r.offset for r in event.message.value] == [0, 1]
    assert event.value is event.message.value
    assert event.message.tp == HERE


def test_a_stream_skips_batches_of_an_earlier_generation_without_a_word(app: WorkerApp) -> None:
    """Why a message must carry its generation: one without would be skipped just so."""
    (event,) = asyncio.run(streamed(app, [2, 3]))

    assert [r.offset for r in event.message.value] == [10, 11]


async def committed(app: WorkerApp, positions: dict[str, int], assigned: set[TP]) -> tuple[Any, Any]:
    consumer: Any = app.consumer
    sent: list[dict[TP, int]] = []

    async def commit(offsets: dict[TP, int]) -> bool:
        sent.append(offsets)
        return True

    consumer._commit, consumer.assignment = commit, lambda: assigned
    consumer.hints = lambda: {TP(topic, 0): offset for topic, offset in positions.items()}
    consumer._acked[HERE].append(99)
    return await consumer.force_commit(), (sent, dict(consumer._acked))


def test_what_is_committed_to_the_group_are_our_positions_not_what_streams_acknowledged(app: WorkerApp) -> None:
    done, (sent, acked) = asyncio.run(committed(app, {"src.crm": 7, "src.erp": 8}, {HERE}))

    assert done
    assert sent == [{HERE: 7}]
    assert acked == {}


def test_without_a_position_nothing_is_committed_to_the_group(app: WorkerApp) -> None:
    done, (sent, _) = asyncio.run(committed(app, {}, {HERE}))

    assert not done
    assert sent == []


def test_each_partition_is_sought_to_where_its_state_stands(app: WorkerApp) -> None:
    async def sought() -> tuple[Any, list[tuple[Any, int]]]:
        consumer: Any = app.consumer
        thread, seeks = consumer._thread, []

        class Kafka:
            def seek(self, tp: Any, offset: int) -> None:
                seeks.append((tp, offset))

        async def positions(assigned: set[TP]) -> dict[TP, int]:
            return dict.fromkeys(assigned, 42)

        async def call_thread(fun: Any, *args: Any) -> Any:
            return await fun(*args)

        consumer.positions = positions
        thread.assignment, thread.call_thread, thread._ensure_consumer = lambda: {HERE}, call_thread, Kafka
        return await thread.seek_to_committed(), seeks

    positions, seeks = asyncio.run(sought())

    assert positions == {HERE: 42}
    assert seeks == [(driver.ensure_aiokafka_TP(HERE), 42)]


def test_a_partition_is_sought_in_the_thread_that_fetches(app: WorkerApp) -> None:
    async def sought() -> list[tuple[Any, Any]]:
        consumer: Any = app.consumer
        thread, asked = consumer._thread, []

        async def call_thread(fun: Any, *args: Any) -> None:
            asked.append((fun, *args))

        thread.call_thread = call_thread
        await app._admit({HERE: 42})
        return asked

    consumer: Any = app.consumer

    assert asyncio.run(sought()) == [(consumer._thread._seek_all, {HERE: 42})]
