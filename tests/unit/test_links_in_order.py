"""Where links decide together, routes and conflicts do not depend on which source is heard first (contracts 5)."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import topics
from schemas.source import ALL_OBJECTS
from streams import held
from streams.crosswalk import Crosswalk
from streams.governance import Governance
from streams.inputs import Due, Input
from streams.judge.gates import needed
from streams.kinds.table import BY_NAME
from streams.shard import Shard
from streams.suspects.table import CIRCLE, CONFLICT
from tables.view import MemoryView, Workspace
from tables.watermarks import LINKS as OF_LINKS
from tests.topology import default_governance, governance

LINKS = {
    "crm": {"erp_ref": "erp", "billing_ref": "billing"},
    "billing": {"crm_ref": "crm"},
    "erp": {"crm_ref": "crm", "billing_ref": "billing"},
}
MEMBERS = ("crm:A", "crm:Z", "billing:B1", "billing:B2", "erp:E1", "erp:E2")
CUSTOMERS = {s: [m.split(":")[1] for m in MEMBERS if m.startswith(s)] for s in LINKS}
SECOND = 1_000_000
END = 1_000 * SECOND


def linked(links: dict[str, dict[str, str]]) -> Governance:
    base = governance().model_copy(update={"judged": (CONFLICT, CIRCLE)})
    systems = {name: s.model_copy(update={"links": links[name]}) for name, s in base.systems.items()}
    return base.model_copy(update={"systems": systems})


GOVERNED = linked(LINKS)


class Told:
    """A crosswalk that is told of links, parents and how far each partition of each source was heard."""

    def __init__(self, governed: Governance = GOVERNED) -> None:
        self.shard = Shard(Crosswalk(governed), 0, MemoryView())
        self.said: list[tuple[str, dict[str, Any]]] = []

    def tell(self, record: str, value: dict[str, Any], slice_: int = 256) -> None:
        effects = self.shard.process(Input(topics.LINKS, 0, 0, "", record, value, {}))
        while self.shard.has_due():
            effects += self.shard.settle(slice_) + self.shard.flush()
        self.said += [(e.record, e.value or {}) for e in effects + self.shard.flush()]

    def link(self, member: str, at: float, *targets: str) -> None:
        self.tell("LinkAsserted", link(member, at, *targets))

    def heard(self, system: str, partition: int, until: float) -> None:
        self.tell("Watermarks", heard(system, partition, until))

    @property
    def routes(self) -> list[dict[str, Any]]:
        return [value for record, value in self.said if record == "RouteAssigned"]

    def of_each_member(self) -> dict[str, list[tuple[str, int]]]:
        found: dict[str, list[tuple[str, int]]] = {}
        for route in self.routes:
            member = f"{route['system']}:{route['native_customer']}"
            found.setdefault(member, []).append((route["canonical_id"], route["routed_at"]))
        return found

    def drifts(self) -> dict[str, Any]:
        """Each one's last word."""
        return {
            f"{d['drift_id']}/{d['canonical_id']}": (
                d["native_id"],
                d["status"],
                d["opened_at"],
                d["closed_at"],
                d["how"],
            )
            for record, d in self.said
            if record == "Drift"
        }


def link(member: str, at: float, *targets: str) -> dict[str, Any]:
    system, customer = member.split(":")
    named = [dict(zip(("system", "native_customer"), t.split(":"), strict=True)) for t in targets]
    asserted = {"system": system, "native_customer": customer, "links": named, "version": ""}
    return asserted | {"committed_at": round(at * SECOND), "present": True}


def parent(customer: str, at: float, above: str | None) -> dict[str, Any]:
    asserted = {"system": "crm", "native_customer": customer, "parent": above, "version": "", "snapshot": False}
    return asserted | {"committed_at": round(at * SECOND)}


def heard(system: str, partition: int, until: float) -> dict[str, Any]:
    mark = {"system": system, "object": ALL_OBJECTS, "epoch": 0, "phase": "streaming"}
    return {"partition": partition, "watermarks": [mark | {"watermark": round(until * SECOND)}]}


Said = tuple[str, dict[str, Any]]
instants = st.integers(1, 40)
assertion = st.sampled_from(MEMBERS).flatmap(
    lambda member: st.tuples(
        st.just(member),
        instants,
        st.lists(
            st.sampled_from([m for m in MEMBERS if m.split(":")[0] in LINKS[member.split(":")[0]].values()]),
            max_size=2,
            unique=True,
        ),
    )
)
parents = st.tuples(st.sampled_from(["A", "Z"]), instants, st.sampled_from([None, "A", "Z"]))


def streams_of(links: list[tuple[str, int, list[str]]], parents: list[tuple[str, int, str | None]]) -> list[list[Said]]:
    """What each partition of each source asserts, in the order of its commits, and how far it was heard."""
    told: dict[tuple[str, int], list[tuple[float, Said]]] = {(s, p): [] for s in LINKS for p in range(4)}
    for member, at, targets in links:
        system, customer = member.split(":")
        place = system, topics.partition_for(customer, 4)
        told[place].append((at, ("LinkAsserted", link(member, at, *targets))))
    for customer, at, above in parents:
        told["crm", topics.partition_for(customer, 4)].append((at, ("ParentAsserted", parent(customer, at, above))))
    for (system, partition), said in told.items():
        for until in (*range(5, 45, 5), END // SECOND):
            said.append((until + 0.5, ("Watermarks", heard(system, partition, until))))
        said.sort(key=lambda each: each[0])
    return [[said for _, said in each] for each in told.values()]


def interleaved(streams: list[list[Said]], rng: random.Random) -> list[Said]:
    left = [list(reversed(each)) for each in streams]
    found = []
    while left := [each for each in left if each]:
        found.append(rng.choice(left).pop())
    return found


def in_any_order(streams: list[list[Said]], rng: random.Random) -> Told:
    told = Told()
    for record, value in interleaved(streams, rng):
        told.tell(record, value, rng.choice([1, 3, 256]))
    return told


@given(st.lists(assertion, max_size=8), st.lists(parents, max_size=4), st.integers(0, 1_000), st.integers(0, 1_000))
def test_any_order_of_arrival_gives_the_same_routes_and_drifts(
    links: list[tuple[str, int, list[str]]], parents: list[tuple[str, int, str | None]], one: int, other: int
) -> None:
    streams = streams_of(links, parents)

    first, second = (in_any_order(streams, random.Random(seed)) for seed in (one, other))

    assert first.of_each_member() == second.of_each_member()
    assert first.drifts() == second.drifts()
    assert not first.shard.state.range(held.HELD, 1), "all was heard, so nothing is held"


def test_a_conflict_that_was_over_before_its_first_half_arrived_is_told_as_long_as_it_stood() -> None:
    """Billing is silent, and heard only after the ERP took its word back."""
    told = Told()
    told.link("erp:E", 1, "crm:Z", "billing:B")
    told.link("erp:E", 30, "billing:B")
    for system in ("crm", "erp"):
        for partition in range(4):
            told.heard(system, partition, 60)
    assert told.routes == []

    told.link("billing:B", 2, "crm:A")
    for partition in range(4):
        told.heard("billing", partition, 60)

    ((rival, *life),) = told.drifts().values()
    assert (rival, life) == ("Z", ["closed", 12 * SECOND, 30 * SECOND, "self_healed"])


@pytest.mark.parametrize(
    ("links", "wait"),
    [
        ({"crm": {}, "billing": {"crm_ref": "crm"}, "erp": {"crm_ref": "crm"}}, False),
        ({"crm": {}, "billing": {"crm_ref": "crm"}, "erp": {"billing_ref": "billing"}}, True),  # a chain
        ({"crm": {}, "billing": {"crm_ref": "crm"}, "erp": {"crm_ref": "crm", "billing_ref": "billing"}}, True),
        ({"crm": {"erp_ref": "erp"}, "billing": {}, "erp": {}}, True),  # a senior that names its junior
    ],
)
def test_links_wait_only_where_what_one_does_depends_on_others(links: dict[str, dict[str, str]], wait: bool) -> None:
    assert held.ordered(linked(links)) is wait


def test_as_delivered_a_silent_source_holds_no_link_up() -> None:
    assert not held.ordered(default_governance())


def test_what_was_resolved_stays_so_while_another_source_is_silent() -> None:
    told = Told()
    for system in LINKS:
        for partition in range(4):
            told.heard(system, partition, 60)
    told.tell(
        "Watermarks",
        {"partition": 0, "watermarks": [heard("erp", 0, 0)["watermarks"][0] | {"phase": "gap", "watermark": None}]},
    )

    said = [value for record, value in told.said if record == "Watermarks"][-1]
    assert {e["system"]: e["watermark"] for e in said["watermarks"]} == {
        "crm": 60 * SECOND,
        "billing": 60 * SECOND,
        "erp": None,
    }


def test_verdicts_wait_for_every_system_that_links_where_links_do() -> None:
    kind = BY_NAME["external_id_writeback_missing"]

    assert [s for s, what in needed(GOVERNED, kind, "billing") if what == OF_LINKS] == ["billing", "crm", "erp"]
    assert [s for s, what in needed(default_governance(), kind, "billing") if what == OF_LINKS] == ["billing"]


def test_so_do_those_about_a_system_that_only_others_name() -> None:
    named = linked({"crm": {"erp_ref": "erp"}, "billing": {"crm_ref": "crm"}, "erp": {}})
    kind = BY_NAME["stuck_in_flight:ledger_posting"]

    assert [s for s, what in needed(named, kind, "erp") if what == OF_LINKS] == ["billing", "crm"]
    assert [s for s, what in needed(default_governance(), kind, "erp") if what == OF_LINKS] == ["erp"]


def test_what_an_earlier_release_had_wait_has_the_default_of_what_came_since() -> None:
    ws = Workspace(MemoryView())
    kept = {"system": "crm", "native_customer": "A", "version": "v1", "committed_at": 5}
    held.hold(ws, "LinkAsserted", kept)
    ((key, _),) = ws.range(held.HELD, 2)

    assert held.release(ws, Due(key, 5)) == ("LinkAsserted", {**kept, "links": [], "present": False})
