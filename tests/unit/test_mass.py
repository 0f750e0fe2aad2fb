"""When so many customers drift at once that it is hardly they, asked directly; times are plain numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from schemas import topics
from schemas.instants import SECOND
from streams.fleet import mass
from streams.fleet.table import CLOCK
from streams.governance.model import Governance
from tables.view import Workspace
from tests.unit.fleet_stage import GOVERNANCE, NOBODY, POSTED, SPAN, drifts, governed, nothing, told, waiting

# -- what judge counts


def counting(*at: int, governed: Governance = GOVERNANCE, customers: int = 10) -> Workspace:
    ws = nothing()
    for _ in range(customers):
        mass.customer_came(ws)
    for instant in at:
        mass.count(ws, governed, POSTED, instant)
    return ws


def tell(ws: Workspace, partition: int = 1, governed: Governance = GOVERNANCE) -> list[tuple[int, int, int]]:
    """Window, customers that drift in it, customers."""
    ws.effects.clear()
    mass.tell(ws, governed, partition)
    surges = [e for e in ws.effects if e.record == "KindSurged"]
    assert all((e.topic, e.key, e.partition) == (topics.PROGRESS, POSTED, 0) for e in surges)
    assert all((e.value or {})["partition"] == partition for e in surges)
    assert all((e.value or {})["kind"] == POSTED for e in surges)
    values = [e.value or {} for e in surges]
    return [(value["window_at"], value["drifting"], value["customers"]) for value in values]


def test_customers_that_newly_drift_are_counted_by_window_and_told_when_they_are_many() -> None:
    assert tell(counting(1)) == [(0, 1, 10)]
    assert tell(counting(SPAN + 1, SPAN + 2)) == [(SPAN, 2, 10)]
    assert tell(counting(*range(4), customers=100)) == []  # of a share of a tenth, half
    assert tell(counting(*range(5), customers=100)) == [(0, 5, 100)]
    few = governed(tolerance_absolute=Decimal(12))  # in one of two partitions, half of its half
    assert [tell(counting(*range(n), governed=few), governed=few) for n in (2, 3)] == [[], [(0, 3, 10)]]


def test_what_was_told_is_told_again_only_where_it_is_more() -> None:
    ws = counting(1, 2)
    assert tell(ws) == [(0, 2, 10)]
    assert tell(ws) == []
    mass.count(ws, GOVERNANCE, POSTED, 3)
    assert tell(ws) == [(0, 3, 10)]


def test_a_window_that_ends_before_it_is_told_is_told_all_the_same_and_no_late_one_counts() -> None:
    ws = counting(1, 2, SPAN, 3, SPAN + 1)

    assert tell(ws) == [(0, 2, 10), (SPAN, 2, 10)]
    assert tell(ws) == []
    mass.count(ws, GOVERNANCE, POSTED, 2 * SPAN)
    assert tell(ws) == [(2 * SPAN, 1, 10)]
    few = governed(tolerance_absolute=Decimal(8))
    assert tell(counting(1, SPAN, SPAN + 1, governed=few), governed=few) == [(SPAN, 2, 10)]


def test_each_kind_is_counted_by_itself_and_nothing_where_it_is_not_wanted() -> None:
    ws = counting(1)
    mass.count(ws, GOVERNANCE, "other", SPAN)
    assert (ws.get(mass.COUNTED) or {}) == {POSTED: [0, 1, 0], "other": [SPAN, 1, 0]}
    ws = counting(1, governed=NOBODY)
    assert (ws.get(mass.COUNTED), tell(ws, governed=NOBODY)) == (None, [])
    assert tell(counting(1), governed=NOBODY) == []


# -- what the fleet makes of it


def surged(ws: Workspace, drifting: int, at: int = 0, customers: int = 20, partition: int = 0,
           governed: Governance = GOVERNANCE) -> list[Any]:  # fmt: skip
    ws.effects.clear()
    value = {"kind": POSTED, "partition": partition, "window_at": at, "drifting": drifting, "customers": customers}
    mass.surged(ws, governed, value)
    return drifts(ws)


@pytest.mark.parametrize(
    ("drifting", "customers", "is_mass"), [(2, 10, False), (3, 29, True), (3, 30, False), (4, 30, True)]
)
def test_more_than_a_share_and_at_least_so_many_customers_are_a_mass(
    drifting: int, customers: int, is_mass: bool
) -> None:
    assert bool(surged(nothing(), drifting, customers=customers)) is is_mass


def test_it_says_of_which_kind_and_how_many() -> None:
    ws = nothing()
    (drift,) = surged(ws, 5, at=SPAN)

    assert (drift["system"], drift["entity"], drift["native_id"]) == ("driftwise", "kind", POSTED)
    assert (drift["trigger_version"], drift["triggered_at"], drift["due_at"]) == (str(SPAN), SPAN, SPAN)
    assert drift["causes"] == [POSTED]
    assert drift["observed"].startswith("5 of 20 customers within 0 min")
    assert [(p, value["scope"], value["name"]) for p, value in told(ws, "BreakerTurned")] == [
        (0, "kind", POSTED), (1, "kind", POSTED),
    ]  # fmt: skip
    assert (mass.stops(ws, POSTED), mass.stops(ws, "other")) == (True, False)
    assert waiting(ws) == [f"w/{3 * SPAN:020d}/m/{POSTED}"]


def test_partitions_are_summed_up_by_window_of_which_the_latest_word_counts() -> None:
    ws = nothing()
    assert surged(ws, 2) == []
    assert surged(ws, 2, partition=1, at=SPAN) == []
    assert surged(ws, 2) == []
    assert surged(ws, 3, partition=1, customers=40) == []  # five of sixty are less than a tenth
    assert surged(ws, 5, partition=1, customers=40) != []
    assert surged(nothing(), 9, governed=NOBODY) == []


def ended(ws: Workspace, clock: int) -> list[Any]:
    ws.effects.clear()
    ws.put(CLOCK, {"at": clock})
    mass.due(ws, GOVERNANCE, f"m/{POSTED}")
    return drifts(ws)


def test_it_ends_when_two_windows_were_quiet_and_goes_on_while_they_are_not() -> None:
    ws = nothing()
    surged(ws, 5)
    assert surged(ws, 5, at=SPAN) == []
    assert ended(ws, 3 * SPAN - 1) == []
    assert waiting(ws)[-1] == f"w/{3 * SPAN:020d}/m/{POSTED}"
    ends = [(d["status"], d["closed_at"], d["how"]) for d in ended(ws, 3 * SPAN)]
    assert ends == [("closed", 3 * SPAN, "self_healed")]
    turned = [(value["scope"], value["name"], value["closed_at"]) for _, value in told(ws, "BreakerTurned")]
    assert turned == [("kind", POSTED, 3 * SPAN)] * 2
    assert not mass.stops(ws, POSTED)
    assert ended(ws, 9 * SPAN) == []
    assert ended(nothing(), 9 * SPAN) == []


def test_what_was_told_and_has_ended_is_not_told_again_by_a_window_of_then() -> None:
    ws = nothing()
    surged(ws, 5, at=SPAN)
    ended(ws, 3 * SPAN)

    assert surged(ws, 9, at=SPAN) == surged(ws, 9, at=0) == []
    assert surged(ws, 9, at=2 * SPAN) != []


def test_a_window_of_before_takes_nothing_from_how_long_it_lasts() -> None:
    ws = nothing()
    surged(ws, 5, at=2 * SPAN)
    surged(ws, 5, at=0)

    assert (ws.get(f"m/{POSTED}") or {})["quiet_at"] == 4 * SPAN


def test_the_newest_windows_are_kept() -> None:
    ws = nothing()
    for number in range(mass.WINDOWS + 2):
        surged(ws, 1, at=number * SPAN)

    kept = [at for at, _ in (ws.get(f"m/{POSTED}") or {})["windows"]]
    assert kept == [number * SPAN for number in range(2, mass.WINDOWS + 2)]


def test_one_that_only_alerts_stops_nothing() -> None:
    ws = nothing()

    assert len(surged(ws, 5, governed=governed(mode="alert"))) == 1
    assert (told(ws, "BreakerTurned"), mass.stops(ws, POSTED)) == ([], False)


def test_what_earlier_releases_counted_counts() -> None:
    assert (mass.COUNTED, mass.PASSED, mass.CUSTOMERS) == ("~drifting", "~surged", "~customers")
    ws = nothing()
    ws.put(f"m/{POSTED}", {"drift": None, "window_at": SPAN, "parts": {"1": [3, 20]}})

    assert len(surged(ws, 2, at=SPAN)) == 1


def test_a_window_has_a_second_at_least() -> None:
    short = governed(sla_seconds=0.0)
    ws = nothing()
    mass.count(ws, short, POSTED, SECOND + 5)

    assert (ws.get(mass.COUNTED) or {})[POSTED][0] == SECOND
