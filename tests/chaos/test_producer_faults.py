"""A commit breaks before, inside or after its transaction: what the broker holds of it counts whole or not at all, and
the next worker goes on from there."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.chaos.broker import Broker
from tests.chaos.faults import DIED, FAULTS
from tests.chaos.load import Tick, load
from tests.chaos.scene import Scene, staged

STAGES = ("identify", "judge")
COMPANIES, SECONDS = 120, 360
COMMITS_MAX = 20
"""Within so many commits of its stage the worker breaks."""
STOPPED = 1
"""Exit code of a worker whose shard could not go on."""


class Suffered(NamedTuple):
    scene: Scene
    codes: dict[str, int]
    """Fault -> exit code of the worker that met it."""


@pytest.fixture(scope="module")
def suffered(broker: Broker, tmp_path_factory: pytest.TempPathFactory, seed: int) -> Iterator[Suffered]:
    """One deployment, in which each worker meets another fault and the next one takes over; the last is sound."""
    choose = random.Random(seed)
    with staged(broker, tmp_path_factory.mktemp("faults")) as scene:
        scene.load = load(seed, COMPANIES, SECONDS)
        ticks = iter(scene.load.ticks)
        codes = {name: meet(scene, ticks, name, choose) for name in FAULTS}
        scene.crew.start("one")
        scene.flow(list(ticks))
        yield Suffered(scene, codes)


def meet(scene: Scene, ticks: Iterator[Tick], fault: str, choose: random.Random) -> int:
    """Input flows until it has happened."""
    worker = scene.crew.faulty("one", fault, choose.choice(STAGES), str(choose.randint(1, COMMITS_MAX)))
    while (code := worker.process.poll()) is None:
        tick = next(ticks, None)
        assert tick is not None, f"never met: {fault}\n{worker.log[-4000:]}"
        scene.write(tick)
        time.sleep(0.25)
    return code


@pytest.mark.parametrize("name", FAULTS)
def test_a_worker_ends_where_its_commit_breaks(suffered: Suffered, name: str) -> None:
    assert suffered.codes[name] == (DIED if FAULTS[name].is_deadly else STOPPED)


def test_commits_that_broke_count_whole_or_not_at_all(suffered: Suffered) -> None:
    suffered.scene.judge()
