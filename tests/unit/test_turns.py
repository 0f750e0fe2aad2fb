"""When a condition last turned is a matter of event time, not of which drift was worked off first."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.judge.keys import process_key
from streams.judge.process import count
from streams.judge.turns import KEPT, Turns
from streams.kinds.table import BY_NAME
from tables.view import MemoryView, Workspace
from tests.unit.looked_at import CUSTOMER

KIND = BY_NAME["invoice_not_posted"]
Life = tuple[int, int | None]
"""Opened and closed; None: open."""


def condition(*told: tuple[int, int], before: dict[str, Any] | None = None) -> Any:
    """After (at, by how many more are open)."""
    ws = Workspace(MemoryView())
    if before is not None:
        ws.put(process_key(CUSTOMER), before)
    for at, by in told:
        count(ws, CUSTOMER, KIND, by, at)
    return (ws.get(process_key(CUSTOMER)) or {})["conditions"].get(KIND.condition)


def told(life: Life) -> list[tuple[int, int]]:
    opened, closed = life
    return [(opened, 1)] if closed is None else [(opened, 1), (closed, -1)]


def test_a_drift_that_opened_before_another_closed_keeps_it_false_whichever_is_told_first() -> None:
    first, second = told((10, 20)), told((14, None))

    assert condition(*first, *second) == condition(*second, *first) == ["False", "InvoiceNotPosted", 10]


def test_the_last_to_close_has_it_true_whichever_is_told_last() -> None:
    first, second = told((10, 30)), told((14, 20))

    assert condition(*first, *second) == condition(*second, *first) == ["True", "AsExpected", 30]


def test_what_late_evidence_takes_back_never_turned_it() -> None:
    assert condition((10, 1), (10, -1)) is None
    assert condition((5, 1), (8, -1), (10, 1), (10, -1)) == ["True", "AsExpected", 8]
    assert condition((10, 1), (14, 1), (10, -1)) == ["False", "InvoiceNotPosted", 14]


def test_nor_is_it_kept_that_it_was_open_at_that_instant() -> None:
    assert Turns().with_one(5, 1, 1).with_one(5, -1, 0) == Turns()


def test_what_an_earlier_release_kept_stands_until_it_turns() -> None:
    process = {"revision": 4, "facts": {}, "members": [], "open": {KIND.name: 1}}
    before = process | {"conditions": {KIND.condition: ["False", "InvoiceNotPosted", 10]}}

    assert condition((14, 1), before=before) == ["False", "InvoiceNotPosted", 10]
    assert condition((14, 1), (16, -1), (18, -1), before=before) == ["True", "AsExpected", 18]


def test_no_more_instants_are_kept_than_may_be_told_in_another_order() -> None:
    turns = Turns()
    for number in range(1, 5 * KEPT):
        turns = turns.with_one(10 * number, 1, number)

    assert (len(turns.instants), turns.since, turns.last(5 * KEPT - 1)) == (KEPT, 10, 10)


@given(
    lives=st.lists(st.tuples(st.integers(1, 30), st.none() | st.integers(1, 20)), max_size=KEPT // 2),
    seed=st.integers(0, 2**32),
)
def test_it_turned_when_the_number_of_open_drifts_last_became_some_or_none(
    lives: list[tuple[int, int | None]], seed: int
) -> None:
    found = [told((opened, None if lasted is None else opened + lasted)) for opened, lasted in lives]
    random.Random(seed).shuffle(found)
    in_order = sorted(each for life in found for each in life)

    last, number = None, 0
    for at in sorted({at for at, _ in in_order}):
        then = number + sum(by for when, by in in_order if when == at)
        last, number = at if (number > 0) != (then > 0) else last, then

    standing = condition(*(each for life in found for each in life)) if found else None
    assert standing == (last and ["False" if number else "True", "InvoiceNotPosted" if number else "AsExpected", last])
