"""A second judge, who knows the catalogue alone and looks at a whole log by brute force, says the same as ours.

Logs are random: amounts at the tolerance and a cent past it, changes at the deadline and a microsecond beside it, two
documents for one, missing numbers, deletions and returns. `DRIFTWISE_NAIVE_LOGS` is the number of logs."""

from __future__ import annotations

import os
import random
from collections.abc import Callable

from tests.depth import cases
from tests.dossiers.model import Change
from tests.naive.kinds import KINDS, TOLERANCE_SECONDS
from tests.naive.logs import ENDS, SLA, log
from tests.naive.ours import Said, governed, ours, within
from tests.naive.world import Drift, Look, World, deadline, grace

LOGS = int(os.environ.get("DRIFTWISE_NAIVE_LOGS", cases(240, thorough=6000)))
CLOCKS: dict[str, Callable[[list[Look]], list[Drift]]] = {
    "deadline": lambda looks: deadline(looks, SLA, ENDS),
    "grace": lambda looks: grace(looks, SLA, ENDS),
    "instant": lambda looks: grace(looks, 0, ENDS),
}


def theirs(story: list[Change]) -> Said:
    worlds = [(at, World(story, at)) for at in sorted({one.at for one in story})]
    found: Said = {}
    for name, kind in KINDS.items():
        for key in {(c.system, c.entity, c.native_id) for c in story if (c.system, c.entity) in kind.subject}:
            records = ((at, world, world.get(key)) for at, world in worlds)
            looks = [(at, kind.judge(world, record) if record else None) for at, world, record in records]
            if spans := CLOCKS[kind.clock](looks):
                found[name, key] = spans
    return found


def test_the_second_judge_says_the_same() -> None:
    governance, told = governed(KINDS, tolerance_seconds=TOLERANCE_SECONDS), set()
    for number in range(LOGS):
        story = log(random.Random(number))
        expected = theirs(story)
        assert within(ours(story, governance, ENDS), KINDS) == expected, f"log {number}"
        told |= {kind for kind, _ in expected}

    assert told == KINDS.keys(), "logs must be of all sorts"
