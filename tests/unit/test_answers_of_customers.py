"""What rules about customers answer of records that hardly differ."""

from __future__ import annotations

from typing import Any

from streams.kinds.references import FEW
from tests.answers import NONE, SETTLED, WAITS, Case, every, hold, of_second_system
from tests.dossiers import delinquency_unpropagated as overdue
from tests.dossiers import external_id_writeback_missing as ids
from tests.dossiers import ownership_violation as ownership
from tests.dossiers import process_state_disagreement as states
from tests.dossiers.model import Change, Story, change
from tests.dossiers.stage import five_systems

ACCOUNT_THERE = change(2, "product", "customer", "A", status="active", billing_ref="B")


def customer(at: float, native_id: str, **told: Any) -> Change:
    return change(at, "erp", "customer", native_id, **{"status": "active", "crm_ref": "A", **told})


def circle(length: int) -> Story:
    return tuple(change(2, "crm", "customer", f"A{n}", status="active", parent_ref=f"A{(n + 1) % length}")
                 for n in range(length))  # fmt: skip


CASES = {
    "the account is that of the CRM which the link is about": Case(
        "external_id_writeback_missing",
        "billing/B",
        (ids.counterpart(3, "billing"), ids.account(4), ACCOUNT_THERE),
        {"satisfied": True, "by": "product/A"},
        of_second_system("crm", billing={"links": {"crm_ref": "product"}}),
    ),
    "where the link is about none it is that of the first CRM that has it": Case(
        "external_id_writeback_missing",
        "billing/B",
        (ids.counterpart(3, "billing"), ACCOUNT_THERE),
        {"satisfied": True, "by": "product/A"},
        of_second_system("crm", billing={"links": {}}),
    ),
    "it was written": Case(
        "external_id_writeback_missing",
        "billing/B",
        (ids.counterpart(3, "billing"), ids.account(4, billing_ref="B9")),
        {
            "satisfied": True,
            "triggered": (3, "v3"),
            "seen": ["billing/B crm_ref = A", "crm/A billing_ref = B9"],
            "asks": ("crm/customer/A", {"billing_ref": "B"}, {"billing_ref": "B9"}, ""),
        },
    ),
    "its account is not there": Case(
        "external_id_writeback_missing", "billing/B", (ids.counterpart(3, "billing"),), WAITS
    ),
    "an account without a mark is not told to be cleared": Case(
        "delinquency_not_cleared", "crm/A", (overdue.account(3, None), overdue.invoice(2, due_on="1969-12-01")), NONE
    ),
    "an account that is not marked answers for itself": Case(
        "delinquency_not_cleared",
        "crm/A",
        (overdue.account(3, False), overdue.invoice(2, due_on="1969-12-01")),
        {"satisfied": True, "seen": ["crm/A delinquent = false"], "by": "crm/A"},
    ),
    "what is overdue answers for a mark": Case(
        "delinquency_not_cleared",
        "crm/A",
        (overdue.account(3, True), overdue.invoice(2, due_on="1969-12-01")),
        {"satisfied": True, "seen": ["crm/A delinquent = true"], "by": "billing/I"},
    ),
    "an account without a mark is not told to be marked": Case(
        "delinquency_unpropagated", "crm/A", (overdue.account(3, None), overdue.invoice(2, due_on="1969-12-01")), NONE
    ),
    "the company of the first is not known": Case(
        "duplicate_customer",
        "erp/E2",
        (customer(2, "E", legal_entity=None), customer(5, "E2", legal_entity="1000")),
        {
            "satisfied": False,
            "seen": ["erp/E2 status = active", "erp/E status = active"],
            "asks": ("erp/customer/E2", {"merge_into": "E"}, {}, ""),
        },
    ),
    "the company of the second is not known": Case(
        "duplicate_customer",
        "erp/E2",
        (customer(2, "E", legal_entity="1000"), customer(5, "E2", legal_entity=None)),
        {"satisfied": False},
    ),
    "the first of two is no duplicate": Case(
        "duplicate_customer",
        "erp/E",
        (customer(2, "E"), customer(5, "E2")),
        {"satisfied": True, "seen": ["erp/E status = active"], "asks": None, "by": "erp/E2"},
    ),
    "of three the oldest survives": Case(
        "duplicate_customer",
        "erp/E3",
        (customer(2, "E2"), customer(3, "E1"), customer(5, "E3")),
        {"asks": ("erp/customer/E3", {"merge_into": "E2"}, {}, "")},
    ),
    "beside one that is not in use yet": Case(
        "duplicate_customer", "erp/E", (customer(2, "E"), customer(1, "E2", status="prospect")), {"satisfied": True}
    ),
    "beside one that is in use no more": Case(
        "duplicate_customer", "erp/E", (customer(2, "E"), customer(1, "E2", status="churned")), {"satisfied": True}
    ),
    "not in use yet itself": Case(
        "duplicate_customer", "erp/E", (customer(2, "E", status="prospect"), customer(1, "E2")), {"satisfied": True}
    ),
    "the parent of the first": Case(
        "duplicate_customer", "erp/E2", (customer(2, "E", parent_ref="E2"), customer(5, "E2")), {"satisfied": True}
    ),
    "a circle as long as can be followed": Case(
        "hierarchy_divergence", "crm/A0", circle(FEW), {"satisfied": False, "owner": "crm", "asks": None}
    ),
    "a circle of one more": Case("hierarchy_divergence", "crm/A0", circle(FEW + 1), {"satisfied": True}),
    "an attribute of the ledger is enough for the highest severity": Case(
        "ownership_violation",
        "billing/B",
        (
            ownership.customer(2, "crm"),
            ownership.customer(2, "erp"),
            ownership.customer(2, "billing"),
            ownership.customer(5, "billing", "person", email="cfo@acme.example", tax_id="DE000000001"),
        ),
        {"satisfied": False, "severity": "S1", "triggered": (5, "v5")},
    ),
    "a value that was taken away": Case(
        "ownership_violation",
        "billing/B",
        (
            ownership.customer(2, "crm"),
            ownership.customer(2, "billing"),
            ownership.customer(5, "billing", "person", email=None),
        ),
        {"satisfied": False, "observed": "no email, edited by a person"},
    ),
    "of two edits the first began it": Case(
        "ownership_violation",
        "billing/B",
        (
            ownership.customer(2, "crm"),
            ownership.customer(2, "erp"),
            ownership.customer(2, "billing"),
            ownership.customer(5, "billing", "person", tax_id="DE000000001"),
            ownership.customer(7, "billing", "person", tax_id="DE000000001", email="cfo@acme.example"),
        ),
        {"triggered": (5, "v5"), "owner": "erp"},
    ),
    "an attribute of the CRM alone": Case(
        "ownership_violation",
        "billing/B",
        (
            ownership.customer(2, "crm"),
            ownership.customer(2, "billing"),
            ownership.customer(5, "billing", "person", email="cfo@acme.example"),
        ),
        {"satisfied": False, "severity": ""},
    ),
    "whoever owns the state, each system has its own": Case(
        "ownership_violation",
        "billing/B",
        (
            ownership.customer(2, "crm"),
            ownership.customer(2, "billing"),
            ownership.customer(5, "billing", "person", status="suspended"),
        ),
        {"satisfied": True, "seen": ["billing/B name = Acme GmbH"]},
        five_systems().model_copy(update={"ownership": {"customer": {"status": "crm"}}}),
    ),
}


def edited(by: str, observed: str) -> Case:
    records = (
        ownership.customer(2, "crm"),
        ownership.customer(2, "billing"),
        ownership.customer(5, "billing", by, email="cfo@acme.example"),
    )
    return Case("ownership_violation", "billing/B", records, {"observed": f"another email, {observed}"})


SAID = {
    "by a person": edited("person", "edited by a person"),
    "by an integration": edited("integration", "edited by another integration"),
    "by nobody who is named": edited("unknown", "edited by an unnamed writer"),
    "our own correction is no edit": edited("driftwise", "")._replace(tells={"observed": "nobody did"}),
    "a circle": Case(
        "hierarchy_divergence",
        "crm/A0",
        circle(2),
        {"expected": "customer A0 in crm has a parent that is not below itself",
         "observed": "a circle: A0 under A1 under A0"},
    ),
}  # fmt: skip

SECOND, DAY = 1_000_000, 24 * 60 * 60 * 1_000_000
WITHIN = 3600 * SECOND
"""For so long a won deal may be all there is."""


def stands(*records: Change, at: int = 40 * DAY, at_rest: bool = False, **tells: Any) -> Case:
    return Case("process_state_disagreement", "crm/A", records, tells, at_rest=at_rest, instant=at)


ACCOUNT, BILLED, BOOKED = (states.customer(1, system) for system in ("crm", "billing", "erp"))
ALL_OF_IT = [f"{place} status = active" for place in ("crm/A", "billing/S", "erp/E", "erp/F", "erp/R")]
STANDS = {
    "served": stands(
        ACCOUNT, BILLED, BOOKED, *states.SERVED, satisfied=True, owner="erp", amount="1200 EUR", seen=ALL_OF_IT,
        by="billing/S", causes=(), severity="",
        expected="where the CRM says active, billing says active and the ERP has customer and financial profile and "
        "running revenue schedule; or billing says past due and the ERP has customer and open balance; or billing says "
        "suspended and the ERP has customer and open balance",
        observed="the CRM says active, billing says active, the ERP has customer, financial profile, running revenue "
        "schedule",
    ),
    "served, at rest": stands(
        ACCOUNT, BILLED, BOOKED, *states.SERVED, at_rest=True
    )._replace(tells=SETTLED),
    "won, and nothing else for too long": stands(
        states.PROSPECT, states.deal(3), at=WITHIN + 3, satisfied=False, owner="erp", amount="1200 EUR",
        seen=["crm/A status = prospect", "crm/O stage = won"], by="crm/O",
        causes=("won_without_erp_customer", "won_without_subscription"),
        observed="the CRM says won, billing says nothing, the ERP has no customer, no financial profile, "
        "no running revenue schedule",
    ),
    "won, and nothing else for now": stands(states.PROSPECT, states.deal(3), at=WITHIN + 2, satisfied=True),
    "active, and nothing else": stands(
        ACCOUNT, satisfied=False, owner="billing", amount=None, seen=ALL_OF_IT[:1],
        causes=("won_without_erp_customer", "won_without_subscription"),
    ),
    "billed, and not in the ERP": stands(
        ACCOUNT, BILLED, states.subscription(2), satisfied=False, owner="erp", seen=ALL_OF_IT[:2],
        causes=("won_without_erp_customer",),
    ),
    "cancelled in billing alone": stands(
        ACCOUNT, BILLED, BOOKED, *states.SERVED, states.subscription(5, "cancelled"), satisfied=False, severity="S1",
        owner="billing", causes=("cancellation_unpropagated",),
    ),
    "past due in billing alone": stands(
        ACCOUNT, states.customer(1, "billing", delinquent=True), states.customer(1, "erp", delinquent=False),
        *states.SERVED, satisfied=False, owner="erp", causes=("payment_status_unpropagated",),
    ),
    "past due in both": stands(
        ACCOUNT, states.customer(1, "billing", delinquent=True), states.customer(1, "erp", delinquent=True),
        *states.SERVED, satisfied=True,
    ),
    "owing in the books alone": stands(
        ACCOUNT, BILLED, states.customer(1, "erp", delinquent=True), *states.SERVED, satisfied=True
    ),
    "churned, and billed for two": stands(
        states.customer(1, "crm", status="churned"), BILLED, BOOKED, *states.SERVED,
        states.subscription(2, native_id="S2"), satisfied=False, amount="2400 EUR", severity="S1", owner="billing",
        causes=("cancellation_unpropagated",),
        expected="where the CRM says churned, billing says cancelled and the ERP has no running revenue schedule; or "
        "billing says nothing and the ERP has no running revenue schedule",
    ),
    "of two accounts the first speaks": stands(ACCOUNT._replace(native_id="1"), ACCOUNT)._replace(tells=NONE),
}  # fmt: skip


@every(CASES)
def test_it_answers(case: Case) -> None:
    hold(case)


@every(SAID)
def test_it_says_what_happened(case: Case) -> None:
    hold(case)


@every(STANDS)
def test_where_a_customer_stands(case: Case) -> None:
    hold(case)
