"""What rules about invoices, payments and the ledger say of cases that no dossier plays."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.details import Detail, every, hold, plain
from tests.dossiers import delinquency_not_cleared as delinquency
from tests.dossiers import duplicate_document as documents
from tests.dossiers import invoice_amount_mismatch as amounts
from tests.dossiers import payment_status_unpropagated as payments
from tests.dossiers import refund_unpropagated as refunds
from tests.dossiers import reversal_incomplete as reversals
from tests.dossiers import tax_treatment_divergence as taxes
from tests.dossiers.model import Change, change
from tests.dossiers.stage import Play, governed


def memo(at: float, native_id: str, status: str = "posted") -> Change:
    stated = {"number": "CM-7", "invoice_ref": "INV-7", "total": "119.00 EUR"}
    return change(at, "billing", "credit_memo", native_id, status=status, **stated)


DETAILS = {
    "an application states no amount": Detail(
        "payment_status_unpropagated",
        (
            payments.invoice(2, "paid"),
            payments.payment(3),
            *plain(payments.application(4), total=None),
        ),
    ),
    "a payment without reference is none of the applications that name none": Detail(
        "payment_status_unpropagated",
        (
            *plain(payments.payment(3, total="60.00 EUR"), reference=None),
            *plain(payments.application(4, "59.00 EUR"), payment_ref=None),
            payments.invoice(2, "paid"),
        ),
    ),
    "the last of two payments failed": Detail(
        "payment_status_unpropagated",
        (payments.invoice(2), payments.payment(3, "failed"), payments.payment(5, "failed", native_id="P0")),
        {"seen": ["processor/P0 status = failed", "billing/I payment_status = open"]},
    ),
    "what billing received is in another currency": Detail(
        "payment_status_unpropagated",
        (payments.invoice(2, "partially_paid", paid="35.00 USD"), payments.payment(3, total="40.00 EUR")),
    ),
    "posted twice, and credited once": Detail(
        "reversal_incomplete",
        (*reversals.VOIDED, reversals.posting(4, native_id="L2"), reversals.credit(12)),
        {"status": "open", "amount": "119 EUR"},
    ),
    "credited by a draft": Detail(
        "reversal_incomplete", (*reversals.VOIDED, reversals.credit(12, status="draft")), {"status": "open"}
    ),
    "credited in another currency": Detail(
        "reversal_incomplete", (*reversals.VOIDED, reversals.credit(12, "119.00 USD")), {"status": "open"}
    ),
    "credited by an amount that nobody states": Detail(
        "reversal_incomplete", (*reversals.VOIDED, *plain(reversals.credit(12), total=None)), {"status": "open"}
    ),
    "credited by two that are worth it together": Detail(
        "reversal_incomplete",
        (
            *reversals.VOIDED,
            reversals.credit(12, "100.00 EUR"),
            reversals.credit(13, "-19.00 EUR")._replace(native_id="C2"),
        ),
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
    "payment states are not read": Detail(
        "delinquency_not_cleared", delinquency.PAID.story, unread=("billing", "invoice", "payment_status")
    ),
    "the difference beyond what is allowed counts, not the greatest": Detail(
        "invoice_amount_mismatch",
        (amounts.invoice(2), amounts.posting(3, net="109.00 EUR", tax="21.00 EUR")),
        {"amount": "2 EUR"},
        governed={"tolerance_relative": Decimal("0.1")},
    ),
    "a cent is more than the rounding of one line": Detail(
        "invoice_amount_mismatch",
        (amounts.invoice(2, line_count=1), amounts.posting(3, net="100.01 EUR", tax="18.99 EUR")),
        {"amount": "0.01 EUR"},
    ),
    "nobody says how many lines there are, so there is one": Detail(
        "invoice_amount_mismatch",
        (amounts.invoice(2), amounts.posting(3, net="100.01 EUR", tax="18.99 EUR")),
        {"amount": "0.01 EUR"},
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
    "the tax code is another and the tax too": Detail(
        "tax_treatment_divergence",
        (taxes.invoice(3), taxes.posting(4, tax_code="EURC", tax="17.00 EUR")),
        {"amount": "19 EUR", "asks": None},
    ),
    "the code is right, the tax is not": Detail(
        "tax_treatment_divergence", (taxes.invoice(3), taxes.posting(4, tax="17.00 EUR")), {"amount": "2 EUR"}
    ),
    "the tax code of an invoice that states no tax": Detail(
        "tax_treatment_divergence",
        (taxes.invoice(3, tax=None), taxes.posting(4, tax_code="EURC")),
        {"amount": "0 EUR", "seen": ["billing/I tax_code = DE19", "erp/L tax_code = EURC"]},
    ),
    "of two postings one has another tax code": Detail(
        "tax_treatment_divergence",
        (taxes.invoice(3), taxes.posting(4, tax="9.00 EUR"), taxes.posting(4, "L2", tax="10.00 EUR", tax_code="EURC")),
        {"status": "open"},
    ),
    "of two postings one states no tax code": Detail(
        "tax_treatment_divergence",
        (taxes.invoice(3), taxes.posting(4, tax="9.00 EUR"), taxes.posting(4, "L2", tax="10.00 EUR", tax_code=None)),
    ),
    "the region is another, and later invoices are to have the right one": Detail(
        "tax_treatment_divergence",
        (taxes.account(2, "CH"), taxes.invoice(3)),
        {
            "asks": ("billing.tax_profile.update", "B", {"tax_region": "CH"}),
            "amount": "19 EUR",
            "owner": "erp",
            "seen": ["billing/I tax_region = DE", "crm/A tax_region = CH"],
        },
    ),
    "the region became known when the invoice was posted": Detail(
        "tax_treatment_divergence", (taxes.account(3, "CH"), taxes.invoice(3)), {"status": "open"}
    ),
    "it lies in one of the regions of merged accounts": Detail(
        "tax_treatment_divergence",
        (taxes.account(2, "CH"), taxes.account(2, "DE")._replace(native_id="A2", customer="A"), taxes.invoice(3)),
    ),
    "it lies in none of the regions of merged accounts": Detail(
        "tax_treatment_divergence",
        (taxes.account(2, "CH"), taxes.account(2, "FR")._replace(native_id="A2", customer="A"), taxes.invoice(3)),
        {"asks": None},
    ),
    "the region is right and the tax code is not": Detail(
        "tax_treatment_divergence",
        (taxes.account(2, "DE"), taxes.invoice(3), taxes.posting(4, tax_code="EURC")),
        {"asks": None},
    ),
}


@every(DETAILS)
def test_it_says(detail: Detail) -> None:
    hold(detail)


@pytest.mark.parametrize(("tax", "basis"), [("19.00 EUR", "tax"), (None, "gross")])
def test_of_tax_treatment_divergence_the_tax_is_at_stake_where_it_is_stated(tax: str | None, basis: str) -> None:
    dossier = taxes.CODE._replace(story=(taxes.invoice(3, tax=tax), taxes.posting(4, tax_code="EURC")))

    (drift,) = Play(dossier).told(dossier.story).heard(dossier.ends).run().drifts()

    assert drift["amount_at_stake"]["basis"] == basis


def test_two_names_of_one_treatment_are_no_divergence() -> None:
    base = governed(taxes.CODE)
    codes = base.finance.tax_codes
    named_anew = {**codes, "V19": codes["DE19"].model_copy(update={"begins": date(1970, 1, 1)})}
    named = base.model_copy(update={"finance": base.finance.model_copy(update={"tax_codes": named_anew})})
    story = (taxes.invoice(3), taxes.posting(4, tax_code="V19"))

    told = [Play(taxes.CODE, by).told(story).heard(taxes.CODE.ends).run().drifts() for by in (base, named)]

    assert [len(drifts) for drifts in told] == [1, 0]
