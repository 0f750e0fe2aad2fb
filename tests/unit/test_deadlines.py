"""The deadline index: what waits where, in the order it falls due."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tables.deadlines import Deadlines

GATE = ("invoice_not_posted", "billing")
OTHER = ("credit_memo_unpropagated", "erp")


def index(*entries: tuple[str, int]) -> Deadlines:
    deadlines = Deadlines()
    for key, at in entries:
        deadlines.put(key, (GATE, at))
    return deadlines


def test_what_is_due_comes_in_order_of_instant_then_key() -> None:
    assert index(("b", 5), ("c", 1), ("a", 5), ("late", 9)).due(GATE, 5, 10) == ["c", "a", "b"]


def test_no_more_come_than_were_asked_for() -> None:
    assert index(("a", 1), ("b", 2), ("c", 3)).due(GATE, 9, 2) == ["a", "b"]


def test_a_gate_opens_for_its_own_entries_only() -> None:
    deadlines = index(("a", 1))

    assert deadlines.due(OTHER, 9, 10) == []


def test_an_entry_waits_at_one_place_at_a_time() -> None:
    deadlines = index(("a", 1))
    deadlines.put("a", (GATE, 7))
    assert (deadlines.due(GATE, 6, 10), deadlines.due(GATE, 7, 10), len(deadlines)) == ([], ["a"], 1)

    deadlines.put("a", (OTHER, 2))
    assert (deadlines.due(GATE, 9, 10), deadlines.due(OTHER, 9, 10)) == ([], ["a"])


def test_an_entry_that_waits_for_nothing_is_forgotten() -> None:
    deadlines = index(("a", 1))
    deadlines.put("a", None)
    deadlines.put("never there", None)

    assert (deadlines.due(GATE, 9, 10), len(deadlines)) == ([], 0)


def test_looking_takes_nothing_away() -> None:
    deadlines = index(("a", 1))

    assert deadlines.due(GATE, 1, 10) == deadlines.due(GATE, 1, 10) == ["a"]


def test_what_should_be_decided_by_now_lies_in_a_half_open_span() -> None:
    deadlines = index(("a", 1), ("b", 2), ("c", 3))
    deadlines.put("d", (OTHER, 2))

    assert sorted(deadlines.waiting(1, 2)) == [(OTHER, 2, "d"), (GATE, 2, "b")]


puts = st.tuples(st.sampled_from("abcde"), st.none() | st.tuples(st.sampled_from([GATE, OTHER]), st.integers(0, 9)))


@given(st.lists(puts, max_size=30), st.integers(-1, 10))
def test_it_agrees_with_a_plain_search_over_all_entries(entries: list[Any], until: int) -> None:
    deadlines = Deadlines()
    for key, wake in entries:
        deadlines.put(key, wake)
    last = dict(entries)

    for gate in (GATE, OTHER):
        expected = sorted((wake[1], key) for key, wake in last.items() if wake and wake[0] == gate and wake[1] <= until)
        assert deadlines.due(gate, until, 99) == [key for _, key in expected]
    assert len(deadlines) == sum(wake is not None for wake in last.values())
