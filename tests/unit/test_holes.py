"""Holes in the evidence as identify opens, moves and closes them, and whose a native customer is; asked directly, times
are plain numbers."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from schemas import topics
from schemas.instants import ALWAYS, NEVER
from schemas.source import Heard, SourceRow
from streams.identify import keys, letters, links
from streams.identify.holes import Hole, close, move, open_
from streams.identify.progress import hear
from streams.identify.reroute import on_route
from streams.identify.routes import Route, route_of
from streams.identify.stays import Stay, of
from streams.inputs import Input
from streams.letters import ENTITY_HEADER, ID_HEADER
from streams.suspects.circle import CIRCLE
from tables.view import MemoryView, Workspace
from tables.watermarks import LINKS
from tests.dossiers.stage import five_systems
from tests.topology import governance
from tests.unit import test_rows_read as rows

GOVERNANCE = governance().model_copy(update={"partitions": 2, "judged": ()})
HOLE = Hole("billing", "B/1", "invoice", "L")
ROUTED = {"canonical_id": "crm:A", "route_version": 3, "routed_at": 50}


def state(*, linked: bool = True, routed: bool = True) -> Workspace:
    ws = Workspace(MemoryView())
    if linked:
        ws.put(keys.links_key("billing", "B/1"), {"links": [{"system": "crm", "native_customer": "A"}]})
    if routed:
        ws.put(keys.route_key("billing", "B/1"), ROUTED)
    return ws


def told(ws: Workspace) -> list[tuple[str, int | None, Any]]:
    """Record, partition, and what of it says where it stands open."""
    found = [(e.record, e.partition, e.value) for e in ws.effects if e.topic == topics.CHANGES]
    assert all(e.key == (e.value or {})["canonical_id"] for e in ws.effects if e.topic == topics.CHANGES)
    ws.effects.clear()
    return found


NAMED = {"system": "billing", "entity": "invoice", "letter_id": "L"}


# -- whose a native customer is


def test_a_native_customer_is_its_own_until_the_crosswalk_says_otherwise() -> None:
    assert route_of(state(routed=False), "billing", "B/1") == Route("billing:B%2F1", 0, NEVER)
    assert route_of(state(), "billing", "B/1") == Route("crm:A", 3, 50)


# -- holes


@pytest.mark.parametrize(("opened_at", "since"), [(70, 70), (49, 49), (48, 49), (5, 49)])
def test_a_hole_opens_where_the_customer_is_and_not_before_it_came_there(opened_at: int, since: int) -> None:
    ws = state()
    open_(ws, GOVERNANCE, HOLE, 1, opened_at)

    assert told(ws) == [("HoleOpened", None, {"canonical_id": "crm:A", **NAMED, "partition": 1, "opened_at": since})]
    assert (ws.get(HOLE.key) or {})["opened_at"] == opened_at
    open_(ws, GOVERNANCE, HOLE, 0, 90)
    assert told(ws) == []


@pytest.mark.parametrize(
    ("entity", "linked", "customer", "system", "is_everyones"),
    [
        ("customer", False, "B/1", "billing", True),  # it may have been about to say whose it is
        ("*", False, "B/1", "billing", True),
        ("customer", True, "B/1", "billing", False),
        ("invoice", False, "B/1", "billing", False),
        ("invoice", True, "", "billing", True),
        ("customer", False, "A", "crm", False),  # which links nobody
    ],
)
def test_what_may_be_missing_of_anyone_is_told_to_everyone(
    entity: str, linked: bool, customer: str, system: str, is_everyones: bool
) -> None:
    ws = state(linked=linked)
    open_(ws, GOVERNANCE, Hole(system, customer, entity, "L"), 0, 70)
    found = told(ws)

    assert [(value["canonical_id"] == "", partition) for _, partition, value in found] == (
        [(True, 0), (True, 1)] if is_everyones else [(False, None)]
    )
    assert all(value["opened_at"] == 70 for _, _, value in found)


@pytest.mark.parametrize(
    ("entity", "how", "fleet"),
    [("invoice", "replayed", 1), ("invoice", "dismissed", 0), ("opportunity", "replayed", 0)],
)
def test_it_is_closed_where_it_stands_open(entity: str, how: str, fleet: int) -> None:
    ws, hole = state(), HOLE._replace(entity=entity)
    open_(ws, GOVERNANCE, hole, 1, 70)
    ws.put(keys.route_key("billing", "B/1"), {**ROUTED, "canonical_id": "crm:Z"})
    ws.effects.clear()
    close(ws, GOVERNANCE, hole, how)

    assert [e.record for e in ws.effects if e.topic == topics.PROGRESS] == ["LetterResolved"] * fleet
    assert told(ws) == [("HoleClosed", None, {"canonical_id": "crm:A", **NAMED, "entity": entity, "how": how})]
    assert ws.get(hole.key) is None


def test_one_that_nobody_knows_is_closed_where_the_customer_is() -> None:
    ws = state()
    close(ws, GOVERNANCE, HOLE, "replayed")

    assert told(ws) == [("HoleClosed", None, {"canonical_id": "crm:A", **NAMED, "how": "replayed"})]


def test_it_goes_with_its_customer_unless_it_is_everyones() -> None:
    ws = state()
    open_(ws, GOVERNANCE, HOLE, 1, 70)
    open_(ws, GOVERNANCE, HOLE._replace(customer="B/12", letter_id="M"), 1, 70)
    ws.put(keys.holes_prefix("billing", "B/1") + "N", {"canonical_id": "", **NAMED, "letter_id": "N", "opened_at": 1})
    ws.effects.clear()
    move(ws, GOVERNANCE, "billing", "B/1", Route("crm:A", 3, 50), Route("crm:Z", 4, 80))

    assert told(ws) == [
        ("HoleOpened", None, {"canonical_id": "crm:Z", **NAMED, "partition": 1, "opened_at": 79}),
        ("HoleClosed", None, {"canonical_id": "crm:A", **NAMED, "how": "moved", "moved_at": 80}),
    ]
    assert (ws.get(HOLE.key) or {})["canonical_id"] == "crm:Z"


def test_of_one_that_is_everyones_it_is_remembered_whose_it_was_and_nobody_else_hears_of_it() -> None:
    ws, hole = state(linked=False), HOLE._replace(entity="customer")
    open_(ws, GOVERNANCE, hole, 1, 70)
    move(ws, GOVERNANCE, "billing", "B/1", Route("crm:A", 3, 50), Route("crm:Z", 4, 80))
    assert of(ws.get(hole.key)) == [Stay("crm:A", 3, 50, 80)]
    close(ws, GOVERNANCE, hole, "replayed")

    assert {value["canonical_id"] for _, _, value in told(ws)} == {""}


@pytest.mark.parametrize("routed_first", [True, False])
def test_what_comes_home_of_one_that_was_everyones_is_told_to_those_to_whom_it_belonged(routed_first: bool) -> None:
    """However long ago that was: what is missing of anyone else may hold a verdict of then back."""
    ws, account = rows.nothing(), Hole("billing", "B", "customer", "L")
    if not routed_first:
        open_(ws, GOVERNANCE, account, 1, 3)
    for version, (to, at) in enumerate((("crm:A", 10), ("crm:Z", 40)), 1):
        routed = {"canonical_id": to, "route_version": version, "routed_at": at}
        on_route(ws, GOVERNANCE, {"system": "billing", "native_customer": "B", **routed})
    if routed_first:
        open_(ws, GOVERNANCE, account, 1, 3)
    hear(ws, 1, Heard("billing", "*", 0, "streaming", ALWAYS))
    ws.effects.clear()
    rows.take(ws, rows.row(5, "account", "B"), letter="L")

    assert rows.told(ws, "canonical_id", "effective_at", "effective_until") == [
        ("CustomerChanged", "billing:B", 5, 10),
        ("CustomerChanged", "crm:A", 10, 40),
        ("CustomerChanged", "crm:Z", 40, None),
    ]


def test_what_is_settled_is_closed_wherever_it_was_lacking_once_each() -> None:
    ws = state()
    open_(ws, GOVERNANCE, HOLE, 1, 70)
    routes = [Route("crm:A", 3, 50), Route("crm:Z", 4, 80), Route("crm:A", 5, 90)]
    for old, new in pairwise(routes):
        move(ws, GOVERNANCE, "billing", "B/1", old, new)
    assert of(ws.get(HOLE.key)) == [Stay("crm:A", 3, 50, 80), Stay("crm:Z", 4, 80, 90)]
    ws.effects.clear()
    close(ws, GOVERNANCE, HOLE, "dismissed")

    assert [value["canonical_id"] for _, _, value in told(ws)] == ["crm:A", "crm:Z"]


def test_what_an_earlier_release_moved_is_closed_where_it_is() -> None:
    ws = state()
    ws.put(HOLE.key, {"canonical_id": "crm:Z", **NAMED, "partition": 1, "opened_at": 70})
    close(ws, GOVERNANCE, HOLE, "replayed")

    assert [value["canonical_id"] for _, _, value in told(ws)] == ["crm:Z"]


# -- letters


def letter(**more: Any) -> dict[str, Any]:
    said = {"system": "billing", "entity": "invoice", "letter_id": "L", "original_key": b"B/1", "reason": "r"}
    return {**said, "diverted_at": 9, **more}


def refused(ws: Workspace, **more: Any) -> list[tuple[str, Any]]:
    letters.diverted(ws, GOVERNANCE, 1, letter(**more))
    return [(record, value["opened_at"]) for record, _, value in told(ws)]


def heard(ws: Workspace, mark: int | None, of: str = "*", phase: str = "streaming") -> None:
    hear(ws, 1, Heard("billing", of, 0, phase, mark))


def test_evidence_is_complete_up_to_what_was_heard_of_the_system() -> None:
    ws = state()
    heard(ws, 70)
    heard(ws, 60, "invoice")
    heard(ws, None, "account", "snapshot")

    assert refused(ws) == [("HoleOpened", 60)]
    assert refused(state(routed=False)) == [("HoleOpened", NEVER)]
    assert refused(state(), system="") == []


def test_in_a_gap_it_is_complete_up_to_what_was_heard_before() -> None:
    """A row that a snapshot in a new epoch shows, and nobody can read, is missing from then on: not from the beginning,
    or verdicts of before would hang on whether they were given by then."""
    ws = state()
    heard(ws, 70)
    heard(ws, 60, "invoice")
    heard(ws, None, phase="snapshot")
    heard(ws, None, "invoice", "gap")

    assert refused(ws) == [("HoleOpened", 60)]
    row = SourceRow("billing", "invoice", "I", "B/1", "upsert", "v1", "1", 3, True, None, {})
    assert not letters.of_first_snapshot(ws, record(letter="L"), row)


def test_the_fleet_hears_of_letters_about_finance() -> None:
    for entity, fleet in (("invoice", 1), ("opportunity", 0)):
        ws = state()
        letters.diverted(ws, GOVERNANCE, 1, letter(entity=entity))
        assert len([e for e in ws.effects if e.record == "LetterWritten"]) == fleet


@pytest.mark.parametrize("key", [None, b"", b"\xff", b"a\nb"])
def test_what_cannot_be_the_id_of_a_customer_may_be_anyones(key: bytes | None) -> None:
    ws = state()
    assert refused(ws, original_key=key) == [("HoleOpened", NEVER)] * 2
    assert ws.get(keys.holes_prefix("billing", "") + "L") is not None


def record(key: str = "B/1", **headers: str) -> Input:
    names = {"letter": ID_HEADER, "entity": ENTITY_HEADER}
    return Input("t", 0, 0, key, "", {}, {names[name]: text.encode() for name, text in headers.items()})


def test_one_that_comes_home_closes_its_hole() -> None:
    for headers, entity in (({"letter": "L", "entity": "invoice"}, "invoice"), ({"letter": "L"}, "*")):
        ws = state()
        letters.home(ws, GOVERNANCE, record(**headers), "billing")
        assert [(name, value["entity"], value["how"]) for name, _, value in told(ws)] == [
            ("HoleClosed", entity, "replayed")
        ]
    ws = state()
    letters.home(ws, GOVERNANCE, record(), "billing")
    assert told(ws) == []
    assert (letters.letter_of(record(letter="L")), letters.letter_of(record())) == ("L", None)


@pytest.mark.parametrize("key", [b"", b"\xff", b"B\xff", b"a\nb"])
def test_one_whose_key_was_no_text_closes_the_hole_of_everyone(key: bytes) -> None:
    ws = state()
    refused(ws, original_key=key)
    again = record(key.decode("utf-8", "backslashreplace"), letter="L", entity="invoice")
    row = SourceRow("billing", "invoice", "I", "B/1", "upsert", "v1", "1", 3, True, None, {})
    assert letters.of_first_snapshot(ws, again, row)

    ws.effects.clear()
    letters.home(ws, GOVERNANCE, again, "billing")

    assert ws.get(keys.holes_prefix("billing", "") + "L") is None
    assert [(name, (value or {})["canonical_id"]) for name, _, value in told(ws)] == [("HoleClosed", "")] * 2


@pytest.mark.parametrize(
    ("opened_at", "headers", "first"), [(NEVER, {"letter": "L"}, True), (5, {"letter": "L"}, False), (NEVER, {}, False)]
)
def test_a_row_of_the_first_snapshot_stays_one_when_it_comes_home(
    opened_at: int, headers: dict[str, str], first: bool
) -> None:
    ws = state()
    open_(ws, GOVERNANCE, HOLE, 1, opened_at)
    row = SourceRow("billing", "invoice", "I", "B/1", "upsert", "v1", "1", 3, True, None, {})

    assert letters.of_first_snapshot(ws, record(**headers), row) is first
    assert not letters.of_first_snapshot(state(), record(**headers), row)


# -- links


def version(at: int = 7, **attrs: Any) -> dict[str, Any]:
    return {"version": f"v{at}", "customer": "B/1", "at": at, "attrs": attrs or None, "snapshot": False}


def asserted(ws: Workspace, said: dict[str, Any]) -> list[Any]:
    links.asserted(ws, GOVERNANCE, "billing", said)
    found = [(e.key, e.record, e.partition, e.value) for e in ws.effects if e.topic == topics.LINKS]
    ws.effects.clear()
    return found


def test_whom_a_customer_names_is_told_where_it_changes() -> None:
    (attribute,) = [a for a, target in GOVERNANCE.systems["billing"].links.items() if target == "crm"]
    ws = state(linked=False)
    linked = [{"system": "crm", "native_customer": "A"}]
    value = {"system": "billing", "native_customer": "B/1", "links": linked, "version": "v7", "committed_at": 7}

    assert asserted(ws, version(**{attribute: None})) == []
    assert asserted(ws, version(**{attribute: "A"})) == [("billing/B/1", "LinkAsserted", 0, {**value, "present": True})]
    assert asserted(ws, version(8, **{attribute: "A"})) == []
    assert links.last_asserted(ws, "billing", "B/1") == linked
    gone = {**value, "links": [], "version": "v9", "committed_at": 9, "present": False}
    assert asserted(ws, version(9)) == [("billing/B/1", "LinkAsserted", 0, gone)]


def parents(
    before: dict[str, Any] | None, after: dict[str, Any], system: str = "crm", *, judged: bool = True
) -> list[Any]:
    ws = state()
    governed = five_systems().model_copy(update={"judged": (CIRCLE,) if judged else (), "derived": {}})
    links.parent_asserted(ws, governed, system, after, before)
    return [(e.key, e.record, e.partition, e.value) for e in ws.effects if e.topic == topics.LINKS]


def customer(at: int, parent: str | None, status: str = "active") -> dict[str, Any]:
    return version(at, parent_ref=parent, status=status)


def test_whom_a_customer_belongs_to_is_told_where_it_changes() -> None:
    value = {"system": "crm", "native_customer": "B/1", "version": "v8", "committed_at": 8, "snapshot": False}

    for before, after, parent in (
        (None, customer(8, "P"), "P"),
        (customer(7, "P"), customer(8, "Q"), "Q"),
        (customer(7, "P"), customer(8, None), None),
        (customer(7, "P"), customer(8, "P", "churned"), None),
        (customer(7, "P"), version(8), None),
    ):
        assert parents(before, after) == [("crm/B/1", "ParentAsserted", 0, {**value, "parent": parent})]


@pytest.mark.parametrize(
    ("before", "after", "more"),
    [
        (customer(7, "P"), customer(8, "P"), {}),
        (None, customer(8, None), {}),
        (None, customer(8, ""), {}),
        (None, customer(8, "P", "churned"), {}),
        (None, customer(8, "P"), {"system": "billing"}),
        (None, customer(8, "P"), {"judged": False}),
    ],
)
def test_nothing_is_told_where_it_stays_or_nobody_wants_to_know(before: Any, after: Any, more: dict[str, Any]) -> None:
    assert parents(before, after, **more) == []


def test_links_count_up_to_what_was_heard_of_them_in_every_system_that_links() -> None:
    ws = state()
    assert links.frontier(ws, GOVERNANCE) == NEVER
    for number, system in enumerate(GOVERNANCE.linking):
        hear(ws, 0, Heard(system, LINKS, 0, "streaming", 70 - number))
    assert links.frontier(ws, GOVERNANCE) == 71 - len(GOVERNANCE.linking)
    alone = {name: system.model_copy(update={"links": {}}) for name, system in GOVERNANCE.systems.items()}
    assert links.frontier(ws, GOVERNANCE.model_copy(update={"systems": alone})) == ALWAYS
