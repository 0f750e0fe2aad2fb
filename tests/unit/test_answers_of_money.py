"""What rules about invoices, payments and the ledger answer of records that hardly differ."""

from __future__ import annotations

from typing import Any

from tests.answers import NONE, SETTLED, Case, every, hold, of_second_system
from tests.details import plain
from tests.dossiers import credit_memo_unpropagated as shown
from tests.dossiers import credit_memo_without_counterpart as memos
from tests.dossiers import duplicate_document as documents
from tests.dossiers import invoice_amount_mismatch as amounts
from tests.dossiers import invoice_not_posted as posted
from tests.dossiers import payment_status_unpropagated as shows
from tests.dossiers import payment_unmatched as payments
from tests.dossiers import refund_unpropagated as refunds
from tests.dossiers import reversal_incomplete as reversals
from tests.dossiers import stuck_in_flight as stuck
from tests.dossiers import tax_treatment_divergence as taxes
from tests.dossiers.model import Change, change


def invoice(status: str = "posted", total: str | None = "119.00 EUR", native_id: str = "I") -> Change:
    return change(2, "billing", "invoice", native_id, number="INV-7", status=status, total=total)


def applied(at: float, total: str | None, native_id: str = "X") -> Change:
    stated = {"payment_ref": "ch_1", "invoice_ref": "INV-7", "status": "applied"}
    return change(at, "erp", "cash_application", native_id, **stated, total=total)


def unmatched(*records: Change, **tells: Any) -> Case:
    return Case("payment_unmatched", "processor/P1", (payments.payment(3), *records), tells)


def to_invoice(total: str) -> tuple[Any, ...]:
    return ("erp/cash_application/ch_1", {"payment_ref": "ch_1", "invoice_ref": "INV-7", "total": total}, {}, "")


def voided(*records: Change, **tells: Any) -> Case:
    return Case("reversal_incomplete", "billing/I", (reversals.invoice(10, "voided"), *records), tells)


def taxed(*records: Change, **tells: Any) -> Case:
    return Case("tax_treatment_divergence", "billing/I", (taxes.invoice(3), *records), tells)


def refunded(*records: Change, **tells: Any) -> Case:
    return Case("refund_unpropagated", "processor/R1", (refunds.refund(3), *records), tells)


def paid(*records: Change, **tells: Any) -> Case:
    return Case("payment_status_unpropagated", "billing/I", records, tells)


def to_show(status: str, shown: str | None, **more: str) -> tuple[Any, ...]:
    return ("billing/invoice/I", {"payment_status": status, **more}, {"payment_status": shown}, "")


PART = shows.payment(3, total="40.00 EUR")
SHOWN = {
    "it is not shown": paid(
        shows.invoice(2), shows.payment(3), satisfied=False, owner="processor", amount="119 EUR", triggered=(3, "v3"),
        seen=["processor/P1 status = settled", "billing/I payment_status = open"], asks=to_show("paid", "open"),
        expected="invoice INV-7 over 119.00 EUR is paid in billing: 119.00 EUR came in, last by payment ch_P1",
        observed="billing shows it as open",
    ),
    "it is shown": paid(shows.invoice(2, "paid"), shows.payment(3), satisfied=True, by="billing/I"),
    "paid in the ERP": paid(
        shows.invoice(2), shows.application(3, payment_ref="bank-1"), satisfied=False, owner="erp",
        expected="invoice INV-7 over 119.00 EUR is paid in billing: 119.00 EUR came in, last by payment bank-1",
    ),
    "it failed": paid(
        shows.invoice(2), shows.payment(3, "failed"), satisfied=False, amount="119 EUR", asks=to_show("failed", "open"),
        expected="invoice INV-7 over 119.00 EUR is failed in billing: payment ch_P1 failed in processor",
    ),
    "a cent less than its part": paid(shows.invoice(2, "partially_paid", paid="39.99 EUR"), PART, satisfied=True),
    "two cents less than its part": paid(
        shows.invoice(2, "partially_paid", paid="39.98 EUR"), PART, satisfied=False, amount="40 EUR",
        asks=to_show("partially_paid", "partially_paid", paid="40"),
        observed="billing shows it as partially paid, with 39.98 EUR received",
    ),
    "two cents more than its part": paid(shows.invoice(2, "partially_paid", paid="40.02 EUR"), PART, satisfied=False),
    "a part in another currency": paid(shows.invoice(2, "partially_paid", paid="1.00 USD"), PART, satisfied=True),
    "a part that is not stated": paid(shows.invoice(2, "partially_paid"), PART, satisfied=True),
    "all of it, and another amount": paid(
        shows.invoice(2, "paid", paid="1.00 EUR"), shows.payment(3), satisfied=True,
        asks=to_show("paid", "paid", paid="119"),
    ),
    "it has no payment status and is paid": paid(
        shows.invoice(2, None, "paid"), shows.payment(3), satisfied=True, observed="billing shows it as paid"
    ),
    "it has no payment status and is only posted": paid(
        shows.invoice(2, None), shows.payment(3), satisfied=False, observed="billing shows it as posted"
    ),
    "a part of what has no payment status": paid(shows.invoice(2, None), PART)._replace(tells=NONE),
    "of less than nothing": paid(
        shows.invoice(2, total="-5.00 EUR"), shows.payment(3, total="-5.00 EUR")
    )._replace(tells=NONE),
    "of a draft": paid(shows.invoice(2, status="draft"), shows.payment(3))._replace(tells=NONE),
}  # fmt: skip

CASES = {
    "an application that states no amount applies nothing": unmatched(
        invoice(), applied(5, None), satisfied=False, amount="119 EUR", seen=["processor/P1 status = settled"]
    ),
    "to a posted invoice": unmatched(invoice(), asks=to_invoice("119")),
    "to one that counts as paid": unmatched(invoice("paid"), asks=to_invoice("119")),
    "to a draft nothing is applied": unmatched(invoice("draft"), asks=None),
    "nor to one of two": unmatched(invoice(), invoice(native_id="J"), asks=None),
    "nor in another currency": unmatched(invoice(total="119.00 USD"), asks=None),
    "nor to one that states no amount": unmatched(invoice(total=None), asks=None),
    "nor to one that is not there": unmatched(asks=None),
    "what is left": unmatched(invoice(), applied(5, "100.00 EUR"), satisfied=False, amount="19 EUR",
                              asks=to_invoice("19"), by="erp/X"),
    "no more than is owed": unmatched(invoice(total="10.00 EUR"), asks=to_invoice("10")),
    "all but the tolerance": unmatched(applied(5, "118.99 EUR"), satisfied=True, by="erp/X"),
    "a cent less": unmatched(applied(5, "118.98 EUR"), satisfied=False),
    "the last application answers": unmatched(
        applied(6, "60.00 EUR", "W"), applied(5, "59.00 EUR", "X"), satisfied=True, by="erp/W",
        seen=["processor/P1 status = settled", "erp/W total = 60.00"],
    ),
    "a payment that came after its application answers for itself": unmatched(
        applied(2, "119.00 EUR"), satisfied=True, by="processor/P1", triggered=(3, "v3")
    ),
    "of nothing nothing is left": Case(
        "payment_unmatched", "processor/P1", (payments.payment(3, total="0.00 EUR"),), NONE
    ),
    "below nothing too": Case("payment_unmatched", "processor/P1", (payments.payment(3, total="-1.00 EUR"),), NONE),
    "without a reference it cannot be named": Case(
        "payment_unmatched", "processor/P1", (payments.payment(3, reference=None), invoice()), {"asks": None}
    ),
    "what was posted and taken back does not stand in the ledger": Case(
        "invoice_amount_mismatch",
        "billing/I",
        (amounts.invoice(2), amounts.posting(3), amounts.posting(4, "R", type_="reversal")),
        NONE,
    ),
    "at rest what agrees is in order": Case(
        "invoice_amount_mismatch", "billing/I", (amounts.invoice(2), amounts.posting(3)), SETTLED, at_rest=True
    ),
    "else it is told by the newest": Case(
        "invoice_amount_mismatch",
        "billing/I",
        (amounts.invoice(2), amounts.posting(3)),
        {"satisfied": True, "amount": "0 EUR", "by": "erp/L", "snapshot": False,
         "seen": ["billing/I total = 119.00", "erp/L total = 119.00"]},
    ),
    "at rest a mismatch is told": Case(
        "invoice_amount_mismatch", "billing/I", (amounts.invoice(2), amounts.posting(3, **amounts.WRONG)),
        {"satisfied": False}, at_rest=True,
    ),
    "half a cent a line is rounding": Case(
        "invoice_amount_mismatch",
        "billing/I",
        (amounts.invoice(2, line_count=4), amounts.posting(3, net="100.02 EUR", tax="18.98 EUR", line_count=2)),
        {"satisfied": True},
    ),
    "the ledger may count the lines": Case(
        "invoice_amount_mismatch",
        "billing/I",
        (amounts.invoice(2, line_count=2), amounts.posting(3, net="100.02 EUR", tax="18.98 EUR", line_count=4)),
        {"satisfied": True},
    ),
    "a currency of which nothing is governed has cents": Case(
        "invoice_amount_mismatch",
        "billing/I",
        (amounts.invoice(2, net="100.00 XTS", tax=None, total=None, line_count=4),
         amounts.posting(3, net="100.02 XTS", tax=None, total=None)),
        {"satisfied": True},
    ),
    "a currency without cents": Case(
        "invoice_amount_mismatch",
        "billing/I",
        (amounts.invoice(2, net="100 JPY", tax=None, total=None, line_count=4),
         amounts.posting(3, net="102 JPY", tax=None, total=None)),
        {"satisfied": True},
    ),
    "more than half a cent a line is not": Case(
        "invoice_amount_mismatch",
        "billing/I",
        (amounts.invoice(2, line_count=3), amounts.posting(3, net="100.02 EUR", tax="18.98 EUR")),
        {"satisfied": False, "amount": "0.02 EUR"},
    ),
    "nothing of it is left once it is reversed": voided(
        reversals.posting(3), reversals.reversal(12), satisfied=True, by="erp/R", triggered=(10, "v10"),
        seen=["billing/I status = voided", "erp/R status = posted"],
    ),
    "it was never posted": voided(satisfied=True, by="billing/I", asks=None, seen=["billing/I status = voided"]),
    "credited, a cent less than it was": voided(
        reversals.posting(3), reversals.credit(12, "118.99 EUR"), satisfied=True, by="erp/C"
    ),
    "credited, two cents less than it was": voided(
        reversals.posting(3), reversals.credit(12, "118.98 EUR"), satisfied=False, by="erp/L",
        asks=("erp/ledger_posting/L", {"document_type": "reversal", "document_ref": "INV-7"}, {"status": "posted"}, ""),
    ),
    "worth nothing, it still stands": Case(
        "reversal_incomplete",
        "billing/I",
        (reversals.invoice(10, "voided", None), reversals.posting(3)),
        {"satisfied": False, "amount": None, "by": "erp/L"},
    ),
    "only the reversal was posted": voided(
        reversals.reversal(12), satisfied=False,
        asks=("erp/ledger_posting/INV-7", {"document_type": "invoice", "document_ref": "INV-7"}, {},
              "erp.invoice.post"),
    ),
    "the last of two memos answers": voided(
        reversals.posting(3), reversals.credit(13, "-100.00 EUR")._replace(native_id="B"),
        reversals.credit(12, "-19.00 EUR"), satisfied=True, by="erp/B",
    ),
    "an invoice in the ledger": Case(
        "invoice_not_posted", "billing/I", (posted.invoice(3), posted.posting(4)), {"satisfied": True, "by": "erp/L"}
    ),
    "in the ledger and taken back": Case(
        "invoice_not_posted",
        "billing/I",
        (posted.invoice(3), posted.posting(4), posted.posting(5, "posted", "reversal")._replace(native_id="R")),
        {"satisfied": False, "by": None, "seen": ["billing/I status = posted", "erp/R status = posted"]},
    ),
    "a document of another billing system": Case(
        "duplicate_document:invoice",
        "billing/I2",
        (documents.invoice(3, "I1")._replace(system="product"), documents.invoice(8, "I2")),
        {"satisfied": True, "seen": ["billing/I2 status = posted"]},
        of_second_system("billing"),
    ),
    "payments may be several": Case(
        "duplicate_document:ledger_posting",
        "erp/L2",
        (documents.posting(3, "L1", "payment"), documents.posting(8, "L2", "payment")),
        {"satisfied": True},
    ),
    "the later of two invoices": Case(
        "duplicate_document:invoice",
        "billing/I2",
        (documents.invoice(3, "I1"), documents.invoice(8, "I2")),
        {"satisfied": False, "seen": ["billing/I2 status = posted", "billing/I1 status = posted"], "by": "billing/I2",
         "asks": ("billing/invoice/I2", {"status": "voided"}, {"status": "posted"}, ""), "amount": "119.00 EUR"},
    ),
    "the earlier of two invoices": Case(
        "duplicate_document:invoice",
        "billing/I1",
        (documents.invoice(3, "I1"), documents.invoice(8, "I2")),
        {"satisfied": True, "seen": ["billing/I1 status = posted", "billing/I2 status = posted"], "by": "billing/I2"},
    ),
    "a reversal makes room for one more": Case(
        "duplicate_document:ledger_posting",
        "erp/L2",
        (documents.posting(3, "L1"), documents.posting(4, "R", "reversal"), documents.posting(8, "L2")),
        {"satisfied": True},
    ),
    "and for no third": Case(
        "duplicate_document:ledger_posting",
        "erp/L3",
        (documents.posting(3, "L1"), documents.posting(4, "R", "reversal"), documents.posting(8, "L2"),
         documents.posting(9, "L3")),
        {"satisfied": False},
    ),
    "a reversal of one that is marked as reversed makes none": Case(
        "duplicate_document:ledger_posting",
        "erp/L3",
        (documents.posting(2, "L0", status="reversed"), documents.posting(3, "L1"),
         documents.posting(4, "R", "reversal"), documents.posting(9, "L3")),
        {"satisfied": False},
    ),
    "more marked than reversed takes nothing away": Case(
        "duplicate_document:ledger_posting",
        "erp/L1",
        (documents.posting(2, "L0", status="reversed"), documents.posting(3, "L1")),
        {"satisfied": True},
    ),
    "less than one unit of tax": taxed(taxes.posting(4, tax="18.01 EUR"), satisfied=True, by="erp/L"),
    "one unit of tax": taxed(taxes.posting(4, tax="18.00 EUR"), satisfied=False, amount="1 EUR"),
    "one unit too much": taxed(taxes.posting(4, tax="20.00 EUR"), satisfied=False, amount="1 EUR"),
    "the code and the tax agree": taxed(
        taxes.posting(4), satisfied=True, amount="0 EUR", asks=None,
        seen=["billing/I tax_code = DE19", "erp/L tax_code = DE19", "billing/I tax = 19", "erp/L tax = 19"],
    ),
    "taken back, so nothing is taxed": Case(
        "tax_treatment_divergence",
        "billing/I",
        (
            taxes.invoice(3, tax_code="V19"),
            taxes.posting(4, tax_code="EURC"),
            taxes.posting(5, "R", type_="reversal"),
        ),
        NONE,
    ),
    "taken back, and taxed as finance governs its code": taxed(
        taxes.posting(4, tax_code="EURC"), taxes.posting(5, "R", type_="reversal"), satisfied=True
    ),
    "at rest the same tax is in order": Case(
        "tax_treatment_divergence", "billing/I", (taxes.invoice(3), taxes.posting(4)), SETTLED, at_rest=True
    ),
    "at rest another code is told though the tax agrees": Case(
        "tax_treatment_divergence", "billing/I", (taxes.invoice(3), taxes.posting(4, tax_code="EURC")),
        {"satisfied": False, "amount": "19 EUR"}, at_rest=True,
    ),
    "a region put right later answers": taxed(
        taxes.posting(4), taxes.account(9, "DE"), satisfied=True, by="crm/A", asks=None
    ),
    "two regions, of which it is none": taxed(
        taxes.account(2, "CH"), taxes.account(2, "FR")._replace(native_id="A2"), satisfied=False, asks=None,
        seen=["billing/I tax_region = DE", "crm/A tax_region = CH", "crm/A2 tax_region = FR"],
    ),
    "in flight": Case(
        "stuck_in_flight:invoice",
        "billing/I",
        (stuck.invoice(3),),
        {"satisfied": False, "by": None, "amount": "119 EUR",
         "asks": ("erp/ledger_posting/INV-7", {"document_ref": "INV-7", "document_type": "invoice"}, {}, "")},
    ),
    "arrived": Case("stuck_in_flight:invoice", "billing/I", (stuck.invoice(3, "posted"),),
                    {"satisfied": True, "by": "billing/I"}),
    "in flight within the ledger": Case(
        "stuck_in_flight:ledger_posting",
        "erp/L",
        (stuck.posting(3),),
        {"asks": ("erp/ledger_posting/CM-7", {"document_ref": "CM-7", "document_type": "credit_memo"}, {}, "")},
    ),
    "shown in the view": Case(
        "credit_memo_unpropagated", "erp/M", (shown.memo(3), shown.shown(5)),
        {"satisfied": True, "by": "crm/V", "seen": ["erp/M status = posted", "crm/V status = posted"]},
    ),
    "shown as a draft": Case(
        "credit_memo_unpropagated", "erp/M", (shown.memo(3), shown.shown(5, "draft")),
        {"satisfied": False, "by": None,
         "asks": ("crm/credit_memo/V", {"number": "CM-7", "total": "119.00", "status": "posted",
                                        "invoice_ref": "INV-7"}, {}, "")},
    ),
    "billing's memo where an ERP has its own": Case(
        "credit_memo_unpropagated", "billing/M", (shown.memo(3, system="billing"),), NONE
    ),
    "both have the memo": Case(
        "credit_memo_without_counterpart", "erp/M-erp", (memos.memo(3, "erp"), memos.memo(5, "billing")),
        {"satisfied": True, "by": "billing/M-billing", "triggered": (3, "v3"),
         "seen": ["erp/M-erp status = posted", "billing/M-billing status = posted"]},
    ),
    "the general ledger has it": Case(
        "credit_memo_without_counterpart", "billing/M-billing", (memos.memo(3, "billing"), memos.posting(5)),
        {"satisfied": True, "by": "erp/L"},
    ),
    "a posting of another sort is none of it": Case(
        "credit_memo_without_counterpart", "billing/M-billing", (memos.memo(3, "billing"), memos.posting(5, "invoice")),
        {"satisfied": False, "by": None, "seen": ["billing/M-billing status = posted"]},
    ),
    "in billing a posting says nothing": Case(
        "credit_memo_without_counterpart", "erp/M-erp", (memos.memo(3, "erp"), memos.posting(5)),
        {"satisfied": False, "seen": ["erp/M-erp status = posted"]},
    ),
    "known to both": refunded(
        refunds.in_billing(4), refunds.posting(5), satisfied=True, severity="S2", owner="billing", by="erp/L", asks=None
    ),
    "known to billing last": refunded(refunds.posting(4), refunds.in_billing(5), satisfied=True, by="billing/R1"),
    "known to billing alone": refunded(
        refunds.in_billing(4), satisfied=False, severity="S1", owner="erp",
        asks=("erp/ledger_posting/re_1", {"document_type": "refund", "document_ref": "re_1", "total": "50.00"}, {}, ""),
    ),
    "known to the ledger alone": refunded(
        refunds.posting(5), satisfied=False, severity="S2", owner="billing", asks=None
    ),
    "a cent less in the ledger": refunded(refunds.in_billing(4), refunds.posting(5, "49.99 EUR"), satisfied=True),
    "two cents less in the ledger": refunded(
        refunds.in_billing(4), refunds.posting(5, "49.98 EUR"), satisfied=False, asks=None,
        seen=["processor/R1 status = settled", "erp/L total = 49.98"],
    ),
    "credited a cent less": refunded(refunds.credit(4, "49.99 EUR"), refunds.posting(5), satisfied=True),
    "credited two cents less": refunded(refunds.credit(4, "49.98 EUR"), refunds.posting(5), satisfied=False),
    "credited by a draft and in another currency": refunded(
        refunds.credit(4, status="draft"), refunds.credit(4, "50.00 USD")._replace(native_id="C2"),
        refunds.posting(5), satisfied=False,
    ),
    "credited below nothing": refunded(refunds.credit(4, "-50.00 EUR"), refunds.posting(5), satisfied=True),
    "credited in another currency": refunded(refunds.credit(4, "50.00 USD"), refunds.posting(5), satisfied=False),
    "credited by an amount that nobody states": refunded(
        refunds.credit(4)._replace(attributes={**(refunds.credit(4).attributes or {}), "total": None}),
        refunds.posting(5), satisfied=False,
    ),
    "a refund in billing that states no status": refunded(
        refunds.in_billing(4)._replace(attributes={**(refunds.in_billing(4).attributes or {}), "status": None}),
        refunds.posting(5), satisfied=True,
    ),
    "posted in another currency": refunded(refunds.in_billing(4), refunds.posting(5, "50.00 USD"), satisfied=False,
                                           seen=["processor/R1 status = settled"]),
    "posted by an amount that nobody states": refunded(
        refunds.in_billing(4), *plain(refunds.posting(5), total=None), satisfied=False
    ),
    "another sort of posting": refunded(refunds.in_billing(4), refunds.posting(5, type_="payment"), satisfied=False),
}  # fmt: skip


@every(SHOWN)
def test_what_was_received_is_shown(case: Case) -> None:
    hold(case)


@every(CASES)
def test_it_answers(case: Case) -> None:
    hold(case)
