"""What rules about deals, subscriptions and their revenue say of cases that no dossier plays."""

from __future__ import annotations

from streams.kinds.references import FEW
from tests.details import Detail, every, hold, plain, told
from tests.dossiers import activation_stalled as activation
from tests.dossiers import amendment_unpropagated as amendment
from tests.dossiers import cancellation_unpropagated as cancellation
from tests.dossiers import contract_value_mismatch as contracts
from tests.dossiers import entitlement_divergence as provision
from tests.dossiers import erp_financial_profile_missing as setup
from tests.dossiers import revenue_schedule_divergence as revenue
from tests.dossiers import revenue_schedule_missing as missing
from tests.dossiers import step_out_of_order as order
from tests.dossiers import step_skipped as skipped
from tests.dossiers import won_without_subscription as won
from tests.dossiers.model import Change, change
from tests.dossiers.stage import governed
from tests.dossiers.table import dossier_of


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
    "the first version is compared by another kind": Detail(
        "amendment_unpropagated", (amendment.subscription(2, 1, "1200.00 EUR"), amendment.contract(2, "9.00 EUR"))
    ),
    "in another currency, of an earlier version": Detail(
        "amendment_unpropagated",
        (
            *amendment.AMENDED,
            amendment.contract(6, "1500.00 EUR"),
            *amendment.RECUT,
            amendment.contract(6, "1200.00 USD", 1, "crm"),
        ),
        {"amount": "1500 EUR"},
    ),
    "no value is stated, so no contract is behind by it": Detail(
        "amendment_unpropagated",
        (
            *plain(*amendment.BEFORE[:1], amendment.subscription(5, 2, "1.00 EUR"), total_value=None),
            amendment.contract(2, "1200.00 EUR"),
            amendment.SHOWN,
            *amendment.RECUT,
        ),
    ),
    "the last of two schedules of the version before": Detail(
        "amendment_unpropagated",
        (
            *amendment.AMENDED,
            amendment.contract(6, "1500.00 EUR"),
            amendment.SHOWN,
            amendment.schedule(6, "R0", 1, "300.00 EUR"),
        ),
        {"seen": ["billing/S version_number = 2", "erp/R1 version_number = 1"]},
    ),
    "nobody says which company sells": Detail(
        "erp_financial_profile_missing",
        (
            *plain(setup.customer(2, "DE811569869"), legal_entity=None),
            setup.subscription(3, legal_entity=None),
            setup.profile(5, legal_entity="2000"),
        ),
    ),
    "terms are not read": Detail(
        "erp_financial_profile_missing",
        (setup.subscription(3), setup.profile(5, payment_terms=None)),
        unread=("erp", "financial_profile", "payment_terms"),
    ),
    "without a price there is no currency to set up": Detail(
        "erp_financial_profile_missing",
        (setup.subscription(3, total_value=None),),
        {
            "amount": None,
            "asks": (
                "erp.customer.complete_financial_setup",
                "E",
                {"legal_entity": "1000", "currency": None, "status": "active"},
            ),
        },
    ),
    "a subscription without a number": Detail(
        "revenue_schedule_missing",
        plain(missing.subscription(3), number=None),
        {"status": "open", "asks": None},
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
    "a schedule that states no total has nothing left that could be told": Detail(
        "cancellation_unpropagated",
        (
            *cancellation.CANCELLED,
            cancellation.CHURNED,
            cancellation.REVOKED,
            *plain(cancellation.schedule(6, "1970-12-31"), total=None),
        ),
        {"status": "open"},
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
    "a change of a subscription of which all are cancelled": Detail(
        "won_without_subscription",
        (won.subscription(2, "cancelled", None), won.deal(3, type="renewal")),
        {"status": "open"},
    ),
    "a change of one that runs": Detail(
        "won_without_subscription", (won.subscription(2, "active", None), won.deal(3, type="renewal"))
    ),
    "one of two accounts is to be served": Detail(
        "activation_stalled",
        (activation.subscription(3), activation.account(2, "churned")._replace(native_id="A2", customer="A")),
        {"status": "open"},
    ),
    "a subscription that states no version": Detail(
        "amendment_unpropagated",
        plain(*amendment.BEFORE, amendment.contract(6, "9.00 EUR"), version_number=None),
    ),
    "the company that sells is that of the ERP's customer, where the subscription names none": Detail(
        "erp_financial_profile_missing",
        (setup.subscription(3, legal_entity=None), setup.profile(5, legal_entity="2000")),
        {"status": "open"},
    ),
    "one of two records in the ERP has the tax id": Detail(
        "erp_financial_profile_missing",
        (
            setup.customer(2, None)._replace(native_id="E2", customer="E"),
            setup.subscription(3),
            setup.profile(5, tax_registration=None),
        ),
    ),
}


@every(DETAILS)
def test_it_says(detail: Detail) -> None:
    hold(detail)


def test_for_entitlement_divergence_a_charge_is_of_a_subscription_of_its_own_system() -> None:
    base = governed(dossier_of("entitlement_divergence"))
    second = base.systems["processor"].model_copy(update={"role": "billing"})
    two = base.model_copy(update={"systems": {**base.systems, "processor": second}})
    elsewhere = provision.charge(5, 7, "C2")._replace(system="processor", customer="P")

    assert told(Detail("entitlement_divergence", (*provision.AGREED, elsewhere)), two) == []
    assert told(Detail("entitlement_divergence", (*provision.AGREED, provision.charge(5, 7, "C2"))), two)
