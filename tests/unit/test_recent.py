"""What a store remembers of what it read: bounded, shared fairly, and never an earlier value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tables import recent
from tables.recent import UNKNOWN, Recent
from tables.view import Writes


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "_ALL", [])


def put(remembered: Recent, *numbers: int) -> None:
    for number in numbers:
        remembered.put(str(number), {"n": number})


def test_a_key_that_was_never_seen_is_unknown_and_one_known_to_be_absent_is_none() -> None:
    remembered = Recent(8)
    remembered.put("absent", None)

    assert (remembered.get("absent"), remembered.get("other")) == (None, UNKNOWN)


def test_what_is_used_stays_and_what_is_not_is_forgotten() -> None:
    remembered = Recent(8)
    put(remembered, 0)
    for number in range(1, 40):
        put(remembered, number)
        assert remembered.get("0") == {"n": 0}

    assert remembered.get("1") is UNKNOWN
    assert remembered.get("39") == {"n": 39}


def test_it_holds_no_more_than_it_may() -> None:
    remembered = Recent(8)
    for number in range(100):
        put(remembered, number)
        assert len(remembered) <= 8


def test_a_commit_larger_than_the_cache_leaves_nothing_of_before_and_takes_no_room() -> None:
    remembered = Recent(8)
    put(remembered, 1, 2)
    remembered.update({str(number): {"n": -number} for number in range(50)})

    assert len(remembered) <= 8
    assert remembered.get("1") in (UNKNOWN, {"n": -1})


def test_a_store_that_needs_more_takes_what_the_others_leave() -> None:
    idle, busy = Recent(100), Recent(100)
    put(idle, *range(10))
    for number in range(1000):
        put(busy, number)
        assert len(idle) + len(busy) <= 100

    assert len(busy) > 40


def test_stores_that_all_need_more_share_alike() -> None:
    first, second = Recent(100), Recent(100)
    for number in range(2000):
        put(first, number)
        put(second, number)
        assert len(first) + len(second) <= 150  # who had room to grow alone gives it back when it grows old next

    assert len(first) + len(second) <= 110
    assert min(len(first), len(second)) > 20


def test_a_closed_store_leaves_its_part_to_the_others() -> None:
    first, second = Recent(100), Recent(100)
    put(first, *range(60))
    first.close()
    put(second, *range(1030))

    assert len(first) == 0
    assert len(second) > 50


KEYS = st.sampled_from([f"k{number}" for number in range(9)])
WRITES = st.dictionaries(KEYS, st.none() | st.integers(0, 9).map(lambda n: {"n": n}), max_size=6)


@given(st.lists(WRITES | KEYS, max_size=60), st.integers(1, 8))
def test_whatever_it_remembers_is_the_latest(actions: list[Writes | str], entries_max: int) -> None:
    remembered, latest = Recent(entries_max), Writes()
    for action in actions:
        if isinstance(action, str):
            assert remembered.get(action) in (UNKNOWN, latest.get(action))
        else:
            latest.update(action)
            remembered.update(action)
    remembered.close()
