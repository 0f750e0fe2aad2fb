"""What is forgotten and when, how far sources ever were, and who turns a breaker, asked directly; times are plain
numbers."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.instants import NEVER, SECOND
from streams.judge.breaker import is_open, on_turn
from streams.judge.forgotten import forget, nothing_is_held, put_until, wait
from streams.judge.horizon import horizon_seconds
from streams.judge.keys import HOLES, KEPT, MARKS, REACHED, burying_key, kept_key, tombstone_key
from streams.judge.reached import in_short, reached, reached_by, regained, remember
from streams.kinds.asof import AsOf
from streams.kinds.table import BY_NAME
from tables.view import MemoryView, Workspace
from tables.watermarks import LINKS, name
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import CUSTOMER

LATE = 40
GOVERNANCE = five_systems().model_copy(
    update={"late_retention_seconds": LATE / SECOND, "judged": ("invoice_not_posted",), "partitions": 1, "derived": {}}
)
KIND = BY_NAME["invoice_not_posted"]


def nothing() -> Workspace:
    return Workspace(MemoryView())


def test_what_is_forgotten_waits_at_its_instant_and_one_entry_says_that_some_do() -> None:
    ws = nothing()
    wait(ws, 50, "d1")
    ws.put(burying_key(50), {"told": True})
    wait(ws, 50, "a/c1")

    assert [ws.get(tombstone_key(50, what)) for what in ("d1", "a/c1")] == [{}, {}]
    assert ws.get(burying_key(50)) == {"told": True}
    wait(ws, 60, "d2")
    assert ws.get(burying_key(60)) == {}


def test_an_entry_is_kept_until_late_evidence_amends_its_instant_no_more() -> None:
    ws = nothing()
    put_until(ws, GOVERNANCE, "b/x", {"closed": 1}, 100)

    assert ws.get("b/x") == {"closed": 1, "forgotten": 100 + LATE + 1}
    assert ws.get(tombstone_key(100 + LATE + 1, "b/x")) == {}
    assert ws.get(burying_key(100 + LATE + 1)) == {}


@pytest.mark.parametrize(("held", "left"), [({"forgotten": 50}, False), ({"forgotten": 60}, True), ({"at": 1}, True)])
def test_it_goes_unless_it_was_put_anew_since(held: dict[str, Any], left: bool) -> None:
    ws = nothing()
    ws.put("b/x", held)
    forget(ws, 50, "b/x")
    forget(ws, 50, "b/y")

    assert (ws.get("b/x") is not None) is left


def test_while_something_of_anyone_is_lacking_it_stays_and_goes_once_nothing_is() -> None:
    ws, hole = nothing(), f"{HOLES}{CUSTOMER}/erp/customer/L"
    ws.put(hole, {"at": 1})
    for key in ("b/x", "b/y"):
        ws.put(key, {"forgotten": 50})
        forget(ws, 50, key)
    assert (ws.get("b/x"), ws.get(kept_key(50, "b/x"))) == ({"forgotten": 50}, {})

    nothing_is_held(ws)
    assert ws.range(KEPT, 9) == []
    assert [ws.get(tombstone_key(50, key)) for key in ("b/x", "b/y")] == [{}, {}]
    assert ws.get(burying_key(50)) == {}
    ws.delete(hole)
    forget(ws, 50, "b/x")
    assert (ws.get("b/x"), ws.range(KEPT, 9)) == (None, [])


# -- how far sources have ever been heard

ERP, STREAMING = "erp/*", "streaming"


def known(*reports: tuple[list[Any] | None, int, str], partition: int = 0) -> Any:
    """What is remembered after reports (epoch, phase), each with the one that it follows."""
    ws = nothing()
    for before, epoch, phase in reports:
        remember(ws, ERP, partition, before, epoch, phase)
    return (ws.get(REACHED) or {}).get(ERP)


def test_a_gap_and_a_new_epoch_have_it_remembered_how_far_the_one_before_was() -> None:
    assert known(([0, STREAMING, 30], 0, "gap")) == known(([0, STREAMING, 30], 1, STREAMING)) == {"0": 30}
    assert known(([0, STREAMING, 30], 1, "snapshot"), partition=3) == {"3": 30}


@pytest.mark.parametrize(
    ("before", "epoch", "phase"),
    [
        (None, 1, "gap"),
        ([0, "gap", None], 0, STREAMING),
        ([0, "gap", None], 1, "gap"),
        ([0, STREAMING, 30], 0, STREAMING),
        ([1, STREAMING, 30], 0, STREAMING),
    ],
)
def test_where_nothing_is_taken_back_there_is_nothing_to_remember(before: Any, epoch: int, phase: str) -> None:
    assert known((before, epoch, phase)) is None


def test_the_furthest_stays_however_far_later_ones_came() -> None:
    assert known(([0, STREAMING, 30], 0, "gap"), ([0, STREAMING, 20], 0, "gap")) == {"0": 30}
    assert known(([0, STREAMING, 30], 0, "gap"), ([0, STREAMING, 50], 0, "gap")) == {"0": 50}
    assert known(([0, STREAMING, -5], 0, "gap")) == {"0": -5}


@pytest.mark.parametrize(("mark", "remembered"), [(None, True), (29, True), (30, False), (31, False)])
def test_it_is_remembered_until_it_is_heard_as_far_again(mark: int | None, remembered: bool) -> None:
    ws = nothing()
    remember(ws, ERP, 0, [0, STREAMING, 30], 0, "gap")
    for key, partition in ((ERP, 1), ("crm/*", 0)):
        regained(ws, key, partition, 99)  # of these nothing was taken back
    regained(ws, ERP, 0, mark)

    assert ws.get(REACHED) == ({ERP: {"0": 30}} if remembered else None)


def test_where_nothing_is_remembered_nothing_is_regained() -> None:
    ws = nothing()
    regained(ws, ERP, 0, 40)

    assert ws.get(REACHED) is None


def test_what_else_is_remembered_stays() -> None:
    ws = nothing()
    for key, partition in ((ERP, 0), (ERP, 1), ("crm/*", 0)):
        remember(ws, key, partition, [0, STREAMING, 30], 0, "gap")
    regained(ws, ERP, 1, 40)
    assert ws.get(REACHED) == {ERP: {"0": 30}, "crm/*": {"0": 30}}
    regained(ws, ERP, 0, 40)
    assert ws.get(REACHED) == {"crm/*": {"0": 30}}


def test_what_was_reached_follows_what_is_heard_and_remembered_and_stands_while_that_does() -> None:
    ws = nothing()
    hear(ws, 20)
    assert reached(ws) is ws.get(MARKS)
    ws.put(REACHED, {"erp/*": {"0": 30}})
    first = reached(ws)
    assert (first["erp/*"]["0"][2], first["crm/*"]["0"][2], reached(ws) is first) == (30, 20, True)
    ws.put(REACHED, {"erp/*": {"0": 40}})
    second = reached(ws)["erp/*"]["0"][2]
    hear(ws, 50)
    assert (second, reached(ws)["erp/*"]["0"][2]) == (40, 50)
    assert reached_by(ws, GOVERNANCE).of("erp", "contract") == 50


def test_in_short_a_source_is_as_far_as_its_last_partition_ever_was() -> None:
    ws = nothing()
    ws.put(MARKS, {ERP: {"0": [1, "gap", None], "1": [1, STREAMING, 60]}, "crm/*": {"0": [0, STREAMING, 7]}})
    ws.put(REACHED, {ERP: {"0": 30}})

    assert in_short(ws, 2) == {ERP: {"0": [0, STREAMING, 30]}, "crm/*": {"0": [0, STREAMING, NEVER]}}


def test_each_source_and_partition_is_remembered_by_itself() -> None:
    ws = nothing()
    for key, partition, mark in ((ERP, 0, 30), (ERP, 1, 40), ("crm/*", 0, 50)):
        remember(ws, key, partition, [0, STREAMING, mark], 0, "gap")

    assert ws.get(REACHED) == {ERP: {"0": 30, "1": 40}, "crm/*": {"0": 50}}


def test_what_was_reached_is_the_highest_that_was_heard_of_each_partition() -> None:
    ws = nothing()
    assert reached(ws) == {}
    marks = {ERP: {"0": [1, "gap", None], "1": [1, STREAMING, 60], "2": [0, STREAMING, 9], "3": [0, "gap", None]}}
    ws.put(MARKS, {**marks, "crm/*": {"0": [0, STREAMING, 7]}})
    ws.put(REACHED, {ERP: {"0": 30, "1": 50, "2": 10}, "gone/*": {"0": 5}})

    assert reached(ws) == {
        ERP: {"0": [1, "gap", 30], "1": [1, STREAMING, 60], "2": [0, STREAMING, 10], "3": [0, "gap", None]},
        "crm/*": {"0": [0, STREAMING, 7]},
        "gone/*": {},
    }
    assert ws.get(MARKS) == {**marks, "crm/*": {"0": [0, STREAMING, 7]}}


# -- who turns a breaker


def hear(ws: Workspace, until: int) -> dict[str, Any]:
    marks = {name(s, of): {"0": [0, STREAMING, until]} for s in GOVERNANCE.systems for of in ("*", LINKS)}
    ws.put(MARKS, marks)
    return marks


def turn(ws: Workspace, closed_at: int | None, drift_id: str = "d1", scope: str = "system", of: str = "erp") -> None:
    on_turn(ws, GOVERNANCE, {"scope": scope, "name": of, "drift_id": drift_id, "closed_at": closed_at})


KEY = "b/system/erp/d1"


def test_a_breaker_opens_and_closes_with_what_had_been_heard_when_it_was_told() -> None:
    ws = nothing()
    opened = hear(ws, 50)
    turn(ws, None)
    assert ws.get(KEY) == {"opened": opened}

    closed = hear(ws, 80)
    turn(ws, 70)
    assert ws.get(KEY) == {"opened": opened, "closed": closed, "forgotten": 80 + LATE + 1}
    assert ws.get(tombstone_key(80 + LATE + 1, KEY)) == {}


def test_what_is_told_again_changes_nothing() -> None:
    ws = nothing()
    for closed_at, heard in ((None, 50), (None, 60), (65, 70), (65, 80), (None, 90)):
        hear(ws, heard)
        turn(ws, closed_at)

    found = ws.get(KEY)
    assert found is not None
    assert (found["opened"]["erp/*"]["0"][2], found["closed"]["erp/*"]["0"][2]) == (50, 70)


def test_of_one_that_nobody_knows_no_end_is_kept() -> None:
    ws = nothing()
    turn(ws, 70)

    assert ws.get(KEY) is None


@pytest.mark.parametrize(
    ("scope", "of", "stops"),
    [
        ("system", "erp", True), ("kind", "invoice_not_posted", True), ("system", "billing", False),
        ("kind", "refund_unpropagated", False), ("kind", "erp", False), ("system", "invoice_not_posted", False),
    ],
)  # fmt: skip
def test_it_stops_what_goes_to_its_system_or_is_of_its_kind(scope: str, of: str, stops: bool) -> None:
    ws = nothing()
    hear(ws, 50)
    turn(ws, None, scope=scope, of=of)

    assert is_open(ws, AsOf(ws, GOVERNANCE, CUSTOMER, 51), KIND, "billing", "erp") is stops


def test_one_that_an_earlier_release_kept_stops_until_it_is_closed() -> None:
    for kept, stops in (({}, True), ({"closed": hear(nothing(), 50)}, False)):
        ws = nothing()
        ws.put(KEY, kept)
        assert is_open(ws, AsOf(ws, GOVERNANCE, CUSTOMER, 51), KIND, "billing", "erp") is stops


# -- how long a verdict takes


def test_a_verdict_comes_no_sooner_than_the_slowest_of_the_sources_that_it_waits_for() -> None:
    systems = enumerate(GOVERNANCE.systems.items())
    slow = {name: system.model_copy(update={"horizon_seconds": float(rank)}) for rank, (name, system) in systems}
    governed = GOVERNANCE.model_copy(update={"systems": slow, "derived": {}})
    looked_at = max(slow[s].horizon_seconds for s in ("billing", "erp"))

    assert horizon_seconds(governed, KIND) == looked_at
    nobody = governed.model_copy(update={"systems": {"crm": slow["crm"]}, "mappings": {}, "derived": {}})
    assert horizon_seconds(nobody, KIND) == 0.0
