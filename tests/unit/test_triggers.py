"""What begins an obligation is decided by a company: by default as it always was, and otherwise where it says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from schemas import topics
from schemas.canonical.model import Attribute
from schemas.entities import ENTITIES, MONEY_TYPES
from streams.commands.governance import show
from streams.governance import Governance, load
from streams.governance.difference import differences
from streams.governance.mapping import document_of, read_mapping
from streams.governance.triggers import FACTS, default
from streams.identify.mappings import RECORD
from streams.judge.published import document_of as rules_of
from streams.judge.published import read as read_rules
from streams.judge.published import undecided
from streams.kinds.facts import KNOWN, common, governed, since, stamp
from streams.kinds.table import KINDS
from streams.process_map import rows
from streams.process_map.advice import advice
from streams.process_map.words import condition
from tests.dossiers.stage import Play
from tests.dossiers.stage import governed as company_of_dossier
from tests.dossiers.table import DOSSIERS
from tests.topology import SLA_SECONDS, Company, governance
from tests.triggers import deciding
from tests.unit.governance_folder import folder_of, problem_of
from tests.unit.test_mapping_published import (
    INVOICE,
    attributes,
    company_of,
    equal,
    image,
    letters,
    lives,
    opens_as_always,
    publish,
    restarted,
    told_at_start,
    with_invoice,
)

Said = Mapping[str, Any]


def is_one(attribute: str, *states: str) -> Callable[[Said], bool]:
    return lambda said: said[attribute] in states


def is_not_zero(money: Any) -> bool:
    return bool(money) and Decimal(money["amount"]) != 0


AS_ALWAYS: dict[tuple[str, str], Callable[[Said], bool]] = {
    # what held before companies could decide
    ("opportunity", "won"): is_one("stage", "won"),
    ("opportunity", "ordered"): lambda a: a["stage"] == "won" and a["order_managed"] is True,
    ("order", "fulfilled"): is_one("status", "fulfilled"),
    ("customer", "active"): is_one("status", "active"),
    ("customer", "set_up"): lambda a: a["status"] != "prospect",
    ("customer", "linked"): lambda a: bool(a["crm_ref"]) and a["status"] != "churned",
    ("subscription", "live"): is_one(
        "status", "draft", "pending_activation", "pending_acceptance", "active", "suspended"
    ),
    ("subscription", "pending"): is_one("status", "draft", "pending_activation", "pending_acceptance"),
    ("subscription", "activated"): is_one("status", "active", "suspended"),
    ("subscription", "cancelled"): is_one("status", "cancelled"),
    ("invoice", "live"): is_one("status", "posting", "posted", "paid"),
    ("invoice", "posted"): lambda a: a["status"] in ("posted", "paid") and is_not_zero(a["total"]),
    ("invoice", "voided"): is_one("status", "voided"),
    ("invoice", "owed"): lambda a: (
        a["status"] in ("posted", "paid") and a["payment_status"] in ("open", "partially_paid", "failed")
    ),
    ("payment", "settled"): is_one("status", "settled", "disputed"),
    ("payment", "failed"): is_one("status", "failed"),
    ("refund", "settled"): is_one("status", "settled"),
    ("cash_application", "applied"): lambda a: a["status"] != "reversed",
    ("cash_application", "reversed"): is_one("status", "reversed"),
    ("revenue_schedule", "recognising"): lambda a: is_not_zero(a["recognised"]),
    ("credit_memo", "live"): is_one("status", "posted"),
    ("credit_memo", "posted"): lambda a: a["status"] == "posted" and (not a["total"] or is_not_zero(a["total"])),
    ("ledger_posting", "live"): is_one("status", "posting", "posted"),
}


def values(attribute: Attribute) -> st.SearchStrategy[Any]:
    """All that a record can say of it."""
    if attribute.type in MONEY_TYPES:
        amounts = st.sampled_from(["0", "0.00", "-0", "-5", "119", "0.000000001"])
        return st.none() | st.builds(lambda amount: {"amount": amount, "currency": "EUR"}, amounts)
    if attribute.type == "flag":
        return st.sampled_from([None, True, False])
    if attribute.type == "integer":
        return st.none() | st.integers(0, 2)
    return st.sampled_from([None, "", "other", *attribute.words])


@st.composite
def records(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    entity = draw(st.sampled_from(sorted({*FACTS, "usage", "contract"})))
    return entity, {a.name: draw(values(a)) for a in ENTITIES[entity].attributes}


@given(records())
def test_by_default_facts_hold_as_they_always_did(record: tuple[str, dict[str, Any]]) -> None:
    entity, said = record

    held = {fact for fact, holds in common(entity).holding if holds(said)} - {KNOWN}

    assert held == {fact for (of, fact), holds in AS_ALWAYS.items() if of == entity and holds(said)}


def test_every_fact_is_decided_and_has_its_meaning() -> None:
    assert set(AS_ALWAYS) == {(entity, fact) for entity, named in FACTS.items() for fact in named}
    assert {e: list(facts) for e, facts in default().items()} == {e: list(facts) for e, facts in FACTS.items()}
    assert all(meaning for named in FACTS.values() for meaning in named.values())


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.begins_with], ids=lambda kind: kind.row)
def test_a_kind_says_with_which_fact_it_begins(kind: Any) -> None:
    assert kind.clock == "deadline"
    assert kind.begins_with in FACTS[kind.entity]
    (dossier, *_) = (d for d in DOSSIERS if d.kind == kind.name)
    never = {name: ["never"] for name in default()[kind.entity][kind.begins_with].when}
    company = deciding(company_of_dossier(dossier), kind.entity, kind.begins_with, when=never)

    assert Play(dossier, company).told(dossier.story).heard(dossier.ends).run().drifts() == []


CONDITIONS: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    # condition, what an invoice says, whether it holds
    ({"status": ["posted"]}, {"status": "posted"}, True),
    ({"status": ["posted"]}, {"status": None}, False),
    ({"status": {"other_than": ["voided", "draft"]}}, {"status": "posted"}, True),
    ({"status": {"other_than": ["voided", "draft"]}}, {"status": "draft"}, False),
    ({"status": {"other_than": ["voided"]}}, {"status": None}, True),
    ({"due_on": "stated"}, {"due_on": "2026-03-01"}, True),
    ({"due_on": "stated"}, {"due_on": None}, False),
    ({"due_on": "stated"}, {"due_on": ""}, False),
    ({"line_count": "stated"}, {"line_count": 0}, True),
    ({"line_count": "not_zero"}, {"line_count": 0}, False),
    ({"line_count": "not_zero"}, {"line_count": 3}, True),
    ({"total": "not_zero"}, {"total": {"amount": "-1", "currency": "EUR"}}, True),
    ({"total": "not_zero"}, {"total": None}, False),
    ({"total": "unless_zero"}, {"total": None}, True),
    ({"total": "unless_zero"}, {"total": {"amount": "0.00", "currency": "EUR"}}, False),
    ({"status": ["posted"], "due_on": "stated", "tax_code": ["DE19"]},
     {"status": "posted", "due_on": "2026-03-01", "tax_code": "DE19"}, True),
    ({"status": ["posted"], "due_on": "stated", "tax_code": ["DE19"]},
     {"status": "posted", "due_on": "2026-03-01", "tax_code": "DE7"}, False),
    ({"status": ["posted"], "due_on": "stated", "tax_code": ["DE19"]},
     {"status": "draft", "due_on": "2026-03-01", "tax_code": "DE19"}, False),
]  # fmt: skip


@pytest.mark.parametrize(("when", "says", "holds"), CONDITIONS)
def test_a_fact_holds_where_all_its_conditions_do(when: Any, says: dict[str, Any], holds: bool) -> None:
    mapping = deciding(governance(), "invoice", "voided", when=when).mappings["billing"]["invoice"]
    said = dict.fromkeys(ENTITIES["invoice"].attribute_names) | says

    assert ("voided" in stamp("invoice", said, {}, 5, "v5", False, facts=governed(mapping))) is holds


@pytest.mark.parametrize("said", [True, False, None])
def test_a_flag_says_what_is_asked_or_not(said: bool | None) -> None:
    deals = {"order_managed": said, "stage": "won"}
    record = dict.fromkeys(ENTITIES["opportunity"].attribute_names) | deals

    def holds(asked: bool) -> bool:
        company = deciding(governance(), "opportunity", "won", when={"order_managed": asked})
        return "won" in stamp("opportunity", record, {}, 5, "v5", False, facts=governed(opportunity(company)))

    assert (holds(asked=True), holds(asked=False)) == (said is True, said is False)


def opportunity(company: Governance) -> Any:
    return company.mappings["crm"]["Opportunity"]


# -- a company that decides otherwise


def dossier_of(kind: str) -> Any:
    return next(d for d in DOSSIERS if d.kind == kind)


ORDERED = {"stage": ["won"], "order_managed": True}


@pytest.mark.parametrize("kind", ["won_without_erp_customer", "won_without_subscription"])
def test_where_won_is_what_is_ordered_other_deals_demand_nothing(kind: str) -> None:
    dossier = dossier_of(kind)
    company = deciding(company_of_dossier(dossier), "opportunity", "won", when=ORDERED)
    ordered = tuple(
        c._replace(attributes={**c.attributes, "order_managed": True}) if c.entity == "opportunity" else c
        for c in dossier.story
    )

    def told(story: Any) -> list[Any]:
        return [d["opened_at"] for d in Play(dossier, company).told(story).heard(dossier.ends).run().drifts()]

    assert told(dossier.story) == []
    assert told(ordered) == [round(dossier.opens_at * 1_000_000)]


def test_where_only_active_records_are_linked_a_prospect_is_to_be_named_from_when_it_is_active() -> None:
    dossier = dossier_of("external_id_writeback_missing")
    active = {"crm_ref": "stated", "status": ["active"]}
    company = deciding(company_of_dossier(dossier), "customer", "linked", when=active)
    prospect = tuple(
        c._replace(attributes={**c.attributes, "status": "prospect"}) for c in dossier.story if c.system != "crm"
    )
    known = tuple(c._replace(at=9) for c in dossier.story if c.system != "crm")

    def told(story: Any) -> list[Any]:
        return [d["opened_at"] for d in Play(dossier, company).told(story).heard(dossier.ends).run().drifts()]

    assert told(prospect) == []
    assert told((*prospect, *known)) == [19_000_000]


PAID_ONLY = {"status": ["paid"], "total": "not_zero"}


def paid_only(governed: Governance | None = None) -> Governance:
    """Here an invoice demands its posting once it is paid."""
    return deciding(governed or governance(), "invoice", "posted", when=PAID_ONLY)


def facts(company: Company) -> dict[str, str]:
    stamped: dict[str, str] = image(company, INVOICE)["versions"][-1]["since"]
    return {fact: began for fact, began in stamped.items() if not fact.startswith("trail:")}


def test_a_trigger_that_is_published_has_known_rows_read_again() -> None:
    company = with_invoice(governance())
    company.heard(20)
    assert lives(company) == [(2 + SLA_SECONDS, None, "")]
    assert "posted" in facts(company)

    publish(company, paid_only())
    company.heard(30)

    ((_, closed, how),) = lives(company)
    assert (closed, how) == (pytest.approx(20, abs=0.001), "withdrawn")
    assert facts(company).keys() == {"known", "live"}
    assert attributes(company)["status"] == "posted"
    assert equal(company)


def test_what_demands_by_a_later_trigger_has_its_deadline_from_the_row() -> None:
    assert equal(opens_as_always(paid_only()))


def test_every_system_that_has_such_records_reads_them_again() -> None:
    changed = deciding(governance(), "credit_memo", "posted", when={"status": ["posted"], "total": "not_zero"})
    before = governance()
    read_otherwise = [s for s in changed.mappings if changed.mappings[s] != before.mappings[s]]

    assert read_otherwise == [s for s in before.mappings if before.carries(s, "credit_memo")]
    assert len(read_otherwise) > 1


def test_a_worker_that_starts_with_other_triggers_in_its_folder_reads_known_rows_again() -> None:
    company = with_invoice(paid_only())
    company.heard(6)

    after = restarted(company, governance())
    after.heard(7)
    after.heard(40)

    assert lives(after) == [(2 + SLA_SECONDS, None, "")]
    assert equal(after)


def test_a_restart_with_the_same_triggers_says_nothing() -> None:
    after = restarted(with_invoice(paid_only()), paid_only())
    after.heard(6)
    assert [w for w in after.driver.written[topics.source_topic("billing")] if w.record == RECORD] == []


def test_a_worker_says_which_trigger_of_its_folder_begins_nothing(caplog: pytest.LogCaptureFixture) -> None:
    company = with_invoice(governance())
    publish(company, paid_only())

    after = restarted(company, governance())
    after.heard(40)

    said = told_at_start(after, caplog)
    assert "triggers.yaml: invoice.posted.when.status was [posted, paid] and becomes [paid]" in said[0]
    assert facts(after).keys() == {"known", "live"}


def test_a_step_that_another_trigger_does_not_see_was_not_taken_back() -> None:
    company = with_invoice(governance())
    publish(company, paid_only())
    assert "once_posted" not in facts(company)


def test_a_record_of_a_company_that_decides_otherwise_comes_by_its_trigger() -> None:
    company = company_of(paid_only())
    company.row("billing", "invoice", "I", 2, "B", status="Posted")
    assert facts(company).keys() == {"known", "live"}
    company.row("billing", "invoice", "I", 5, "B", status="Paid")
    began = since(facts(company), "posted")
    assert began is not None
    assert began.at == 5_000_000


# -- what is published


def test_what_decides_nothing_otherwise_can_be_read_by_a_release_that_knows_no_triggers() -> None:
    assert '"triggers"' not in rules_of(governance())
    assert '"triggers"' not in document_of(governance().mappings["billing"])


def test_rules_say_nothing_that_an_earlier_release_cannot_read() -> None:
    longer = governance().model_copy(update={"replay_window_seconds": 5, "audit_retention_seconds": 6})

    assert rules_of(longer) == rules_of(governance())
    assert "replay_window_seconds" not in rules_of(longer)


def test_rules_without_triggers_mean_the_default_ones() -> None:
    assert read_rules(rules_of(governance())) == governance()
    assert read_mapping(document_of(governance().mappings["billing"])) == governance().mappings["billing"]


def test_triggers_come_back_as_they_were_published() -> None:
    assert read_rules(rules_of(paid_only())) == paid_only()
    assert read_rules(rules_of(paid_only())).mappings == paid_only().mappings
    assert read_mapping(document_of(paid_only().mappings["billing"])) == paid_only().mappings["billing"]


@pytest.mark.parametrize(
    ("known", "unheard_of"), [('"posted":{', '"signed":{'), ('"status":', '"mood":'), ('"issued_on"', '"signed_on"')]
)
def test_triggers_of_a_later_release_are_refused(known: str, unheard_of: str) -> None:
    by_day = deciding(paid_only(), "invoice", "posted", dated_by="issued_on")
    document = document_of({"invoice": by_day.mappings["billing"]["invoice"]})
    before, triggers, after = document.partition('"triggers"')
    assert known in after

    company = with_invoice(governance())
    value = {"system": "billing", "version": "later", "published_at": 1, "by": "somebody"}
    value["document"] = before + triggers + after.replace(known, unheard_of)
    company.driver.pipe(topics.source_topic("billing"), "B", RECORD, value)
    company.driver.run()

    assert [letter["reason"] for letter in letters(company)] == ["bad_governance"]
    assert "posted" in facts(company)


def test_triggers_can_be_published() -> None:
    assert undecided(governance(), paid_only()) == []


def test_a_difference_is_told_where_it_is_stated() -> None:
    (found,) = differences(governance(), paid_only())
    assert str(found) == "triggers.yaml: invoice.posted.when.status was [posted, paid] and becomes [paid]"


def test_the_mappings_in_force_say_which_triggers_are() -> None:
    assert governance().reading_by(paid_only().mappings) == paid_only()
    assert paid_only().reading_by(governance().mappings) == governance()


# -- as files


def test_a_folder_decides_key_by_key(tmp_path: Path) -> None:
    triggers = "opportunity: {won: {when: {order_managed: true}}}\ncredit_memo: {posted: {when: {total: null}}}"
    company = load(folder_of(tmp_path, triggers=triggers))

    assert company.triggers["opportunity"]["won"].when == {"stage": ("won",), "order_managed": True}
    assert company.triggers["credit_memo"]["posted"].when == {"status": ("posted",)}
    assert opportunity(company).triggers == {"won": company.triggers["opportunity"]["won"]}
    assert company.mappings["billing"]["invoice"].triggers == {}


def test_null_that_takes_nothing_away_is_an_error(tmp_path: Path) -> None:
    problem = problem_of(folder_of(tmp_path, triggers="invoice: {posted: {when: {totl: null}}}"))
    assert "triggers.yaml: invoice.posted.when.totl: null takes away what is there, and there is none" in problem
    assert "did you mean 'invoice.posted.when.total'?" in problem


# -- as people read it


def test_the_process_map_says_what_begins_an_obligation(tmp_path: Path) -> None:
    def begins(kind: str, *folders: Path) -> str:
        return next(row.begins for row in rows(load(*folders)) if row.kind == kind)

    folder = folder_of(tmp_path, triggers="opportunity: {won: {when: {order_managed: true}}}")

    assert begins("invoice_not_posted") == "status is posted or paid, total is not zero"
    assert begins("external_id_writeback_missing") == "crm_ref is stated, status is not churned"
    assert begins("credit_memo_unpropagated") == "status is posted, total is not zero, if stated"
    assert begins("won_without_erp_customer", folder) == "stage is won, order_managed"
    assert begins("activation_stalled") == ""


def test_a_flag_that_must_not_be_set_reads_so() -> None:
    company = deciding(governance(), "opportunity", "won", when={"order_managed": False})
    assert condition(company.triggers["opportunity"]["won"]) == "not order_managed"


def test_a_trigger_that_rests_on_what_nobody_reads_is_warned_of(tmp_path: Path) -> None:
    triggers = "opportunity: {won: {when: {order_managed: true}, dated_by: closes_on}}"
    column = "Opportunity: {attributes: {order_managed: Order_Managed__c}}"

    def warned(**files: str) -> list[str]:
        told = advice(load(folder_of(tmp_path, triggers=triggers, **files)), 0)
        return [warning for warning in told if warning.startswith("triggers.yaml")]

    (warning,) = warned()
    assert warning.startswith("triggers.yaml: opportunity.won: rests on order_managed, which Opportunity of crm is not")
    assert warning.endswith("map it in mappings/crm.yaml")
    assert warned(mappings__crm=column) == []


def test_by_default_no_trigger_is_warned_of() -> None:
    assert [warning for warning in advice(load(), 0) if warning.startswith("triggers.yaml")] == []


def test_a_day_that_deadlines_count_from_is_named() -> None:
    company = deciding(governance(), "opportunity", "won", dated_by="closes_on")
    assert condition(company.triggers["opportunity"]["won"]) == "stage is won; by closes_on"


def test_what_is_stated_of_triggers_can_be_said_again(tmp_path: Path) -> None:
    done = CliRunner().invoke(show, ["triggers.invoice"])
    assert done.exit_code == 0, done.output
    assert done.output.startswith("# triggers.yaml\n")
    (tmp_path / "triggers.yaml").write_text(done.output)
    assert load(tmp_path) == load()
    assert json.loads(CliRunner().invoke(show, ["triggers.invoice.posted", "--json"]).output)
