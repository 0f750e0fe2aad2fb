"""Why: every answer that a person can get, from states the real topology made."""

from __future__ import annotations

import pytest

from schemas import topics
from streams.look.parked import parked_row
from streams.look.why import OUTCOMES, Explanation, explain, with_drifts
from tests.look import drift, micros
from tests.topology import Company, governance, linked_late, links_that_wait


def answers(company: Company, now: float, customer: str = "crm:A") -> list[Explanation]:
    view = company.driver.state("judge", topics.partition_for(customer, company.governance.partitions))
    return explain(view, company.governance, customer, micros(now))


def answer(company: Company, now: float, kind: str, native_id: str, customer: str = "crm:A") -> Explanation:
    (found,) = [e for e in answers(company, now, customer) if (e.kind, e.native_id) == (kind, native_id)]
    return found


def won(now: float) -> Company:
    """Won at 1, so due at 11; heard up to now."""
    company = Company()
    company.row("crm", "Account", "A", 1)
    company.row("crm", "Opportunity", "O", 1, "A", StageName="Closed Won")
    company.heard(now)
    return company


def linked(now: float) -> Company:
    """One customer in three systems, which name each other."""
    company = Company()
    company.row("crm", "Account", "A", 1, Billing_Account_Id__c="B", ERP_Customer_Id__c="E")
    company.row("billing", "account", "B", 1)
    company.row("erp", "customer", "E", 1)
    company.heard(now)
    return company


def test_before_its_deadline_it_is_not_due() -> None:
    found = answer(won(5), 6, "won_without_erp_customer", "O")

    assert (found.outcome, found.due_at) == ("pending", micros(11))
    assert "not due before 1970-01-01T00:00:11.000Z" in found.because


def test_what_was_done_before_the_deadline_says_by_which_record() -> None:
    company = won(5)
    company.row("erp", "customer", "E", 6)

    found = answer(company, 7, "won_without_erp_customer", "O")

    assert found.outcome == "pending"
    assert "so far done 1970-01-01T00:00:06.000Z by erp/customer/E" in found.because


def test_past_its_deadline_it_is_unknown_because_of_the_source_that_lags() -> None:
    company = won(5)
    company.heard(30, "crm", "billing")

    found = answer(company, 31, "won_without_erp_customer", "O")

    assert found.outcome == "unknown"
    assert "erp/* has been heard only up to 1970-01-01T00:00:05.000Z" in found.because


@pytest.mark.parametrize(
    ("until", "said"), [(5, "erp/* has been heard only up to 1970"), (None, "erp/* has never been")]
)
def test_where_links_wait_for_one_another_the_source_is_named_that_they_wait_for(
    until: float | None, said: str
) -> None:
    """The kind looks at CRM and billing alone; links of billing wait until the ERP has been heard as well."""
    company = Company(links_that_wait())
    company.row("crm", "Account", "A", 1)
    company.row("crm", "Opportunity", "O", 1, "A", StageName="Closed Won")
    if until is not None:
        company.heard(until)
    company.heard(30, "crm", "billing")

    found = answer(company, 31, "won_without_subscription", "O")

    assert found.outcome == "unknown"
    assert said in found.because


def test_a_source_never_heard_is_named_as_such() -> None:
    company = Company()
    company.row("crm", "Account", "A", 1)
    company.row("crm", "Opportunity", "O", 1, "A", StageName="Closed Won")
    company.heard(30, "crm")

    assert "erp/* has never been heard" in answer(company, 31, "won_without_erp_customer", "O").because


def test_an_open_drift_says_what_is_expected_and_what_was_found() -> None:
    company = won(30)

    found = answer(company, 31, "won_without_erp_customer", "O")

    assert found.outcome == "open"
    assert found.drift_id == company.open()[0]["drift_id"]
    assert "open since 1970-01-01T00:00:11.000Z: expected a customer in erp" in found.because


def test_an_open_drift_that_has_been_answered_says_what_its_closing_waits_for() -> None:
    company = won(30)
    company.row("erp", "customer", "E", 33)

    found = answer(company, 34, "won_without_erp_customer", "O")

    assert found.outcome == "open"
    assert "by now done 1970-01-01T00:00:33.000Z by erp/customer/E" in found.because


def test_a_closed_drift_says_how_it_ended() -> None:
    company = won(30)
    company.row("erp", "customer", "E", 33)
    company.heard(40)

    (found,) = [e for e in with_drifts(answers(company, 41), company.drifts()) if e.outcome == "closed"]

    assert found.because.startswith("self_healed: it was open from 1970-01-01T00:00:11.000Z to 1970-01-01T00:00:33")


def test_only_the_own_drift_tells_how_it_ended() -> None:
    company = won(30)
    company.row("erp", "customer", "E", 33)
    company.heard(40)

    before = answers(company, 41)

    assert with_drifts(before, [drift("another", status="closed", how="corrected", closed_at=0)]) == before


def test_met_says_when_and_by_which_record() -> None:
    company = won(5)
    company.row("erp", "customer", "E", 6)
    company.heard(30)

    found = answer(company, 31, "won_without_erp_customer", "O")

    assert found.outcome == "met"
    assert "done 1970-01-01T00:00:06.000Z by erp/customer/E" in found.because
    assert "due 1970-01-01T00:00:11.000Z" in found.because


def undone() -> Company:
    """Met in time, and undone at 31 s."""
    company = won(5)
    company.row("erp", "customer", "E", 6)
    company.heard(30)
    company.row("erp", "customer", "E", 31, operation="delete")
    return company


def test_met_and_undone_is_met_until_every_source_was_heard_so_far() -> None:
    found = answer(undone(), 32, "won_without_erp_customer", "O")

    assert found.outcome == "met"
    assert "has changed since" in found.because


def test_met_and_undone_is_demanded_anew_from_then_on() -> None:
    company = undone()
    company.heard(35)

    found = answer(company, 36, "won_without_erp_customer", "O")

    assert found.outcome == "pending"
    assert "not due before 1970-01-01T00:00:41.000Z" in found.because


def test_undone_and_done_again_is_met() -> None:
    company = undone()
    company.row("erp", "customer", "E2", 34)
    company.heard(50)

    found = answer(company, 51, "won_without_erp_customer", "O")

    assert found.outcome == "met"
    assert "done 1970-01-01T00:00:34.000Z by erp/customer/E2" in found.because


def test_what_stood_at_the_first_snapshot_is_baseline() -> None:
    company = Company()
    company.row("crm", "Account", "A", 1, snapshot=True)
    company.row("crm", "Opportunity", "O", 1, "A", snapshot=True, StageName="Closed Won")
    company.heard(30)

    assert answer(company, 31, "won_without_erp_customer", "O").outcome == "baseline"


def test_a_deal_reopened_in_time_was_withdrawn_by_that_version() -> None:
    company = won(4)
    version = company.row("crm", "Opportunity", "O", 5, "A", StageName="Negotiation")
    company.heard(30)

    found = answer(company, 31, "won_without_erp_customer", "O")

    assert found.outcome == "withdrawn"
    assert f"1970-01-01T00:00:05.000Z by crm/opportunity/O (version {version})" in found.because


def test_a_deal_that_was_never_won_was_never_triggered() -> None:
    company = Company()
    company.row("crm", "Account", "A", 1)
    company.row("crm", "Opportunity", "O", 1, "A")
    company.heard(30)

    assert answer(company, 31, "won_without_erp_customer", "O").outcome == "not_triggered"


def test_a_kind_without_any_subject_is_said_to_have_none() -> None:
    found = answer(won(5), 6, "invoice_not_posted", "")

    assert (found.outcome, found.entity) == ("no_subject", "invoice")


def test_values_that_differ_a_little_are_within_tolerance_by_so_much() -> None:
    company = linked(1)
    company.row("billing", "subscription", "S", 2, "B", status="Active")
    company.row("erp", "contract", "K", 3, "E", value="1200.90")
    company.heard(30)

    found = answer(company, 31, "contract_value_mismatch", "S")

    assert found.outcome == "within_tolerance"
    assert "they differ by 0.90 EUR" in found.because
    assert "within 1.20 EUR" in found.because


def test_equal_values_agree() -> None:
    company = linked(1)
    company.row("billing", "subscription", "S", 2, "B", status="Active")
    company.row("erp", "contract", "K", 3, "E")
    company.heard(30)

    assert answer(company, 31, "contract_value_mismatch", "S").outcome == "agrees"


def test_a_mismatch_younger_than_its_grace_is_not_due() -> None:
    company = linked(1)
    company.row("billing", "subscription", "S", 2, "B", status="Active")
    company.row("erp", "contract", "K", 3, "E", value="900")
    company.heard(5)

    found = answer(company, 6, "contract_value_mismatch", "S")

    assert (found.outcome, found.due_at) == ("pending", micros(13))


def test_a_mismatch_that_nobody_has_judged_yet_is_due_from_the_commit_that_began_it() -> None:
    company = linked(1)
    company.row("billing", "subscription", "S", 2, "B", status="Active")
    company.row("erp", "contract", "K", 3, "E", value="900")

    found = answer(company, 20, "contract_value_mismatch", "S")

    assert (found.outcome, found.due_at) == ("unknown", micros(13))


def test_a_subscription_of_an_inactive_customer_waits_for_another_record() -> None:
    company = linked(1)
    company.row("billing", "subscription", "S", 2, "B", crm_opportunity_id=None)
    company.heard(30)

    found = answer(company, 31, "activation_stalled", "S")

    assert found.outcome == "waiting"
    assert "customer or opportunity" in found.because


def test_a_missing_dead_letter_holds_the_verdict_and_is_named() -> None:
    company = linked(1)
    company.row("billing", "invoice", "I", 2, "B", status="Posted")
    company.row("erp", "ledger_posting", "P", 3, "E", status="Odd")
    company.heard(30)

    (letter,) = [w.value for w in company.driver.written[topics.DEAD_LETTERS] if w.value]
    found = answer(company, 31, "invoice_not_posted", "I")

    assert found.outcome == "held"
    assert letter["letter_id"] in found.because


def test_a_drift_whose_end_is_held_by_a_hole_stays_open_and_says_so() -> None:
    company = linked(1)
    company.row("billing", "invoice", "I", 2, "B", status="Posted")
    company.heard(30)
    company.row("erp", "ledger_posting", "P", 31, "E", status="Odd")
    company.row("erp", "ledger_posting", "Q", 32, "E")
    company.heard(40)

    found = answer(company, 41, "invoice_not_posted", "I")

    assert found.outcome == "open"
    assert "cannot be judged: dead letter" in found.because


def test_a_row_without_its_parent_is_parked_and_names_the_parent() -> None:
    company = linked(1)
    company.row("billing", "invoice_line", "L", 2, "B", invoice_id="I-9")
    identify = company.driver.state("identify", topics.partition_for("B", company.governance.partitions))
    parked = dict(parked_row(key, value) for key, value in identify.items() if key.startswith("k/"))
    view = company.driver.state("judge", topics.partition_for("crm:A", company.governance.partitions))

    (found,) = [e for e in explain(view, company.governance, "crm:A", micros(3), parked) if e.outcome == "parked"]

    assert "billing/invoice_line/L" in found.because
    assert "parked for want of its invoice I-9" in found.because


def test_a_subject_that_went_to_another_customer_has_moved() -> None:
    company = linked_late()

    assert answer(company, 31, "invoice_not_posted", "I", "billing:B").outcome == "moved"
    assert answer(company, 31, "invoice_not_posted", "I", "crm:A").outcome == "open"


def test_what_is_wrong_comes_before_what_is_right() -> None:
    order = [e.outcome for e in answers(won(30), 31)]

    assert order == sorted(order, key=list(OUTCOMES).index)
    assert order[0] == "open"


@pytest.mark.parametrize("now", [2, 10.9, 11, 12, 100])
def test_every_case_has_an_answer_at_any_time(now: float) -> None:
    company = linked(5)
    company.row("billing", "subscription", "S", 6, "B", status="Active", total_contract_value="7")
    company.row("erp", "contract", "K", 7, "E")

    assert {e.outcome for e in answers(company, now)} <= set(OUTCOMES)


def test_what_was_met_was_done_when_it_first_was_whatever_became_of_the_record() -> None:
    company = Company(governance().model_copy(update={"late_retention_seconds": 100}))
    company.row("crm", "Account", "A", 1)
    company.row("crm", "Opportunity", "O", 1, "A", StageName="Closed Won")
    company.row("erp", "customer", "E", 6)
    company.row("erp", "customer", "E", 9, legal_name="Acme AG")
    company.heard(30)
    company.row("erp", "customer", "E", 33, legal_name="Acme SE")
    company.heard(40)

    found = answer(company, 41, "won_without_erp_customer", "O")

    assert found.because.startswith("met: done 1970-01-01T00:00:06.000Z by erp/customer/E")


def test_what_closes_an_open_drift_was_done_when_it_first_was() -> None:
    company = won(30)
    company.row("erp", "customer", "E", 33)
    company.row("erp", "customer", "E", 36, legal_name="Acme AG")

    found = answer(company, 37, "won_without_erp_customer", "O")

    assert "by now done 1970-01-01T00:00:33.000Z by erp/customer/E" in found.because


def test_what_is_done_so_far_was_done_when_it_first_was() -> None:
    company = won(5)
    company.row("erp", "customer", "E", 6)
    company.row("erp", "customer", "E", 7, legal_name="Acme AG")

    found = answer(company, 8, "won_without_erp_customer", "O")

    assert "so far done 1970-01-01T00:00:06.000Z by erp/customer/E" in found.because


def test_a_subject_that_waits_for_another_record_says_how_it_stands() -> None:
    company = linked(1)
    company.row("billing", "subscription", "S", 2, "B", crm_opportunity_id=None, total_contract_value="1200.50")
    company.heard(30)

    found = answer(company, 31, "activation_stalled", "S")

    assert "another record of the customer to change: customer or opportunity" in found.because
    assert found.because.endswith("the subscription is draft, total value 1,200.50 EUR")


def memos() -> Company:
    return Company(governance().model_copy(update={"judged": ("credit_memo_unpropagated",)}))


def test_a_kind_without_any_subject_calls_it_by_no_internal_name() -> None:
    found = answer(memos(), 6, "credit_memo_unpropagated", "")

    assert "no credit memo from erp, billing is known here" in found.because


def test_a_memo_that_the_books_speak_for_says_so() -> None:
    company = memos()
    company.row("billing", "account", "B", 1, crm_account_id=None)
    told = {"number": "CM-1", "invoice_number": None, "total_amount": "10", "currency": "EUR", "status": "Posted"}
    company.row("billing", "credit_memo", "M", 2, "B", **told)
    company.heard(30)

    found = answer(company, 31, "credit_memo_unpropagated", "M", "billing:B")

    assert found.outcome == "not_triggered"
    assert found.because.startswith("not demanded: erp speaks for credit memos")
