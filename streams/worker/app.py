"""The Faust app of a worker: one agent a stage, over the batch transport."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import faust
from aiokafka.errors import IllegalStateError
from confluent_kafka import Producer
from faust.types import TP

from schemas import topics
from schemas.codec import Codec
from streams.inputs import Stage
from streams.settings import Settings
from streams.worker.credentials import credentials
from streams.worker.inbox import BACKLOG_HIGH, BACKLOG_LOW
from streams.worker.shards import Shards
from streams.worker.transport import BatchTopic, Consumer, Transport

log = logging.getLogger(__name__)
SEEK_SECONDS_MAX = 4 * 3600.0


class WorkerApp(faust.App):
    """Faust's app with our transport; `shards` are opened and let go with its rebalances."""

    shards: Shards
    bootstrap: str
    """Where the broker is, for messages."""
    failure: BaseException | None = None
    on_fatal: Callable[[], None]
    """Set by the worker: what to do when a shard cannot go on."""
    connected = False
    """Whether our consumer is connected to the broker; joining the group comes after."""
    joined = False
    """Whether the group has assigned us partitions at least once."""

    def fail(self, problem: BaseException) -> None:
        """The worker cannot go on. The first problem is kept: it is the cause of later ones."""
        self.failure = self.failure or problem
        self.on_fatal()

    def _new_transport(self) -> Any:
        return Transport(self.conf.broker_consumer, self)

    def _new_consumer(self) -> Any:
        consumer = super()._new_consumer()
        assert isinstance(consumer, Consumer)
        consumer.positions = self.shards.positions
        consumer.hints = self.shards.hints
        self.shards.pause, self.shards.admit = consumer.pause_partitions, self._admit
        return consumer

    async def _on_partitions_revoked(self, revoked: set[TP]) -> None:
        await super()._on_partitions_revoked(revoked)
        await self.shards.hold()

    async def _on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        if not self.should_stop:
            await self.shards.own(assigned)
            self.shards.follow(self.assignor.assigned_standbys())
            self.joined = True
        await super()._on_partitions_assigned(assigned, generation_id)

    async def _admit(self, positions: Mapping[TP, int]) -> None:
        with suppress(IllegalStateError):  # revoked meanwhile: the next assignment asks for positions again
            await self.consumer.go_to(positions)  # type: ignore[attr-defined]
            self.consumer.resume_partitions(positions.keys())


def build(settings: Settings, stages: Mapping[str, Stage], codec: Codec, partitions: int) -> WorkerApp:
    """The app, ready to run: agents subscribed, nothing connected yet."""
    app = WorkerApp(
        settings.application,
        broker=f"kafka://{settings.kafka_bootstrap}",
        datadir=str(settings.data_folder / "faust"),
        store="memory://",
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        autodiscover=False,
        stream_wait_empty=False,
        Topic=BatchTopic,
        broker_session_timeout=settings.session_timeout_seconds,
        # After this time Faust would go on without our seek. The watchdog ends the process long before.
        broker_request_timeout=SEEK_SECONDS_MAX,
        # A worker whose partitions all wait for their restores fetches nothing, and must not leave the group for that.
        broker_max_poll_interval=SEEK_SECONDS_MAX,
        # A member learns of a rebalance in the answer to its heartbeat, so this bounds how long that takes.
        broker_heartbeat_interval=min(1.0, settings.session_timeout_seconds / 4),
        broker_commit_interval=2.0,
        consumer_max_fetch_size=4 * 1024 * 1024,
        consumer_group_instance_id=settings.instance_id,
        table_standby_replicas=settings.standby_replicas,
        **credentials(settings.kafka_client),
    )
    app.bootstrap = settings.kafka_bootstrap
    app.shards = Shards(settings, stages, codec, partitions, crash=app.fail)
    by_stage: dict[str, list[str]] = {}
    for topic, stage in stages.items():
        by_stage.setdefault(stage.name, []).append(topic)
    for name, names in by_stage.items():
        app.agent(app.topic(*names), name=name)(_agent(app))
    app.task(_probe_sources(app, settings, stages, codec))
    return app


def _agent(app: WorkerApp) -> Any:
    async def feed(stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            backlog = app.shards.submit(message.tp, message.value)
            if backlog > BACKLOG_HIGH:
                await _wait_for_ebb(app, message.tp)

    return feed


async def _wait_for_ebb(app: WorkerApp, tp: TP) -> None:
    """Backpressure: stop fetching this partition until its shard has caught up."""
    app.consumer.pause_partitions({tp})
    runner = app.shards.runner(tp)
    while runner.backlog > BACKLOG_LOW and runner.paused is None:  # noqa: ASYNC110 - an event would cost the hot path
        await asyncio.sleep(0.01)
    if runner.paused is None and app.shards.owns(tp, runner):
        app.consumer.resume_partitions({tp})


def _probe_sources(app: WorkerApp, settings: Settings, stages: Mapping[str, Stage], codec: Codec) -> Any:
    """Every second, put a probe into each source topic: identify answers it with the age of the watermark, behind all
    that the source has sent. Only the worker that owns the fleet shard does."""

    async def probe() -> None:
        producer = Producer(settings.client | {"acks": "1", "linger.ms": 5})
        sources = [topic for topic in stages if topic.startswith(topics.source_topic(""))]
        partitions = app.shards.partitions
        while not app.should_stop:
            await asyncio.sleep(1.0)
            if ("fleet", 0) in app.shards.runners:
                now = time.time_ns() // 1000
                for topic in sources:
                    system = topic.removeprefix(topics.source_topic(""))
                    value = codec.encode(topic, "SourceProbe", {"system": system, "observed_at": now})
                    for partition in range(partitions):
                        producer.produce(topic, value, b"", partition)
                producer.poll(0)

    return probe
