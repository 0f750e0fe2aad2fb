"""Circles of parents over customers, asked directly; times are plain numbers."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import ids, topics
from streams.governance.mapping import ObjectMapping
from streams.governance.model import Governance
from streams.suspects import circle
from streams.suspects.table import CIRCLE
from tables.view import MemoryView, Workspace
from tests.dossiers.stage import five_systems

BASE = five_systems()
GOVERNANCE = BASE.model_copy(update={"judged": (CIRCLE,), "derived": {}})
SLA = GOVERNANCE.kinds[CIRCLE].sla
UNWANTED = GOVERNANCE.model_copy(update={"judged": (), "derived": {}})


class Crosswalk:
    """Who stands below whom in the CRM, as it is told."""

    def __init__(self, governance: Governance = GOVERNANCE) -> None:
        self.ws, self._governance = Workspace(MemoryView()), governance

    def under(
        self, at: int, customer: str, parent: str | None, system: str = "crm", snapshot: bool = False
    ) -> Crosswalk:
        value = {"system": system, "native_customer": customer, "parent": parent, "committed_at": at}
        circle.asserted(self.ws, self._governance, {**value, "snapshot": snapshot})
        return self

    def moved(self, customer: str, to: str, at: int) -> Crosswalk:
        circle.moved(self.ws, self._governance, "crm", customer, to, at)
        return self

    def told(self) -> Crosswalk:
        """All that waits has come to its instant."""
        for key, _ in self.ws.range(circle.WAITING, 99):
            circle.tell(self.ws, self._governance, key)
        return self

    @property
    def waiting(self) -> list[tuple[int, str]]:
        found = [(circle.wake(key, value), key.rpartition("/")[2]) for key, value in self.ws.range(circle.WAITING, 99)]
        return [(wakes[1], customer) for wakes, customer in found if wakes is not None]

    @property
    def known(self) -> list[str]:
        return [key for key, _ in self.ws.range("y/", 99)]

    @property
    def drifts(self) -> list[tuple[str, str, str, int, int | None]]:
        """Since when it stood so, and until when."""
        found = [e.value for e in self.ws.effects if e.topic == topics.DRIFTS and e.value]
        return [(d["native_id"], d["status"], d["canonical_id"], d["opened_at"], d["closed_at"]) for d in found]


def pair(*, snapshots: tuple[bool, bool] = (False, False)) -> Crosswalk:
    """B is under A since 2, A under B since 3."""
    return Crosswalk().under(2, "B", "A", snapshot=snapshots[0]).under(3, "A", "B", snapshot=snapshots[1])


def test_it_begins_with_the_last_of_its_links_and_waits_for_its_grace() -> None:
    found = pair()

    assert (found.known, found.waiting, found.drifts) == (["y/crm/A"], [(3 + SLA, "A")], [])
    assert circle.wake(f"{circle.WAITING}{3 + SLA:020d}/crm/A", {}) == (circle.GATE, 3 + SLA)
    assert circle.wake(f"{circle.WAITING}{3 + SLA:020d}/crm/A", None) is None


def test_it_is_told_with_all_of_its_links() -> None:
    found = pair().told()

    assert found.waiting == []
    (drift,) = [e.value for e in found.ws.effects if e.topic == topics.DRIFTS and e.value]
    expected = {
        "drift_id": ids.drift_id(CIRCLE, "crm", "customer", "A", "A/B@3"), "kind": CIRCLE, "status": "open",
        "canonical_id": "crm:A", "system": "crm", "entity": "customer", "native_id": "A", "trigger_version": "A/B@3",
        "triggered_at": 3, "due_at": 3 + SLA, "opened_at": 3 + SLA, "closed_at": None,
        "observed": "a circle of 2 customers: A under B under A",
    }  # fmt: skip
    assert {name: drift[name] for name in expected} == expected
    link = {"system": "crm", "entity": "customer", "version": "", "native_version": "", "field": "parent_ref"}
    assert drift["evidence"] == [
        {**link, "native_id": "A", "committed_at": 3, "value": "B"},
        {**link, "native_id": "B", "committed_at": 2, "value": "A"},
    ]


@pytest.mark.parametrize("snapshots", [(True, False), (False, True)])
def test_it_is_of_the_baseline_only_if_all_of_its_links_are(snapshots: tuple[bool, bool]) -> None:
    assert pair(snapshots=snapshots).told().drifts == [("A", "open", "crm:A", 3 + SLA, None)]
    assert pair(snapshots=(True, True)).told().drifts == [("A", "baseline", "crm:A", 3 + SLA, None)]


def test_what_is_told_again_begins_nothing_anew() -> None:
    found = pair().under(9, "A", "B")

    assert (found.waiting, found.ws.get("b/crm/A")) == ([(3 + SLA, "A")], {"parent": "B", "at": 3, "snapshot": False})


def test_it_ends_when_one_of_its_links_does_and_is_told_only_if_it_was_due() -> None:
    assert (pair().under(9, "A", None).known, pair().under(9, "A", None).told().drifts) == ([], [])
    assert pair().under(9, "B", "C").told().drifts == []

    late = 3 + SLA + 1
    assert pair().told().under(late, "A", None).drifts[1:] == [("A", "closed", "crm:A", 3 + SLA, late)]


def test_who_has_no_parent_any_more_is_forgotten() -> None:
    found = pair().under(9, "A", None).under(10, "A", None)

    assert [found.ws.get(f"b/crm/{customer}") for customer in "AB"] == [
        None, {"parent": "A", "at": 2, "snapshot": False},
    ]  # fmt: skip


def test_a_circle_that_ends_may_leave_another_that_is_there_or_begin_one() -> None:
    found = Crosswalk().under(1, "A", "B").under(2, "B", "C").under(3, "C", "A").under(9, "C", "B")

    assert (found.known, found.waiting) == (["y/crm/B"], [(3 + SLA, "A"), (9 + SLA, "B")])
    assert found.told().drifts == [("B", "open", "crm:B", 9 + SLA, None)]


def test_who_leads_into_a_circle_of_others_begins_none() -> None:
    found = pair().under(9, "0", "A")

    assert found.known == ["y/crm/A"]
    assert circle.chain_of(found.ws, "crm", "0") == (["0", "A", "B"], "A")
    assert not circle.chain_of(found.ws, "crm", "0").circle


def test_who_is_his_own_parent_is_left_to_judge() -> None:
    assert Crosswalk().under(1, "A", "A").known == []


def test_so_is_a_circle_within_one_customer_and_the_links_say_who_is_one() -> None:
    found = Crosswalk()
    for native in "AB":
        found.ws.put(f"n/crm/{native}", {"canonical": "crm:A"})
    assert found.under(2, "B", "A").under(3, "A", "B").known == []

    found.ws.put("n/crm/B", {"canonical": "crm:B"})
    found.ws.put("n/crm/A", {"canonical": "erp:7"})
    again = found.under(4, "B", None).under(5, "B", "A").told()
    assert again.drifts == [("A", "open", "erp:7", 5 + SLA, None)]


def test_systems_have_circles_of_their_own() -> None:
    found = Crosswalk().under(2, "B", "A").under(3, "A", "B", system="erp")

    assert found.known == []


def test_it_goes_along_with_the_customer_that_it_is_told_of() -> None:
    found = pair().told().moved("A", "erp:7", 50)
    assert found.drifts[1:] == [("A", "closed", "crm:A", 3 + SLA, 3 + SLA)]
    assert found.waiting == [(3 + SLA, "A")]
    assert found.told().drifts[2:] == [("A", "open", "erp:7", 3 + SLA, None)]

    late = 3 + SLA + 1
    assert pair().told().moved("A", "erp:7", late).waiting == [(late, "A")]
    assert pair().moved("B", "erp:7", 50).waiting == [(3 + SLA, "A")]


def test_a_deployment_that_does_not_judge_it_knows_parents_and_no_circles() -> None:
    found = Crosswalk(UNWANTED).under(2, "B", "A").under(3, "A", "B")

    assert (found.known, found.waiting) == ([], [])
    assert found.ws.get("b/crm/A") == {"parent": "B", "at": 3, "snapshot": False}
    assert circle.parents_of(UNWANTED) == ()


def governed(owner: str, *mapped: str) -> Governance:
    """`mapped`: the systems whose customers name their parents."""

    def attributes(system: str, mapping: ObjectMapping) -> dict[str, Any]:
        others = {name: read for name, read in mapping.attributes.items() if name != circle.PARENT}
        return {**others, circle.PARENT: "parent"} if system in mapped and mapping.entity == "customer" else others

    mappings = {
        system: {name: m.model_copy(update={"attributes": attributes(system, m)}) for name, m in objects.items()}
        for system, objects in GOVERNANCE.mappings.items()
    }
    owners = {**GOVERNANCE.ownership, "customer": {circle.PARENT: owner}}
    return GOVERNANCE.model_copy(update={"mappings": mappings, "ownership": owners, "derived": {}})


@pytest.mark.parametrize(
    ("owner", "mapped", "told_by"),
    [
        ("crm", ("crm", "erp"), ("crm",)),
        ("erp", ("crm", "erp"), ("erp",)),
        ("crm", ("erp",), ()),
    ],
)
def test_parents_are_told_of_by_those_who_own_that_as_far_as_they_map_it(
    owner: str, mapped: tuple[str, ...], told_by: tuple[str, ...]
) -> None:
    governance = governed(owner, *mapped)

    assert circle.parents_of(governance) == told_by
    assert circle.parents_of(governance) == told_by  # as it was found before


def test_where_nobody_owns_that_the_crm_tells_of_parents() -> None:
    nobody = GOVERNANCE.model_copy(update={"ownership": {}, "derived": {}})

    assert circle.parents_of(nobody) == ("crm",)


def test_a_chain_ends_with_who_has_no_parent() -> None:
    found = Crosswalk().under(1, "A", "B").under(2, "B", "C")

    assert circle.chain_of(found.ws, "crm", "A") == (["A", "B", "C"], None)
    assert circle.chain_of(found.ws, "crm", "C") == (["C"], None)


@pytest.mark.parametrize(("length", "comes_back"), [(1_000, True), (1_001, False)])
def test_a_chain_is_walked_so_far_and_no_further(length: int, comes_back: bool) -> None:
    ws = Workspace(MemoryView())
    for number in range(length):
        ws.put(f"b/crm/{number}", {"parent": str((number + 1) % length), "at": 1, "snapshot": False})

    chain = circle.chain_of(ws, "crm", "0")
    assert (len(chain.members), chain.circle) == (1_000, comes_back)
