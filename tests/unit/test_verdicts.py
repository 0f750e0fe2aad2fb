"""Verdicts: what opens, what stays quiet, what waits, and what closes it again."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import topics
from streams.judge.keys import UNREAD
from tests.topology import Company, governance, linked_late, seconds_of, unlinked_invoice


def won(company: Company, at: float = 1) -> None:
    company.row("crm", "Account", "A", at)
    company.row("crm", "Opportunity", "O", at, "A", StageName="Closed Won")


def test_a_won_deal_without_erp_customer_opens_at_its_deadline() -> None:
    company = Company()
    won(company)
    company.heard(30)

    (drift,) = company.open()
    assert drift["kind"] == "won_without_erp_customer"
    assert seconds_of(drift["opened_at"]) == 11
    assert drift["amount_at_stake"]["amount"] == 1200
    assert (drift["owner_system"], drift["owner_team"]) == ("erp", "finance-systems")


def test_nothing_opens_while_a_needed_source_lags() -> None:
    company = Company()
    won(company)
    company.heard(30, "crm", "billing")
    company.heard(10.9, "erp")

    assert company.drifts() == []


def test_an_unrelated_silent_source_holds_nothing_back() -> None:
    company = Company()
    won(company)
    company.heard(30, "crm", "erp")

    assert len(company.open()) == 1


def test_done_exactly_at_the_deadline_is_on_time() -> None:
    company = Company()
    won(company)
    company.row("erp", "customer", "E", 11)
    company.heard(13)

    assert company.drifts("won_without_erp_customer") == []
    assert company.audited("won_without_erp_customer") == ["met"]


def test_done_just_after_the_deadline_opens_and_closes() -> None:
    company = Company()
    won(company)
    company.row("erp", "customer", "E", 11.001)
    company.heard(13)

    (drift,) = company.drifts("won_without_erp_customer")
    assert (drift["status"], drift["how"], seconds_of(drift["closed_at"])) == ("closed", "self_healed", 11.001)


def test_a_correction_counts_only_when_it_comes_back_through_capture() -> None:
    company = Company()
    won(company)
    company.heard(12)
    (command,) = company.commands()
    assert (command["type"], command["mode"], command["desired"]["crm_ref"]) == ("erp.customer.upsert", "execute", "A")
    assert len(company.open()) == 1

    company.row("erp", "customer", "E", 14, by="driftwise")
    company.heard(15)

    (drift,) = company.drifts("won_without_erp_customer")
    assert (drift["status"], drift["how"]) == ("closed", "corrected")


def test_the_consequence_of_a_correction_is_a_drift_of_its_own() -> None:
    company = Company()
    won(company)
    company.row("erp", "customer", "E", 14, by="driftwise")
    company.heard(40)

    (drift,) = company.open()
    assert (drift["kind"], drift["native_id"], seconds_of(drift["opened_at"])) == (
        "external_id_writeback_missing",
        "E",
        24,
    )


def test_a_deal_reopened_before_its_deadline_withdraws_the_obligation() -> None:
    company = Company()
    won(company)
    company.row("crm", "Opportunity", "O", 5, "A", StageName="Negotiation")
    company.heard(30)

    assert company.drifts() == []
    assert company.audited("won_without_erp_customer") == ["withdrawn"]


def test_a_posted_invoice_without_ledger_posting_opens() -> None:
    company = Company()
    company.row("crm", "Account", "A", 1)
    company.row("billing", "account", "B", 1)
    company.row("erp", "customer", "E", 1)
    company.row("crm", "Account", "A", 2, Billing_Account_Id__c="B", ERP_Customer_Id__c="E")
    company.row("billing", "invoice", "I", 3, "B", status="Posted")
    company.heard(30)

    (drift,) = company.open()
    assert (drift["kind"], drift["canonical_id"], seconds_of(drift["opened_at"])) == ("invoice_not_posted", "crm:A", 13)


def test_a_posting_of_another_system_under_the_linked_customer_answers_the_invoice() -> None:
    company = Company()
    company.row("billing", "account", "B", 1)
    company.row("erp", "customer", "E", 1)
    company.row("crm", "Account", "A", 2, Billing_Account_Id__c="B", ERP_Customer_Id__c="E")
    company.row("billing", "invoice", "I", 3, "B", status="Posted")
    company.row("erp", "ledger_posting", "P", 9, "E")
    company.heard(30)

    assert company.drifts() == []
    assert company.audited("invoice_not_posted") == ["met"]


def test_an_activation_is_due_from_the_latest_of_its_three_conditions() -> None:
    company = Company()
    company.row("crm", "Account", "A", 1, Billing_Account_Id__c="B")
    company.row("billing", "account", "B", 1)
    company.row("billing", "subscription", "S", 2, "B", crm_opportunity_id=None)
    company.heard(20)
    assert company.drifts("activation_stalled") == []

    company.row("crm", "Account", "A", 25, Billing_Account_Id__c="B", Status__c="Active")
    company.heard(50)

    (drift,) = company.open("activation_stalled")
    assert seconds_of(drift["opened_at"]) == 35


def test_values_that_differ_longer_than_the_grace_open_and_close() -> None:
    company = Company()
    company.row("crm", "Account", "A", 1, Billing_Account_Id__c="B", ERP_Customer_Id__c="E")
    company.row("crm", "Opportunity", "O", 1, "A", StageName="Closed Won")
    company.row("billing", "account", "B", 1)
    company.row("erp", "customer", "E", 1)
    company.row("billing", "subscription", "S", 2, "B", status="Active")
    company.row("erp", "contract", "K", 3, "E")
    company.row("billing", "subscription", "S", 5, "B", status="Active", total_contract_value="1500.00")
    company.heard(20)

    (drift,) = company.open()
    assert (drift["kind"], seconds_of(drift["opened_at"])) == ("contract_value_mismatch", 15)
    assert drift["amount_at_stake"]["amount"] == 300

    company.row("erp", "contract", "K", 21, "E", value="1500")
    company.row("crm", "Opportunity", "O", 22, "A", StageName="Closed Won", Amount="1500.40")
    company.heard(30)
    (drift,) = company.drifts("contract_value_mismatch")
    assert (drift["status"], seconds_of(drift["closed_at"])) == ("closed", 22)


def test_a_mismatch_mended_within_the_grace_stays_quiet() -> None:
    company = Company()
    company.row("billing", "account", "B", 1)
    company.row("erp", "customer", "E", 1)
    company.row("billing", "subscription", "S", 2, "B", status="Active")
    company.row("erp", "contract", "K", 3, "E", value="900")
    company.row("erp", "contract", "K", 12.9, "E", value="1200")
    company.heard(60)

    assert company.drifts("contract_value_mismatch") == []


def test_a_link_that_comes_late_moves_the_customer_and_reopens_under_the_same_drift() -> None:
    company = unlinked_invoice()
    (before,) = company.open("invoice_not_posted")
    assert before["canonical_id"] == "billing:B"

    company.row("billing", "account", "B", 25, crm_account_id="A")
    company.heard(30)

    (after,) = company.open("invoice_not_posted")
    assert after["canonical_id"] == "crm:A"
    assert after["drift_id"] == before["drift_id"]
    (closed,) = [d for d in company.drifts("invoice_not_posted") if d["status"] == "closed"]
    assert (closed["how"], closed["canonical_id"]) == ("moved", "billing:B")


def amendable(seconds: float) -> Company:
    """Late evidence amends verdicts for so long."""
    return Company(governance().model_copy(update={"late_retention_seconds": seconds}))


def test_late_evidence_retracts_the_drift_it_overturns() -> None:
    company = amendable(60)
    won(company)
    company.heard(30)
    assert len(company.open()) == 1

    company.row("erp", "customer", "E", 5)
    company.heard(31)

    (drift,) = company.drifts("won_without_erp_customer")
    assert (drift["status"], drift["how"]) == ("closed", "retracted")


def open_for_long() -> Company:
    """An invoice unposted since 12 s, of which the history of its opening is folded by now, judged again at 500 s."""
    company = amendable(60)
    company.row("crm", "Account", "A", 1, ERP_Customer_Id__c="E")
    company.row("billing", "account", "B", 1, crm_account_id="A")
    company.row("erp", "customer", "E", 1)
    company.row("billing", "invoice", "I", 2, "B", status="Posted")
    company.heard(300)
    company.row("billing", "invoice", "I", 301, "B", status="Posted", due_on="2026-03-01")
    company.heard(400)
    company.row("billing", "invoice", "I", 500, "B", status="Posted", total_amount="120.00")
    company.heard(510)
    return company


@pytest.mark.parametrize("at", [490, 100, 5])
def test_late_evidence_that_overturns_nothing_leaves_a_long_open_drift_as_it_is(at: float) -> None:
    company = open_for_long()
    (before,) = company.drifts("invoice_not_posted")

    company.row("erp", "ledger_posting", "L", at, "E", status="Draft")
    company.heard(600)

    (after,) = company.drifts("invoice_not_posted")
    assert (after["drift_id"], after["status"]) == (before["drift_id"], "open")


@pytest.mark.parametrize("at", [490, 5])
def test_late_evidence_behind_what_may_be_amended_counts_from_now_on(at: float) -> None:
    company = open_for_long()

    company.row("erp", "ledger_posting", "L", at, "E", status="Posted", amount="120.00")
    company.heard(600)

    (drift,) = company.drifts("invoice_not_posted")
    assert (drift["status"], drift["how"], seconds_of(drift["opened_at"])) == ("closed", "self_healed", 12)


def test_what_stood_at_the_first_snapshot_is_baseline_without_command() -> None:
    company = Company()
    company.row("crm", "Account", "A", 1, snapshot=True)
    company.row("crm", "Opportunity", "O", 1, "A", snapshot=True, StageName="Closed Won")
    company.heard(30)

    (drift,) = company.drifts()
    assert drift["status"] == "baseline"
    assert company.commands() == []


def test_an_unmapped_status_is_diverted_and_leaves_a_hole_until_it_is_replayed() -> None:
    company = Company()
    won(company)
    company.row("erp", "customer", "E", 5, status="Limbo")
    # The key of the diverted row names a customer nobody linked yet, so only that customer has the hole.
    (letter,) = [w.value for w in company.driver.written[topics.DEAD_LETTERS]]
    assert (letter["reason"], letter["entity"], letter["system"]) == ("unmapped_status", "customer", "erp")


def test_a_hole_in_the_evidence_keeps_the_verdict_unknown() -> None:
    company = Company()
    company.row("billing", "account", "B", 1)
    company.row("erp", "customer", "E", 1)
    company.row("billing", "invoice", "I", 2, "B", status="Posted")
    version = company.row("erp", "ledger_posting", "P", 3, "E", status="Odd")
    company.heard(30)
    assert company.drifts("invoice_not_posted") == []

    (letter,) = [w.value for w in company.driver.written[topics.DEAD_LETTERS]]
    headers = {"driftwise-letter": letter["letter_id"].encode(), "driftwise-letter-entity": b"ledger_posting"}
    company.row("erp", "ledger_posting", "P", 3, "E", poll=version, headers=headers)
    company.heard(31)

    assert company.drifts("invoice_not_posted") == []
    assert company.audited("invoice_not_posted") == ["met"]


@pytest.mark.parametrize(("elsewhere", "asked"), [(False, "execute"), (True, "propose")])
def test_a_hole_in_what_only_the_command_looks_at_holds_no_verdict_back(elsewhere: bool, asked: str) -> None:
    """A line is missing: which products are to be posted is not sure, that the posting is missing is."""
    company = unposted_without(*(("never came",) if elsewhere else ()))

    (drift,) = company.drifts("invoice_not_posted")
    assert (drift["mode"], drift["restraint"]) == (asked, "unreadable_record" if elsewhere else "")


def unposted_without(*invoices: str) -> Company:
    """An invoice that is to be posted; of these others lines are parked."""
    governed = governance()
    posted = governed.kinds["invoice_not_posted"].model_copy(update={"mode": "execute"})
    company = Company(governed.model_copy(update={"kinds": {**governed.kinds, "invoice_not_posted": posted}}))
    company.row("billing", "account", "B", 1)
    company.row("erp", "customer", "E", 1)
    company.row("billing", "invoice", "I", 2, "B", status="Posted")
    for invoice in invoices:
        company.row("billing", "invoice_line", f"L-{invoice}", 2, "B", invoice_id=invoice)
    company.heard(30)
    return company


def hole_of_anyone(company: Company, record: str, **told: Any) -> None:
    hole = {"canonical_id": "", "system": "billing", "entity": "*", "letter_id": "X", **told}
    for partition in range(company.governance.partitions):
        company.driver.pipe(topics.CHANGES, "", record, hole, partition=partition)
    company.driver.run()


def test_what_was_only_proposed_for_it_is_performed_from_where_it_came_home() -> None:
    company = unposted_without("J", "K")
    company.row("billing", "invoice", "J", 31, "B")
    company.heard(40)
    assert [command["mode"] for command in company.commands()] == ["propose"]

    company.row("billing", "invoice", "K", 41, "B")
    assert [command["mode"] for command in company.commands()] == ["propose"]
    company.heard(50)

    first, second = company.commands()
    assert (first["mode"], second["mode"]) == ("propose", "execute")
    (drift,) = [d for d in company.drifts("invoice_not_posted") if d["native_id"] == "I"]
    assert (drift["mode"], drift["restraint"], seconds_of(drift["released_at"])) == ("execute", "", 40.000001)
    assert waiting_for_records(company) == []


def test_so_it_is_where_it_might_have_been_anyone_s() -> None:
    company = unposted_without("J")
    hole_of_anyone(company, "HoleOpened", partition=0, opened_at=0)
    company.row("billing", "invoice", "J", 31, "B")
    company.heard(40)
    assert [command["mode"] for command in company.commands()][-1] == "propose"

    hole_of_anyone(company, "HoleClosed", how="dismissed")
    company.heard(50)

    assert [command["mode"] for command in company.commands()][-1] == "execute"
    assert waiting_for_records(company) == []


def test_what_ended_meanwhile_is_not_asked_for() -> None:
    company = unposted_without("J")
    company.row("erp", "ledger_posting", "P", 31, "E", status="Posted")
    company.heard(40)
    company.row("billing", "invoice", "J", 41, "B")
    company.heard(50)

    assert [command["mode"] for command in company.commands()] == ["propose"]
    assert waiting_for_records(company) == []


def waiting_for_records(company: Company) -> list[str]:
    shards = (company.driver.state("judge", partition) for partition in range(company.governance.partitions))
    return [key for shard in shards for key, _ in shard.items() if key.startswith(UNREAD)]


def test_a_line_whose_invoice_never_came_is_parked_and_adopted() -> None:
    company = Company()
    company.row("billing", "account", "B", 1)
    company.row("billing", "invoice_line", "L", 2, "B")
    written = company.driver.written[topics.CHANGES]
    assert "InvoiceLineChanged" not in [w.record for w in written]

    company.row("billing", "invoice", "I", 3, "B")

    assert [w.record for w in written if w.record.startswith(("Invoice", "Hole"))] == [
        "HoleOpened",
        "InvoiceChanged",
        "InvoiceLineChanged",
        "HoleClosed",
    ]


def test_a_deleted_customer_leaves_a_tombstone_in_the_corrected_state() -> None:
    company = Company()
    company.row("crm", "Account", "A", 1)
    assert company.corrected("customer") == ["crm:A"]

    company.row("crm", "Account", "A", 2, operation="delete")

    assert company.corrected("customer") == []


def test_a_silent_source_is_stale_until_it_is_heard_again() -> None:
    company = Company()
    company.heard(1)
    for observed_at, heard in ((3, None), (8, None), (9, 8.5)):
        if heard:
            company.heard(heard)
        for partition in range(4):
            probe = {"system": "erp", "observed_at": observed_at * 1_000_000}
            company.driver.pipe("src.erp", "", "SourceProbe", probe, partition=partition)
        company.driver.run()

    (drift,) = company.drifts("source_stale")
    assert (drift["native_id"], seconds_of(drift["opened_at"]), drift["status"]) == ("erp", 6, "closed")


def test_an_answer_that_is_lost_again_is_demanded_anew() -> None:
    company = Company()
    company.row("billing", "account", "B", 1)
    company.row("erp", "customer", "E", 1)
    company.row("billing", "invoice", "I", 2, "B", status="Posted")
    company.row("erp", "ledger_posting", "P", 3, "E")
    company.heard(20)
    assert company.audited("invoice_not_posted") == ["met"]

    company.row("erp", "ledger_posting", "P", 25, "E", operation="delete")
    company.heard(34.9)
    assert company.open("invoice_not_posted") == []
    company.heard(40)

    (drift,) = company.open("invoice_not_posted")
    assert seconds_of(drift["opened_at"]) == 35


def test_an_erp_customer_that_is_deleted_leaves_its_won_deal_without_one() -> None:
    company = Company()
    won(company)
    company.row("erp", "customer", "E", 5)
    company.heard(20)
    company.row("erp", "customer", "E", 25, operation="delete")
    company.heard(40)

    (drift,) = company.open("won_without_erp_customer")
    assert seconds_of(drift["opened_at"]) == 35


def test_no_verdict_is_given_before_the_crosswalk_has_resolved_the_links_up_to_it() -> None:
    company = Company()
    driver = company.driver
    won(company)
    company.row("erp", "customer", "E", 5, run=False)
    company.heard(30, run=False)
    while waiting := [
        p for p, queue in driver.queues.items() if queue and p[0] not in (topics.LINKS, topics.CROSSWALK)
    ]:
        driver.run_one(waiting[0])
    assert company.drifts() == []

    driver.run()

    assert company.audited("won_without_erp_customer") == ["met"]


def test_an_invoice_reassigned_within_one_customer_keeps_its_obligation() -> None:
    company = Company()
    company.row("crm", "Account", "A", 1, Billing_Account_Id__c="B1")
    company.row("billing", "account", "B2", 1, crm_account_id=None)
    company.row("billing", "account", "B1", 2)
    company.row("billing", "account", "B2", 3)
    company.row("billing", "invoice", "I", 4, "B1", status="Draft")
    company.row("billing", "invoice", "I", 6, "B1", operation="moved_out")
    company.row("billing", "invoice", "I", 6, "B2", operation="moved_in", status="Posted")
    company.heard(40)

    (drift,) = company.open("invoice_not_posted")
    assert (drift["canonical_id"], seconds_of(drift["opened_at"])) == ("crm:A", 16)


def test_a_reference_with_a_slash_is_no_path() -> None:
    company = Company()
    company.row("billing", "account", "B", 1)
    company.row("erp", "customer", "E", 1)
    company.row("billing", "invoice", "I", 2, "B", status="Posted", number="2024/001")
    company.row("erp", "ledger_posting", "P", 3, "E", document_number="2024")
    company.heard(40)

    assert len(company.open("invoice_not_posted")) == 1


def test_a_hole_goes_along_when_its_customer_is_linked() -> None:
    company = Company()
    company.row("billing", "account", "B", 1)
    company.row("erp", "customer", "E", 1, external_id=None)
    company.row("billing", "invoice", "I", 2, "B", status="Posted")
    company.row("erp", "ledger_posting", "P", 3, "E", status="Odd")
    company.row("erp", "customer", "E", 4)
    company.heard(40)

    assert company.drifts("invoice_not_posted") == []


def test_an_unreadable_customer_record_could_be_anyones_so_corrections_fall_to_proposals() -> None:
    company = Company()
    won(company)
    company.row("erp", "customer", "E", 5, status="Limbo")
    company.heard(30)

    (command,) = company.commands()
    assert command["mode"] == "propose"


def test_a_mismatch_that_stood_in_the_first_snapshot_is_baseline() -> None:
    company = Company()
    company.row("billing", "account", "B", 1, snapshot=True)
    company.row("erp", "customer", "E", 1, snapshot=True)
    company.row("billing", "subscription", "S", 1, "B", status="Active", snapshot=True)
    company.row("erp", "contract", "K", 1, "E", value="900", snapshot=True)
    company.heard(60)

    assert [d["status"] for d in company.drifts("contract_value_mismatch")] == ["baseline"]
    assert company.commands() == []


def test_a_mismatch_that_changes_its_size_stays_the_same_drift() -> None:
    company = Company()
    company.row("billing", "account", "B", 1)
    company.row("erp", "customer", "E", 1)
    company.row("billing", "subscription", "S", 1, "B", status="Active")
    company.row("erp", "contract", "K", 2, "E", value="900")
    company.heard(20)
    for at, value in ((25, "800"), (30, "700")):
        company.row("erp", "contract", "K", at, "E", value=value)
        company.heard(at + 1)

    assert [d["status"] for d in company.drifts("contract_value_mismatch")] == ["open"]


def test_an_obligation_that_moves_is_counted_once() -> None:
    company = linked_late()
    assert company.audited("invoice_not_posted") == ["missed"], "it was due before its customer was linked"

    company.row("erp", "ledger_posting", "P", 31, "E", status="Posted")
    company.row("erp", "customer", "E", 31, external_id="A")
    company.heard(60)
    ended = {drift["status"] for drift in company.drifts("invoice_not_posted")}
    assert (ended, company.audited("invoice_not_posted")) == ({"closed"}, ["missed"]), "not where it was due"


def test_an_obligation_that_moves_before_it_is_due_is_counted_where_it_falls_due() -> None:
    company = Company()
    company.row("crm", "Account", "A", 1, Billing_Account_Id__c="B")
    company.row("billing", "account", "B", 1, crm_account_id=None)
    company.row("billing", "invoice", "I", 2, "B", status="Posted")
    company.row("billing", "account", "B", 5, crm_account_id="A")
    company.heard(30)

    assert company.audited("invoice_not_posted") == ["missed"]


def test_an_answered_obligation_is_not_counted_again_at_another_customer() -> None:
    company = Company()
    company.row("crm", "Account", "A", 1, Billing_Account_Id__c="B", ERP_Customer_Id__c="E")
    company.row("billing", "account", "B", 1, crm_account_id="A")
    company.row("erp", "customer", "E", 1, external_id="A")
    company.row("billing", "invoice", "I", 2, "B", status="Posted")
    company.row("erp", "ledger_posting", "P", 4, "E", status="Posted")
    company.heard(20)
    before = company.audited("invoice_not_posted")

    company.row("crm", "Account", "A0", 30)
    company.row("billing", "account", "B", 31, crm_account_id="A0")
    company.row("erp", "customer", "E", 31, external_id="A0")
    company.heard(60)

    assert company.audited("invoice_not_posted") == before == ["met"]
