"""Opening a shard: fence the previous owner, restore the store to the end of its changelog, start the runner."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from schemas import topics
from schemas.codec import Codec
from streams.identify.stage import Identify
from streams.inputs import Stage
from streams.judge.stage import Judge
from streams.settings import Settings
from streams.shard import Shard
from streams.worker.handover import Handover
from streams.worker.outbox import Outbox
from streams.worker.pace import Pace
from streams.worker.runner import Runner
from tables.broken import condemn, explained, is_broken
from tables.recovery import Advance, restore
from tables.replica import Replica
from tables.view import View, Workspace

log = logging.getLogger(__name__)
AT_ONCE = 4
"""Shards restored at a time. They have threads of their own, so that commits of running shards never wait for them."""


@dataclass
class Opening:
    """A shard that is being opened."""

    task: asyncio.Task[None]
    advance: Advance

    async def cancel(self) -> None:
        self.advance.cancelled = True
        await asyncio.gather(self.task, return_exceptions=True)


class Opener:
    def __init__(
        self,
        settings: Settings,
        codec: Codec,
        partitions: int,
        crash: Callable[[BaseException], None],
        handover: Callable[[], Handover],
    ) -> None:
        self._settings, self._codec, self._partitions, self._crash = settings, codec, partitions, crash
        self._handover = handover
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="restore")

    def folder(self, stage: Stage, partition: int) -> Path:
        return self._settings.data_folder / f"{stage.name}-{partition}"

    async def fence(self, stage: Stage, partition: int) -> Outbox:
        """Fence the previous owner: from now on only the outbox returned can write for this shard."""
        outbox = Outbox(self._settings.client, f"{self._settings.application}-{stage.name}-{partition}")
        await asyncio.to_thread(outbox.fence)
        return outbox

    async def open(
        self, stage: Stage, partition: int, fencing: Awaitable[Outbox], advance: Advance, warm: Replica | None
    ) -> Runner:
        """Restore the shard and start its runner. `warm`: a standby's store, used instead of the one in the folder."""
        settings, loop = self._settings, asyncio.get_running_loop()
        try:
            outbox = await fencing
        except BaseException:
            if warm is not None:
                warm.close()
            raise
        folder, changelog = self.folder(stage, partition), topics.CHANGELOG + stage.name
        restoring = partial(restore, warm or folder, settings.client, changelog, partition, stage, advance)
        restored = await loop.run_in_executor(self._pool, restoring)
        log.info(
            "%s-%d: %d changelog records restored in %.2f s%s",
            *(stage.name, partition, restored.records, restored.seconds, ", from a warm standby" if warm else ""),
        )
        _tell_rules(stage, partition, restored.state)
        runner = Runner(
            Shard(stage, partition, restored.state, restored.deadlines),
            restored,
            outbox,
            self._codec,
            partitions=self._partitions,
            pace=Pace(settings.commit_interval_seconds, settings.commit_gap_seconds),
            flood=settings.dead_letter_flood,
            crash=partial(self._stop, folder),
            handover=self._handover(),
        )
        runner.start()
        return runner

    def _stop(self, folder: Path, problem: BaseException) -> None:
        """Stop the worker. A store that turned out to be broken is marked, so that the restart discards it."""
        if is_broken(problem):
            condemn(folder)
            log.critical("%s is broken: %s; the restart restores it in full from its changelog", folder, problem)
        self._crash(explained(folder, problem))


def _tell_rules(stage: Stage, partition: int, state: View) -> None:
    """Warn where the governance folders differ from what was published, which is what counts."""
    for difference in stage.overruled(Workspace(state)) if isinstance(stage, Judge | Identify) else ():
        log.warning(
            "%s-%d goes by what was published last, not by the folders it was started with: %s; change the folders, or "
            "put them in force with `driftwise governance publish`",
            *(stage.name, partition, difference),
        )
