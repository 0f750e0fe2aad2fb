"""Deadlines that count from the day that a record states, where a company decides so."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import topics
from schemas.instants import SECOND
from streams.governance import Governance
from streams.governance.calendar import Calendar
from streams.governance.triggers import COUNTED
from streams.judge.published import decided_by, undecided
from streams.kinds.begun import FIRST_DAYS, begun
from streams.kinds.facts import governed, stamp
from streams.kinds.table import KINDS
from tests.depth import cases
from tests.dossiers.model import Change, Dossier, change
from tests.dossiers.stage import Play
from tests.dossiers.stage import governed as company_of_dossier
from tests.dossiers.table import dossier_of
from tests.topology import FIELDS, SLA_SECONDS, Company, governance
from tests.triggers import deciding
from tests.unit.looked_at import found, looking, record
from tests.unit.test_mapping_published import equal, publish, with_invoice
from tests.unit.test_the_law import fed, histories, inputs, outcome

DAY = 86_400
WON = dossier_of("won_without_erp_customer")


def dated(dossier: Dossier = WON, entity: str = "opportunity", fact: str = "won", by: str = "closes_on") -> Governance:
    return deciding(company_of_dossier(dossier), entity, fact, dated_by=by)


def deal(at: float, closes_on: str | None, stage: str = "won", company: str | None = None) -> Change:
    return change(at, "crm", "opportunity", "O", name="Acme", stage=stage, closes_on=closes_on, legal_entity=company)


def account(at: float, company: str | None) -> Change:
    return change(at, "crm", "customer", "A", name="Acme GmbH", status="active", legal_entity=company)


def erp_customer(at: float) -> Change:
    return change(at, "erp", "customer", "E", name="Acme GmbH", status="active", crm_ref="A")


def played(*story: Change, until: float = 10 * DAY, company: Governance | None = None) -> Play:
    return Play(WON, company or dated()).told(story).heard(until).run()


def lives(play: Play) -> list[tuple[float, float | None, str]]:
    def at(instant: int | None) -> float | None:
        return None if instant is None else instant / SECOND

    ordered = sorted(play.drifts(), key=lambda d: d["opened_at"])
    return [(d["opened_at"] / SECOND, at(d["closed_at"]), d["how"]) for d in ordered]


# -- from when it counts


def test_what_happened_on_a_day_counts_from_its_end() -> None:
    assert lives(played(deal(3, "1970-01-02"))) == [(2 * DAY + SLA_SECONDS, None, "")]


def test_a_day_is_that_of_the_company_that_the_record_names() -> None:
    berlin, new_york = (lives(played(deal(3, "1970-01-02", company=code))) for code in ("DE01", "US01"))

    assert berlin == [(2 * DAY - 3600 + SLA_SECONDS, None, "")]
    assert new_york == [(2 * DAY + 5 * 3600 + SLA_SECONDS, None, "")]


def test_where_the_record_names_none_a_day_is_that_of_the_company_that_serves_the_customer() -> None:
    assert lives(played(account(2, "US01"), deal(3, "1970-01-02"))) == [(2 * DAY + 5 * 3600 + SLA_SECONDS, None, "")]


def test_where_no_day_is_stated_it_counts_from_the_commit() -> None:
    assert lives(played(deal(3, None))) == [(3 + SLA_SECONDS, None, "")]


def test_a_deadline_that_is_past_when_it_becomes_known_is_judged_at_the_commit() -> None:
    late, in_time = played(deal(3 * DAY, "1970-01-01")), played(erp_customer(3 * DAY), deal(3 * DAY, "1970-01-01"))

    assert lives(late) == [(3 * DAY, None, "")]
    (drift,) = late.drifts()
    assert (drift["triggered_at"], drift["due_at"]) == (DAY * SECOND, (DAY + SLA_SECONDS) * SECOND)
    assert lives(in_time) == []


def test_nothing_opens_before_what_tells_of_it_was_committed() -> None:
    (drift,) = played(deal(3 * DAY, "1969-01-01")).drifts()

    assert drift["opened_at"] == 3 * DAY * SECOND == drift["evidence"][0]["committed_at"]


def test_what_is_done_before_a_deadline_that_is_still_ahead_is_in_time() -> None:
    assert lives(played(deal(3, "1970-01-02"), erp_customer(2 * DAY + SLA_SECONDS))) == []
    assert lives(played(deal(3, "1970-01-02"), deal(2 * DAY, "1970-01-02", "open"))) == []


def test_a_day_that_is_put_off_moves_the_deadline() -> None:
    assert lives(played(deal(3, "1970-01-02"), deal(DAY, "1970-01-04"))) == [(4 * DAY + SLA_SECONDS, None, "")]


def test_a_drift_ends_where_its_day_is_put_off_and_another_opens_by_the_new_day() -> None:
    assert lives(played(deal(3, "1970-01-02"), deal(3 * DAY, "1970-01-05"))) == [
        (2 * DAY + SLA_SECONDS, 3 * DAY, "withdrawn"),
        (5 * DAY + SLA_SECONDS, None, ""),
    ]


def test_what_says_nothing_new_of_the_day_moves_nothing() -> None:
    story = (deal(3, "1970-01-02"), deal(DAY, "1970-01-02"), deal(3 * DAY, "1970-01-02"))

    assert played(*story).lives() == played(deal(3, "1970-01-02")).lives()


def test_each_id_stands_for_one_day() -> None:
    play = played(deal(3, "1970-01-02"), deal(3 * DAY, "1970-01-05"), deal(6 * DAY, None), deal(7 * DAY, "1970-01-02"))

    said = {(a["drift_id"], a["triggered_at"]) for a in (w.value for w in play.driver.written[topics.AUDIT]) if a}

    assert len(said) == len({drift_id for drift_id, _ in said}) == 3


def test_a_day_that_is_taken_out_leaves_the_commit() -> None:
    assert lives(played(deal(3, "1970-01-09"), deal(2 * DAY, None))) == [(2 * DAY, None, "")]


def test_what_began_on_a_day_before_go_live_is_baseline() -> None:
    company = dated().model_copy(update={"go_live_at": datetime(1970, 1, 2, 12, tzinfo=UTC)})

    def status(closes_on: str) -> str:
        (drift,) = played(deal(3 * DAY, closes_on), company=company).drifts()
        return str(drift["status"])

    assert (status("1970-01-01"), status("1970-01-02")) == ("baseline", "open")


def test_a_company_that_moves_moves_the_days_of_its_deals() -> None:
    moved = played(account(2, "DE01"), deal(3, "1970-01-02"), account(DAY, "US01"))

    assert lives(moved) == [(2 * DAY + 5 * 3600 + SLA_SECONDS, None, "")]


def test_no_verdict_is_given_before_the_customer_was_heard_whose_days_count() -> None:
    dossier = dossier_of("invoice_not_posted")
    company = dated(dossier, "invoice", "posted", "issued_on")
    play = Play(dossier, company)
    play.told((*dossier.story, account(2, "US01"))).heard(5 * DAY, "billing", "erp", "processor", "product").run()
    assert play.drifts() == []


def test_a_day_that_stands_for_never_demands_nothing() -> None:
    assert lives(played(deal(3, "9999-12-31"))) == []


def test_a_day_that_stands_for_always_has_passed() -> None:
    assert lives(played(deal(3, "0001-01-01", company="DE01"))) == [(3, None, "")]


# -- as identify stamps it and judge reads it


SAID = {"stage": "won", "closes_on": "2026-03-01", "legal_entity": "DE01"}


def test_the_day_is_stamped_beside_its_fact_with_the_company_that_the_record_names() -> None:
    mapping = dated().mappings["crm"]["opportunity"]
    said = dict.fromkeys(mapping.attributes) | SAID

    def stamped(before: dict[str, str], **told: Any) -> dict[str, str]:
        return stamp("opportunity", said | told, before, 5, "v5", False, facts=governed(mapping))

    assert stamped({}) == {"won": "5/v5", "won:on": "2026-03-01/DE01"}
    assert stamped({"won": "3/v3", "won:on": "2026-02-01/"}) == {"won": "3/v3", "won:on": "2026-03-01/DE01"}
    assert stamped({}, legal_entity=None) == {"won": "5/v5", "won:on": "2026-03-01/"}
    assert stamped({}, closes_on=None) == {"won": "5/v5"}
    assert stamped({}, stage="open") == {}


@pytest.mark.parametrize("attribute", ["starts_on", "ends_on", "effective_on"])
def test_what_begins_with_a_day_counts_from_its_first_instant(attribute: str) -> None:
    company = deciding(company_of_dossier(WON), "subscription", "activated", dated_by=attribute)
    now = looking(company, 9, record("billing", "subscription", "S", 3, status="active"))
    subscription = found(now, "billing", "subscription", "S")
    told = {**subscription.version, "since": subscription.version["since"] | {"activated:on": "1970-01-02/US01"}}

    began = begun(now, subscription._replace(version=told), "activated")

    calendar: Calendar = company.calendar("US01")
    day = calendar.day_of(DAY * SECOND + 6 * 3600 * SECOND)
    assert began is not None
    assert began.at == (calendar.begins(day) if attribute in FIRST_DAYS else calendar.ends(day))
    assert began.version == f"v3@{began.at}"


def test_a_day_that_a_mapping_stamps_counts_once_the_rules_say_so() -> None:
    now = looking(company_of_dossier(WON), 9, record("crm", "opportunity", "O", 3, stage="won"))
    one = found(now, "crm", "opportunity", "O")
    told = {**one.version, "since": one.version["since"] | {"won:on": "1970-01-09/"}}

    began = begun(now, one._replace(version=told), "won")

    assert began is not None
    assert began.at == 3


def test_a_version_of_the_rules_decides_by_which_day_and_not_what_holds() -> None:
    folder = deciding(company_of_dossier(WON), "opportunity", "won", when={"stage": ["won"], "order_managed": True})

    decided = decided_by(folder, dated()).triggers["opportunity"]["won"]

    assert decided.dated_by == "closes_on"
    assert decided.when == {"stage": ("won",), "order_managed": True}
    assert undecided(company_of_dossier(WON), dated()) == []


def test_rules_that_come_into_force_count_by_the_day_from_then_on() -> None:
    play = Play(WON, company_of_dossier(WON)).told((deal(3, "1970-01-03"),)).heard(DAY).run()
    assert lives(play) == [(3 + SLA_SECONDS, None, "")]

    play.driver.publish(dated(), 2 * DAY * SECOND)
    play.run().heard(2 * DAY + 1).run()
    assert lives(play) == [(3 + SLA_SECONDS, None, "")], "its row was not read again: it has no day"


def test_a_day_that_is_published_moves_deadlines_from_its_instant_on() -> None:
    company = with_invoice(governance(), issued_on="1970-01-02")
    company.heard(20)
    by_day = deciding(governance(), "invoice", "posted", dated_by="issued_on")
    publish(company, by_day)
    company.driver.publish(by_day, 30 * SECOND)
    company.heard(3 * DAY)

    told = sorted((d["opened_at"], d["closed_at"], d["how"]) for d in company.drifts("invoice_not_posted"))
    assert told == [
        (12 * SECOND, 30 * SECOND, "withdrawn"),
        ((2 * DAY + SLA_SECONDS) * SECOND, None, ""),
    ]
    assert equal(company)


def test_which_day_counts_is_told_by_the_rules_and_not_by_the_mappings_in_force() -> None:
    """Else nobody could publish what a folder and the mappings say, and judge does not."""
    plain, by_day = company_of_dossier(WON), dated()

    assert plain.reading_by(by_day.mappings).triggers == plain.triggers
    assert by_day.reading_by(plain.mappings).triggers == by_day.triggers


def test_days_are_those_of_facts_that_deadlines_count_from() -> None:
    assert {(kind.entity, kind.begins_with) for kind in KINDS if kind.begins_with} == COUNTED


# -- the law


HOURS = st.integers(1, 4 * 24)
DAYS = st.sampled_from([None, "1969-12-31", "1970-01-01", "1970-01-02", "1970-01-03", "1970-01-04"])
COMPANIES = st.sampled_from([None, "DE01", "US01"])


@st.composite
def stories(draw: st.DrawFn) -> tuple[Change, ...]:
    """Deals won, lost and put off, a customer that is served by other companies, and what they demand."""
    hours = draw(st.lists(HOURS, min_size=1, max_size=6))
    story = []
    for hour in hours:
        what, at = draw(st.sampled_from(["deal", "deal", "account", "erp"])), hour * 3600
        if what == "deal":
            stage = draw(st.sampled_from(["won", "won", "open"]))
            story.append(deal(at, draw(DAYS), stage, draw(COMPANIES)))
        else:
            story.append(account(at, draw(COMPANIES)) if what == "account" else erp_customer(at))
    return tuple(story)


@given(stories(), st.integers(0, 2**32))
def test_any_interleaving_duplication_and_restart_say_the_same(story: tuple[Change, ...], seed: int) -> None:
    in_order = played(*story)
    shuffled = Play(WON, dated()).told(story).heard(10 * DAY)
    shuffled.run_in_any_order(random.Random(seed), duplicates=0.2, crashes=0.1)

    assert shuffled.lives() == in_order.lives()
    assert shuffled.commands() == in_order.commands()


INVOICE = dossier_of("invoice_not_posted")


@st.composite
def invoices(draw: st.DrawFn) -> tuple[Change, ...]:
    """An invoice that is posted and put off, by a company or by that which serves the customer, and its posting."""
    story = []
    for hour in draw(st.lists(HOURS, min_size=1, max_size=6)):
        what, at = draw(st.sampled_from(["invoice", "invoice", "account", "posting"])), hour * 3600
        if what == "invoice":
            said = {"status": draw(st.sampled_from(["posted", "posted", "draft"])), "total": "119.00 EUR"}
            said |= {"issued_on": draw(DAYS), "legal_entity": draw(COMPANIES)}
            story.append(change(at, "billing", "invoice", "I", number="I-1", **said))
        elif what == "account":
            story.append(account(at, draw(COMPANIES)))
        else:
            said = {"document_type": "invoice", "document_ref": "I-1", "total": "119.00 EUR"}
            story.append(
                change(at, "erp", "ledger_posting", "P", status=draw(st.sampled_from(["posted", "draft"])), **said)
            )
    return tuple(story)


@given(invoices(), st.integers(0, 2**32))
def test_a_kind_that_looks_at_no_customer_waits_for_the_one_whose_days_count(story: Any, seed: int) -> None:
    company = dated(INVOICE, "invoice", "posted", "issued_on")
    in_order = Play(INVOICE, company).told(story).heard(10 * DAY).run()
    shuffled = Play(INVOICE, company).told(story).heard(10 * DAY)
    shuffled.run_in_any_order(random.Random(seed), duplicates=0.2, crashes=0.1)

    assert shuffled.lives() == in_order.lives()
    assert shuffled.commands() == in_order.commands()


@settings(max_examples=cases(20, thorough=150))
@given(histories(), st.integers(0, 2**32))
def test_customers_that_part_and_meet_change_nothing_either(history: Any, seed: int) -> None:
    rng = random.Random(seed)
    company = deciding(governance(), "invoice", "posted", dated_by="issued_on")
    company = deciding(company, "opportunity", "won", dated_by="closes_on")
    with pytest.MonkeyPatch.context() as patch:  # deadlines end at second 10: for some changes past, for others ahead
        patch.setitem(FIELDS["billing", "invoice"], "issued_on", "1969-12-31")
        patch.setitem(FIELDS["crm", "Opportunity"], "CloseDate", "1969-12-31")
        sources = inputs(history)
    in_order = fed(Company(company), sources, lambda options: options[0], lambda: False, lambda: False)
    shuffled = fed(Company(company), sources, rng.choice, lambda: rng.random() < 0.15, lambda: rng.random() < 0.05)

    assert outcome(shuffled) == outcome(in_order)


@given(stories(), st.lists(HOURS, max_size=6))
def test_wherever_watermarks_fall_it_says_the_same(story: tuple[Change, ...], marks: list[int]) -> None:
    at_once, step_by_step = played(*story), Play(WON, dated()).told(())
    for until in sorted({hour * 3600.0 + 1 for hour in marks} | {10.0 * DAY}):
        begins = max((hour * 3600.0 + 1 for hour in marks if hour * 3600.0 + 1 < until), default=0.0)
        step_by_step.tell([c for c in story if begins < c.at <= until])
        step_by_step.heard(until).run()

    assert step_by_step.lives() == at_once.lives()


@given(stories())
def test_by_its_plain_meaning(story: tuple[Change, ...]) -> None:
    """At every second that matters: a deal is won, its deadline is over, and nobody is in the ERP."""
    company = dated()
    changes = sorted(story, key=lambda c: c.at)

    def is_violated(at: float) -> bool:
        by_then = [c for c in changes if c.at <= at]
        deals = [c for c in by_then if c.entity == "opportunity"]
        if not deals or any(c.system == "erp" for c in by_then):
            return False
        last: dict[str, Any] = dict(deals[-1].attributes or {})
        if last["stage"] != "won":
            return False
        serving = next((dict(c.attributes or {})["legal_entity"] for c in reversed(by_then) if c.system == "crm"
                        and c.entity == "customer"), None)  # fmt: skip
        won_at = began(deals)
        if last["closes_on"] is not None:
            calendar = company.calendar(last["legal_entity"] or serving)
            ends = calendar.ends(calendar.day_of(0).fromisoformat(last["closes_on"]))
            won_at = ends / SECOND
        return at >= won_at + SLA_SECONDS

    ends_at = played(*story, until=9 * DAY).drifts()
    is_open = any(d["status"] == "open" for d in ends_at)
    assert is_open == is_violated(9 * DAY)


def began(deals: list[Change]) -> float:
    """Since when the last run of won ones lasts."""
    at = deals[-1].at
    for one in reversed(deals):
        if dict(one.attributes or {})["stage"] != "won":
            break
        at = one.at
    return at
