"""When documents may leave, and what one is that comes back, asked directly; times are plain numbers."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.instants import ALWAYS, SECOND
from streams.governance.model import Governance
from streams.judge.keys import RETENTION, holes_prefix, leaving_key
from streams.judge.retention import (
    STEPS,
    Place,
    arriving,
    decided,
    in_steps,
    is_no_subject,
    is_past,
    leaving_at,
    queue,
    scheduled,
    span,
    still_returned,
    undecided_from,
    unqueue,
)
from tables.versions import Version
from tables.view import MemoryView, Workspace
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import CUSTOMER, record, version_of

SPAN = 100
"""So short that every instant is a step."""
INVOICE = Place(CUSTOMER, "invoice", "billing", "I")
CONTRACT = Place(CUSTOMER, "contract", "erp", "C")


def governed(kept: int | None = SPAN) -> Governance:
    seconds = None if kept is None else kept / SECOND
    return five_systems().model_copy(update={"settled_retention_seconds": seconds, "derived": {}})


def nothing() -> Workspace:
    return Workspace(MemoryView())


def waiting(ws: Workspace) -> list[str]:
    return [key for key, _ in ws.range("q/", 9)]


def test_it_may_leave_once_it_was_silent_for_the_span_that_is_governed() -> None:
    assert (span(governed()), span(governed(None)), leaving_at(governed(), 7)) == (SPAN, None, 107)


@pytest.mark.parametrize(("since", "instant"), [(0, 10240), (1, 10250), (9, 10250), (10, 10250), (11, 10260)])
def test_that_is_at_whole_steps_of_which_a_span_has_a_thousand(since: int, instant: int) -> None:
    assert in_steps(since, 10 * STEPS) == instant


def test_a_span_shorter_than_that_has_steps_of_the_smallest_size() -> None:
    assert [in_steps(since, kept) for since, kept in ((3, STEPS), (3, STEPS - 1), (3, 1))] == [
        STEPS + 3, STEPS + 2, 4,
    ]  # fmt: skip


@pytest.mark.parametrize(("leaves", "now"), [(None, 120), (119, 119), (120, 120), (121, 120)])
def test_a_document_waits_for_the_earlier_of_what_it_waits_for_and_what_its_change_demands(
    leaves: int | None, now: int
) -> None:
    ws = nothing()
    if leaves is not None:
        queue(ws, INVOICE, leaves)

    assert scheduled(ws, governed(), INVOICE, leaves, 20) == {"leaves": now}
    assert waiting(ws) == [f"q/{now}/{CUSTOMER}/invoice/billing/I"]


def test_what_stays_for_ever_or_is_no_document_waits_for_nothing() -> None:
    ws = nothing()

    assert scheduled(ws, governed(None), INVOICE, None, 20) == scheduled(ws, governed(), CONTRACT, None, 20) == {}
    assert waiting(ws) == []


def test_the_first_instant_for_which_one_waits_is_undecided() -> None:
    ws = nothing()
    assert undecided_from(ws) == ALWAYS

    for instant, first in ((50, 50), (60, 50), (40, 40), (40, 40)):
        queue(ws, INVOICE, instant)
        assert undecided_from(ws) == first
        assert ws.get(leaving_key(instant)) == {}


def test_of_those_that_wait_for_one_instant_the_second_adds_nothing_but_itself() -> None:
    ws = nothing()
    queue(ws, INVOICE, 50)
    ws.put(RETENTION, {"first": 60})
    queue(ws, INVOICE._replace(native_id="J"), 50)

    assert (undecided_from(ws), len(waiting(ws))) == (60, 2)


def test_once_it_is_decided_the_next_one_is_undecided() -> None:
    ws = nothing()
    for instant in (50, 60, 100):
        queue(ws, INVOICE, instant)
    for instant, following in ((50, 60), (60, 100), (100, ALWAYS)):
        decided(ws, instant)
        assert (ws.get(leaving_key(instant)), undecided_from(ws)) == (None, following)
    assert ws.get(RETENTION) is None


def test_who_waits_no_more_leaves_the_instant_to_the_others() -> None:
    ws = nothing()
    queue(ws, INVOICE, 50)
    unqueue(ws, INVOICE, 50)

    assert (waiting(ws), undecided_from(ws)) == ([], 50)


@pytest.mark.parametrize(
    ("entity", "passed", "past"),
    [("invoice", 119, False), ("invoice", 120, True), ("invoice", 121, True), ("contract", 121, False)],
)
def test_what_a_document_said_a_span_ago_may_have_left(entity: str, passed: int, past: bool) -> None:
    assert is_past(governed(), entity, 20, passed) is past
    assert not is_past(governed(None), entity, 20, passed)


def told(at: int, first: int = 1, committed_at: int | None = None, place: Place = INVOICE, **more: Any) -> Version:
    """What is told of it at that instant, known since the first; committed before: of a link that was made then."""
    version = version_of(record(place.system, place.entity, place.native_id, first, status="posted"))
    name = f"v{at}" if committed_at is None else f"v{committed_at}"
    return {**version, "version": name, "at": at, "committed_at": at if committed_at is None else committed_at, **more}


NEW = {"versions": [], "revision": 0}


def returned(at: int) -> dict[str, Any]:
    return {"versions": [], "revision": at, "returned": True, "folded": True}


BACK = [
    # (what is told, whether it came back)
    (told(1), False),
    (told(100), False),
    (told(101), True),
    (told(500), True),
    (told(500, 500), False),
    (told(500, 401), False),
    (told(500, 400), True),
    (told(500, since={}), False),
    (told(500, attrs=None), False),
    # told again to another customer: by when it was committed
    (told(500, committed_at=499), False),
    (told(500, committed_at=400), False),
    (told(500, committed_at=399), True),
    (told(500, committed_at=1), True),
    (told(500, committed_at=399, attrs=None), False),
]


@pytest.mark.parametrize(("version", "back"), BACK)
def test_what_has_been_known_for_a_span_and_is_not_here_comes_back(version: Version, back: bool) -> None:
    assert arriving(nothing(), governed(), INVOICE, version) == (returned(version["at"]) if back else NEW)


def test_nothing_comes_back_where_documents_stay_or_of_what_is_none() -> None:
    for version in (told(500), told(500, committed_at=1)):
        assert arriving(nothing(), governed(None), INVOICE, version) == NEW
    for version in (told(500, place=CONTRACT), told(500, committed_at=1, place=CONTRACT)):
        assert arriving(nothing(), governed(), CONTRACT, {**version, "since": told(500)["since"]}) == NEW


def test_where_something_of_the_customer_is_lacking_the_first_heard_may_not_be_the_first_there_was() -> None:
    ws = nothing()
    ws.put(f"{holes_prefix(CUSTOMER)}erp/customer/L", {"at": 1})

    assert arriving(ws, governed(), INVOICE, told(500)) == NEW
    assert arriving(ws, governed(), INVOICE._replace(customer="crm:Z"), told(500)) == returned(500)
    assert arriving(ws, governed(), INVOICE, told(500, committed_at=1)) == returned(500)


@pytest.mark.parametrize(
    ("held", "version", "stays"),
    [
        ((), told(500, committed_at=1), True),
        ((), told(500, committed_at=450), False),
        ((told(500, committed_at=1),), told(500, committed_at=450), False),  # one arrival: the last of it counts
        ((told(500, committed_at=1),), told(500, committed_at=2), True),
        ((told(400, committed_at=1),), told(500, committed_at=450), True),  # it came back before
        ((told(500, committed_at=1), told(400)), told(500, committed_at=450), True),
        ((told(500),), told(500, 500), True),  # not told again: a change of what came back
        ((told(500),), told(510, 505), True),
    ],
)
def test_what_came_back_stays_so_unless_the_same_arrival_brings_something_younger(
    held: tuple[Version, ...], version: Version, stays: bool
) -> None:
    record = {"versions": list(held), "returned": True}

    assert still_returned(nothing(), governed(), INVOICE, record, version) == ({"returned": True} if stays else {})
    assert still_returned(nothing(), governed(), INVOICE, {**record, "returned": False}, version) == {}
    assert still_returned(nothing(), governed(), INVOICE, {"versions": list(held)}, version) == {}


def test_of_what_came_back_nothing_is_demanded() -> None:
    ws = nothing()
    assert not is_no_subject(ws, INVOICE)
    for marks, no_subject in (({}, False), ({"returned": False}, False), ({"returned": True}, True)):
        for place in (INVOICE, CONTRACT):
            ws.put(place.key, {"versions": [], **marks})
        assert is_no_subject(ws, INVOICE) is no_subject
        assert not is_no_subject(ws, CONTRACT)  # no document
