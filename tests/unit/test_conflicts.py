"""Two records of one customer in the most senior system that knows it, asked directly; times are plain numbers."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import ids, topics
from schemas.instants import NEVER, SECOND
from streams.governance.model import Governance
from streams.suspects import conflict
from streams.suspects.conflict import Joined
from streams.suspects.table import CONFLICT
from tables.view import MemoryView, Workspace
from tests.dossiers.stage import five_systems

SLA = 30
BASE = five_systems()
RULES = BASE.kinds[CONFLICT].model_copy(update={"sla_seconds": SLA / SECOND})
GOVERNANCE = BASE.model_copy(update={"judged": (CONFLICT,), "kinds": {**BASE.kinds, CONFLICT: RULES}, "derived": {}})
UNWANTED = GOVERNANCE.model_copy(update={"judged": (), "derived": {}})
RIVAL, SENIOR, OTHER = ("crm", "A2"), ("crm", "A1"), ("crm", "A0")
E, B = ("erp", "E"), ("billing", "B")
DUE = 5 + SLA


class Crosswalk:
    def __init__(self, governance: Governance = GOVERNANCE) -> None:
        self.ws, self._governance = Workspace(MemoryView()), governance

    def weighed(self, senior: tuple[str, str] | None, caused_at: int, joined_at: int = 5) -> Crosswalk:
        conflict.weigh(self.ws, self._governance, RIVAL, senior, Joined((E, B, E), joined_at), caused_at)
        return self

    def told(self) -> Crosswalk:
        """All that waits has come to its instant."""
        for key, _ in self.ws.range(conflict.WAITING, 9):
            conflict.tell(self.ws, self._governance, key)
        return self

    def said(self, topic: str) -> list[dict[str, Any]]:
        return [e.value for e in self.ws.effects if e.topic == topic and e.value]

    @property
    def lives(self) -> list[tuple[str, str, int, int | None]]:
        found = self.said(topics.DRIFTS)
        return [(d["status"], d["canonical_id"], d["opened_at"], d["closed_at"]) for d in found]

    @property
    def waiting(self) -> list[int]:
        found = [conflict.wake(key, value) for key, value in self.ws.range(conflict.WAITING, 9)]
        return [wakes[1] for wakes in found if wakes is not None]

    @property
    def frozen(self) -> list[tuple[str, int, int | None]]:
        return [(v["canonical_id"], v["frozen_at"], v["frozen_until"]) for v in self.said(topics.CHANGES)]


def begun() -> Crosswalk:
    return Crosswalk().weighed(SENIOR, 4)


def test_it_freezes_the_customer_at_once_and_waits_for_its_grace() -> None:
    found = begun()

    assert (found.waiting, found.lives, found.frozen) == ([DUE], [], [("crm:A1", DUE, None)])
    key = f"{conflict.WAITING}{DUE:020d}/crm/A2"
    assert found.ws.get(key) == {}
    assert (conflict.wake(key, {}), conflict.wake(key, None)) == ((conflict.GATE, DUE), None)
    (froze,) = found.ws.effects
    assert (froze.key, froze.record) == ("crm:A1", "CustomerFrozen")
    drift_id = ids.drift_id(CONFLICT, "crm", "customer", "A2", "crm/A1/5")
    assert froze.value == {
        "canonical_id": "crm:A1", "system": "crm", "native_customer": "A2", "drift_id": drift_id,
        "frozen_at": DUE, "frozen_until": None,
    }  # fmt: skip


def test_it_is_told_with_both_records_and_what_links_them() -> None:
    found = begun().told()

    assert found.waiting == []
    (drift,) = found.said(topics.DRIFTS)
    expected = {
        "kind": CONFLICT, "status": "open", "canonical_id": "crm:A1", "system": "crm", "entity": "customer",
        "native_id": "A2", "trigger_version": "crm/A1/5", "triggered_at": 5, "opened_at": DUE,
        "observed": "links make A2 and A1 of crm one customer: A2 is linked with B of billing, E of erp",
    }  # fmt: skip
    assert {name: drift[name] for name in expected} == expected
    record = {"system": "crm", "entity": "customer", "version": "", "native_version": "", "field": "links"}
    assert drift["evidence"] == [
        {**record, "native_id": native_id, "committed_at": 5, "value": None} for native_id in ("A2", "A1")
    ]
    (command,) = found.said(topics.COMMANDS)
    assert command["desired"] == {"apart_from": "A1"}


def test_who_rivals_nobody_or_where_nobody_wants_to_know_is_in_none() -> None:
    assert Crosswalk().weighed(None, 4).ws.writes == {}
    assert Crosswalk(UNWANTED).weighed(SENIOR, 4).ws.writes == {}


def test_who_rivals_the_same_still_is_in_no_other() -> None:
    found = begun().weighed(SENIOR, 9, joined_at=8)

    assert (found.waiting, len(found.frozen)) == ([DUE], 1)


@pytest.mark.parametrize(
    ("at", "lives", "until"),
    [
        (DUE, [], DUE),
        (DUE - 1, [], DUE),
        (DUE + 1, [("open", "crm:A1", DUE, None), ("closed", "crm:A1", DUE, DUE + 1)], DUE + 1),
    ],
)
def test_it_ends_with_what_made_it_and_so_does_the_frost(at: int, lives: list[Any], until: int) -> None:
    found = begun().weighed(None, at)

    assert (found.lives, found.frozen[1:]) == (lives, [("crm:A1", DUE, until)])
    assert found.ws.range("c/", 9) == []
    assert found.told().lives == lives


def test_another_senior_is_another_conflict_from_then_on() -> None:
    found = begun().weighed(OTHER, 9, joined_at=2)

    assert found.frozen[1:] == [("crm:A1", DUE, DUE), ("crm:A0", 9 + SLA, None)]
    assert found.told().lives == [("open", "crm:A0", 9 + SLA, None)]
    assert begun().weighed(OTHER, 9, joined_at=12).frozen[2:] == [("crm:A0", 12 + SLA, None)]


def test_it_ends_also_where_nobody_wants_to_know_any_more() -> None:
    found = begun().told()
    conflict.weigh(found.ws, UNWANTED, RIVAL, None, Joined((E,), 5), DUE + 9)

    assert found.lives[1:] == [("closed", "crm:A1", DUE, DUE + 9)]


def test_it_may_be_told_once_every_system_that_links_has_resolved_so_far() -> None:
    first, *others = GOVERNANCE.linking
    resolved = {first: 7, **dict.fromkeys(others, 9)}

    assert conflict.open_until(GOVERNANCE, resolved) == 7
    assert conflict.open_until(GOVERNANCE, {**resolved, "other": 3}) == 7
    assert conflict.open_until(GOVERNANCE, {first: 7}) == (NEVER if others else 7)
    nobody = {name: s.model_copy(update={"links": {}}) for name, s in GOVERNANCE.systems.items()}
    assert conflict.open_until(GOVERNANCE.model_copy(update={"systems": nobody, "derived": {}}), {}) == NEVER
