"""The views that judge is run over in the benchmarks answer as the state in memory does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.bench.step.log import governance
from streams.bench.step.quix_view import QuixView
from streams.judge.keys import MARKS
from streams.judge.stage import Judge
from tables.view import MemoryView, Writes


class FlatState:
    """A state of Quix Streams: bytes by key, without order and without a scan."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def get_bytes(self, key: str, default: bytes | None = None) -> bytes | None:
        return self.held.get(key, default)

    def set_bytes(self, key: str, value: bytes) -> None:
        self.held[key] = value

    def delete(self, key: str) -> None:
        self.held.pop(key, None)


WAKE = Judge(governance()).wake
OBLIGATION = "o/C/invoice_not_posted/billing/I"
GATE = ("invoice_not_posted", "billing")

keys = st.sampled_from(["e/C/1", "e/C/2", "e/C/22", "e/C/é", "o/C/k/s/1", "p/C", MARKS, "g/crm/customer/1"])
values = st.none() | st.integers(0, 9).map(lambda n: {"n": n})
writes = st.lists(st.dictionaries(keys, values, max_size=4), max_size=8)
prefixes = st.sampled_from(["e/C/", "e/C/2", "o/C/", "g/", "h/C/"])


@given(writes, prefixes, st.integers(1, 4))
def test_without_the_way_through_json_it_answers_the_same(steps: list[Writes], prefix: str, limit: int) -> None:
    view, memory = MemoryView(through_json=False), MemoryView()
    for step in steps:
        view.apply(step)
        memory.apply(step)

    assert view.range(prefix, limit) == memory.range(prefix, limit)
    assert list(view.items()) == list(memory.items())


@given(writes, prefixes, st.integers(1, 4), st.booleans())
def test_a_flat_state_with_a_directory_answers_as_the_state_in_memory(
    steps: list[Writes], prefix: str, limit: int, again: bool
) -> None:
    flat, shared, memory = FlatState(), {}, MemoryView()
    view = QuixView(flat, shared, WAKE)
    for step in steps:
        if again:  # another message of the same key
            view = QuixView(flat, shared, WAKE)
        view.apply(step)
        view.save()
        memory.apply(step)

    assert view.range(prefix, limit) == memory.range(prefix, limit)
    assert [view.get(key) for key in ("e/C/1", "p/C", MARKS)] == [memory.get(key) for key in ("e/C/1", "p/C", MARKS)]


def test_watermarks_are_shared_by_all_customers():
    shared: dict = {}
    QuixView(FlatState(), shared, WAKE).apply({MARKS: {"crm/*": {}}})

    assert QuixView(FlatState(), shared, WAKE).get(MARKS) == {"crm/*": {}}


@pytest.mark.parametrize(("until", "expected"), [(6, []), (7, [(OBLIGATION, 7)]), (9, [(OBLIGATION, 9)])])
def test_the_directory_knows_what_is_due(until: int, expected: list[tuple[str, int]]):
    flat = FlatState()
    view = QuixView(flat, {}, WAKE)
    view.apply({OBLIGATION: {"status": "armed", "next": 7}, "p/C": {}})
    view.save()

    assert QuixView(flat, {}, WAKE).due({GATE: until}) == expected


def test_what_sleeps_is_not_due():
    view = QuixView(FlatState(), {}, WAKE)
    view.apply({OBLIGATION: {"status": "armed", "next": 7}})
    view.apply({OBLIGATION: {"status": "met"}})

    assert view.due({GATE: 100}) == []
