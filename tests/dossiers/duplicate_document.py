from __future__ import annotations

from typing import Any

from tests.dossiers.model import Change, Dossier, change


def invoice(at: float, native_id: str, status: str = "posted", **changed: Any) -> Change:
    given: dict[str, Any] = {"number": "INV-7", "total": "119.00 EUR", "legal_entity": "1000"}
    return change(at, "billing", "invoice", native_id, status=status, **(given | changed))


def posting(at: float, native_id: str, type_: str = "invoice", status: str = "posted", **changed: Any) -> Change:
    given: dict[str, Any] = {"document_ref": "INV-7", "total": "119.00 EUR"}
    return change(at, "erp", "ledger_posting", native_id, document_type=type_, status=status, **(given | changed))


def subscription(at: float, native_id: str, status: str = "active", version: int = 1) -> Change:
    return change(
        at,
        "billing",
        "subscription",
        native_id,
        number="S-1",
        status=status,
        version_number=version,
        total_value="1200.00 EUR",
    )


_ONCE = (
    Dossier(
        # A webhook was delivered twice.
        kind="duplicate_document",
        story=(invoice(3, "I1"), invoice(8, "I2")),
        opens_at=8,
        near_misses={
            "the first was voided at that instant": (invoice(3, "I1"), invoice(8, "I1", "voided"), invoice(8, "I2")),
            "a draft": (invoice(3, "I1"), invoice(8, "I2", "draft")),
            "another number": (invoice(3, "I1"), invoice(8, "I2", number="INV-8")),
            "without a number": (invoice(3, "I1", number=None), invoice(8, "I2", number=None)),
            "of another company": (invoice(3, "I1"), invoice(8, "I2", legal_entity="2000")),
            "shown by the ERP too": (
                invoice(3, "I1"),
                change(5, "erp", "invoice", "X", number="INV-7", status="posted", total="119.00 EUR"),
            ),
        },
        late=(invoice(8, "I1", "voided"),),
        amount="119 EUR",
        owner_system="billing",
        owner_team="finance-systems",
        says=("one invoice INV-7 in billing: I1", "I2 over 119.00 EUR"),
        resolved_by=(invoice(40, "I2", "voided"),),
        subject=("billing", "invoice", "I2"),
    ),
    Dossier(
        kind="duplicate_document",
        story=(posting(3, "L1"), posting(4, "L2", "payment"), posting(8, "L3")),
        opens_at=8,
        near_misses={
            "reversed and posted again": (posting(3, "L1"), posting(6, "R", "reversal"), posting(8, "L3")),
            "marked as reversed": (posting(3, "L1"), posting(6, "L1", status="reversed"), posting(8, "L3")),
            "marked, with a document of its own": (
                posting(3, "L1"),
                posting(6, "R", "reversal"),
                posting(6, "L1", status="reversed"),
                posting(8, "L3"),
            ),
            "credited under the same number": (posting(3, "L1"), posting(8, "L3", "credit_memo")),
            "two payments": (posting(3, "L1", "payment"), posting(8, "L2", "payment")),
        },
        late=(posting(7, "R", "reversal"),),
        amount="119 EUR",
        owner_system="erp",
        owner_team="finance-systems",
        says=("ledger posting INV-7", "L3 over 119.00 EUR"),
        resolved_by=(posting(40, "R", "reversal"),),
        subject=("erp", "ledger_posting", "L3"),
    ),
    Dossier(
        kind="duplicate_document",
        story=(subscription(3, "S1"), subscription(8, "S2", "draft")),
        opens_at=8,
        near_misses={
            "the next version of it": (subscription(3, "S1"), subscription(8, "S2", version=2)),
            "the first was cancelled": (
                subscription(3, "S1"),
                subscription(7, "S1", "cancelled"),
                subscription(8, "S2"),
            ),
        },
        late=(subscription(7, "S1", "cancelled"),),
        amount="1200 EUR",
        owner_system="billing",
        owner_team="finance-systems",
        says=("one subscription S-1 in billing: S1", "S2 over 1,200.00 EUR"),
        resolved_by=(subscription(40, "S2", "cancelled"),),
        subject=("billing", "subscription", "S2"),
    ),
)

POSTED_ANEW_TWICE = _ONCE[1]._replace(
    # The first is marked as reversed and has a reversal besides: that makes room for one, not for two.
    story=(
        posting(3, "L1"),
        posting(6, "R", "reversal"),
        posting(6, "L1", status="reversed"),
        posting(7, "L2"),
        posting(8, "L3"),
    ),
    near_misses={
        "each reversed and posted again": (
            posting(3, "L1"),
            posting(4, "R1", "reversal"),
            posting(5, "L2"),
            posting(6, "R2", "reversal"),
            posting(8, "L3"),
        ),
    },
    late=(posting(7.5, "R2", "reversal"),),
    resolved_by=(posting(40, "R2", "reversal"),),
)

DOSSIERS = (*_ONCE, POSTED_ANEW_TWICE)
