"""A release asks once for what was kept back, from the first instant on that was not decided when it was told."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.instants import ALWAYS
from schemas.source import ALL_OBJECTS
from streams.judge.keys import MARKS, ObligationKey
from streams.judge.obligation import Obligation, Release
from streams.judge.release import is_released, on_release, without_releases
from tables.view import MemoryView, Workspace
from tables.watermarks import LINKS, name
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import CUSTOMER

GOVERNANCE = five_systems().model_copy(update={"partitions": 1})
DECIDED = 100
KEY = ObligationKey(CUSTOMER, "invoice_not_posted", "billing", "I")
ASKED = {
    "drift_id": "d1", "canonical_id": CUSTOMER, "kind": KEY.kind, "entity": "invoice", "system": "billing",
    "native_id": "I", "released_at": 60,
}  # fmt: skip


def told(heard: int | None = DECIDED, **asked: Any) -> Workspace:
    ws = Workspace(MemoryView())
    if heard is not None:
        systems = GOVERNANCE.systems
        ws.put(MARKS, {name(s, of): {"0": [0, "streaming", heard]} for s in systems for of in (ALL_OBJECTS, LINKS)})
    ws.put(KEY.text(), Obligation("open", settled=50, drift={"drift_id": "d1"}).as_json())
    on_release(ws, GOVERNANCE, {**ASKED, **asked})
    return ws


def released(heard: int | None = DECIDED, **asked: Any) -> Obligation:
    return Obligation.from_json(told(heard, **asked).get(KEY.text()))


@pytest.mark.parametrize(
    ("heard", "released_at", "at"), [(DECIDED, 60, 101), (DECIDED, 101, 101), (DECIDED, 150, 150), (None, 60, 60)]
)
def test_its_subject_is_judged_at_the_first_instant_that_was_not_decided(
    heard: int | None, released_at: int, at: int
) -> None:
    found = released(heard, released_at=released_at)

    assert (found.releases, found.next, found.settled) == ((Release("d1", at),), at, 50)


@pytest.mark.parametrize(
    "other", [{"entity": "credit_memo"}, {"kind": "refund_unpropagated"}, {"native_id": "J"}, {"canonical_id": "crm:Z"}]
)
def test_nobody_else_is(other: dict[str, str]) -> None:
    assert (released(**other).releases, released(**other).next) == ((), ALWAYS)


def test_it_is_kept_of_what_nothing_is_known_of_at_present() -> None:
    found = Obligation.from_json(told(native_id="J").get(KEY._replace(native_id="J").text()))

    assert (found.releases, found.next) == ((Release("d1", 101),), 101)


@pytest.mark.parametrize("other", [{"system": "old"}, {"kind": "nothing"}, {"entity": "credit_memo"}])
def test_but_not_of_what_is_not_governed(other: dict[str, str]) -> None:
    assert [key for key, _ in told(**other).range("o/", 9)] == [KEY.text()]


STOPPED = {"drift_id": "d1", "mode": "propose", "restraint": "breaker", "released_at": None}
COMMANDED = {"drift_id": "d1", "mode": "execute", "restraint": "", "released_at": None}


@pytest.mark.parametrize(
    ("drift", "at", "asks"),
    [
        (STOPPED, 101, True),
        (STOPPED, 102, True),
        (STOPPED, 100, False),
        ({**STOPPED, "restraint": "over_limit"}, 101, False),
        ({**STOPPED, "drift_id": "d2"}, 101, False),
        (None, 101, False),
        (COMMANDED, 101, True),
        ({**COMMANDED, "released_at": 100}, 101, True),
        ({**COMMANDED, "released_at": 101}, 101, False),  # asked for already
        ({**COMMANDED, "mode": "alert"}, 101, False),
    ],
)
def test_it_asks_for_what_a_stop_kept_back_or_was_commanded_before_it(
    drift: dict[str, Any] | None, at: int, asks: bool
) -> None:
    assert is_released(Obligation("open", drift=drift, releases=(Release("d1", 101),)), at) is asks


def test_without_one_nothing_is_asked_for() -> None:
    assert not is_released(Obligation("open", drift=STOPPED), 101)


def test_the_latest_word_counts_that_has_come_by_then() -> None:
    twice = Obligation(
        "open", drift={**COMMANDED, "released_at": 105}, releases=(Release("d1", 101), Release("d1", 110))
    )

    assert [is_released(twice, at) for at in (105, 109, 110)] == [False, False, True]
    assert not is_released(twice._replace(releases=(Release("d1", 101), Release("d2", 110))), 110)


@pytest.mark.parametrize(("at", "kept"), [(100, (101, 110)), (101, (110,)), (110, ())])
def test_it_is_kept_until_it_is_looked_at(at: int, kept: tuple[int, ...]) -> None:
    o = Obligation(releases=(Release("d1", 101), Release("d1", 110)))

    assert tuple(r.at for r in without_releases(o, at).releases) == kept
    assert without_releases(Obligation(), at) == Obligation()
