"""A row of before its customer was linked elsewhere is told to those to whom it belonged then as well, also where it is
read only once the link is known: a system that names nobody is linked by others, and no link waits for it
(contracts 3 to 5)."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import topics
from streams import held
from streams.governance import Governance
from streams.suspects.table import DOCUMENTS
from tests.look import micros
from tests.topology import Company, governance
from tests.unit.test_holes_of_before import REPLAYED, settle
from tests.unit.test_suspects import watchful

KIND = "invoice_not_posted"
LINKS = {"crm": {"erp_ref": "erp"}, "billing": {"crm_ref": "erp"}, "erp": {}}


def named_by_others(*more: str) -> Governance:
    """The CRM and billing name records of the ERP, which names none."""
    base = governance()
    systems = {name: s.model_copy(update={"links": LINKS[name]}) for name, s in base.systems.items()}
    return base.model_copy(update={"systems": systems, "judged": (*base.judged, *more)})


def told(company: Company) -> list[tuple[str, str]]:
    """Of the invoice: at which customer, and how it was settled."""
    written = (w.value or {} for w in company.driver.written[topics.AUDIT])
    return [(value["canonical_id"], value["result"]) for value in written if value.get("kind") == KIND]


def linked_ahead_of_the_erp(*links: tuple[int, str]) -> Company:
    """An invoice of 2 s, due at 12 s; the ERP was heard up to 2.5 s, the others up to a minute."""
    company = Company(named_by_others())
    for account in ("A", "A2"):
        company.row("crm", "Account", account, 1)
    company.row("erp", "customer", "E", 1)
    company.row("billing", "account", "B", 1, crm_account_id="E")
    company.row("billing", "invoice", "I", 2, "B", status="Posted")
    company.heard(2.5)
    for at, account in links:
        company.row("crm", "Account", account, at, ERP_Customer_Id__c="E")
    company.heard(60, "crm", "billing")
    return company


def test_links_wait_for_those_who_assert_some() -> None:
    governed = named_by_others()

    assert (held.ordered(governed), held.awaited(governed)) == (True, {"crm", "billing"})


@pytest.mark.parametrize("links", [[], [(40, "A")], [(20, "A"), (40, "A2")]])
def test_what_was_done_before_the_route_was_done(links: list[tuple[int, str]]) -> None:
    company = linked_ahead_of_the_erp(*links)
    company.row("erp", "ledger_posting", "P", 3, "E")
    company.heard(60)

    assert (told(company)[:1], company.drifts(KIND)) == ([("billing:B", "met")], [])


def test_what_is_told_of_a_system_that_only_others_name_waits_for_those() -> None:
    company = Company(named_by_others("stuck_in_flight"))
    company.row("erp", "customer", "E", 1)
    company.row("erp", "ledger_posting", "P", 3, "E", status="Posting")
    company.heard(60, "erp", "billing")
    assert company.drifts("stuck_in_flight") == []

    company.row("crm", "Account", "A", 8, ERP_Customer_Id__c="E")
    company.heard(60)
    assert {drift["canonical_id"] for drift in company.drifts("stuck_in_flight")} == {"crm:A"}


def late(retention: float) -> Company:
    """As delivered: the ERP names the account itself, another one from 40 s on. A posting of 3 s comes once all were
    heard up to a minute."""
    base = governance()
    systems = {name: s.model_copy(update={"stale_after_seconds": 1000.0}) for name, s in base.systems.items()}
    company = Company(base.model_copy(update={"late_retention_seconds": retention, "systems": systems}))
    for account in ("A", "A2"):
        company.row("crm", "Account", account, 1)
    company.row("erp", "customer", "E", 1, external_id="A")
    company.row("billing", "account", "B", 1, crm_account_id="A")
    company.row("billing", "invoice", "I", 2, "B", status="Posted")
    company.heard(30)
    company.row("erp", "customer", "E", 40, external_id="A2")
    company.heard(60)
    company.row("erp", "ledger_posting", "P", 3, "E")
    company.heard(70)
    return company


def test_late_evidence_amends_what_was_told_where_its_customer_was() -> None:
    company = late(retention=100)

    (drift,) = (d for d in company.drifts(KIND) if d["opened_at"] == micros(12))
    assert (drift["how"], drift["closed_at"]) == ("retracted", micros(12))


def test_what_comes_too_late_to_amend_anything_is_told_only_where_its_customer_is() -> None:
    company = late(retention=19)

    whose = {w.key for w in company.driver.written[topics.CHANGES] if (w.value or {}).get("native_id") == "P"}
    assert whose == {"crm:A2"}
    assert [d["how"] for d in company.drifts(KIND)] == [""]


def test_one_that_nobody_could_read_is_lacking_where_its_customer_was() -> None:
    company = linked_ahead_of_the_erp((40, "A"))
    company.row("erp", "ledger_posting", "P", 3, "E", status="Odd")
    company.heard(60)
    assert told(company) == []

    settle(company, REPLAYED)
    assert told(company)[:1] == [("billing:B", "met")]


@pytest.mark.parametrize("ahead", [(), ("crm", "erp")])
def test_those_who_compare_records_are_told_of_whom_it_was(ahead: tuple[str, ...]) -> None:
    """Two invoices with one number, of two accounts of billing; the CRM names the second at 40 s."""
    base = watchful()
    links = {"crm": {"billing_ref": "billing"}, "billing": {}, "erp": {}}
    systems = {name: s.model_copy(update={"links": links[name]}) for name, s in base.systems.items()}
    company = Company(base.model_copy(update={"systems": systems}))
    account: dict[str, Any] = {"Name": "Zoo", "Tax_Id__c": "Z9", "Billing_Account_Id__c": "B2"}
    if ahead:
        company.row("crm", "Account", "A", 40, **account)
        company.heard(60, *ahead)
    for at, account_id, invoice in ((3, "B1", "I1"), (5, "B2", "I2")):
        company.row("billing", "account", account_id, at, name=account_id, tax_id=account_id, crm_account_id=None)
        company.row("billing", "invoice", invoice, at, account_id, number="I-7", status="Posted")
    if not ahead:
        company.row("crm", "Account", "A", 40, **account)
    company.heard(60)

    found = {(d["canonical_id"], d["opened_at"], d["closed_at"], d["how"]) for d in company.drifts(DOCUMENTS)}
    assert found == {("billing:B2", micros(15), micros(40), "moved"), ("crm:A", micros(40), None, "")}
