"""Where a native customer was before its routes, as identify remembers that; times are plain numbers, of evidence that
amends what was told up to 600 s before it."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.instants import ALWAYS, NEVER, SECOND
from schemas.source import Heard
from streams.identify import keys
from streams.identify.holes import Hole, open_
from streams.identify.progress import hear
from streams.identify.reroute import on_route
from streams.identify.stays import Stay, Whose, of, until_now
from tables.view import MemoryView, Workspace
from tests.topology import default_governance

GOVERNANCE = default_governance()
AMENDS = 600 * SECOND
OWN = Stay("erp:E", 0, NEVER, 40)
FIRST = Stay("crm:A", 1, 40, 50)


def routed(*routes: tuple[str, int], heard: int | None = None) -> Workspace:
    """To whom, and when."""
    ws = Workspace(MemoryView())
    if heard is not None:
        hear(ws, 0, Heard("erp", "*", 0, "streaming", heard))
    for number, (canonical_id, at) in enumerate(routes, 1):
        value = {"system": "erp", "native_customer": "E", "canonical_id": canonical_id, "route_version": number}
        on_route(ws, GOVERNANCE, {**value, "routed_at": at})
    return ws


def remembered(ws: Workspace) -> list[Stay]:
    return of(ws.get(keys.route_key("erp", "E")))


def before(ws: Workspace, at: int, *lacked: Stay) -> list[Stay]:
    return until_now(ws, GOVERNANCE, Whose("erp", "E", "contract"), at, lacked)


@pytest.mark.parametrize(
    ("routes", "stays"),
    [
        ([], []),
        ([("crm:A", 40)], [OWN]),
        ([("crm:A", 40), ("crm:Z", 50)], [OWN, FIRST]),
        ([("crm:A", 40), ("crm:A", 50)], [OWN]),
        ([("crm:A", 40), ("crm:Z", 40)], [OWN]),  # nothing was ever of that one
    ],
)
def test_with_a_route_those_before_it_are_remembered(routes: list[tuple[str, int]], stays: list[Stay]) -> None:
    assert remembered(routed(*routes)) == stays


@pytest.mark.parametrize(("heard", "kept"), [(AMENDS + 39, [OWN, FIRST]), (AMENDS + 40, [FIRST]), (AMENDS + 50, [])])
def test_not_such_as_nothing_is_amended_in_any_more(heard: int, kept: list[Stay]) -> None:
    routes = ("crm:A", 40), ("crm:Z", 50)
    assert remembered(routed(*routes, heard=heard)) == kept

    ws = routed(*routes)
    hear(ws, 0, Heard("erp", "*", 0, "streaming", heard))
    assert before(ws, 3) == kept
    hear(ws, 0, Heard("erp", "*", 1, "gap", None))
    assert before(ws, 3) == kept, "how far a source was ever heard counts, also once it is lost"


@pytest.mark.parametrize(("at", "stays"), [(3, [OWN, FIRST]), (39, [OWN, FIRST]), (40, [FIRST]), (50, [])])
def test_a_version_is_of_those_that_ended_after_it(at: int, stays: list[Stay]) -> None:
    assert before(routed(("crm:A", 40), ("crm:Z", 50)), at) == stays


def test_where_it_was_lacking_it_is_told_however_long_ago_that_was() -> None:
    ws = routed(("crm:A", 40), ("crm:Z", 50), heard=ALWAYS)

    assert before(ws, 3, OWN) == [OWN]
    assert before(routed(("crm:A", 40), ("crm:Z", 50)), 3, OWN) == [OWN, FIRST]
    assert before(ws, 3, Stay("crm:X", 7, 50, 50)) == []


@pytest.mark.parametrize(
    ("opened_at", "told"), [(3, ["erp:E", "crm:A", "crm:Z"]), (39, ["crm:A", "crm:Z"]), (49, ["crm:Z"])]
)
def test_what_nobody_could_read_is_lacking_there_too(opened_at: int, told: list[str]) -> None:
    ws = routed(("crm:A", 40), ("crm:Z", 50))
    ws.effects.clear()
    open_(ws, GOVERNANCE, Hole("erp", "E", "contract", "L"), 0, opened_at)

    assert [effect.key for effect in ws.effects if effect.record == "HoleOpened"] == told


def test_of_a_route_of_an_earlier_release_nobody_knows_what_was_before() -> None:
    ws = Workspace(MemoryView())
    known: dict[str, Any] = {"canonical_id": "crm:A", "route_version": 1, "routed_at": 40}
    ws.put(keys.route_key("erp", "E"), known)

    assert before(ws, 3) == []
    on_route(ws, GOVERNANCE, {**known, "system": "erp", "native_customer": "E", "canonical_id": "crm:Z",
                              "route_version": 2, "routed_at": 50})  # fmt: skip
    assert remembered(ws) == [FIRST]
