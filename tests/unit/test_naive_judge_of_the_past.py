"""A second judge of kinds that ask since when, who knows the catalogue alone and looks at a whole log by brute force,
says the same as ours: what is carried from a subscription (16, 18, 40), what follows what (38, 39, M7) and who owes
what (11, 12).

`DRIFTWISE_NAIVE_LOGS` is the number of logs of each sort."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping

import pytest

from streams.governance import Governance
from tests.depth import cases
from tests.naive import carried, ordered, owed
from tests.naive.logs import SLA
from tests.naive.ours import governed, ours, within
from tests.naive.past import Kind, theirs
from tests.naive.past_logs import CARRIED, LAST, ORDERED, OWED, PAID, QUARRELS, Cast, log

LOGS = int(os.environ.get("DRIFTWISE_NAIVE_LOGS", cases(150, thorough=1500)))
SORTS: dict[str, tuple[tuple[tuple[Cast, ...], ...], Mapping[str, Kind]]] = {
    "carried": (CARRIED, carried.KINDS),
    "ordered": (ORDERED, ordered.OF_STATES),
    "quarrels": (QUARRELS, ordered.OF_WRITERS),
    "paid": (PAID, owed.OF_INVOICES),
    "owed": (OWED, owed.OF_ACCOUNTS),
}


def rules(kinds: Mapping[str, Kind]) -> Governance:
    explained = {"explained_within_seconds": ordered.EXPLAINED_WITHIN_SECONDS}
    return governed(tuple(kinds), tolerance_seconds=ordered.TOLERANCE_SECONDS, **explained)


@pytest.mark.parametrize("sort", SORTS)
def test_the_second_judge_says_the_same(sort: str) -> None:
    themes, kinds = SORTS[sort]
    governance, told = rules(kinds), set()
    for number in range(LOGS):
        story = log(random.Random(number), themes)
        expected = theirs(story, kinds, SLA, LAST)
        assert within(ours(story, governance, LAST), kinds) == expected, f"log {number}"
        told |= {kind for kind, _ in expected}

    assert told == kinds.keys(), "logs must be of all sorts"
