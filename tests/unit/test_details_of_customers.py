"""What rules about customers say of cases that no dossier plays."""

from __future__ import annotations

from typing import Any

import pytest

from tests.details import Detail, every, hold, plain, told
from tests.dossiers import customer_attribute_divergence as attributes
from tests.dossiers import duplicate_customer as duplicate
from tests.dossiers import hierarchy_divergence as hierarchy
from tests.dossiers import ownership_violation as ownership
from tests.dossiers import process_state_disagreement as states
from tests.dossiers.model import Change, company
from tests.dossiers.stage import governed
from tests.dossiers.table import dossier_of


def second_sale(at: float, **told: Any) -> Change:
    (sale,) = plain(states.subscription(at, native_id="S2"), **told)
    return sale


DETAILS = {
    "an invoice that was paid back is not open, nor does another currency add up": Detail(
        "customer_attribute_divergence",
        (
            attributes.billing(5, tax_id="DE000"),
            attributes.invoice(6, "1"),
            attributes.invoice(7, "2", paid="refunded"),
            *plain(attributes.invoice(7, "3"), total={"amount": "70.00", "currency": "USD"}),
            *plain(attributes.invoice(5, "0"), total=None),
        ),
        {"amount": "119 EUR", "severity": "S1"},
    ),
    "it agrees with one of two records of the owner": Detail(
        "customer_attribute_divergence",
        (
            attributes.customer(4, "erp", "E2", email=attributes.PAY, tax_id="DE000"),
            attributes.billing(5, tax_id="DE000"),
        ),
    ),
    "the owner does not say": Detail(
        "customer_attribute_divergence", (attributes.erp(2, tax_id=None), attributes.billing(5, tax_id="DE000"))
    ),
    "an address without its signs is another one": Detail(
        "customer_attribute_divergence",
        (attributes.billing(5, email="pay@acmeexample"),),
        {"asks": ("billing.customer.update_attribute", "B", {"email": attributes.PAY})},
    ),
    "an address with spaces around it is the same": Detail(
        "customer_attribute_divergence", (attributes.billing(5, email=f" {attributes.PAY} "),)
    ),
    "the payer of an account is the ledger's to say": Detail(
        "hierarchy_divergence",
        (
            *hierarchy.AGREED,
            hierarchy.erp(3, "A0", bill_to_ref="E7", bill_to_crm_ref="A7"),
            hierarchy.billing(3, "A0", bill_to_ref="B7", bill_to_crm_ref="A7"),
            hierarchy.account(5, "A0", bill_to_ref="A8"),
        ),
        {"subject": "crm/A", "owner": "erp", "asks": ("crm.customer.set_payer", "A", {"bill_to_ref": "A7"})},
    ),
    "a payer that was never brought over": Detail(
        "hierarchy_divergence",
        (
            *hierarchy.AGREED,
            hierarchy.erp(3, "A0", bill_to_ref="E7", bill_to_crm_ref="A7"),
            hierarchy.billing(3, "A0", bill_to_crm_ref="A7"),
            hierarchy.account(3, "A0", bill_to_ref="A7"),
        ),
        {"subject": "billing/B", "asks": ("billing.customer.set_payer", "B", {"bill_to_crm_ref": "A7"})},
    ),
    "the id of a parent's own record is not read": Detail(
        "hierarchy_divergence", hierarchy.NOT_BROUGHT_OVER.story, unread=("billing", "customer", "parent_ref")
    ),
    "the owners' records are closed later": Detail(
        "customer_attribute_divergence",
        (
            attributes.crm(5, attributes.NEW),
            attributes.erp(6, email=attributes.NEW),
            attributes.crm(40, attributes.NEW, "churned"),
            attributes.erp(40, status="churned"),
        ),
        {"status": "closed", "how": "withdrawn", "closed": 40},
    ),
    "only one of two was there at first sight": Detail(
        "duplicate_customer", (duplicate.second(5),), {"status": "open"}, at_first_sight=company(("crm", "erp"))
    ),
    "the one in use for longer survives, whatever it is called": Detail(
        "duplicate_customer", (duplicate.second(5, "A2", "billing"),), {"subject": "billing/A2"}
    ),
    "the relation is not read here": Detail(
        "hierarchy_divergence", hierarchy.OTHER_PARENT.story, unread=("billing", "customer", "parent_crm_ref")
    ),
    "a value was taken away": Detail(
        "ownership_violation",
        (ownership.customer(5, "billing", email=None),),
        {
            "seen": [
                "billing/B email = None",
                "crm/A email = pay@acme.example",
            ]
        },
    ),
    "an account without a status": Detail(
        "process_state_disagreement", (states.customer(2, "crm", status=None), *states.SERVED)
    ),
    "a prospect that the books know": Detail("process_state_disagreement", (states.PROSPECT,), {"status": "open"}),
    "the owner stated it before it was changed elsewhere": Detail(
        "ownership_violation",
        (
            ownership.customer(3, "crm", email="new@acme.example"),
            ownership.customer(4, "billing", "driftwise", email="new@acme.example"),
            ownership.customer(6, "billing", email="cfo@acme.example"),
        ),
        {"seen": ["billing/B email = cfo@acme.example", "crm/A email = new@acme.example"]},
    ),
    "amounts of two currencies are no sum": Detail(
        "process_state_disagreement",
        (
            *states.SERVED,
            second_sale(2, total_value={"amount": "5.00", "currency": "USD"}),
            states.customer(5, "crm", status="churned"),
        ),
        {"amount": None, "status": "open"},
    ),
}


@every(DETAILS)
def test_it_says(detail: Detail) -> None:
    hold(detail)


def test_in_hierarchy_divergence_the_parent_is_who_its_governed_owner_states() -> None:
    kind = "hierarchy_divergence"
    governance = governed(dossier_of(kind)).model_copy(update={"ownership": {"customer": {"parent_ref": "erp"}}})

    (found,) = told(Detail(kind, (*hierarchy.AGREED, hierarchy.account(5, "A9"))), governance)

    assert (found["subject"], found["owner"]) == ("crm/A", "erp")


COMPARED = ("tax_id", "name", "registration_number", "email", "country", "street", "city", "postal_code")


@pytest.mark.parametrize("attribute", [pytest.param(a, id=f"customer_attribute_divergence: {a}") for a in COMPARED])
def test_names_and_addresses_are_as_their_owner_states(attribute: str) -> None:
    kind = "customer_attribute_divergence"
    owned = {"customer": {attribute: "erp"}}
    governance = governed(dossier_of(kind)).model_copy(update={"ownership": owned})
    story = (attributes.erp(2, **{attribute: "one"}), attributes.billing(5, **{attribute: "two"}))

    found = told(Detail(kind, story), governance)

    assert [f"erp/E {attribute} = one", f"billing/B {attribute} = two"] in [drift["seen"] for drift in found]
