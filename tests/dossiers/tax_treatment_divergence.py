from __future__ import annotations

from typing import Any

from tests.dossiers.model import Change, Dossier, change


def invoice(at: float, status: str = "posted", **attributes: Any) -> Change:
    stated = {"tax": "19.00 EUR", "total": "119.00 EUR", "tax_code": "DE19", "tax_region": "DE"} | attributes
    return change(at, "billing", "invoice", "I", number="INV-7", status=status, **stated)


def posting(
    at: float, native_id: str = "L", status: str = "posted", type_: str = "invoice", **attributes: Any
) -> Change:
    stated = {"tax": "19.00 EUR", "total": "119.00 EUR", "tax_code": "DE19"} | attributes
    return change(
        at, "erp", "ledger_posting", native_id, document_type=type_, document_ref="INV-7", status=status, **stated
    )


def line(at: float, id_: str, tax: str | None, code: str | None = None, **other: Any) -> Change:
    stated = {"invoice_ref": "I", "net": "100.00 EUR"} | other
    return change(at, "billing", "invoice_line", id_, tax=tax, tax_code=code, **stated)


def mixed(at: float) -> Change:
    """At 19 and 7 percent, and its head names one code."""
    return invoice(at, tax="26.00 EUR", total="226.00 EUR")


def account(at: float, region: str | None, **attributes: Any) -> Change:
    return change(
        at, "crm", "customer", "A", name="Acme GmbH", status="active", country="DE", tax_region=region, **attributes
    )


CODE = Dossier(
    kind="tax_treatment_divergence",
    story=(invoice(3), posting(4, tax_code="EURC")),
    opens_at=14,
    near_misses={
        "put right exactly at the end of the grace": (invoice(3), posting(4, tax_code="EURC"), posting(14)),
        "voided in time": (invoice(3), posting(4, tax_code="EURC"), invoice(13.9, "voided")),
        "the ledger states no code": (invoice(3), posting(4, tax_code=None)),
        "billing states no code": (invoice(3, tax_code=None), posting(4, tax_code="EURC")),
        "a draft in the ledger": (invoice(3), posting(4, status="draft", tax_code="EURC")),
        "at two rates in lines and in the ledger": (
            mixed(3),
            line(3, "1", "19.00 EUR", "DE19"),
            line(3, "2", "7.00 EUR", "DE07"),
            posting(4, tax="19.00 EUR"),
            posting(4, "L2", tax="7.00 EUR", tax_code="DE07"),
        ),
        "at two rates in lines, and the ledger names one of them": (
            mixed(3),
            line(3, "1", "19.00 EUR", "DE19"),
            line(3, "2", "7.00 EUR", "DE07"),
            posting(4, tax="26.00 EUR", tax_code="DE07"),
        ),
        "at two rates that no line names": (
            mixed(3),
            line(3, "1", "19.00 EUR"),
            line(3, "2", "7.00 EUR"),
            posting(4, tax="26.00 EUR", tax_code="DE07"),
        ),
        "a draft in billing": (invoice(3, "draft"), posting(4, tax_code="EURC")),
        "taken back": (
            invoice(3),
            posting(4, tax_code="EURC"),
            posting(12, "R", type_="reversal", tax_code="EURC"),
        ),
        "of nothing": (invoice(3, tax="0 EUR", total="0 EUR"), posting(4, tax_code="EURC", tax="0 EUR", total="0 EUR")),
    },
    late=(posting(13.5),),
    amount="19 EUR",
    owner_system="erp",
    owner_team="finance-systems",
    says=("INV-7", "tax code EURC", "tax code DE19", "billing"),
    resolved_by=(posting(40, status="reversed", tax_code="EURC"), posting(40, "L2")),
)

AMOUNT = CODE._replace(
    story=(invoice(3), posting(4, tax="18.00 EUR")),
    near_misses={
        "a cent less than one unit": (invoice(3), posting(4, tax="18.01 EUR")),
        "in two parts": (invoice(3), posting(4, tax="12.00 EUR"), posting(4, "L2", tax="7.00 EUR")),
        "in the currency of the books": (invoice(3), posting(4, tax="21.00 CHF")),
        "the ledger states no tax": (invoice(3), posting(4, tax=None)),
        "put right in time": (invoice(3), posting(4, tax="18.00 EUR"), posting(14)),
    },
    amount="1 EUR",
    says=("INV-7", "18.00 EUR of tax", "19.00 EUR of tax"),
)

REGION = CODE._replace(
    story=(account(2, "CH"), invoice(3), posting(4)),
    opens_at=13,
    near_misses={
        "the account moved after the invoice": (account(2, "DE"), invoice(3), posting(4), account(5, "CH")),
        "and moved for the second time": (account(1.5, "CH"), account(2, "DE"), invoice(3), account(5, "CH")),
        "its region was a mistake, put right in time": (account(2, "CH"), invoice(3), account(13, "DE")),
        "the account has no region": (account(2, None), invoice(3)),
        "the invoice has no region": (account(2, "CH"), invoice(3, tax_region=None), posting(4)),
        "the same region": (account(2, "DE"), invoice(3), posting(4)),
        "voided in time": (account(2, "CH"), invoice(3), invoice(12.9, "voided")),
    },
    late=(account(12.5, "DE"),),
    says=("INV-7", "region CH", "region DE"),
    resolved_by=(account(40, "DE"),),
)

RATE = CODE._replace(
    # Both systems took 7 percent for 19.
    story=(invoice(3, tax="7.00 EUR", total="107.00 EUR"), posting(4, tax="7.00 EUR", total="107.00 EUR")),
    opens_at=13,
    near_misses={
        "a cent less than one unit": (invoice(3, tax="18.01 EUR", net="100.00 EUR"),),
        "put right in time": (invoice(3, tax="7.00 EUR", total="107.00 EUR"), invoice(13)),
        "a code that finance does not govern": (invoice(3, tax="7.00 EUR", tax_code="V7"),),
        "no net amount is known": (invoice(3, tax="7.00 EUR", total=None),),
        "stated in another currency": (invoice(3, tax="7.00 EUR", net="100.00 CHF"),),
        "a credit note": (invoice(3, tax="-19.00 EUR", total="-119.00 EUR"),),
        "tax that the customer owes": (invoice(3, tax="0.00 EUR", total="100.00 EUR", tax_code="EURC"),),
        "a rate as of its first day": (
            invoice(3, tax="8.10 CHF", total="108.10 CHF", tax_code="CH81", issued_on="2024-01-01"),
        ),
    },
    late=(invoice(12.5), posting(12.5)),
    amount="12 EUR",
    says=("INV-7", "19.00 EUR of tax by code DE19", "7.00 EUR of tax"),
    resolved_by=(invoice(40), posting(40)),
)

OF_LINES = RATE._replace(
    # Reduced by its code, and taxed in full.
    story=(
        invoice(3, tax="38.00 EUR", total="238.00 EUR"),
        line(3, "1", "19.00 EUR", "DE19"),
        line(3, "2", "19.00 EUR", "DE07"),
        posting(4, tax="38.00 EUR"),
    ),
    near_misses={
        "each at the rate of its code": (mixed(3), line(3, "1", "19.00 EUR", "DE19"), line(3, "2", "7.00 EUR", "DE07")),
        "one has the code of the head": (mixed(3), line(3, "1", "19.00 EUR"), line(3, "2", "7.00 EUR", "DE07")),
        "at two rates, and only the head names a code": (mixed(3), line(3, "1", "19.00 EUR"), line(3, "2", "7.00 EUR")),
        "at the rate of the head": (
            invoice(3, tax="38.00 EUR", total="238.00 EUR"), line(3, "1", "19.00 EUR"), line(3, "2", "19.00 EUR"),
        ),
        "a cent less than one unit in all": (
            mixed(3), line(3, "2", "7.50 EUR", "DE07"), line(3, "3", "7.49 EUR", "DE07"),
        ),
        "the tax of a line is not known": (mixed(3), line(3, "1", None, "DE19"), line(3, "2", "7.00 EUR", "DE07")),
        "a code that finance does not govern": (mixed(3), line(3, "1", "26.00 EUR", "V26")),
        "of another invoice": (
            invoice(3), change(3, "billing", "invoice", "J", status="draft"),
            line(3, "2", "19.00 EUR", "DE07", invoice_ref="J"),
        ),
        "put right in time": (mixed(3), line(3, "2", "19.00 EUR", "DE07"), line(13, "2", "7.00 EUR", "DE07")),
    },
    late=(line(12.5, "2", "7.00 EUR", "DE07"),),
    amount="12 EUR",
    says=("INV-7", "7.00 EUR of tax by code DE07", "19.00 EUR of tax in the lines of code DE07"),
    resolved_by=(line(40, "2", "7.00 EUR", "DE07"),),
)  # fmt: skip

ONE_RATE = OF_LINES._replace(
    # All lines at 7 percent, and the head says 19.
    story=(
        invoice(3, tax="14.00 EUR", total="214.00 EUR"), line(3, "1", "7.00 EUR"), line(3, "2", "7.00 EUR"),
        line(3, "3", "0.00 EUR", net="0.00 EUR"), posting(4, tax="14.00 EUR"),
    ),
    near_misses={},
    late=(line(12.5, "1", "7.00 EUR", "DE07"), line(12.5, "2", "7.00 EUR", "DE07")),
    amount="24 EUR",
    says=("INV-7", "38.00 EUR of tax by code DE19", "14.00 EUR of tax"),
    resolved_by=(line(40, "1", "7.00 EUR", "DE07"), line(40, "2", "7.00 EUR", "DE07")),
)  # fmt: skip

NOT_IN_FORCE = RATE._replace(
    story=(invoice(3, tax="8.10 CHF", total="108.10 CHF", tax_code="CH81", issued_on="2023-12-31"),),
    near_misses={},
    late=(invoice(12.5, tax="8.10 CHF", total="108.10 CHF", tax_code="CH81", issued_on="2024-01-01"),),
    amount="8.1 CHF",
    says=("INV-7", "a code in force on 2023-12-31", "tax code CH81, in force from 2024-01-01"),
    resolved_by=(invoice(40, tax="8.10 CHF", total="108.10 CHF", tax_code="CH81", issued_on="2024-01-02"),),
)

DOSSIERS = (CODE, AMOUNT, REGION, RATE, OF_LINES, ONE_RATE, NOT_IN_FORCE)
