"""The broker goes away in the middle of the stream and comes back with its data. Workers live through it, or end and
are started again."""

from __future__ import annotations

from tests.chaos.broker import Broker
from tests.chaos.load import load
from tests.chaos.scene import Scene

SECONDS = 90


def test_nothing_is_lost_when_the_broker_is_stopped_and_when_it_is_killed_amid_the_stream(
    scene: Scene, broker: Broker, seed: int
) -> None:
    scene.load = load(seed, SECONDS, SECONDS)
    scene.crew.start_ready("one", "two")

    def stop() -> None:
        broker.stop()
        broker.start()

    def kill() -> None:
        broker.kill()
        broker.start()

    scene.flow(scene.load.ticks, {SECONDS // 3: stop, 2 * SECONDS // 3: kill, SECONDS: kill})

    scene.judge()
