"""The shards of a worker over rebalances: what stays is held, what is new holds nothing up, what is gone is closed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from schemas import topics
from schemas.codec import Codec
from schemas.registry import DictRegistry
from streams.settings import Settings
from streams.worker.handover import NOBODY
from streams.worker.opening import Opener
from streams.worker.shards import Shards
from tables.broken import is_condemned
from tables.recovery import RestoreCancelled

STAGES: Any = {topics.CHANGES: SimpleNamespace(name="judge"), topics.LINKS: SimpleNamespace(name="crosswalk")}


class Runner:
    def __init__(self) -> None:
        self.positions = {topics.CHANGES: 7}
        self.calls: list[str] = []

    async def hold(self) -> None:
        self.calls.append("hold")

    def go_on(self) -> None:
        self.calls.append("go on")

    async def stop(self) -> None:
        self.calls.append("stop")


class Worker:
    """Shards whose opening the test ends: with a runner, or a failure."""

    def __init__(self, folder: Path) -> None:
        self.crashes: list[BaseException] = []
        settings = Settings("localhost:1", "", data_folder=folder)
        self.shards = Shards(settings, STAGES, Codec(DictRegistry()), 4, self.crashes.append)
        self.doors: dict[int, asyncio.Future[Any]] = {}
        self.opened: list[int] = []
        self.paused: list[set[TP]] = []
        self.admitted: list[dict[TP, int]] = []
        self.fenced: list[int] = []
        self.fences = asyncio.Event()
        self.fences.set()
        opener: Any = SimpleNamespace(
            fence=self._fence, open=self._open, folder=lambda stage, number: folder / str(number)
        )
        self.shards._opener = opener
        self.shards.pause = lambda tps: self.paused.append(set(tps))
        self.shards.admit = self._admit

    async def _fence(self, stage: Any, partition: int) -> None:
        await self.fences.wait()
        self.fenced.append(partition)

    async def _open(self, stage: Any, partition: int, fencing: Any, advance: Any, warm: Any) -> Any:
        await fencing
        self.opened.append(partition)
        door = self.doors.setdefault(partition, asyncio.get_running_loop().create_future())
        while not door.done():
            if advance.cancelled:
                raise RestoreCancelled
            await asyncio.sleep(0.001)
        return door.result()

    async def _admit(self, positions: Any) -> None:
        self.admitted.append(dict(positions))

    async def begun(self, *partitions: int) -> None:
        await until(lambda: set(partitions) <= set(self.opened))

    async def open(self, partition: int) -> Runner:
        await self.begun(partition)
        runner: Any = Runner()
        self.doors[partition].set_result(runner)
        await until(lambda: runner in self.shards.runners.values())
        found: Runner = runner
        return found


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - there is no event for what a test looks at
            await asyncio.sleep(0.001)


def tps(*partitions: int) -> set[TP]:
    return {TP(topics.CHANGES, partition) for partition in partitions}


@pytest.fixture
def play(tmp_path: Path) -> Callable[[Callable[[Worker], Awaitable[Any]]], Any]:
    async def run(scenario: Callable[[Worker], Awaitable[Any]]) -> Any:
        return await scenario(Worker(tmp_path))

    return lambda scenario: asyncio.run(run(scenario))


def test_a_shard_that_comes_back_was_only_held(play: Any) -> None:
    async def scenario(worker: Worker) -> None:
        await worker.shards.own(tps(0))
        runner = await worker.open(0)
        await worker.shards.hold()
        assert await worker.shards.positions(tps(0)) == {TP(topics.CHANGES, 0): 7}
        assert runner.calls == ["hold", "go on"]
        assert worker.opened == [0]

    play(scenario)


def test_a_shard_that_goes_elsewhere_is_stopped(play: Any) -> None:
    async def scenario(worker: Worker) -> None:
        await worker.shards.own(tps(0, 1))
        gone, kept = await worker.open(0), await worker.open(1)
        await worker.shards.hold()
        await worker.shards.own(tps(1))
        assert (gone.calls[-1], kept.calls[-1]) == ("stop", "go on")
        assert list(worker.shards.runners) == [("judge", 1)]

    play(scenario)


def test_no_shard_waits_for_another_ones_restore(play: Any) -> None:
    async def scenario(worker: Worker) -> None:
        await worker.shards.own(tps(0, 1))
        await worker.open(0)
        assert await worker.shards.positions(tps(0, 1)) == {TP(topics.CHANGES, 0): 7}
        assert worker.paused == [tps(1)]
        await worker.open(1)
        await until(lambda: worker.admitted == [{TP(topics.CHANGES, 1): 7}])

    play(scenario)


def test_a_shard_opened_while_a_rebalance_decides_is_held_and_asked_for_its_position(play: Any) -> None:
    async def scenario(worker: Worker) -> None:
        await worker.shards.positions(tps(0))
        await worker.shards.hold()
        runner = await worker.open(0)
        assert (runner.calls, worker.admitted) == (["hold"], [])
        assert await worker.shards.positions(tps(0)) == {TP(topics.CHANGES, 0): 7}
        assert runner.calls[-1] == "go on"

    play(scenario)


def test_a_restore_whose_shard_goes_elsewhere_is_cancelled(play: Any) -> None:
    async def scenario(worker: Worker) -> None:
        await worker.shards.own(tps(0))
        await worker.begun(0)
        await worker.shards.own(set())
        assert (worker.shards.openings, worker.shards.runners, worker.crashes) == ({}, {}, [])
        await worker.shards.own(tps(0))
        await until(lambda: worker.opened == [0, 0])

    play(scenario)


def test_nobody_is_fenced_once_another_may_be_the_owner(play: Any) -> None:
    """The group goes on when `hold` is over; what was about to fence has done so by then."""

    async def scenario(worker: Worker) -> None:
        worker.fences.clear()
        await worker.shards.own(tps(0))
        holding = asyncio.create_task(worker.shards.hold())
        await asyncio.sleep(0.01)
        assert not holding.done()
        worker.fences.set()
        await holding
        assert worker.fenced == [0]

    play(scenario)


def test_a_shard_that_cannot_be_opened_stops_the_worker(play: Any) -> None:
    async def scenario(worker: Worker) -> None:
        await worker.shards.own(tps(0))
        await worker.begun(0)
        worker.doors[0].set_exception(OSError("no disk"))
        await until(lambda: [str(problem) for problem in worker.crashes] == ["no disk"])

    play(scenario)


def test_standbys_are_kept_of_shards_of_others_only(play: Any) -> None:
    async def scenario(worker: Worker) -> None:
        followed: list[Any] = []
        worker.shards.standbys = SimpleNamespace(follow=followed.append, take=lambda places: {})  # type: ignore[assignment]
        await worker.shards.own(tps(0, 1))
        await worker.open(0)
        worker.shards.follow(tps(0, 1, 2) | {TP(topics.LINKS, 0)})
        await until(lambda: len(followed) == 1)
        assert set(followed[0]) == {("q2c.changelog.judge", 2), ("q2c.changelog.crosswalk", 0)}

    play(scenario)


def test_a_store_that_turns_out_to_be_broken_is_not_opened_again(tmp_path: Path) -> None:
    crashes: list[BaseException] = []
    opener = Opener(Settings("localhost:1", ""), Codec(DictRegistry()), 4, crashes.append, lambda: NOBODY)
    harmless, harmed = tmp_path / "judge-0", tmp_path / "judge-1"
    opener._stop(harmless, RuntimeError("a bug"))
    opener._stop(harmed, Exception("Corruption: block checksum mismatch in 000012.sst"))

    assert (is_condemned(harmless), is_condemned(harmed)) == (False, True)
    assert len(crashes) == 2
