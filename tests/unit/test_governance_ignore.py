"""What governance ignores is audited and not announced; when that expires, in event time, what still stands opens."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import topics
from schemas.instants import SECOND, to_datetime
from streams.governance.ignore import IgnoreRule
from streams.look.why import explain
from tests.dossiers.invoice_not_posted import posting
from tests.dossiers.model import Story
from tests.dossiers.stage import THE_END, Play
from tests.unit.governed_company import KIND, any_order, company, invoice, invoice_view, opened_at

EXPIRES = 50


def rule(expires_at: float = EXPIRES, **covers: Any) -> IgnoreRule:
    named, expiry = covers or {"native_id": "I"}, to_datetime(round(expires_at * SECOND))
    return IgnoreRule(kind=KIND, reason="old system", by="ada", expires_at=expiry, **named)


def ignored(story: Story, *rules: IgnoreRule, **governed: Any) -> Play:
    named = {str(number): one for number, one in enumerate(rules or (rule(),))}
    return company(story, top={"ignore": named}, **governed)


def audit(play: Play) -> list[tuple[str, float]]:
    play.heard(THE_END).run()
    told = [w.value for w in play.driver.written[topics.AUDIT] if w.value and w.value["kind"] == KIND]
    return [(value["result"], value["settled_at"] / SECOND) for value in told]


def test_it_is_audited_when_due_and_opens_at_the_expiry_if_it_still_stands() -> None:
    assert audit(ignored((invoice(3),))) == [("ignored", 13), ("missed", 50)]
    assert opened_at(ignored((invoice(3),))) == [50]


def test_what_becomes_of_it_takes_the_place_of_its_having_been_ignored() -> None:
    for story in ((invoice(3),), (invoice(3), posting(30)), (invoice(3), invoice(20, "voided"))):
        play = ignored(story).heard(THE_END).run()
        told = [w.value for w in play.driver.written[topics.AUDIT] if w.value]

        assert [value["amends"] for value in told] == ["", "ignored"]


def test_of_the_baseline_the_audit_says_so_although_it_was_ignored() -> None:
    play = ignored(())
    play.tell((invoice(3),), snapshot=True)
    play.heard(THE_END).run()
    told = [w.value for w in play.driver.written[topics.AUDIT] if w.value]

    assert [(value["result"], value["amends"]) for value in told] == [("baseline", ""), ("baseline", "baseline")]


def test_nothing_is_announced_while_it_is_ignored() -> None:
    play = ignored((invoice(3),)).heard(EXPIRES - 0.001).run()

    assert play.drifts() == []
    assert play.commands() == set()


def test_what_is_done_before_the_expiry_never_opens() -> None:
    play = ignored((invoice(3), posting(30)))

    assert (audit(play), play.drifts()) == ([("ignored", 13), ("met", 30)], [])


def test_what_ends_before_the_expiry_is_withdrawn() -> None:
    assert audit(ignored((invoice(3), invoice(20, "voided")))) == [("ignored", 13), ("withdrawn", 20)]


def test_what_is_done_in_time_is_no_exception() -> None:
    assert audit(ignored((invoice(3), posting(10)))) == [("met", 13)]


def test_a_rule_that_expires_before_the_deadline_changes_nothing() -> None:
    assert audit(ignored((invoice(3),), rule(expires_at=13))) == [("missed", 13)]


def test_a_second_trigger_is_told_again() -> None:
    story = (invoice(3), invoice(20, "draft"), invoice(25))

    assert audit(ignored(story)) == [("ignored", 13), ("withdrawn", 20), ("ignored", 35), ("missed", 50)]


def test_of_several_rules_the_last_to_expire_counts() -> None:
    assert opened_at(ignored((invoice(3),), rule(20), rule(40, system="billing"), rule(90, customer="crm:B"))) == [40]


@pytest.mark.parametrize(
    ("covers", "at"),
    [
        ({"customer": "crm:A"}, 50),
        ({"system": "billing"}, 50),
        ({"customer": "crm:A", "native_id": "I"}, 50),
        ({"customer": "crm:A", "native_id": "I-2"}, 13),
        ({"system": "erp"}, 13),
    ],
    ids=str,
)
def test_a_rule_covers_what_all_of_it_applies_to(covers: dict[str, Any], at: float) -> None:
    assert opened_at(ignored((invoice(3),), rule(**covers))) == [at]


def test_why_says_that_it_is_ignored_and_until_when() -> None:
    play = ignored((invoice(3),)).heard(30).run()

    (said,) = [e for e in explain(invoice_view(play), play.governance, "crm:A", 30 * SECOND) if e.kind == KIND]

    assert said.outcome == "ignored"
    assert "until 1970-01-01T00:00:50.000Z" in said.because


STORIES: dict[str, Story] = {
    "still wrong": (invoice(3),),
    "done meanwhile": (invoice(3), posting(30)),
    "done at the expiry": (invoice(3), posting(50)),
    "wrong, right and wrong again": (invoice(3), posting(30), posting(35, "reversed"), invoice(60, "voided")),
}


@pytest.mark.law
@pytest.mark.parametrize("what", STORIES)
@pytest.mark.parametrize("seed", range(8))
def test_any_order_gives_the_same_verdicts(what: str, seed: int) -> None:
    expected = sorted(audit(ignored(STORIES[what])))
    shuffled = ignored(STORIES[what])
    lives = any_order(shuffled, seed)

    assert lives == ignored(STORIES[what]).heard(THE_END).run().lives()
    assert sorted(set(audit(shuffled))) == expected
