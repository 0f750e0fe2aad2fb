"""Back-pressure: partitions of shards that cannot keep up are paused, while batches are on their way, and
while workers are killed."""

from __future__ import annotations

import time

from tests.chaos import slow_worker
from tests.chaos.load import load
from tests.chaos.scene import Scene

SECONDS = 60
PAUSED_SECONDS_MAX = 30
PAUSES_MIN = 30


def kill_while_paused(scene: Scene, name: str) -> int:
    """SIGKILL at a moment at which it does not fetch some partition; returns how often it had stopped by then."""
    worker, deadline = scene.crew.workers[name], time.monotonic() + PAUSED_SECONDS_MAX
    while True:
        worker.freeze()
        if slow_worker.is_paused(worker):
            count = slow_worker.pauses(worker)
            scene.crew.kill(name)
            return count
        worker.wake()
        assert time.monotonic() < deadline, f"never paused:\n{worker.log[-4000:]}"
        time.sleep(0.02)


def test_what_was_on_its_way_when_its_partition_was_paused_is_not_lost(scene: Scene, seed: int) -> None:
    crew, pauses = scene.crew, list[int]()
    crew.program = slow_worker.PROGRAM
    scene.load = load(seed, 4 * SECONDS, SECONDS)
    crew.start_ready("one")

    def kill() -> None:
        pauses.append(kill_while_paused(scene, "one"))

    quarter = SECONDS // 4
    scene.flow(scene.load.ticks, {quarter: kill, 2 * quarter: lambda: crew.start("two"), 4 * quarter: kill})
    pauses += [slow_worker.pauses(worker) for worker in crew.workers.values()]

    assert sum(pauses) > PAUSES_MIN, pauses
    scene.judge()
    assert not crew.exits
