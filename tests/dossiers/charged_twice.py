from __future__ import annotations

from typing import Any

from tests.dossiers.model import Change, Dossier, change

JANUARY, FEBRUARY = "2026-01-01", "2026-02-01"


def invoice(at: float, native_id: str, status: str = "posted", **changed: Any) -> Change:
    """Its number follows its id."""
    given: dict[str, Any] = {
        "number": f"INV-{native_id}",
        "subscription_ref": "S",
        "service_starts_on": JANUARY,
        "total": "119.00 EUR",
    }
    return change(at, "billing", "invoice", native_id, status=status, **(given | changed))


def credit(at: float, of: str, total: str = "119.00 EUR", system: str = "erp", status: str = "posted") -> Change:
    return change(
        at, system, "credit_memo", f"C-{of}", number=f"CM-{of}", invoice_ref=f"INV-{of}", total=total, status=status
    )


BILLED_TWICE = Dossier(
    # The bill run was repeated, and numbered its invoices anew.
    kind="charged_twice",
    story=(invoice(3, "1"), invoice(5, "2", "draft"), invoice(8, "2")),
    opens_at=8,
    near_misses={
        "the first was voided at that instant": (invoice(3, "1"), invoice(8, "1", "voided"), invoice(8, "2")),
        "the first was credited in full": (invoice(3, "1"), credit(7, "1"), invoice(8, "2")),
        "credited in billing alone": (invoice(3, "1"), credit(8, "1", system="billing"), invoice(8, "2")),
        "credited in two parts": (
            invoice(3, "1"),
            credit(6, "1", "100.00 EUR"),
            credit(7, "1", "19.00 EUR")._replace(native_id="C2"),
            invoice(8, "2"),
        ),
        "the second was credited at once": (invoice(3, "1"), credit(7, "2"), invoice(8, "2")),
        "a draft": (invoice(3, "1"), invoice(8, "2", "draft")),
        "of the next month": (invoice(3, "1"), invoice(8, "2", service_starts_on=FEBRUARY)),
        "of another length": (
            invoice(3, "1", service_ends_on="2026-01-31"),
            invoice(8, "2", service_ends_on="2026-12-31"),
        ),
        "of another subscription": (invoice(3, "1"), invoice(8, "2", subscription_ref="S2")),
        "over another quantity": (invoice(3, "1"), invoice(8, "2", total="238.00 EUR")),
        "of another charge": (invoice(3, "1", charge="seats"), invoice(8, "2", charge="support")),
        "in another currency": (invoice(3, "1"), invoice(8, "2", total="119.00 USD")),
        "of no stated period": (invoice(3, "1", service_starts_on=None), invoice(8, "2", service_starts_on=None)),
        "of no subscription": (invoice(3, "1", subscription_ref=None), invoice(8, "2", subscription_ref=None)),
        "for two orders": (invoice(3, "1", order_ref="PO-1"), invoice(8, "2", order_ref="PO-2")),
        "of nothing": (invoice(3, "1", total="0.00 EUR"), invoice(8, "2", total="0.00 EUR")),
        "under the same number, which is another kind's": (invoice(3, "1"), invoice(8, "2", number="INV-1")),
    },
    late=(credit(7.5, "1"),),
    amount="119 EUR",
    owner_system="billing",
    owner_team="finance-systems",
    says=("subscription S from 2026-01-01", "once in billing", "INV-1", "INV-2 charges the same 119.00 EUR"),
    resolved_by=(invoice(40, "2", "voided"),),
    subject=("billing", "invoice", "2"),
)
FIRST_CREDITED_LATER = BILLED_TWICE._replace(
    # Billed anew first, and then credited: until then the customer owes it twice.
    story=(
        invoice(3, "1", charge="seats", service_ends_on="2026-01-31", total="119 EUR"),
        invoice(8, "2", charge="seats", line_count=1),
        credit(9, "1", "118.99 EUR"),
        credit(9, "2", system="billing", status="draft"),
    ),
    near_misses={
        "credited at that instant": (invoice(3, "1"), invoice(8, "2"), credit(8, "1")),
        "what billing credited the ERP has not decided on": (
            invoice(3, "1"),
            credit(6, "1", system="billing"),
            credit(7, "1", status="draft"),
            invoice(8, "2"),
        ),
    },
    late=(invoice(7.5, "1", "voided"),),
    says=("seats of subscription S", "INV-1", "INV-2"),
    resolved_by=(credit(40, "1"),),
)
LEDGER_DENIES = BILLED_TWICE._replace(
    # The ERP owns credit memos: it has voided this one.
    story=(invoice(3, "1"), credit(4, "1", system="billing"), credit(5, "1", status="voided"), invoice(8, "2")),
    near_misses={
        "and posted it after all": (
            invoice(3, "1"),
            credit(5, "1", status="voided"),
            credit(6, "1"),
            invoice(8, "2"),
        ),
    },
    resolved_by=(credit(40, "2"),),
)
DOSSIERS = (BILLED_TWICE, FIRST_CREDITED_LATER, LEDGER_DENIES)
