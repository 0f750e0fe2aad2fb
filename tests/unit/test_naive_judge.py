"""A second judge, who knows the catalogue alone and looks at a whole log by brute force, says the same as ours.

Logs are random: amounts at the tolerance and a cent past it, changes at the deadline and a microsecond beside it, two
documents for one, missing numbers, deletions and returns. `DRIFTWISE_NAIVE_LOGS` is the number of logs."""

from __future__ import annotations

import os
import random
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import Any

from schemas import topics
from schemas.instants import SECOND
from streams.backtest.findings import Findings
from streams.backtest.log import Log
from streams.backtest.order import in_order
from streams.backtest.run import Run
from streams.backtest.stores import Stores
from streams.governance import Governance
from tables.view import Emit
from tests.crowd import as_lines
from tests.depth import cases
from tests.dossiers.model import Change
from tests.dossiers.stage import five_systems
from tests.naive.kinds import KINDS, TOLERANCE_SECONDS
from tests.naive.logs import ENDS, SLA, log
from tests.naive.world import Drift, Key, Look, World, deadline, grace

LOGS = int(os.environ.get("DRIFTWISE_NAIVE_LOGS", cases(240, thorough=6000)))
Said = dict[tuple[str, Key], list[Drift]]
CLOCKS: dict[str, Callable[[list[Look]], list[Drift]]] = {
    "deadline": lambda looks: deadline(looks, SLA, ENDS),
    "grace": lambda looks: grace(looks, SLA, ENDS),
    "instant": lambda looks: grace(looks, 0, ENDS),
}


class Lives(Findings):
    """Every span in which a drift was open, not its latest alone."""

    def __init__(self) -> None:
        super().__init__()
        self.spans: dict[tuple[str, Key, float], float | None] = {}

    def take(self, effect: Emit) -> None:
        if effect.topic == topics.DRIFTS and (drift := effect.value):
            key = (drift["system"], drift["entity"], drift["native_id"])
            closed = drift["closed_at"]
            self.spans[drift["kind"], key, drift["opened_at"] / SECOND] = None if closed is None else closed / SECOND


@cache
def governance() -> Governance:
    base = five_systems()
    rules: dict[str, Any] = dict(base.kinds)
    for kind in KINDS:
        sla = {"sla_seconds": SLA if rules[kind].sla_seconds else 0, "sla_business_days": None}
        rules[kind] = rules[kind].model_copy(update=sla)
    tolerance = dict.fromkeys(base.process.step_tolerance_seconds, TOLERANCE_SECONDS)
    process = base.process.model_copy(update={"step_tolerance_seconds": tolerance})
    return base.model_copy(update={"kinds": rules, "judged": tuple(KINDS), "process": process})


def ours(story: list[Change]) -> Said:
    lives = Lives()
    Run(governance(), Stores(None), lives, marked=False, until=ENDS * SECOND).play(
        in_order(Log(BytesIO(b"".join(as_lines(story)))).lines(), 0)
    )
    found: Said = defaultdict(list)
    for (kind, key, opened), closed in sorted(lives.spans.items(), key=lambda s: s[0]):
        found[kind, key].append((opened, closed))
    return found


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


def within(said: Said) -> Said:
    """Of the subjects that both look at."""
    return {(kind, key): spans for (kind, key), spans in said.items() if key[:2] in KINDS[kind].subject}


def test_the_second_judge_says_the_same() -> None:
    told = set()
    for number in range(LOGS):
        story = log(random.Random(number))
        expected = theirs(story)
        assert within(ours(story)) == expected, f"log {number}"
        told |= {kind for kind, _ in expected}

    assert told == KINDS.keys(), "logs must be of all sorts"
