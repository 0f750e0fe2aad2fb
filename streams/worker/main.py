"""`driftwise worker`: run the stages until told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
from pathlib import Path

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from schemas.codec import Codec
from schemas.registry import HttpRegistry
from streams.governance import Governance, load
from streams.settings import Settings
from streams.worker import interpreter, wiring
from streams.worker.app import WorkerApp, build
from streams.worker.health import WorkerHealth, serve
from streams.worker.metrics import WorkerCollector

log = logging.getLogger(__name__)


def run(settings: Settings, *, port_file: Path | None = None) -> int:
    """Run the worker in this process; returns its exit code: 0 after SIGTERM or SIGINT, 1 where a shard had to stop it,
    3 where the watchdog did. `port_file`: where to write the port of /metrics."""
    logging.getLogger("faust").setLevel(logging.WARNING)
    logging.getLogger("mode").setLevel(logging.WARNING)
    governance = load(*settings.governance_folders)
    codec = Codec(HttpRegistry(settings.registry_url))
    wiring.prepare(codec, governance)
    wiring.check_topics(settings, governance)
    settings.data_folder.mkdir(parents=True, exist_ok=True)
    return asyncio.run(_run(settings, codec, governance, port_file))


async def _run(settings: Settings, codec: Codec, governance: Governance, port_file: Path | None) -> int:
    app = build(settings, wiring.stages(governance), codec, governance.partitions)
    health = WorkerHealth(app, settings.stuck_after_seconds)
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    registry.register(WorkerCollector(app, governance))
    server, port = await serve(settings.metrics_host, settings.metrics_port, registry, health.alive, health.ready)
    if port_file is not None:
        port_file.write_text(str(port))  # noqa: ASYNC240 - once, before the work begins
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    try:
        return await _until_stopped(app, health, stopping)
    finally:
        await app.shards.close()
        await server.cleanup()


async def _until_stopped(app: WorkerApp, health: WorkerHealth, stopping: asyncio.Event) -> int:
    app.in_worker = True
    app.on_fatal = stopping.set
    app.finalize()
    interpreter.tune()
    await app.start()
    ticking = asyncio.create_task(health.tick())
    waiting = asyncio.create_task(stopping.wait())
    done, _ = await asyncio.wait({ticking, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if ticking in done:
        ticking.result()
    ticking.cancel()
    await app.shards.close()
    await app.stop()
    if app.failure is not None:
        log.error("stopped: %s", app.failure)
        return 1
    return 0
