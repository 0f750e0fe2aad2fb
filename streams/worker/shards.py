"""The shards that this worker owns: opened when their partitions are assigned, let go when those go to another worker.

A rebalance revokes all partitions before it assigns any (Kafka's eager protocol). In between, shards are only held:
they do not commit, but their stores stay open. Those that come back go on as they were; the others are let go first.
The next owner fences them in any case."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Set
from typing import Any

from faust.types import TP

from schemas import topics
from schemas.codec import Codec
from streams.inputs import Stage
from streams.settings import Settings
from streams.worker.handover import Handover
from streams.worker.opening import Opener, Opening
from streams.worker.outbox import Outbox
from streams.worker.runner import Runner
from tables.recovery import Advance, RestoreCancelled
from tables.replica import Replica
from tables.standby import Followed, Standbys
from tables.standby import Place as Changelog

log = logging.getLogger(__name__)
Place = tuple[str, int]
"""(stage, partition number)"""


class Shards:
    pause: Callable[[Set[TP]], None]
    """Set by the worker: fetch nothing of these partitions."""
    admit: Callable[[Mapping[TP, int]], Awaitable[None]]
    """Set by the worker: fetch these partitions, from these offsets on."""

    def __init__(
        self,
        settings: Settings,
        stages: Mapping[str, Stage],
        codec: Codec,
        partitions: int,
        crash: Callable[[BaseException], None],
    ) -> None:
        """`stages`: input topic -> the stage that reads it."""
        self.partitions = partitions
        self.runners: dict[Place, Runner] = {}
        self.openings: dict[Place, Opening] = {}
        self.standbys = Standbys(settings.client)
        self._stages, self._crash = stages, crash
        self._by_name = {stage.name: stage for stage in stages.values()}
        self._opener = Opener(settings, codec, partitions, crash, self._handover)
        self._lock = asyncio.Lock()
        self._decided = asyncio.Event()
        """Whether we know what is ours; until then nothing is committed."""
        self._fencing: set[asyncio.Task[Outbox]] = set()
        self._awaited: set[TP] = set()
        """Assigned partitions that are not fetched yet, because their shards are being opened."""
        self._following: asyncio.Task[None] | None = None

    def runner(self, tp: TP) -> Runner:
        return self.runners[self._place(tp)]

    def has(self, tp: TP) -> bool:
        return self._place(tp) in self.runners

    def owns(self, tp: TP, runner: Runner) -> bool:
        return self.runners.get(self._place(tp)) is runner

    def _place(self, tp: TP) -> Place:
        return self._stages[tp.topic].name, tp.partition

    # -- rebalances

    async def hold(self) -> None:
        """Everything is revoked: commit nothing until we know what comes back. Fencing under way ends first, because
        later it could hit the next owner."""
        self._decided.clear()
        self._awaited = set()
        await asyncio.gather(*(runner.hold() for runner in self.runners.values()))
        await asyncio.gather(*self._fencing, return_exceptions=True)

    async def own(self, assigned: Set[TP]) -> None:
        """Let go of shards that are no longer assigned, go on with those that are, and begin to open the new ones."""
        wanted = {self._place(tp) for tp in assigned if tp.topic in self._stages}
        async with self._lock:
            if self._following is not None:  # it may be opening a store that is ours now
                await asyncio.gather(self._following, return_exceptions=True)
            await self._release((self.runners.keys() | self.openings.keys()) - wanted)
            self._decided.set()
            for runner in self.runners.values():
                runner.go_on()
            new = sorted(wanted - self.runners.keys() - self.openings.keys())
            warm = await asyncio.to_thread(self.standbys.take, [_changelog(place) for place in new])
            for place in new:
                self.openings[place] = self._begin(place, warm.get(_changelog(place)))

    async def positions(self, assigned: Set[TP]) -> dict[TP, int]:
        """The offsets at which partitions resume: behind the last commit of their shard, or at the beginning.
        Partitions whose shard is not open yet are paused, and admitted one by one, so that no shard waits for another's
        restore."""
        await self.own(assigned)
        found = {
            tp: runner.positions.get(tp.topic, 0) for tp in assigned if (runner := self.runners.get(self._place(tp)))
        }
        self._awaited = set(assigned) - found.keys()
        self.pause(self._awaited)
        return found

    async def release_all(self) -> None:
        async with self._lock:
            await self._release({*self.runners, *self.openings})

    async def close(self) -> None:
        await self.release_all()
        await asyncio.to_thread(self.standbys.close)

    async def _release(self, places: Iterable[Place]) -> None:
        for place in list(places):
            if place in self.openings:
                await self.openings[place].cancel()
                self.openings.pop(place, None)
            if place in self.runners:
                await self.runners.pop(place).stop()

    def _begin(self, place: Place, warm: Replica | None) -> Opening:
        advance, fencing = Advance(), asyncio.create_task(self._opener.fence(self._by_name[place[0]], place[1]))
        self._fencing.add(fencing)
        fencing.add_done_callback(self._fencing.discard)
        return Opening(asyncio.create_task(self._open(place, fencing, advance, warm)), advance)

    async def _open(self, place: Place, fencing: Awaitable[Outbox], advance: Advance, warm: Replica | None) -> None:
        name, partition = place
        try:
            runner = await self._opener.open(self._by_name[name], partition, fencing, advance, warm)
        except RestoreCancelled:
            return
        except Exception as problem:
            log.exception("cannot open the shard %s-%d", name, partition)
            self._crash(problem)
            return
        if not self._decided.is_set():
            await runner.hold()
        self.runners[place] = runner
        self.openings.pop(place, None)
        tps = {tp for tp in self._awaited if self._place(tp) == place}
        self._awaited -= tps
        if tps:
            await self.admit({tp: runner.positions.get(tp.topic, 0) for tp in tps})

    # -- standbys

    def follow(self, standbys: Set[TP]) -> None:
        """Keep warm copies of the shards of these partitions, and of no others."""
        places = {self._place(tp) for tp in standbys if tp.topic in self._stages}
        places -= self.runners.keys() | self.openings.keys()
        wanted = {_changelog(place): self._followed(*place) for place in places}
        self._following = asyncio.create_task(asyncio.to_thread(self.standbys.follow, wanted))

    def _followed(self, name: str, partition: int) -> Followed:
        stage = self._by_name[name]
        return Followed(self._opener.folder(stage, partition), stage)

    def standby_lag(self) -> dict[Place, int]:
        """Records behind the end of the changelog, of each warm copy."""
        lag = self.standbys.lag()
        return {(at.topic.removeprefix(topics.CHANGELOG), at.partition): behind for at, behind in lag.items()}

    # -- traffic

    def hints(self) -> dict[TP, int]:
        """Committed offsets, which only lag tools read."""
        return {
            TP(topic, partition): offset
            for (_, partition), runner in list(self.runners.items())
            for topic, offset in runner.positions.items()
        }

    def _handover(self) -> Handover:
        return Handover(
            lambda topic, partition: self.runners.get(self._place(TP(topic, partition))), self._stages, self.partitions
        )

    def submit(self, tp: TP, batch: list[Any]) -> int:
        """Hand a batch to its shard; returns how many records wait there now.

        A batch that was on its way when the shard was let go is read again by its next owner."""
        runner = self.runners.get(self._place(tp))
        if runner is None:
            return 0
        runner.submit(batch)
        return runner.backlog


def _changelog(place: Place) -> Changelog:
    return Changelog(topics.CHANGELOG + place[0], place[1])
