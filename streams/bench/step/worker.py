"""Our contestant: the worker's own app, shards, outbox and store, with judge as its only stage, in its own process."""

from __future__ import annotations

import asyncio
import logging
import signal
from pathlib import Path
from typing import Any

import click

from schemas import topics
from streams.bench.step.log import codec, governance
from streams.judge.stage import Judge
from streams.settings import Settings
from streams.worker import interpreter
from streams.worker.app import WorkerApp, build


@click.command()
@click.option("--bootstrap", required=True)
@click.option("--run", required=True, help="Names consumer group and transactional ids.")
@click.option("--folder", required=True, type=click.Path(path_type=Path))
@click.option("--done-file", required=True, type=click.Path(path_type=Path))
@click.option("--commit-interval-seconds", type=float, default=None)
def main(bootstrap: str, run: str, folder: Path, done_file: Path, commit_interval_seconds: float | None) -> None:
    """Judge until told to stop by SIGTERM; the log goes to standard error."""
    logging.basicConfig(level=logging.WARNING)
    given: dict[str, Any] = {}
    if commit_interval_seconds is not None:
        given["commit_interval_seconds"] = commit_interval_seconds
    governed = governance()
    settings = Settings(bootstrap, "", application=run, data_folder=folder, **given)
    app = build(settings, {topics.CHANGES: Judge(governed)}, codec(), governed.partitions)
    raise SystemExit(asyncio.run(_run(app, done_file)))


async def _run(app: WorkerApp, done_file: Path) -> int:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    app.in_worker, app.on_fatal = True, stopping.set
    app.finalize()
    interpreter.tune()
    await app.start()
    telling = asyncio.create_task(_tell(app, done_file))
    await stopping.wait()
    telling.cancel()
    await app.shards.close()
    await app.stop()
    return 1 if app.failure else 0


async def _tell(app: WorkerApp, file: Path) -> None:
    """How many changes are committed, one less while verdicts about them are still to be given. The group's offsets
    are written too seldom to measure by."""
    while True:
        committed = sum(app.shards.hints().values())
        unsettled = any(runner.shard.has_due() for runner in app.shards.runners.values())
        file.write_text(str(committed - unsettled))  # noqa: ASYNC240 - some bytes, ten times a second
        await asyncio.sleep(0.1)


if __name__ == "__main__":
    main()
