"""`driftwise worker`: run the stages until told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from schemas.codec import Codec
from schemas.errors import OperatorError
from schemas.registry import HttpRegistry, NoRegistry
from streams.governance import Governance, load
from streams.settings import Settings
from streams.worker import interpreter, wiring
from streams.worker.allocator import give_back_large_blocks
from streams.worker.app import WorkerApp, build
from streams.worker.ending import STUCK, Ending
from streams.worker.event_loop import choose_loop
from streams.worker.health import WorkerHealth, serve
from streams.worker.metrics import WorkerCollector

log = logging.getLogger(__name__)


class CannotStart(OperatorError):
    """Stop: the text says what did not answer, and the remedy."""


def run(settings: Settings, *, port_file: Path | None = None) -> int:
    """Run the worker in this process; returns its exit code: 0 after SIGTERM or SIGINT, 1 where a shard had to stop it,
    3 where the watchdog did. `port_file`: where to write the port of /metrics."""
    logging.getLogger("faust").setLevel(logging.WARNING)
    logging.getLogger("mode").setLevel(logging.WARNING)
    give_back_large_blocks()
    governance = load(*settings.governance_folders)
    codec = Codec(HttpRegistry(settings.registry_url, settings.registry_client))
    _register(codec, governance)
    _check_topics(settings, governance)
    settings.data_folder.mkdir(parents=True, exist_ok=True)
    choose_loop()
    return asyncio.run(_run(settings, codec, governance, port_file))


def _register(codec: Codec, governance: Governance) -> None:
    try:
        wiring.prepare(codec, governance)
    except NoRegistry as problem:
        raise CannotStart(f"cannot start: {problem}") from None


def _check_topics(settings: Settings, governance: Governance) -> None:
    try:
        wiring.check_topics(settings, governance)
    except KafkaException as problem:
        raise _cannot_start(problem, settings.kafka_bootstrap) from None


def _cannot_start(problem: Exception, bootstrap: str) -> CannotStart:
    return CannotStart(f"cannot start: {problem}; check that the broker at {bootstrap} is up and lets us in")


async def _run(settings: Settings, codec: Codec, governance: Governance, port_file: Path | None) -> int:
    app = build(settings, wiring.stages(governance), codec, governance.partitions)
    health = WorkerHealth(app, settings.stuck_after_seconds)
    stopping = asyncio.Event()
    ending = Ending(lambda: health.ticked, settings.stuck_after_seconds)
    ending.watch()
    _end_on_signals(ending, stopping)
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    registry.register(WorkerCollector(app, governance))
    server, port = await serve(settings.metrics_host, settings.metrics_port, registry, health.alive, health.ready)
    if port_file is not None:
        port_file.write_text(str(port))  # noqa: ASYNC240 - once, before the work begins
    try:
        code = await _until_stopped(app, health, stopping)
        ending.begin(code)
        await app.shards.close()
        await app.stop()
        return code
    finally:
        ending.begin(1)
        await app.shards.close()
        await server.cleanup()


def _end_on_signals(ending: Ending, stopping: asyncio.Event) -> None:
    """Not by the event loop: it may be what is blocked."""
    loop = asyncio.get_running_loop()

    def end(number: int, frame: Any) -> None:
        ending.begin(0)
        with suppress(RuntimeError):  # the loop has ended, the process not yet
            loop.call_soon_threadsafe(stopping.set)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


async def _until_stopped(app: WorkerApp, health: WorkerHealth, stopping: asyncio.Event) -> int:
    """Run the app until it is told to stop, cannot go on or stands still; returns the exit code for that. Starting it
    already waits for the broker and the group, so that is watched as well."""
    app.in_worker = True
    app.on_fatal = stopping.set
    app.finalize()
    interpreter.tune()
    starting = asyncio.create_task(_start(app))
    ticking = asyncio.create_task(health.tick())
    waiting = asyncio.create_task(stopping.wait())
    await asyncio.wait({ticking, waiting}, return_when=asyncio.FIRST_COMPLETED)
    for task in (starting, waiting):
        task.cancel()
    if ticking.done():
        log.critical("%s; ending the process, a restart resumes at the last commit", ticking.result())
        return STUCK
    ticking.cancel()
    if app.failure is not None:
        log.error("stopped: %s", app.failure)
        return 1
    return 0


async def _start(app: WorkerApp) -> None:
    try:
        await app.start()
    except Exception as problem:  # noqa: BLE001 - whatever it was, this worker cannot begin
        app.fail(_cannot_start(problem, app.bootstrap))
