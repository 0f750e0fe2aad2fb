"""Rebalances under load: workers join and leave gracefully while input flows."""

from __future__ import annotations

from collections.abc import Callable

from tests.chaos.load import load
from tests.chaos.scene import Scene

EVERY_TICKS = 20


def test_workers_that_come_and_go_under_load_hand_their_shards_over_whole(scene: Scene, seed: int) -> None:
    crew = scene.crew
    changes: list[Callable[[], object]] = [
        lambda: crew.start("second"),
        lambda: crew.start("third"),
        lambda: crew.stop("first"),
        lambda: crew.start("first"),
        lambda: crew.stop("second"),
        lambda: crew.stop("third"),
    ]
    seconds = EVERY_TICKS * len(changes)
    scene.load = load(seed, seconds, seconds)
    crew.start_ready("first")

    scene.flow(scene.load.ticks, {EVERY_TICKS * (1 + n): change for n, change in enumerate(changes)})

    scene.judge()
    assert not crew.exits
