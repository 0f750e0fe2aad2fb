"""The crosswalk: which native customers are one, since when, whatever the order in which links arrive."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import topics
from schemas.source import ALL_OBJECTS
from streams.crosswalk import Crosswalk
from streams.inputs import Divert, Input
from streams.shard import Shard
from tables.view import Emit, MemoryView, Workspace
from tables.watermarks import LINKS
from tests.topology import default_governance

GOVERNANCE = default_governance()


class Route(NamedTuple):
    canonical_id: str
    routed_at: int


class Links:
    """Asserts links and watermarks to a crosswalk; members are written `erp:E`."""

    def __init__(self) -> None:
        self.shard = Shard(Crosswalk(GOVERNANCE), 0, MemoryView())
        self.routes: dict[str, list[Route]] = {}
        self.partitions: dict[str, int | None] = {}
        self.said: list[dict[str, Any]] = []

    def link(self, member: str, at: int, *targets: str) -> Links:
        """From `at` on, the member names exactly these."""
        system, customer = member.split(":")
        named = [dict(zip(("system", "native_customer"), target.split(":"), strict=True)) for target in targets]
        value = {"system": system, "native_customer": customer, "links": named, "version": "", "committed_at": at}
        self._feed("LinkAsserted", {**value, "present": True})
        return self

    def heard(self, system: str, partition: int, until: int | None, phase: str = "streaming") -> list[dict[str, Any]]:
        """What the crosswalk says then to each partition, once."""
        mark = {"system": system, "object": ALL_OBJECTS, "epoch": 0, "phase": phase, "watermark": until}
        self._feed("Watermarks", {"partition": partition, "watermarks": [mark]})
        effects = self.shard.flush()
        assert {e.partition for e in effects} in ({0, 1, 2, 3}, set())
        return [entry for e in effects if e.partition == 0 for entry in (e.value or {})["watermarks"]]

    def _feed(self, record: str, value: dict[str, Any]) -> None:
        for effect in self._step(record, value):
            if effect.record == "CustomerFrozen":
                continue  # test_frozen_customers.py
            assert effect.value is not None
            member = f"{effect.value['system']}:{effect.value['native_customer']}"
            route = Route(effect.value["canonical_id"], effect.value["routed_at"])
            self.routes.setdefault(member, []).append(route)
            self.partitions[member] = effect.partition
            assert effect.value["route_version"] == len(self.routes[member]), "versions count up, without a gap"

    def _step(self, record: str, value: dict[str, Any]) -> list[Emit]:
        return self.shard.process(Input(topics.LINKS, 0, 0, "", record, value, {}))

    @property
    def now(self) -> dict[str, Route]:
        """Each routed member's last route."""
        return {member: routes[-1] for member, routes in self.routes.items()}


def test_a_customer_without_links_needs_no_route() -> None:
    assert Links().link("erp:E", 1).routes == {}


def test_a_linked_customer_goes_to_the_senior_systems_id_from_the_link_on() -> None:
    assert Links().link("erp:E", 5, "crm:A").now == {"erp:E": Route("crm:A", 5)}


def test_the_senior_wins_whichever_of_the_two_names_the_other() -> None:
    assert Links().link("crm:A", 5, "erp:E").now == {"erp:E": Route("crm:A", 5)}


def test_of_one_system_the_smaller_id_is_senior() -> None:
    assert Links().link("billing:B2", 5, "billing:B1").now == {"billing:B2": Route("billing:B1", 5)}


def test_a_customer_who_is_only_named_counts_as_a_member() -> None:
    links = Links().link("billing:B", 3, "crm:A").link("erp:E", 5, "crm:A")

    assert links.now == {"billing:B": Route("crm:A", 3), "erp:E": Route("crm:A", 5)}


def test_its_own_row_changes_nothing_when_it_comes() -> None:
    links = Links().link("erp:E", 5, "crm:A")
    links.link("crm:A", 9)

    assert len(links.routes["erp:E"]) == 1


def test_members_of_a_chain_join_when_its_last_link_is_made() -> None:
    links = Links().link("billing:B", 3, "crm:A").link("erp:E", 5, "billing:B")

    assert links.now == {"billing:B": Route("crm:A", 3), "erp:E": Route("crm:A", 5)}


def test_a_cycle_is_one_customer() -> None:
    links = Links().link("crm:A", 1, "billing:B").link("billing:B", 2, "erp:E").link("erp:E", 3, "crm:A")

    assert {route.canonical_id for route in links.now.values()} == {"crm:A"}
    assert set(links.now) == {"billing:B", "erp:E"}


def test_a_link_that_is_taken_back_sends_its_members_home() -> None:
    links = Links().link("erp:E", 5, "crm:A").link("erp:E", 9)

    assert links.routes == {"erp:E": [Route("crm:A", 5), Route("erp:E", 9)]}


def test_a_cluster_that_falls_apart_keeps_together_what_is_still_linked() -> None:
    links = Links().link("billing:B", 3, "crm:A").link("erp:E", 5, "billing:B").link("billing:B", 9)

    assert links.now == {"billing:B": Route("billing:B", 9), "erp:E": Route("billing:B", 9)}


def test_a_link_that_goes_elsewhere_takes_its_customer_along_at_once() -> None:
    links = Links().link("erp:E", 5, "crm:A").link("erp:E", 9, "crm:Z")

    assert links.routes["erp:E"] == [Route("crm:A", 5), Route("crm:Z", 9)]


def test_the_same_assertion_twice_changes_nothing() -> None:
    links = Links().link("erp:E", 5, "crm:A").link("erp:E", 5, "crm:A")

    assert links.routes == {"erp:E": [Route("crm:A", 5)]}


def test_a_route_goes_to_the_partition_that_has_the_customers_rows() -> None:
    links = Links().link("erp:E", 5, "crm:A")

    assert links.partitions == {"erp:E": topics.partition_for("E", GOVERNANCE.partitions)}


def test_links_are_resolved_once_every_partition_has_been_heard() -> None:
    links = Links()
    for partition in (0, 1, 2):
        assert all(e["watermark"] is None for e in links.heard("erp", partition, 30))

    (entry,) = links.heard("erp", 3, 20)
    assert entry == {"system": "erp", "object": LINKS, "epoch": 0, "phase": "streaming", "watermark": 20}


def test_each_time_all_watermarks_are_said_because_the_topic_keeps_the_last_record_only() -> None:
    links = Links()
    for system in ("erp", "billing"):
        for partition in range(4):
            links.heard(system, partition, 20)

    for partition in range(3):
        links.heard("erp", partition, 30)
    assert {(e["system"], e["watermark"]) for e in links.heard("erp", 3, 30)} == {("erp", 30), ("billing", 20)}


def test_what_was_said_is_not_said_again() -> None:
    links = Links()
    for partition in range(4):
        links.heard("erp", partition, 20)

    assert links.heard("erp", 0, 25) == []
    assert links.heard("erp", 0, 25) == []


def test_a_gap_in_one_partition_withdraws_the_links_watermark() -> None:
    links = Links()
    for partition in range(4):
        links.heard("erp", partition, 20)

    (entry,) = links.heard("erp", 2, None, phase="gap")
    assert (entry["phase"], entry["watermark"]) == ("gap", None)


def test_a_record_of_another_kind_is_diverted() -> None:
    strange = Input(topics.LINKS, 0, 0, "", "Drift", {}, {})

    with pytest.raises(Divert, match="carries no Drift"):
        Crosswalk(GOVERNANCE).step(Workspace(MemoryView()), 0, strange)


CRM = st.sampled_from([(), ("crm:A",), ("crm:Z",)])
BILLING = st.sampled_from([(), ("crm:A",), ("billing:B1",), ("billing:B2",)])
stars = st.fixed_dictionaries(
    # as the systems of a deployment link: everyone names an account of the CRM, or nobody, and changes that later
    {member: st.lists(CRM, max_size=3) for member in ("billing:B1", "billing:B2", "erp:E1", "erp:E2")}
)
chains = st.fixed_dictionaries(
    # billing names the CRM, and the ERP names either; once each: a chain whose links change is not free of order
    {
        **{member: st.lists(CRM, max_size=1) for member in ("billing:B1", "billing:B2")},
        **{member: st.lists(BILLING, max_size=1) for member in ("erp:E1", "erp:E2")},
    }
)


def interleaved(assertions: dict[str, list[Any]], rng: Any) -> list[tuple[str, int, Any]]:
    """Each member's own assertions in their order and at their instants, the members in any order."""
    instants = {
        (member, number): 10 * number + place
        for place, (member, links) in enumerate(sorted(assertions.items()))
        for number in range(len(links))
    }
    left = {member: list(enumerate(links)) for member, links in assertions.items() if links}
    found = []
    while left:
        member = rng.choice(sorted(left))
        number, targets = left[member].pop(0)
        found.append((member, instants[member, number], targets))
        if not left[member]:
            del left[member]
    return found


def in_any_order(assertions: dict[str, list[Any]], rng: Any) -> Links:
    links = Links()
    for member, at, targets in interleaved(assertions, rng):
        links.link(member, at, *targets)
    return links


@given(stars, st.randoms(use_true_random=False), st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_routes(assertions: dict[str, list[Any]], one: Any, other: Any) -> None:
    assert in_any_order(assertions, one).routes == in_any_order(assertions, other).routes


@given(chains, st.randoms(use_true_random=False), st.randoms(use_true_random=False))
def test_where_links_form_chains_any_order_ends_at_the_same_routes(
    assertions: dict[str, list[Any]], one: Any, other: Any
) -> None:
    assert in_any_order(assertions, one).now == in_any_order(assertions, other).now
