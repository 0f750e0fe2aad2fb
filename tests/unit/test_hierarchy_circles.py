"""A chain of parents that comes back to where it began, over customers of whom no system says otherwise."""

from __future__ import annotations

import random
from typing import Any

import pytest

from schemas import topics
from streams.backtest.canonical import read
from streams.driver import Driver
from streams.suspects import circle
from streams.suspects.table import CIRCLE
from streams.verify.examine import examine
from streams.verify.report import EQUAL
from tests.dossiers.model import Change, Story, change
from tests.dossiers.stage import Play
from tests.dossiers.table import dossier_of
from tests.recorded import DriverRecording
from tests.topology import seconds_of

GRACE_SECONDS = 10


def under(at: float, customer: str, parent: str | None, status: str = "active", **told: Any) -> Change:
    return change(at, "crm", "customer", customer, name=customer, status=status, parent_ref=parent, **told)


TRIANGLE: Story = (under(2, "C1", "C2"), under(3, "C2", "C3"), under(4, "C3", "C1"))


def prepared(story: Story, **updates: Any) -> Play:
    play = Play(dossier_of("hierarchy_divergence"))
    rules = play.governance.kinds[CIRCLE].model_copy(update={"sla_seconds": GRACE_SECONDS})
    kinds = {**play.governance.kinds, CIRCLE: rules}
    play.governance = play.governance.model_copy(update={"kinds": kinds, "judged": (CIRCLE,), **updates})
    play.driver = Driver(play.governance, dict.fromkeys(play.governance.systems, read))
    play.tell(story)
    return play


def lives(play: Play) -> list[tuple[Any, ...]]:
    found = [d for d in play.driver.latest(topics.DRIFTS) if d["kind"] == CIRCLE]
    times = [(d["native_id"], d["status"], seconds_of(d["opened_at"]), seconds_of(d["closed_at"])) for d in found]
    return sorted(times, key=str)


def played(story: Story, until: float = 100) -> Play:
    return prepared(story).heard(until).run()


def test_a_circle_of_three_customers_is_told_once_after_the_grace() -> None:
    play = prepared(TRIANGLE).heard(13.999).run()
    assert lives(play) == []

    play.heard(14).run()

    assert lives(play) == [("C1", "open", 14, None)]
    (drift,) = play.driver.latest(topics.DRIFTS)
    assert drift["observed"] == "a circle of 3 customers: C1 under C2 under C3 under C1"
    assert [(e["native_id"], e["value"]) for e in drift["evidence"]] == [("C1", "C2"), ("C2", "C3"), ("C3", "C1")]
    assert (drift["canonical_id"], drift["kind_number"], drift["mode"]) == ("crm:C1", "36", "alert")


def test_it_waits_for_the_system_that_owns_the_relation() -> None:
    others = [system for system in prepared(()).governance.systems if system != "crm"]

    assert lives(prepared(TRIANGLE).heard(100, *others).run()) == []


QUIET: dict[str, Story] = {
    "a chain that ends": (*TRIANGLE[:2], under(4, "C3", None)),
    "opened again within the grace": (*TRIANGLE, under(13.9, "C2", None)),
    "a member that has left": (*TRIANGLE, under(5, "C2", "C3", "churned")),
    "a parent whom nobody has seen": (under(2, "C1", "X"),),
}


@pytest.mark.parametrize("why", QUIET)
def test_it_stays_quiet(why: str) -> None:
    assert lives(played(QUIET[why])) == []


def test_who_stands_below_a_circle_is_not_in_it() -> None:
    assert lives(played((*TRIANGLE, under(5, "C0", "C1")))) == [("C1", "open", 14, None)]


def test_it_ends_where_any_of_its_links_goes() -> None:
    for cut in ("C1", "C2", "C3"):
        assert lives(played((*TRIANGLE, under(40, cut, None)))) == [("C1", "closed", 14, 40)]


def test_a_link_that_goes_elsewhere_may_make_another_circle() -> None:
    assert lives(played((*TRIANGLE, under(40, "C3", "C2")))) == [("C1", "closed", 14, 40), ("C2", "open", 50, None)]


def test_a_circle_within_one_customer_is_left_to_judge() -> None:
    one = tuple(under(at, c, p, billing_ref="B") for at, c, p in ((2, "C1", "C2"), (3, "C2", "C1")))
    systems = prepared(()).governance.systems
    crm = systems["crm"].model_copy(update={"links": {"billing_ref": "billing"}})

    assert lives(prepared(one, systems={**systems, "crm": crm}).heard(100).run()) == []
    assert lives(played(one)) == [("C1", "open", 13, None)]


def test_what_stood_when_the_crm_was_first_read_is_listed_only() -> None:
    play = prepared(())
    play.tell(TRIANGLE, snapshot=True)
    play.heard(100).run()

    assert lives(play) == [("C1", "baseline", 14, None)]


def test_a_deployment_that_does_not_judge_it_or_maps_no_parents_says_nothing() -> None:
    assert lives(prepared(TRIANGLE, judged=()).heard(100).run()) == []
    assert circle.parents_of(prepared((), mappings={"crm": {}, "billing": {}, "erp": {}}).governance) == ()


def test_a_chain_without_end_is_walked_so_far_and_no_further() -> None:
    chain = tuple(under(2, f"C{i}", f"C{i + 1}") for i in range(1_100))
    play = played((*chain, under(3, "C1100", "C0")))

    assert lives(play) == []


@pytest.mark.parametrize("seed", range(8))
def test_any_order_of_the_members_says_the_same(seed: int) -> None:
    play = prepared((*TRIANGLE, under(40, "C3", "C2"))).heard(100)
    play.run_in_any_order(random.Random(seed), duplicates=0.2, crashes=0.2)

    standing = [life for life in lives(play) if life[1] == "open"]
    assert standing == [("C2", "open", 50, None)]


def test_verification_finds_it_again() -> None:
    play = played((*TRIANGLE, under(40, "C3", "C2")))
    report = examine(DriverRecording(play.driver), play.governance, dict.fromkeys(play.governance.systems, read))

    assert (report.code, [c.what for c in report.checks if c.differing]) == (EQUAL, [])
