"""The canonical model of quote-to-cash: each entity's attributes, their type and meaning, as one table.

The Avro files under `schemas/avro` are generated from it (`driftwise schemas --write`); the core carries attributes as
plain JSON values: text, whole numbers, booleans, ISO dates, instants in microseconds, money as
`{"amount", "currency", "basis"}`.
"""

from __future__ import annotations

from typing import NamedTuple


class Attribute(NamedTuple):
    name: str
    type: str
    """text | integer | flag | date | instant | net | tax | gross (the last three are money with that basis)."""
    meaning: str
    pii: bool = False


class Entity(NamedTuple):
    name: str
    meaning: str
    attributes: tuple[Attribute, ...]
    parent: str | None = None
    """The entity of the same system without which a row of this one cannot be understood."""

    @property
    def attribute_names(self) -> tuple[str, ...]:
        return tuple(a.name for a in self.attributes)


_A = Attribute
MONEY_TYPES = frozenset({"net", "tax", "gross"})

ENTITIES: dict[str, Entity] = {
    entity.name: entity
    for entity in (
        Entity(
            "customer",
            "A customer as one system knows it: CRM account, billing account, ERP customer.",
            (
                _A("name", "text", "legal or display name", pii=True),
                _A("status", "text", "prospect, active, suspended, churned"),
                _A("email", "text", "billing contact", pii=True),
                _A("tax_id", "text", "tax registration number", pii=True),
                _A("country", "text", "ISO 3166 country"),
                _A("currency", "text", "ISO 4217 currency the customer trades in"),
                _A("legal_entity", "text", "selling company"),
                _A("crm_ref", "text", "id of the CRM account that this record says it belongs to"),
                _A("billing_ref", "text", "id of the billing account that this record says it belongs to"),
                _A("erp_ref", "text", "id of the ERP customer that this record says it belongs to"),
            ),
        ),
        Entity(
            "opportunity",
            "A deal in the CRM.",
            (
                _A("name", "text", "title"),
                _A("stage", "text", "open, won, lost"),
                _A("value", "net", "total contract value agreed"),
                _A("closes_on", "date", "expected or actual closing day"),
            ),
        ),
        Entity(
            "contract",
            "The agreement as billing or finance carries it.",
            (
                _A("number", "text", "contract number, the same in billing and ERP"),
                _A("status", "text", "draft, active, ended"),
                _A("opportunity_ref", "text", "CRM opportunity it came from"),
                _A("value", "net", "total contract value"),
                _A("starts_on", "date", "first day"),
                _A("term_months", "integer", "length in months"),
            ),
        ),
        Entity(
            "subscription",
            "What billing charges for, in its present version.",
            (
                _A("number", "text", "subscription number"),
                _A("status", "text", "draft, pending_activation, pending_acceptance, active, suspended, cancelled"),
                _A("contract_ref", "text", "contract number"),
                _A("opportunity_ref", "text", "CRM opportunity it came from"),
                _A("version_number", "integer", "rises with each amendment"),
                _A("starts_on", "date", "service start"),
                _A("term_months", "integer", "length in months"),
                _A("monthly_value", "net", "recurring charge a month"),
                _A("total_value", "net", "total contract value of the present version"),
            ),
        ),
        Entity(
            "subscription_version",
            "One version of a subscription.",
            (
                _A("subscription_ref", "text", "the subscription"),
                _A("version_number", "integer", "1, 2, 3"),
                _A("effective_on", "date", "first day of this version"),
                _A("total_value", "net", "total contract value of this version"),
            ),
            parent="subscription",
        ),
        Entity(
            "amendment",
            "A change order to a subscription.",
            (
                _A("subscription_ref", "text", "the subscription"),
                _A("number", "text", "amendment number"),
                _A("type", "text", "upsell, downsell, renewal, cancellation"),
                _A("effective_on", "date", "first day"),
                _A("status", "text", "draft, active"),
            ),
            parent="subscription",
        ),
        Entity(
            "invoice",
            "An invoice document of billing.",
            (
                _A("number", "text", "invoice number"),
                _A("status", "text", "draft, posted, paid, voided"),
                _A("subscription_ref", "text", "what it charges for"),
                _A("net", "net", "sum of lines before tax"),
                _A("tax", "tax", "tax"),
                _A("total", "gross", "amount due"),
                _A("issued_on", "date", "invoice date"),
                _A("due_on", "date", "payment due"),
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
            ),
            parent="invoice",
        ),
        Entity(
            "payment",
            "Money received, as billing knows it.",
            (
                _A("invoice_ref", "text", "invoice number it pays"),
                _A("status", "text", "pending, settled, failed"),
                _A("total", "gross", "amount"),
            ),
        ),
        Entity(
            "credit_memo",
            "A credit note: posted in the ERP, shown in the CRM account view.",
            (
                _A("number", "text", "credit memo number, the same everywhere"),
                _A("status", "text", "draft, posted, voided"),
                _A("invoice_ref", "text", "invoice number it credits"),
                _A("total", "gross", "amount credited"),
            ),
        ),
        Entity(
            "financial_profile",
            "What finance set up for an ERP customer in one legal entity.",
            (
                _A("legal_entity", "text", "company"),
                _A("receivable_account", "text", "GL account"),
                _A("payment_terms", "text", "terms code"),
                _A("currency", "text", "ISO 4217"),
                _A("status", "text", "draft, active"),
            ),
        ),
        Entity(
            "ledger_posting",
            "A document in the general ledger.",
            (
                _A("document_type", "text", "invoice, credit_memo, reversal"),
                _A("document_ref", "text", "number of the document it posts"),
                _A("status", "text", "draft, posted, reversed"),
                _A("total", "gross", "amount"),
                _A("posted_on", "date", "posting date"),
            ),
        ),
        Entity(
            "cash_application",
            "A payment applied to a receivable in the ERP.",
            (
                _A("invoice_ref", "text", "invoice number"),
                _A("payment_ref", "text", "payment reference"),
                _A("total", "gross", "amount applied"),
            ),
        ),
    )
}
