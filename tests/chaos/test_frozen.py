"""SIGSTOP past the session timeout: for the group the worker is dead; it wakes and believes nothing has happened."""

from __future__ import annotations

from tests.chaos.crew import SESSION_SECONDS
from tests.chaos.load import load
from tests.chaos.scene import TICKS_PER_SECOND, Scene

ASLEEP_TICKS = round(3 * SESSION_SECONDS * TICKS_PER_SECOND)
LAST_WORDS = (
    # What it says when it leaves: it was between two commits, or in the middle of one.
    "another worker took this partition over",
    "the restart resumes at the last finished commit",
)


def test_a_worker_that_wakes_after_its_shards_went_elsewhere_leaves_and_nothing_it_does_shows(
    scene: Scene, seed: int
) -> None:
    scene.load = load(seed, 100, ASLEEP_TICKS)
    ticks, crew = scene.load.ticks, scene.crew
    crew.start_ready("sleeper", "other")
    scene.flow(ticks[:10])

    sleeper = crew.workers.pop("sleeper")  # nobody's to start again
    sleeper.freeze()
    try:
        scene.flow(ticks[10:ASLEEP_TICKS])
        crew.workers["other"].wait_ready()
        sleeper.wake()
        scene.flow(ticks[ASLEEP_TICKS:])

        assert sleeper.ended() == 1, sleeper.log[-4000:]
        assert any(f"{words}\n" in sleeper.log for words in LAST_WORDS), sleeper.log[-4000:]
    finally:
        sleeper.kill()
    scene.judge()
    assert not crew.exits
