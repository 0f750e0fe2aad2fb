"""Customers: whichever id somebody has at hand names the canonical customer."""

from __future__ import annotations

import pytest

from streams.look.customers import resolve
from streams.look.read import CannotLook
from tests.look import DriverCluster
from tests.topology import Company


@pytest.fixture(scope="module")
def company() -> Company:
    company = Company()
    company.row("crm", "Account", "A", 1)
    company.row("billing", "account", "B", 1)
    company.row("erp", "customer", "E", 1)
    company.row("billing", "account", "X", 1, crm_account_id=None)
    company.row("erp", "customer", "X", 1, external_id=None)
    company.row("billing", "account", "C/1 ü", 1, crm_account_id=None)
    return company


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("crm:A", "crm:A"),
        ("A", "crm:A"),
        ("billing:B", "crm:A"),
        ("B", "crm:A"),
        ("erp:E", "crm:A"),
        ("billing:X", "billing:X"),
        ("C/1 ü", "billing:C%2F1 %C3%BC"),
        ("billing:C/1 ü", "billing:C%2F1 %C3%BC"),
        ("billing:C%2F1 %C3%BC", "billing:C%2F1 %C3%BC"),
    ],
)
def test_any_id_leads_to_the_canonical_customer(company: Company, given: str, meant: str) -> None:
    assert resolve(DriverCluster(company.driver), company.governance, given) == meant


def test_an_id_of_several_unlinked_customers_is_asked_back(company: Company) -> None:
    with pytest.raises(CannotLook, match="say which: billing:X, erp:X"):
        resolve(DriverCluster(company.driver), company.governance, "X")


def test_an_unknown_id_is_no_customer(company: Company) -> None:
    with pytest.raises(CannotLook, match="no customer 'nobody' is known"):
        resolve(DriverCluster(company.driver), company.governance, "nobody")
