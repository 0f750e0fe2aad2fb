"""The shards that this worker owns: opened when their partitions are assigned, let go when they are revoked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any

from faust.types import TP

from schemas import topics
from schemas.codec import Codec
from streams.inputs import Stage
from streams.settings import Settings
from streams.shard import Shard
from streams.worker.outbox import Outbox
from streams.worker.runner import Runner
from tables.recovery import Restored, restore

log = logging.getLogger(__name__)
Place = tuple[str, int]
"""(stage, partition number)"""
BACKLOG_HIGH, BACKLOG_LOW = 20_000, 5_000
"""Records waiting in a shard at which fetching stops and goes on again; bounds memory."""


class Shards:
    def __init__(
        self,
        settings: Settings,
        stages: Mapping[str, Stage],
        codec: Codec,
        partitions: int,
        crash: Callable[[BaseException], None],
    ) -> None:
        """`stages`: input topic -> the stage that reads it."""
        self._settings, self._stages, self._codec, self.partitions = settings, stages, codec, partitions
        self._crash = crash
        self.runners: dict[Place, Runner] = {}
        self.restored: dict[Place, Restored] = {}
        self._opening: dict[Place, asyncio.Task[Runner]] = {}
        self._lock = asyncio.Lock()

    def runner(self, tp: TP) -> Runner:
        return self.runners[self._stages[tp.topic].name, tp.partition]

    async def own(self, assigned: Set[TP]) -> None:
        """Open what is new among the assigned partitions, let go what is no longer.

        Another rebalance may cancel us while shards are being opened: they go on opening, and the next call adopts or
        closes them."""
        wanted = {(self._stages[tp.topic].name, tp.partition) for tp in assigned if tp.topic in self._stages}
        async with self._lock:
            await self._release((self.runners.keys() | self._opening.keys()) - wanted)
            for place in sorted(wanted - self.runners.keys() - self._opening.keys()):
                self._opening[place] = asyncio.create_task(self._open(*place))
            await asyncio.shield(asyncio.gather(*self._opening.values()))
            self.runners |= {place: task.result() for place, task in self._opening.items()}
            self._opening.clear()

    def owns(self, tp: TP, runner: Runner) -> bool:
        return self.runners.get((self._stages[tp.topic].name, tp.partition)) is runner

    async def release_all(self) -> None:
        async with self._lock:
            await self._release({*self.runners, *self._opening})

    async def _release(self, places: Iterable[Place]) -> None:
        for place in list(places):
            opening = self._opening.pop(place, None)
            if opening is None:
                await self.runners.pop(place).stop()
                continue
            await asyncio.gather(opening, return_exceptions=True)
            if opening.exception() is None:
                await opening.result().stop()

    async def _open(self, stage_name: str, partition: int) -> Runner:
        stage = next(s for s in self._stages.values() if s.name == stage_name)
        outbox = Outbox(self._settings.client, f"{self._settings.application}-{stage_name}-{partition}")
        await asyncio.to_thread(outbox.fence)
        restored = await asyncio.to_thread(self._restore, stage, partition)
        log.info(
            "%s-%d: %d changelog records restored in %.2f s", stage_name, partition, restored.records, restored.seconds
        )
        self.restored[stage_name, partition] = restored
        runner = Runner(
            Shard(stage, partition, restored.state, restored.deadlines),
            restored,
            outbox,
            self._codec,
            partitions=self.partitions,
            commit_interval_seconds=self._settings.commit_interval_seconds,
            commit_gap_seconds=self._settings.commit_gap_seconds,
            flood=self._settings.dead_letter_flood,
            crash=self._crash,
        )
        runner.start()
        return runner

    def _restore(self, stage: Stage, partition: int) -> Restored:
        folder = self._settings.data_folder / f"{stage.name}-{partition}"
        return restore(folder, self._settings.client, topics.CHANGELOG + stage.name, partition, stage)

    async def positions(self, assigned: Set[TP]) -> dict[TP, int]:
        """Where each partition resumes: behind the last finished commit, or at its beginning."""
        try:
            await self.own(assigned)
        except Exception as problem:
            # Faust would log it and go on without these partitions.
            log.exception("cannot open the shards of %s", sorted(assigned))
            self._crash(problem)
            raise
        return {tp: self.runner(tp).positions.get(tp.topic, 0) for tp in assigned}

    def hints(self) -> dict[TP, int]:
        """Committed positions, for lag tools."""
        return {
            TP(topic, partition): offset
            for (_, partition), runner in list(self.runners.items())
            for topic, offset in runner.positions.items()
        }

    def submit(self, tp: TP, batch: list[Any]) -> int:
        """Hand a batch to its shard; returns how many records wait there now.

        A batch that was on its way when the shard was let go is read again by its next owner."""
        runner = self.runners.get((self._stages[tp.topic].name, tp.partition))
        if runner is None:
            return 0
        runner.submit(batch)
        return runner.backlog
