"""SIGKILL at random points of the input: no goodbye, no flush, again and again."""

from __future__ import annotations

import os
import random

import pytest

from tests.chaos.load import load
from tests.chaos.scene import Scene

LENGTH = int(os.environ.get("DRIFTWISE_CHAOS_LENGTH") or 1)
KILLS = {1: 8 * LENGTH, 2: 14 * LENGTH}
"""Workers -> kills."""
TICKS_A_KILL = 20
COMPANIES_A_KILL = 10


@pytest.mark.parametrize("count", KILLS)
def test_workers_killed_at_random_points_lose_nothing_and_say_nothing_twice(
    scene: Scene, seed: int, count: int
) -> None:
    names = [f"worker-{number}" for number in range(count)]
    choose, kills = random.Random(seed), KILLS[count]
    scene.load = load(seed, COMPANIES_A_KILL * kills, TICKS_A_KILL * kills)
    points = choose.sample(range(TICKS_A_KILL * kills), kills)
    scene.crew.start_ready(*names)

    scene.flow(scene.load.ticks, {point: lambda: scene.crew.kill(choose.choice(names)) for point in points})

    scene.judge()
