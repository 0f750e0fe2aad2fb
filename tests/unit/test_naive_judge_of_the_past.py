"""A second judge of kinds that ask since when, who knows the catalogue alone and looks at a whole log by brute force,
says the same as ours: what is carried from a subscription (16, 18, 40), what follows what (38, 39, M7) and who owes
what (11, 12).

`DRIFTWISE_NAIVE_LOGS` is the number of logs of each sort."""

from __future__ import annotations

import os
import random
from collections import defaultdict
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import pytest

from schemas.instants import SECOND
from streams.backtest.log import Log
from streams.backtest.order import in_order
from streams.backtest.run import Run
from streams.backtest.stores import Stores
from streams.governance import Governance
from tests.crowd import as_lines
from tests.depth import cases
from tests.dossiers.model import Change
from tests.dossiers.stage import five_systems
from tests.naive import carried, ordered, owed
from tests.naive.logs import SLA
from tests.naive.past import Kind, Said, theirs
from tests.naive.past_logs import CARRIED, LAST, ORDERED, OWED, PAID, QUARRELS, Cast, log
from tests.unit.test_naive_judge import Lives

LOGS = int(os.environ.get("DRIFTWISE_NAIVE_LOGS", cases(150, thorough=1500)))
SORTS: dict[str, tuple[tuple[tuple[Cast, ...], ...], Mapping[str, Kind]]] = {
    "carried": (CARRIED, carried.KINDS),
    "ordered": (ORDERED, ordered.OF_STATES),
    "quarrels": (QUARRELS, ordered.OF_WRITERS),
    "paid": (PAID, owed.OF_INVOICES),
    "owed": (OWED, owed.OF_ACCOUNTS),
}


def governance(kinds: Mapping[str, Kind]) -> Governance:
    base = five_systems()
    rules: dict[str, Any] = dict(base.kinds)
    for kind in kinds:
        sla = {"sla_seconds": SLA if rules[kind].sla_seconds else 0, "sla_business_days": None}
        rules[kind] = rules[kind].model_copy(update=sla)
    tolerance = dict.fromkeys(base.process.step_tolerance_seconds, ordered.TOLERANCE_SECONDS)
    shorter = {"step_tolerance_seconds": tolerance, "explained_within_seconds": ordered.EXPLAINED_WITHIN_SECONDS}
    process = base.process.model_copy(update=shorter)
    return base.model_copy(update={"kinds": rules, "judged": tuple(kinds), "process": process})


def ours(story: list[Change], governed: Governance) -> Said:
    lives = Lives()
    Run(governed, Stores(None), lives, marked=False, until=round(LAST * SECOND)).play(
        in_order(Log(BytesIO(b"".join(as_lines(story)))).lines(), 0)
    )
    found: Said = defaultdict(list)
    for (kind, key, opened), closed in sorted(lives.spans.items(), key=lambda s: s[0]):
        found[kind, key].append((opened, closed))
    return found


@pytest.mark.parametrize("sort", SORTS)
def test_the_second_judge_says_the_same(sort: str) -> None:
    themes, kinds = SORTS[sort]
    governed, told = governance(kinds), set()
    for number in range(LOGS):
        story = log(random.Random(number), themes)
        expected = theirs(story, kinds, SLA, LAST)
        found = ours(story, governed)
        of_both = {(kind, key): spans for (kind, key), spans in found.items() if key[:2] in kinds[kind].subject}
        assert of_both == expected, f"log {number}"
        told |= {kind for kind, _ in expected}

    assert told == kinds.keys(), "logs must be of all sorts"
