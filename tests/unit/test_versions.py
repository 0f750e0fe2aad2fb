"""The versions of a record: order, duplicates, moves, what held when, and what may be folded."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.instants import ALWAYS
from tables.versions import MOVED, PRESENT, PRESUMED, Regard, as_of, fold, insert, next_told, order, tells


def version(at: int, name: str | None = None, *, op: str = "upsert", route: int = 0, **since: str) -> dict[str, Any]:
    return {"version": name or f"{at:03d}", "at": at, "op": op, "route": route, "customer": "B", "since": since}


def inserted(*news: dict[str, Any]) -> list[dict[str, Any]]:
    versions: list[dict[str, Any]] = []
    for new in news:
        versions = insert(versions, new, folded=False) or versions
    return versions


def test_a_version_holds_from_its_instant_until_the_next() -> None:
    versions = [version(10), version(20)]

    assert as_of(versions, 9) is None
    assert [as_of(versions, at) for at in (10, 19, 20, 99)] == [versions[0], versions[0], versions[1], versions[1]]


def test_of_two_versions_at_one_instant_the_later_in_source_order_holds() -> None:
    versions = inserted(version(10, "1"), version(10, "2"))

    assert as_of(versions, 10) == version(10, "2")


def test_a_deletion_holds_too() -> None:
    versions = [version(10), version(20, op="delete")]

    assert [as_of(versions, at) for at in (9, 19, 20)] == [None, *versions]


def test_the_next_change_is_the_first_of_what_comes_in_whatever_order() -> None:
    first, second = version(10), version(20)

    assert next_told(None, [first, second]) == next_told(None, [second, first]) == 10
    assert next_told(first, [second]) == 20
    assert next_told(second, []) == ALWAYS


def told(at: int, since: dict[str, str] | None = None, **attrs: Any) -> dict[str, Any]:
    return version(at) | {"attrs": attrs, "since": since or {}}


def test_a_version_says_otherwise_in_attributes_values_and_facts() -> None:
    before = told(10, {"active": "5/v", "version:1": "5/v"}, status="active", name="A", terms=None)
    after = told(20, {"version:2": "20/w", "trail:status": "20/x"}, status="churned", name="A", terms=None)
    names = ("status", "status=active", "status=churned", "status=new", "name", "terms=x")
    facts = ("@active", "@version", "@trail", "@won")

    assert [n for n in (*names, *facts) if tells(before, after, Regard.named([n]))] == [*names[:3], *facts[:3]]
    assert not tells(before, before, Regard.named((*names, *facts)))


def test_a_record_that_comes_or_goes_says_otherwise_whatever_is_regarded() -> None:
    here, gone = told(10, status="active"), told(20) | {"op": "delete", "attrs": None}

    assert all(tells(*pair, Regard()) for pair in ((None, here), (here, gone), (gone, here)))


def test_a_change_of_what_is_not_regarded_is_passed_over() -> None:
    held, *coming = told(10, status="new", name="A"), told(20, status="new", name="B"), told(30, status="old", name="B")

    assert next_told(held, coming, Regard.named(["name"])) == 20
    assert next_told(held, coming, Regard.named(["status=old"])) == 30
    assert next_told(held, coming, Regard.named(["status=other", "@active"])) == ALWAYS


def test_a_duplicate_is_no_version() -> None:
    assert insert([version(10), version(20)], version(20)) is None


def test_a_late_version_takes_its_place_between_those_held() -> None:
    assert insert([version(10), version(30)], version(20)) == [version(10), version(20), version(30)]


def test_what_is_older_than_all_that_is_kept_is_refused_where_some_were_folded_away() -> None:
    """It may be one of them; taking it would change what held at instants nobody judges any more."""
    assert insert([version(20)], version(10), folded=True) is None


def test_a_first_version_that_comes_after_its_successor_is_the_first() -> None:
    assert insert([version(20)], version(10), folded=False) == [version(10), version(20)]


def test_what_it_has_in_common_with_its_successor_was_told_to_begin_there_and_does() -> None:
    successor = version(20, live="20/020", paid="20/020")
    inserted = insert([successor], version(10, live="10/010", draft="10/010"), folded=False)

    assert inserted == [version(10, live="20/020", draft="10/010"), successor]


@pytest.mark.parametrize("at", [20, 10])
def test_a_version_of_an_earlier_route_is_refused(at: int) -> None:
    assert insert([version(10, route=2)], version(at, route=1), folded=False) is None


def test_but_not_one_of_an_instant_before_that_route_had_ended() -> None:
    gone, back = version(20, "moved:2", op="moved", route=2), version(30, route=3)
    first = version(10, route=1)

    assert insert([gone, back], first, folded=False) == [first, gone, back]
    assert insert([gone, back], first, folded=True) is None


def test_the_same_version_comes_again_by_a_later_route() -> None:
    assert insert([version(10)], version(30, "010", route=1)) == [version(10), version(30, "010", route=1)]


def test_a_move_takes_away_what_happened_here_from_its_instant_on() -> None:
    gone = version(20, "moved:1", op="moved", route=1)

    assert insert([version(10), version(20), version(30)], gone) == [version(10), gone]


def test_but_not_what_came_by_the_route_that_it_begins() -> None:
    gone = version(20, "moved:1", op="moved", route=1)

    assert insert([version(10), version(30, route=1)], gone) == [version(10), gone, version(30, route=1)]


def test_and_nothing_of_another_native_customer() -> None:
    elsewhere = version(30) | {"customer": "C"}

    assert elsewhere in inserted(version(10), elsewhere, version(20, op="moved", route=1))


def test_a_record_that_comes_back_is_here_again() -> None:
    versions = inserted(version(10), version(20, "moved:1", op="moved", route=1), version(30, "010", route=2))

    assert [(as_of(versions, at) or {})["op"] for at in (10, 20, 29, 30)] == [PRESENT, MOVED, MOVED, PRESENT]


def test_folding_keeps_what_held_at_the_frontier_and_all_that_is_later() -> None:
    versions = [version(10), version(20), version(30), version(40)]

    assert fold(versions, 25) == versions[1:]
    assert fold(versions, 20) == versions[1:]
    assert fold(versions, 5) == versions
    assert fold(versions, 99) == versions[3:]


def test_of_two_versions_at_the_frontier_the_later_is_kept() -> None:
    assert fold([version(20, "1"), version(20, "2")], 20) == [version(20, "2")]


def of(customer: str, at: int, name: str | None = None, **more: Any) -> dict[str, Any]:
    return version(at, name, **more) | {"customer": customer}


@pytest.mark.parametrize(
    ("versions", "at", "held"),
    [
        ([of("B", 10), of("C", 20)], 9, None),
        ([of("B", 10), of("C", 20)], 10, 0),
        ([of("B", 10), of("C", 20)], 19, 0),
        ([of("B", 10), of("C", 20)], 20, 1),
        ([of("B", 30), of("C", 10)], 30, 0),
        ([of("B", 30), of("C", 10)], 29, 1),
        ([of("B", 10, "900"), of("B", 20, "moved:1", op="moved"), of("C", 15, "005")], 19, 0),
        ([of("B", 10, "900"), of("B", 20, "moved:1", op="moved"), of("C", 15, "005")], 20, 2),
        ([of("B", 10), of("B", 20, "moved:1", op="moved"), of("C", 30)], 29, 1),
        ([of("B", 10), of("C", 20), of("C", 30, op=PRESUMED)], 29, 1),
        ([of("B", 10), of("C", 20), of("C", 30, op=PRESUMED)], 30, 0),
        ([of("B", 10, op="delete"), of("C", 30, op=PRESUMED)], 30, 1),
        ([of("B", 10), of("C", 30, op="delete")], 30, 1),
    ],
)
def test_of_two_native_customers_the_newest_that_has_not_left_holds(
    versions: list[dict[str, Any]], at: int, held: int | None
) -> None:
    assert as_of(versions, at) == (None if held is None else versions[held])


def test_each_native_customer_has_routes_and_a_beginning_of_its_own() -> None:
    later = of("C", 30, route=5)

    assert insert([later], version(10), folded=True) == [version(10), later]


def test_of_each_native_customer_the_last_is_kept() -> None:
    assert fold([of("B", 10), of("C", 20), of("C", 30)], 99) == [of("B", 10), of("C", 30)]


def test_what_is_ahead_is_kept_though_a_later_route_superseded_it_from_earlier_on() -> None:
    versions = [version(10), version(30), version(20, route=1)]

    assert fold(versions, 25) == versions


def test_what_is_regarded_is_named_in_words() -> None:
    named = Regard.named(["status", "stage=won", "@won", "name", "@trail"])

    assert named == Regard(("status", "name"), (("stage", "won"),), ("won", "trail"))


def test_where_nothing_is_named_anything_counts() -> None:
    before, after = told(10, name="A"), told(20, name="A")

    assert tells(before, after, None)
    assert not tells(before, after, Regard())
    assert tells(before, after | {"customer": "C"}, Regard())


instants = st.integers(0, 12)
histories = st.lists(st.tuples(instants, st.sampled_from(["upsert", "delete"])), max_size=8).map(
    lambda changes: [version(at, f"{n:03d}", op=op) for n, (at, op) in enumerate(sorted(changes))]
)


@given(histories, instants, instants)
def test_folding_never_changes_what_held_at_or_behind_the_frontier(
    versions: list[dict[str, Any]], frontier: int, later: int
) -> None:
    instant = frontier + later

    assert as_of(fold(versions, frontier), instant) == as_of(versions, instant)


@given(histories, st.randoms(use_true_random=False))
def test_the_order_of_arrival_and_duplicates_leave_no_trace(versions: list[dict[str, Any]], rng: Any) -> None:
    told = versions * 2
    rng.shuffle(told)

    assert inserted(*told) == sorted(versions, key=order)
