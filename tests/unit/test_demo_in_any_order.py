"""The law on a whole run of every kind: what arrived, in any other order of the partitions among each other, gives each
customer's drifts the same lives (contracts 5). Kinds of the fleet go by the clock, and are not under it."""

from __future__ import annotations

import random
from collections import defaultdict, deque
from typing import Any

import pytest

from schemas import topics
from schemas.instants import Instant
from streams.demo.stories import ALL
from streams.driver import Driver, Place
from streams.fleet.table import FLEET_KINDS
from streams.letters import Raw
from tables.view import Emit
from tests.depth import cases
from tests.unit.test_demo_engine import finds_every_drift_of_every_kind_and_no_other, read, replay_and_score

SEEDS = (7, *range(12, 12 + cases(0, thorough=3)))
"""In 7 there are links of three systems, and a conflict that is over within seconds."""
BURSTS = (1, 5, 40)
Piped = tuple[Instant, Raw]


class Remembering(Driver):
    """Knows what came from outside the topology."""

    def __init__(self, *args: Any, **how: Any) -> None:
        self.came: list[Piped] = []
        self._inside = False
        super().__init__(*args, **how)

    def _deliver(self, effects: list[Emit]) -> None:
        self._inside = True
        super()._deliver(effects)
        self._inside = False

    def feed(self, raw: Raw) -> None:
        if not self._inside:
            self.came.append((self.now_micros, raw))
        super().feed(raw)


def in_another_order(run: Remembering, rng: random.Random) -> Driver:
    """Each partition in its own order, now one and now many of its records ahead of others."""
    driver = Driver(run.governance, dict.fromkeys(run.governance.systems, read), keep=False)
    driver.codec = run.codec
    waiting: dict[Place, deque[Piped]] = defaultdict(deque)
    for now, raw in run.came:
        waiting[raw.topic, raw.partition].append((now, raw))
    while places := sorted({*(p for p, q in waiting.items() if q), *(p for p, q in driver.queues.items() if q)}):
        place = rng.choice(places)
        for _ in range(rng.choice(BURSTS)):
            if driver.queues[place] and (not waiting[place] or rng.random() < 0.5):
                driver.run_one(place)
            elif waiting[place]:
                driver.now_micros, raw = waiting[place].popleft()
                driver.pipe_raw(raw.topic, raw.key, raw.value, raw.partition, raw.headers, produced_ms=raw.timestamp_ms)
    return driver


def lives(driver: Driver) -> dict[tuple[str, str], tuple[Any, ...]]:
    return {
        (d["drift_id"], d["canonical_id"]): (d["kind"], d["opened_at"], d["closed_at"], d["how"], d["command_id"])
        for d in driver.latest(topics.DRIFTS)
        if d["kind"] not in FLEET_KINDS
    }


@pytest.mark.law
@pytest.mark.parametrize("seed", SEEDS)
def test_any_order_of_arrival_gives_every_drift_the_same_life(seed: int) -> None:
    ran = replay_and_score(seed, stalling=False, story=ALL, driven=Remembering)
    assert isinstance(ran.driver, Remembering)
    finds_every_drift_of_every_kind_and_no_other(ran)
    expected = lives(ran.driver)

    shuffled = lives(in_another_order(ran.driver, random.Random(seed)))

    assert shuffled == expected
    assert {life[0] for life in expected.values()} == ALL.injected - set(FLEET_KINDS)
