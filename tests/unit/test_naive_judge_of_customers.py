"""The second judge of what is sold to a customer, and of what is said of it, by brute force: the same as ours.

Logs are random, around a midnight: values at the tolerance and just past it, changes at the deadline and a microsecond
beside it, links to another account, several records for one, missing values, deletions and returns.
`DRIFTWISE_NAIVE_LOGS` is the number of logs."""

from __future__ import annotations

import os
import random

from tests.depth import cases
from tests.naive import known, sold, stated
from tests.naive.companies import Kind
from tests.naive.company_logs import LAST, log
from tests.naive.compared import ours, theirs
from tests.naive.logs import SLA
from tests.naive.ours import governed, within

LOGS = int(os.environ.get("DRIFTWISE_NAIVE_LOGS", cases(200, thorough=6000)))
KINDS: dict[str, Kind] = {**sold.KINDS, **stated.KINDS, **known.KINDS}


def test_the_second_judge_says_the_same_of_customers_and_what_is_sold() -> None:
    governance, told = governed(KINDS), set()
    for number in range(LOGS):
        story = log(random.Random(number))
        expected = theirs(story, KINDS, SLA, LAST)
        assert within(ours(story, governance, LAST), KINDS) == expected, f"log {number}"
        told |= {kind for kind, _ in expected}

    assert told == KINDS.keys(), "logs must be of all sorts"
