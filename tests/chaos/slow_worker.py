"""A worker whose shards are slow and hold few records, so that it has to stop fetching all the time; it says when:
`-m tests.chaos.slow_worker`, then the options of a worker."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any

from faust.types import TP

from streams.cli import driftwise
from streams.worker import app
from streams.worker.runner import Runner
from tests.integration.workers import Worker

PROGRAM = (sys.executable, "-m", "tests.chaos.slow_worker")
HIGH, LOW = 20, 5
BATCH_SECONDS = 0.05
"""What a batch takes longer: about as long as until the next one comes."""
PAUSED, RESUMED = "is paused", "goes on"
log = logging.getLogger(__name__)


def pauses(worker: Worker) -> int:
    """How often it has stopped fetching a partition."""
    return worker.log.count(PAUSED)


def is_paused(worker: Worker) -> bool:
    said = worker.log
    return said.count(PAUSED) > said.count(RESUMED)


def make_slow() -> None:
    fold, wait_for_ebb = Runner.fold, app._wait_for_ebb

    async def slow_fold(runner: Runner, batch: list[Any]) -> int:
        await asyncio.sleep(BATCH_SECONDS)
        return await fold(runner, batch)

    async def told_wait(worker: app.WorkerApp, tp: TP) -> None:
        log.info("%s-%d %s", *tp, PAUSED)
        await wait_for_ebb(worker, tp)
        log.info("%s-%d %s", *tp, RESUMED)

    instead = {"BACKLOG_HIGH": HIGH, "BACKLOG_LOW": LOW, "_wait_for_ebb": told_wait}
    for owner, names in ((app, instead), (Runner, {"fold": slow_fold})):
        for name, value in names.items():
            setattr(owner, name, value)


if __name__ == "__main__":
    make_slow()
    driftwise(["worker", *sys.argv[1:]])
