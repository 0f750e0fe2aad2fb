"""What is demanded and paid: invoices, payments, refunds, credit memos."""

from __future__ import annotations

from schemas.canonical.model import CORRELATION, Entity, state
from schemas.canonical.model import Attribute as _A

DOCUMENTS = (
    Entity(
        "invoice",
        "An invoice document: of billing, or as another system shows it.",
        (
            _A("number", "text", "invoice number, the same everywhere"),
            state("status", "draft, posting, posted, paid, voided"),
            _A("subscription_ref", "text", "what it charges for"),
            _A("net", "net", "sum of lines before tax"),
            _A("tax", "tax", "tax"),
            _A("total", "gross", "amount due"),
            _A("issued_on", "date", "invoice date"),
            _A("due_on", "date", "payment due"),
            state("payment_status", "open, pending, partially_paid, paid, failed, refunded"),
            _A("paid", "gross", "amount received so far"),
            _A("tax_code", "text", "governed tax code"),
            _A("tax_region", "text", "tax jurisdiction used"),
            _A("legal_entity", "text", "selling company"),
            _A("order_ref", "text", "order number"),
            _A("line_count", "integer", "number of lines: each may round by half a minor unit"),
            _A("service_starts_on", "date", "first day that it charges for"),
            CORRELATION,
            _A("service_ends_on", "date", "last day that it charges for"),
            _A("charge", "text", "what is charged, where it is one thing"),
        ),
    ),
    Entity(
        "invoice_line",
        "A line of an invoice.",
        (
            _A("invoice_ref", "text", "the invoice's id"),
            _A("charge", "text", "what is charged"),
            _A("quantity", "integer", "units"),
            _A("net", "net", "before tax"),
            _A("tax", "tax", "tax"),
            _A("product_code", "text", "product code"),
            _A("tax_code", "text", "governed tax code"),
            _A("service_starts_on", "date", "first day that it charges for"),
            _A("service_ends_on", "date", "last day that it charges for"),
        ),
        parent="invoice",
    ),
    Entity(
        "payment",
        "Money received: as the processor or the bank states it, or as billing knows it.",
        (
            _A("invoice_ref", "text", "invoice number it pays"),
            state("status", "pending, settled, failed, refunded, disputed"),
            _A("total", "gross", "amount"),
            _A("reference", "text", "the processor's id of the payment, the same everywhere"),
            _A("settled_on", "date", "value date"),
            _A("method", "text", "card, direct_debit, transfer"),
            CORRELATION,
        ),
    ),
    Entity(
        "refund",
        "Money given back.",
        (
            _A("payment_ref", "text", "the payment's reference"),
            _A("invoice_ref", "text", "invoice number"),
            state("status", "pending, settled, failed"),
            _A("total", "gross", "amount"),
            _A("reference", "text", "the processor's id of the refund, the same everywhere"),
            CORRELATION,
        ),
    ),
    Entity(
        "credit_memo",
        "A credit note: posted in the ERP or in billing, shown in the CRM account view.",
        (
            _A("number", "text", "credit memo number, the same everywhere"),
            state("status", "draft, posted, voided"),
            _A("invoice_ref", "text", "invoice number it credits"),
            _A("total", "gross", "amount credited"),
            CORRELATION,
        ),
    ),
)
