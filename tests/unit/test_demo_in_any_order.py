"""The law on a whole run of every kind: what arrived, in any other order of the partitions among each other, gives each
customer's drifts the same lives (contracts 5). Kinds of the fleet go by the clock, and are not under it."""

from __future__ import annotations

import random
from collections import defaultdict, deque
from typing import Any

import pytest

from schemas import topics
from schemas.instants import Instant
from streams.demo.scenario import plan
from streams.demo.stories import ALL, SLA_SECONDS
from streams.driver import Driver, Place
from streams.fleet.table import FLEET_KINDS
from streams.letters import Raw
from tables.view import Emit
from tests.unit.ideal_companies import IdealCompanies, on_time
from tests.unit.test_demo_engine import STARTED_AT, TODAY, Replay, read, with_clean

CLEAN = 10
BURSTS = (1, 5, 40)
Piped = tuple[Instant, Raw]


class Remembering(Driver):
    """Knows what came from outside the topology."""

    def __init__(self, *args: Any) -> None:
        self.came: list[Piped] = []
        self._inside = False
        super().__init__(*args, keep=False)

    def _deliver(self, effects: list[Emit]) -> None:
        self._inside = True
        super()._deliver(effects)
        self._inside = False

    def feed(self, raw: Raw) -> None:
        if not self._inside:
            self.came.append((self.now_micros, raw))
        super().feed(raw)


def recorded(seed: int) -> Remembering:
    """A run of the demo, in the order of its commits."""
    slas = {kind: sla for kind, sla in SLA_SECONDS.items() if kind in ALL.kinds}
    planned = with_clean(plan(seed, TODAY, slas, story=ALL), CLEAN)
    companies = IdealCompanies(STARTED_AT + 345_678, seed)
    journal = companies.run(planned, slas, on_time)
    replay = Replay(planned, companies.performed)
    replay.driver = Remembering(replay.governance, dict.fromkeys(replay.governance.systems, read))
    replay.run(journal)
    return replay.driver


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


@pytest.mark.parametrize("seed", [7])  # links of three systems, and a conflict that is over within seconds
def test_any_order_of_arrival_gives_every_drift_the_same_life(seed: int) -> None:
    run = recorded(seed)
    expected = lives(run)

    shuffled = lives(in_another_order(run, random.Random(seed)))

    assert shuffled == expected
    assert {life[0] for life in expected.values()} == ALL.injected - set(FLEET_KINDS)
