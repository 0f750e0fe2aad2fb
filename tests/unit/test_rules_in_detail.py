"""What rules say of cases that no dossier plays: values that are missing, several records of a sort, systems that do
not tell, a first sight of one side only."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from schemas import topics
from schemas.instants import SECOND
from streams.governance import Governance
from streams.kinds.references import FEW
from tests.dossiers import amendment_unpropagated as amendment
from tests.dossiers import cancellation_unpropagated as cancellation
from tests.dossiers import contract_value_mismatch as contracts
from tests.dossiers import customer_attribute_divergence as attributes
from tests.dossiers import delinquency_not_cleared as delinquency
from tests.dossiers import duplicate_customer as duplicate
from tests.dossiers import duplicate_document as documents
from tests.dossiers import hierarchy_divergence as hierarchy
from tests.dossiers import invoice_amount_mismatch as amounts
from tests.dossiers import ownership_violation as ownership
from tests.dossiers import process_state_disagreement as states
from tests.dossiers import refund_unpropagated as refunds
from tests.dossiers import revenue_schedule_divergence as revenue
from tests.dossiers import step_out_of_order as order
from tests.dossiers import step_skipped as skipped
from tests.dossiers import won_without_subscription as won
from tests.dossiers.model import Change, Story, change, company
from tests.dossiers.stage import Play, governed
from tests.dossiers.table import dossier_of

Told = Mapping[str, Any]


class Detail(NamedTuple):
    kind: str
    story: Story
    tells: Told | None = None
    """Of its drift; None: there is none."""
    at_first_sight: Story = ()
    """What the sources' first snapshot shows."""
    unread: tuple[str, str, str] | None = None
    """(system, entity, attribute) that this deployment does not read."""
    governed: Mapping[str, Any] = {}


def plain(*changes: Change, **told: Any) -> Story:
    """The same records, that say something else in these attributes."""
    return tuple(c._replace(attributes={**(c.attributes or {}), **told}) for c in changes)


def second_sale(at: float, **told: Any) -> Change:
    (sale,) = plain(states.subscription(at, native_id="S2"), **told)
    return sale


def memo(at: float, native_id: str, status: str = "posted") -> Change:
    stated = {"number": "CM-7", "invoice_ref": "INV-7", "total": "119.00 EUR"}
    return change(at, "billing", "credit_memo", native_id, status=status, **stated)


def line(recurring: bool | None) -> Change:
    return change(3, "crm", "opportunity_line", "L", opportunity_ref="O", product_code="L", recurring=recurring)


DETAILS = {
    "one of its schedules states no version": Detail(
        "amendment_unpropagated",
        (
            *amendment.AMENDED,
            amendment.contract(6, "1500.00 EUR"),
            amendment.SHOWN,
            *plain(amendment.schedule(7, "R0", 1, "300.00 EUR"), version_number=None),
        ),
        {"seen": ["billing/S version_number = 2", "erp/R1 version_number = 1"]},
    ),
    "nothing is recognised yet, so all of it is left": Detail(
        "cancellation_unpropagated",
        (
            *cancellation.CANCELLED,
            cancellation.CHURNED,
            cancellation.REVOKED,
            *plain(cancellation.schedule(6, "1970-12-31"), recognised=None),
        ),
        {"amount": "1200 EUR"},
    ),
    "recognised in another currency, so nobody knows what is left": Detail(
        "cancellation_unpropagated",
        (
            *cancellation.CANCELLED,
            cancellation.CHURNED,
            cancellation.REVOKED,
            *plain(cancellation.schedule(6, "1970-12-31"), recognised={"amount": "500.00", "currency": "USD"}),
        ),
        {"amount": "100 EUR"},
    ),
    "more is recognised than there was": Detail(
        "cancellation_unpropagated",
        (
            *cancellation.CANCELLED,
            cancellation.CHURNED,
            cancellation.REVOKED,
            *plain(cancellation.schedule(6, "1970-12-31"), recognised={"amount": "1300.00", "currency": "EUR"}),
        ),
        {"amount": "0 EUR"},
    ),
    "what a month costs is not stated": Detail(
        "cancellation_unpropagated",
        (
            *plain(
                cancellation.subscription(2, "active"),
                cancellation.subscription(5, "cancelled"),
                monthly_value=None,
                total_value={"amount": "1200.00", "currency": "EUR"},
            ),
            cancellation.entitlement(3),
            cancellation.CHURNED,
        ),
        {"amount": "1200 EUR"},
    ),
    "entitled beyond the last day": Detail(
        "cancellation_unpropagated",
        (
            *cancellation.CANCELLED,
            cancellation.CHURNED,
            cancellation.CLOSED,
            cancellation.entitlement(6, "active", cancellation.TODAY),
        ),
        {"seen": ["billing/S status = cancelled", "product/N status = active"]},
    ),
    "of two that end at once the account answers for one": Detail(
        "cancellation_unpropagated",
        tuple(
            cancellation.subscription(at, status, native_id=native_id)
            for at, status in ((2, "active"), (5, "cancelled"))
            for native_id in ("S", "S0")
        ),
        {"subject": "billing/S0", "seen": ["billing/S0 status = cancelled", "crm/A status = active"]},
    ),
    "more subscriptions than can be looked at": Detail(
        "cancellation_unpropagated",
        tuple(cancellation.subscription(5, "cancelled", native_id=f"S{n}") for n in range(FEW)),
    ),
    "one fewer": Detail(
        "cancellation_unpropagated",
        tuple(cancellation.subscription(5, "cancelled", native_id=f"S{n:02}") for n in range(FEW - 1)),
        {"subject": f"billing/S{FEW - 2:02}"},
    ),
    "only the deal states another value, and it is the CRM's to change": Detail(
        "contract_value_mismatch",
        (contracts.deal(2, "3000.00 EUR"), contracts.subscription(2), contracts.contract(3)),
        {"amount": "600 EUR", "asks": None},
    ),
    "the second of two contracts": Detail(
        "contract_value_mismatch",
        (
            contracts.deal(2),
            contracts.subscription(2),
            contracts.contract(3),
            contracts.contract(3, "3000.00 EUR")._replace(native_id="K2"),
        ),
        {"amount": "600 EUR", "asks": ("erp.contract.update_value", "K2", {"value": "3600"})},
    ),
    "a contract without a term": Detail(
        "contract_value_mismatch",
        (contracts.deal(2), contracts.subscription(2), contracts.contract(3, "3000.00 EUR", None)),
        {"asks": ("erp.contract.update_value", "K", {"value": "3600", "term_months": "36"})},
    ),
    "a credit memo twice": Detail(
        "duplicate_document",
        (memo(3, "M1"), memo(8, "M2"), memo(9, "M3", "draft")),
        {"subject": "billing/M2", "asks": ("billing.credit_memo.void", "M2", {"status": "voided"})},
    ),
    "an invoice twice in the ledger": Detail(
        "duplicate_document",
        (documents.posting(3, "L1"), documents.posting(8, "L2")),
        {"subject": "erp/L2", "asks": ("erp.invoice.reverse", "L2", {"status": "reversed"})},
    ),
    "a credit memo twice in the ledger": Detail(
        "duplicate_document",
        (documents.posting(3, "L1", "credit_memo"), documents.posting(8, "L2", "credit_memo")),
        {"subject": "erp/L2"},
    ),
    "a reversal that is a draft makes no room": Detail(
        "duplicate_document",
        (documents.posting(3, "L1"), documents.posting(6, "R", "reversal", "draft"), documents.posting(8, "L2")),
        {"subject": "erp/L2"},
    ),
    "in the books of two companies": Detail(
        "duplicate_document",
        (documents.posting(3, "L1", legal_entity="1000"), documents.posting(8, "L2", legal_entity="2000")),
    ),
    "subscriptions of two companies": Detail(
        "duplicate_document",
        (
            *plain(documents.subscription(3, "S1"), legal_entity="1000"),
            *plain(documents.subscription(8, "S2"), legal_entity="2000"),
        ),
    ),
    "one does not state its company": Detail(
        "duplicate_document",
        (documents.invoice(3, "I1", legal_entity=None), documents.invoice(8, "I2")),
        {"subject": "billing/I2"},
    ),
    "both in the same instant": Detail(
        "duplicate_document", (documents.invoice(3, "I2"), documents.invoice(3, "I1")), {"subject": "billing/I2"}
    ),
    "only one of two documents was there at first sight": Detail(
        "duplicate_document",
        (documents.invoice(8, "I2"),),
        {"status": "open"},
        at_first_sight=(documents.invoice(3, "I1"),),
    ),
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
    "payment states are not read": Detail(
        "delinquency_not_cleared", delinquency.PAID.story, unread=("billing", "invoice", "payment_status")
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
    "the difference beyond what is allowed counts, not the greatest": Detail(
        "invoice_amount_mismatch",
        (amounts.invoice(2), amounts.posting(3, net="109.00 EUR", tax="21.00 EUR")),
        {"amount": "2 EUR"},
        governed={"tolerance_relative": Decimal("0.1")},
    ),
    "a value was taken away": Detail(
        "ownership_violation", (ownership.customer(5, "billing", email=None),), {"seen": [
            "billing/B email = None", "crm/A email = pay@acme.example",
        ]},
    ),
    "an account without a status": Detail(
        "process_state_disagreement", (states.customer(2, "crm", status=None), *states.SERVED)
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
    "posted twice": Detail(
        "refund_unpropagated",
        (
            refunds.refund(3),
            refunds.in_billing(4),
            refunds.posting(5, "20.00 EUR"),
            refunds.posting(6, "10.00 EUR")._replace(native_id="L2"),
        ),
        {"seen": ["processor/R1 status = settled", "erp/L2 total = 10"]},
    ),
    "one of two schedules states what is at stake": Detail(
        "revenue_schedule_divergence",
        (
            revenue.subscription(2, total_value=None),
            revenue.schedule(3, total=None, starts_on="2026-01-01"),
            revenue.schedule(3, "RS-2", total="300.00 EUR"),
        ),
        {"amount": "300 EUR"},
    ),
    "nobody states a version": Detail(
        "revenue_schedule_divergence",
        (revenue.subscription(2, version_number=None), revenue.schedule(3, version_number=None, total="1000.00 EUR")),
        {"amount": "200 EUR"},
    ),
    "one schedule after the other": Detail(
        "revenue_schedule_divergence",
        (
            revenue.subscription(2),
            revenue.schedule(3, total="600.00 EUR", ends_on="2026-07-30"),
            revenue.schedule(3, "RS-2", total="600.00 EUR", starts_on="2026-07-31"),
        ),
    ),
    "recognised of nothing": Detail(
        "revenue_schedule_divergence",
        (
            revenue.subscription(2),
            revenue.schedule(3),
            revenue.schedule(3, "RS-2", total="0.00 EUR", recognised="5.00 EUR"),
        ),
    ),
    "without end or term": Detail(
        "revenue_schedule_divergence", (revenue.subscription(2, term_months=None), revenue.schedule(3))
    ),
    "nobody knows since when it has been invoiced": Detail(
        "step_out_of_order", (order.payment(3),), at_first_sight=(order.invoice(400),)
    ),
    "nobody knows since when it has been paid": Detail(
        "step_out_of_order", (order.invoice(400),), at_first_sight=(order.payment(3),)
    ),
    "a draft beside the contract": Detail(
        "step_skipped",
        (skipped.deal(2), skipped.contract(2, "draft", "crm"), skipped.contract(2), skipped.subscription(3)),
    ),
    "a line does not say whether it recurs": Detail(
        "won_without_subscription", (won.deal(3), line(None)), {"status": "open"}
    ),
    "and the others do not": Detail(
        "won_without_subscription", (won.deal(3), line(None), line(False)._replace(native_id="L2"))
    ),
}  # fmt: skip


def without(governance: Governance, system: str, entity: str, attribute: str) -> Governance:
    mapping = governance.mappings[system][entity]
    read = {name: how for name, how in mapping.attributes.items() if name != attribute}
    ours = {**governance.mappings[system], entity: mapping.model_copy(update={"attributes": read})}
    return governance.model_copy(update={"mappings": {**governance.mappings, system: ours}})


def told(detail: Detail, governance: Governance | None = None) -> list[Told]:
    dossier = dossier_of(detail.kind)._replace(subject=None, governed=detail.governed)
    governance = governance or governed(dossier)
    play = Play(dossier, without(governance, *detail.unread) if detail.unread else governance)
    play.tell(detail.at_first_sight, snapshot=True)
    known = {(c.system, c.entity, c.native_id) for c in detail.at_first_sight}
    play.tell(c for c in company(dossier.linked) if (c.system, c.entity, c.native_id) not in known)
    play.tell(detail.story)
    play.heard(dossier.ends).run()
    commands = {w.value["command_id"]: w.value for w in play.driver.written[topics.COMMANDS] if w.value}
    return [said(drift, commands.get(drift["command_id"])) for drift in play.drifts()]


def said(drift: dict[str, Any], command: dict[str, Any] | None) -> Told:
    stake = drift["amount_at_stake"]
    return {
        "subject": f"{drift['system']}/{drift['native_id']}",
        "status": drift["status"],
        "how": drift["how"],
        "closed": drift["closed_at"] and drift["closed_at"] / SECOND,
        "severity": drift["severity"],
        "owner": drift["owner_system"],
        "amount": f"{stake['amount'].normalize():f} {stake['currency']}" if stake else None,
        "asks": command and (command["type"], command["target_id"], command["desired"]),
        "seen": [f"{e['system']}/{e['native_id']} {e['field']} = {e['value']}" for e in drift["evidence"]],
    }


@pytest.mark.parametrize("detail", [pytest.param(d, id=f"{d.kind}: {what}") for what, d in DETAILS.items()])
def test_it_says(detail: Detail) -> None:
    found = [{name: drift[name] for name in detail.tells or ()} for drift in told(detail)]

    assert found == ([detail.tells] if detail.tells else [])


COMPARED = ("tax_id", "name", "registration_number", "email", "country", "street", "city", "postal_code")


@pytest.mark.parametrize("attribute", [pytest.param(a, id=f"customer_attribute_divergence: {a}") for a in COMPARED])
def test_names_and_addresses_are_as_their_owner_states(attribute: str) -> None:
    kind = "customer_attribute_divergence"
    owned = {"customer": {attribute: "erp"}}
    governance = governed(dossier_of(kind)).model_copy(update={"ownership": owned})
    story = (attributes.erp(2, **{attribute: "one"}), attributes.billing(5, **{attribute: "two"}))

    found = told(Detail(kind, story), governance)

    assert [f"erp/E {attribute} = one", f"billing/B {attribute} = two"] in [drift["seen"] for drift in found]
