"""What is only presumed to be gone raises an alarm and corrects nothing (contracts 3)."""

from __future__ import annotations

import pytest

from streams.driver import Driver
from tests.topology import Company, governance
from tests.unit.test_captured_anew import of_an_epoch

KIND = "won_without_erp_customer"


@pytest.fixture
def company() -> Company:
    """A, whom the ERP has as E, until a snapshot does not show E; then a deal of A is won."""
    found = Company(governance().model_copy(update={"judged": (KIND,)}))
    found.driver = Driver(found.governance, dict.fromkeys(found.governance.systems, of_an_epoch))
    found.row("crm", "Account", "A", 1)
    found.row("crm", "Opportunity", "O", 2, "A")
    found.row("erp", "customer", "E", 2)
    found.heard(5)
    found.heard(0, "erp", phase="snapshot", epoch=1)
    heard(found, 8)
    found.row("crm", "Opportunity", "O", 10, "A", StageName="Closed Won")
    heard(found, 30)
    return found


def heard(company: Company, until: float) -> None:
    company.heard(until, "crm", "billing")
    company.heard(until, "erp", epoch=1)


def test_who_is_presumed_to_be_gone_is_not_made_again(company: Company) -> None:
    assert [d["restraint"] for d in company.open(KIND)] == ["presumed_deleted"]
    assert company.commands() == []


def test_who_is_known_to_be_gone_is(company: Company) -> None:
    company.row("erp", "customer", "E", 40, operation="delete", headers={"epoch": b"1"})
    heard(company, 50)
    assert [(c["mode"], c["type"]) for c in company.commands()] == [("execute", "erp.customer.upsert")]
    assert [d["restraint"] for d in company.open(KIND)] == [""]


def test_who_comes_back_answers_it(company: Company) -> None:
    company.row("erp", "customer", "E", 40, headers={"epoch": b"1"})
    heard(company, 50)
    assert (company.open(KIND), company.commands()) == ([], [])
