"""Stores that are gone, or that stand elsewhere than their changelog: all are brought to its end, under load."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.chaos.load import load
from tests.chaos.scene import Scene

SECONDS = 80


def test_a_store_that_is_lost_and_one_that_is_old_are_brought_to_the_end_of_their_changelog(
    scene: Scene, seed: int, tmp_path: Path
) -> None:
    scene.load = load(seed, SECONDS, SECONDS)
    scene.crew.start_ready("one")
    data, copy = scene.crew.data("one"), tmp_path / "copy"

    def keep() -> None:
        scene.crew.workers["one"].kill()
        shutil.copytree(data, copy)
        scene.crew.start("one")

    def lose() -> None:
        scene.crew.workers["one"].kill()
        shutil.rmtree(data)
        scene.crew.start("one")

    def put_back() -> None:
        scene.crew.workers["one"].kill()
        shutil.rmtree(data)
        shutil.copytree(copy, data)
        scene.crew.start("one")

    quarter = SECONDS // 4
    scene.flow(scene.load.ticks, {quarter: keep, 2 * quarter: lose, 4 * quarter: put_back})

    last = scene.crew.workers["one"]
    scene.judge()
    assert sum(last.restored.values()) > 100
