"""The reference index finds what was added and not removed, in order, however many there are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.kinds.references import EVERY, FEW, add, held, names, reference_key, remove, together, values
from tables.versions import MOVED, Version
from tables.view import MemoryView, Workspace

KEY = reference_key("crm:A", "invoice", "number", "I/1")
SETS = st.lists(st.tuples(st.booleans(), st.integers(0, 2 * FEW)), max_size=400)


def index(changes: list[tuple[bool, int]]) -> tuple[MemoryView, set[str]]:
    view, wanted = MemoryView(), set[str]()
    for present, number in changes:
        ws, name = Workspace(view), f"erp/P{number:03d}"
        (add if present else remove)(ws, KEY, name)
        (wanted.add if present else wanted.discard)(name)
        view.apply(ws.writes)
    return view, wanted


@given(SETS)
def test_the_first_names_are_found_in_order_whatever_came_first(changes: list[tuple[bool, int]]) -> None:
    view, wanted = index(changes)

    found = ["/".join(name) for name in names(Workspace(view), KEY)]
    assert found == sorted(wanted)[:FEW]


def test_a_value_to_which_everything_refers_is_found_in_full_where_asked() -> None:
    view, wanted = index([(True, number) for number in range(3 * FEW)])

    assert len(names(Workspace(view), KEY, 10_000)) == len(wanted) == 3 * FEW
    assert max(len(value.get("of", ())) for _, value in view.items()) == FEW


CHARGED = "subscription_ref+service_starts_on+total"


def test_several_attributes_are_one_key_together() -> None:
    said = {
        "subscription_ref": "S",
        "service_starts_on": "2026-01-01",
        "total": {"amount": "119.00", "currency": "EUR"},
    }
    version: Version = {"op": "upsert", "attrs": said}

    assert values([version], CHARGED) == {"S|2026-01-01|119 EUR"}
    assert together(said | {"total": {"amount": "119", "currency": "EUR"}}, CHARGED) == "S|2026-01-01|119 EUR"
    for left_out in said:
        assert values([{**version, "attrs": said | {left_out: None}}], CHARGED) == set(), left_out


@given(SETS)
def test_what_an_index_holds_can_be_listed(changes: list[tuple[bool, int]]) -> None:
    view, wanted = index(changes)

    listed = {pair for key, value in view.items() for pair in held(key, value)}
    assert listed == {(KEY, name) for name in wanted}


def test_so_can_what_is_beyond_the_first() -> None:
    view, wanted = index([(True, number) for number in range(3 * FEW)])

    assert sorted(pair for key, value in view.items() for pair in held(key, value)) == [
        (KEY, n) for n in sorted(wanted)
    ]


def test_what_is_beyond_the_first_and_comes_again_is_held_once() -> None:
    view, wanted = index([*((True, number) for number in range(FEW + 2)), (False, 0), (True, FEW)])

    assert [(key, name) for k, v in view.items() for key, name in held(k, v) if name == f"erp/P{FEW:03d}"] == [
        (KEY, f"erp/P{FEW:03d}")
    ]
    assert len(names(Workspace(view), KEY, 10_000)) == len(wanted)


def test_what_is_beyond_the_first_is_found_when_those_are_gone() -> None:
    view, wanted = index([*((True, n) for n in range(FEW + 2)), *((False, n) for n in range(FEW))])

    assert ["/".join(name) for name in names(Workspace(view), KEY)] == sorted(wanted)


def told(**attributes: str | None) -> Version:
    return {"op": "upsert", "attrs": attributes}


def test_a_record_is_found_by_what_any_of_its_versions_states() -> None:
    gone: Version = {"op": "delete", "attrs": None}
    versions = [told(number="1"), told(number=None), told(number=""), told(number="2"), told(), gone]

    assert values(versions, "number") == {"1", "2"}
    assert values(versions, EVERY) == {""}
    assert values([{"op": MOVED, "attrs": None}], EVERY) == set()
    assert values([told(), {"op": MOVED, "attrs": None}], EVERY) == {""}


def test_what_was_removed_leaves_nothing_behind() -> None:
    view, _ = index([(True, 1), (False, 1), (False, 2)])

    assert list(view.items()) == []
