"""What a conflict of identity leaves behind when it is told, and whom it has judged again; times are plain numbers."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.instants import ALWAYS
from schemas.source import ALL_OBJECTS
from streams.governance.in_force import InForce
from streams.judge.freeze import frozen, on_freeze
from streams.judge.keys import MARKS, ObligationKey, freezes_prefix, process_key, tombstone_key
from streams.judge.obligation import Obligation, Trigger
from streams.judge.process import IDENTITY
from streams.kinds.asof import AsOf
from streams.kinds.table import BY_NAME
from tables.view import MemoryView, Workspace
from tables.watermarks import LINKS, name
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import CUSTOMER

RULED = InForce.only(
    five_systems().model_copy(
        update={"late_retention_seconds": 0, "judged": ("won_without_erp_customer",), "partitions": 1}
    )
)
PASSED = 100
KEY = ObligationKey(CUSTOMER, "won_without_erp_customer", "crm", "O")
COMMANDED = {"command_id": "c1", "restraint": ""}
HELD = {"command_id": None, "restraint": "identity_conflict"}
PROPOSED = {"command_id": None, "restraint": "breaker"}


def heard(passed: int = PASSED, **obligations: dict[str, Any]) -> Workspace:
    """With open drifts, judged at 50, by the ids of their subjects."""
    ws = Workspace(MemoryView())
    hear(ws, passed)
    for native_id, drift in obligations.items():
        value = Obligation("open", Trigger(5, "v5"), settled=50).as_json()
        ws.put(KEY._replace(native_id=native_id).text(), {**value, "drift": drift})
    return ws


def hear(ws: Workspace, until: int) -> None:
    systems = RULED.newest.systems
    ws.put(MARKS, {name(s, of): {"0": [0, "streaming", until]} for s in systems for of in (ALL_OBJECTS, LINKS)})


def told(ws: Workspace, begun: int, until: int | None, drift_id: str = "k1", native: str = "B") -> Workspace:
    place = {"canonical_id": CUSTOMER, "system": "billing", "native_customer": native}
    on_freeze(ws, RULED, {**place, "drift_id": drift_id, "frozen_at": begun, "frozen_until": until})
    return ws


def known(ws: Workspace) -> dict[str, Any]:
    """By the record that is in conflict: from when, and until when."""
    return {
        key.rpartition("/")[2]: {drift_id: span[:2] for drift_id, span in value["spans"].items()}
        for key, value in ws.range(freezes_prefix(CUSTOMER), 9)
    }


def judged_again(ws: Workspace) -> dict[str, int]:
    found = {ObligationKey.parse(key).native_id: value for key, value in ws.range("o/", 9)}
    return {native_id: value["next"] for native_id, value in found.items() if "next" in value}


def condition(ws: Workspace) -> list[Any]:
    found: list[Any] = (ws.get(process_key(CUSTOMER)) or {})["conditions"][IDENTITY]
    return found


def asked(ws: Workspace, at: int) -> tuple[bool, int]:
    """Whether it is frozen then, and when that is judged again."""
    now = AsOf(ws, RULED.newest, CUSTOMER, at)
    return frozen(ws, now, BY_NAME[KEY.kind], KEY.system), now.next_change


def test_it_is_frozen_from_the_beginning_on_until_the_end() -> None:
    ws = told(heard(), 120, 150)

    assert [asked(ws, at) for at in (119, 120, 149, 150)] == [
        (False, 120), (True, 150), (True, 150), (False, ALWAYS),
    ]  # fmt: skip


def test_one_that_stands_has_no_end() -> None:
    assert asked(told(heard(), 120, None), 10_000) == (True, ALWAYS)


def test_each_conflict_counts_by_itself() -> None:
    ws = told(told(heard(), 110, None), 120, None, "k2")
    told(ws, 130, None, native="B2")
    assert known(ws) == {"B": {"k1": [110, None], "k2": [120, None]}, "B2": {"k1": [130, None]}}

    told(ws, 110, 140)
    assert known(ws)["B"] == {"k1": [110, 140], "k2": [120, None]}
    assert (asked(ws, 115)[0], asked(ws, 10_000)[0]) == (True, True)
    assert condition(ws)[0] == "False"


def test_one_that_never_was_has_nothing_judged_at_its_instant() -> None:
    assert asked(told(heard(), 120, 120), 100) == (False, ALWAYS)


def test_all_of_one_record_are_forgotten_once_the_last_has_ended_and_its_instants_are_judged() -> None:
    ws, key = heard(), f"{freezes_prefix(CUSTOMER)}billing/B"
    assert "forgotten" not in (told(ws, 120, None).get(key) or {})
    assert "forgotten" not in (told(ws, 110, 140, "k2").get(key) or {})

    assert (told(ws, 120, 150).get(key) or {})["forgotten"] == 151
    assert ws.get(tombstone_key(151, key)) == {}


@pytest.mark.parametrize(
    ("begun", "until", "again"),
    [
        (120, None, {"C": 120}),
        (30, None, {"C": 101}),  # from the first instant on that is not decided, whatever is judged
        (120, 150, {"C": 120, "H": 150}),
        (120, 120, {"H": 120}),  # it never was
        (10, 101, {"H": 101}),  # over by then
        (10, 102, {"C": 101, "H": 102}),
        (10, 60, {"H": 101}),
    ],
)
def test_what_was_commanded_is_judged_as_of_its_beginning_and_what_it_held_as_of_its_end(
    begun: int, until: int | None, again: dict[str, int]
) -> None:
    ws = told(heard(C=COMMANDED, H=HELD, P=PROPOSED), begun, until)

    assert judged_again(ws) == again


def test_one_that_is_told_late_counts_from_what_was_not_decided_then() -> None:
    ws = told(heard(), 30, None)
    hear(ws, 200)
    told(ws, 30, 60)

    assert [asked(ws, at) for at in (100, 101, 200, 201)] == [
        (False, 101), (True, 201), (True, 201), (False, ALWAYS),
    ]  # fmt: skip
    assert (ws.get(f"{freezes_prefix(CUSTOMER)}billing/B") or {})["forgotten"] == 201


def test_the_same_word_twice_changes_nothing() -> None:
    ws = told(heard(C=COMMANDED), 30, None)
    hear(ws, 200)
    told(ws, 30, None)
    assert (judged_again(ws), asked(ws, 100), asked(ws, 101)) == ({"C": 101}, (False, 101), (True, ALWAYS))

    told(ws, 30, 60)
    hear(ws, 300)
    told(ws, 30, 60)
    assert (asked(ws, 200), asked(ws, 201)) == ((True, 201), (False, ALWAYS))


def test_one_that_an_earlier_release_kept_counts_as_it_was_told() -> None:
    ws = heard()
    ws.put(f"{freezes_prefix(CUSTOMER)}billing/B", {"spans": {"k1": [30, 60], "k2": [80, None]}})

    assert [asked(ws, at)[0] for at in (29, 30, 59, 60, 80)] == [False, True, True, False, True]


def test_what_stands_in_a_system_that_has_gone_is_left_as_it_is() -> None:
    ws = heard()
    ws.put(KEY._replace(system="gone").text(), {"settled": 50, "drift": COMMANDED})

    assert judged_again(told(ws, 120, 150)) == {}


def test_what_has_no_open_drift_is_not() -> None:
    ws = heard()
    ws.put(KEY.text(), Obligation("armed", Trigger(5, "v5"), settled=50).as_json())

    assert judged_again(told(ws, 120, 150)) == {}


def test_nor_are_those_of_another_customer() -> None:
    ws = heard()
    ws.put(KEY._replace(customer="crm:A2").text(), {"settled": 50, "drift": COMMANDED})

    assert judged_again(told(ws, 120, None)) == {}


def test_its_state_says_since_when_who_the_customer_is_is_in_doubt_and_since_when_not() -> None:
    ws = told(heard(), 120, None)
    assert condition(ws) == ["False", "IdentityConflict", 120]

    assert condition(told(ws, 120, 150)) == ["True", "AsExpected", 150]
