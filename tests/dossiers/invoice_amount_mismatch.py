from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.dossiers.model import Change, Dossier, change


def invoice(at: float, status: str = "posted", **amounts: Any) -> Change:
    stated = {"net": "100.00 EUR", "tax": "19.00 EUR", "total": "119.00 EUR"} | amounts
    return change(at, "billing", "invoice", "I", number="INV-7", status=status, **stated)


def posting(at: float, native_id: str = "L", status: str = "posted", type_: str = "invoice", **amounts: Any) -> Change:
    stated = {"net": "100.00 EUR", "tax": "19.00 EUR", "total": "119.00 EUR"} | amounts
    return change(
        at, "erp", "ledger_posting", native_id, document_type=type_, document_ref="INV-7", status=status, **stated
    )


WRONG = {"net": "110.00 EUR", "tax": "20.90 EUR", "total": "130.90 EUR"}

GROSS = Dossier(
    kind="invoice_amount_mismatch",
    story=(invoice(2), posting(3, **WRONG)),
    opens_at=13,
    near_misses={
        "put right exactly at the end of the grace": (invoice(2), posting(3, **WRONG), posting(13)),
        "reversed and posted anew in time": (
            invoice(2),
            posting(3, **WRONG),
            posting(11, "R", type_="reversal", **WRONG),
            posting(12, "L2"),
        ),
        "marked as reversed and posted anew in time": (
            invoice(2),
            posting(3, **WRONG),
            posting(11, status="reversed", **WRONG),
            posting(12, "L2"),
        ),
        "half a cent for each of two lines": (
            invoice(2, line_count=2),
            posting(3, net="100.01 EUR", tax="18.99 EUR", total="119.00 EUR"),
        ),
        "posted in two parts": (
            invoice(2),
            posting(3, net="60.00 EUR", tax="11.40 EUR", total="71.40 EUR"),
            posting(3, "L2", net="40.00 EUR", tax="7.60 EUR", total="47.60 EUR"),
        ),
        "voided in time": (invoice(2), posting(3, **WRONG), invoice(12.9, "voided")),
        "a draft in billing": (invoice(2, "draft"), posting(3, **WRONG)),
        "a draft in the ledger": (invoice(2), posting(3, status="draft", **WRONG)),
        "another currency is another kind": (
            invoice(2),
            posting(3, net="110.00 USD", tax="20.90 USD", total="130.90 USD"),
        ),
        "the ledger states no amounts": (invoice(2), posting(3, net=None, tax=None, total=None)),
        "of nothing": (
            invoice(2, net="0 EUR", tax="0 EUR", total="0 EUR"),
            posting(3, net="0 EUR", tax="0 EUR", total="0 EUR"),
        ),
    },
    late=(posting(12.5),),
    amount="11.90 EUR",
    owner_system="erp",
    owner_team="finance-systems",
    says=("INV-7", "gross 119.00 EUR", "gross 130.90 EUR", "ledger"),
    resolved_by=(posting(40, "R", type_="reversal", **WRONG), posting(40, "L2")),
)

TAX_ONLY = GROSS._replace(
    # The sums agree, and so do many systems that compare no more than those.
    story=(invoice(2), posting(3, net="99.00 EUR", tax="20.00 EUR")),
    near_misses={
        "the ledger states the sum alone": (invoice(2), posting(3, net=None, tax=None)),
        "billing states the sum alone": (invoice(2, net=None, tax=None), posting(3, net="99.00 EUR", tax="20.00 EUR")),
        "a cent over a hundred lines": (invoice(2, line_count=100), posting(3, net="99.50 EUR", tax="19.50 EUR")),
        "exactly the tolerance that is governed": (invoice(2), posting(3, net="99.99 EUR", tax="19.01 EUR")),
    },
    governed={"tolerance_absolute": Decimal("0.01")},
    amount="1 EUR",
    says=("INV-7", "net 100.00 EUR", "net 99.00 EUR", "tax 19.00 EUR", "tax 20.00 EUR"),
    resolved_by=(posting(40),),
)

WITHOUT_MINOR_UNITS = GROSS._replace(
    story=(
        invoice(2, net="1000 JPY", tax="100 JPY", total="1100 JPY", line_count=3),
        posting(3, net="1000 JPY", tax="102 JPY", total="1102 JPY"),
    ),
    near_misses={
        "half a yen for each of three lines": (
            invoice(2, net="1000 JPY", tax="100 JPY", total="1100 JPY", line_count=3),
            posting(3, net="1000 JPY", tax="101 JPY", total="1101.5 JPY"),
        ),
        "the ledger knows how many lines": (
            invoice(2, net="1000 JPY", tax="100 JPY", total="1100 JPY"),
            posting(3, net="1000 JPY", tax="102 JPY", total="1102 JPY", line_count=4),
        ),
        "put right in time": (
            invoice(2, net="1000 JPY", tax="100 JPY", total="1100 JPY"),
            posting(3, net="1000 JPY", tax="102 JPY", total="1102 JPY"),
            posting(12, net="1000 JPY", tax="100 JPY", total="1100 JPY"),
        ),
    },
    late=(posting(12.5, net="1000 JPY", tax="100 JPY", total="1100 JPY"),),
    amount="2 JPY",
    says=("INV-7", "1,100.00 JPY", "1,102.00 JPY"),
    resolved_by=(posting(40, net="1000 JPY", tax="100 JPY", total="1100 JPY"),),
)

BOOKS_ONLY = GROSS._replace(
    # An ERP that keeps the amount of the books alone, in the currency of the invoice.
    story=(invoice(2), posting(3, net=None, tax=None, total=None, ledger_total="125.00 EUR")),
    near_misses={
        "the books agree": (invoice(2), posting(3, net=None, tax=None, total=None, ledger_total="119.00 EUR")),
        "the books are in another currency": (
            invoice(2),
            posting(3, net=None, tax=None, total=None, ledger_total="140.00 CHF"),
        ),
        "the document's amount goes before that of the books": (invoice(2), posting(3, ledger_total="125.00 EUR")),
    },
    amount="6 EUR",
    says=("INV-7", "gross 119.00 EUR", "gross 125.00 EUR"),
    resolved_by=(posting(40),),
)

DOSSIERS = (GROSS, TAX_ONLY, WITHOUT_MINOR_UNITS, BOOKS_ONLY)
