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


def stored_after(*batches: dict[str, Any]) -> Deadlines:
    """What a restart finds: each batch of puts was committed with its changes."""
    deadlines, copy = Deadlines(), dict[bytes, bytes]()
    for batch in batches:
        for key, wake in batch.items():
            deadlines.put(key, wake)
        for at, data in deadlines.changes():
            copy.pop(at, None)
            if data is not None:
                copy[at] = data
    return Deadlines.stored(copy.items())


def test_a_restart_finds_what_waited_at_the_last_commit() -> None:
    found = stored_after({"a": (GATE, 1), "b": (GATE, 2), "c": (OTHER, 3)}, {"a": (OTHER, 9), "b": None})

    assert sorted(found.waiting(0, 99)) == [(OTHER, 3, "c"), (OTHER, 9, "a")]
    assert found.changes() == []


def test_what_waits_on_as_before_is_not_written_again() -> None:
    deadlines = index(("a", 1))
    assert len(deadlines.changes()) == 1

    deadlines.put("a", (GATE, 1))
    deadlines.put("b", None)
    assert deadlines.changes() == []


@given(st.lists(st.dictionaries(st.sampled_from("abcde"), puts.map(lambda put: put[1])), max_size=6))
def test_the_copy_says_what_the_index_says(batches: list[dict[str, Any]]) -> None:
    last = {key: wake for batch in batches for key, wake in batch.items()}

    expected = sorted((*wake, key) for key, wake in last.items() if wake is not None)
    assert sorted(stored_after(*batches).waiting(-1, 99)) == expected
