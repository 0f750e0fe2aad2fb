"""What the books say: financial profiles, postings, revenue schedules, cash applications."""

from __future__ import annotations

from schemas.canonical.model import CORRELATION, Entity, state
from schemas.canonical.model import Attribute as _A

FINANCE = (
    Entity(
        "financial_profile",
        "What finance set up for an ERP customer in one legal entity.",
        (
            _A("legal_entity", "text", "company"),
            _A("receivable_account", "text", "GL account"),
            _A("payment_terms", "text", "terms code"),
            _A("currency", "text", "ISO 4217"),
            state("status", "draft, active"),
            _A("tax_registration", "text", "tax registration number used in this company", pii=True),
        ),
    ),
    Entity(
        "ledger_posting",
        "A document in the general ledger.",
        (
            state("document_type", "invoice, credit_memo, reversal, refund, payment"),
            _A("document_ref", "text", "number of the document it posts"),
            state("status", "draft, posting, posted, reversed"),
            _A("total", "gross", "amount in the document's currency"),
            _A("posted_on", "date", "posting date"),
            _A("net", "net", "before tax, in the document's currency"),
            _A("tax", "tax", "tax, in the document's currency"),
            _A("tax_code", "text", "governed tax code"),
            _A("ledger_total", "ledger_gross", "amount in the currency of the books"),
            _A("legal_entity", "text", "company code"),
            _A("period", "text", "posting period, YYYY-MM"),
            _A("line_count", "integer", "number of lines"),
            CORRELATION,
        ),
    ),
    Entity(
        "revenue_schedule",
        "How the revenue of one version of a subscription is recognised.",
        (
            _A("subscription_number", "text", "number of the subscription"),
            _A("version_number", "integer", "version of the subscription it was cut for"),
            state("status", "draft, active, closed"),
            _A("starts_on", "date", "first day"),
            _A("ends_on", "date", "last day"),
            _A("total", "net", "sum of the schedule"),
            _A("recognised", "net", "recognised so far"),
            _A("recognised_until", "date", "last day recognised"),
            CORRELATION,
        ),
    ),
    Entity(
        "cash_application",
        "A payment applied to a receivable in the ERP.",
        (
            _A("invoice_ref", "text", "invoice number"),
            _A("payment_ref", "text", "the payment's reference"),
            _A("total", "gross", "amount applied"),
            state("status", "applied, reversed", note="; unknown counts as applied"),
            CORRELATION,
        ),
    ),
)
