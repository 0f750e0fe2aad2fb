"""Who trades: customers and their hierarchy, contacts, partners, legal entities."""

from __future__ import annotations

from schemas.canonical.model import Attribute as _A
from schemas.canonical.model import Entity, state

PARTIES = (
    Entity(
        "customer",
        "A customer as one system knows it: CRM account, billing account, ERP customer.",
        (
            _A("name", "text", "legal or display name", pii=True),
            state("status", "prospect, active, suspended, churned"),
            _A("email", "text", "billing contact", pii=True),
            _A("tax_id", "text", "tax registration number", pii=True),
            _A("country", "text", "ISO 3166 country"),
            _A("currency", "text", "ISO 4217 currency the customer trades in"),
            _A("legal_entity", "text", "selling company"),
            _A("crm_ref", "text", "id of the CRM account that this record says it belongs to"),
            _A("billing_ref", "text", "id of the billing account that this record says it belongs to"),
            _A("erp_ref", "text", "id of the ERP customer that this record says it belongs to"),
            _A("segment", "text", "governed segment: decides deadlines, severity and impact"),
            _A("parent_ref", "text", "id of the parent customer in the same system"),
            _A("parent_crm_ref", "text", "CRM account of the parent, as the other systems name it"),
            _A("bill_to_ref", "text", "id of the customer that is billed, in the same system"),
            _A("registration_number", "text", "number in the company register"),
            _A("domain", "text", "internet domain"),
            _A("street", "text", "street and number", pii=True),
            _A("city", "text", "city", pii=True),
            _A("postal_code", "text", "postal code", pii=True),
            _A("tax_region", "text", "governed tax region of the place of supply"),
            _A("payment_terms", "text", "governed terms code"),
            _A("delinquent", "flag", "shown as overdue to account teams"),
            _A("partner_ref", "text", "the partner it is sold through"),
            _A("bill_to_crm_ref", "text", "CRM account of the customer that is billed, as the other systems name it"),
        ),
    ),
    Entity(
        "contact",
        "A person or mailbox of a customer.",
        (
            _A("name", "text", "name", pii=True),
            _A("email", "text", "address", pii=True),
            _A("role", "text", "bill_to, ship_to, buyer, technical"),
            state("status", "active, inactive"),
        ),
    ),
    Entity(
        "partner",
        "A reseller or referrer.",
        (
            _A("name", "text", "name"),
            _A("type", "text", "reseller, referral, marketplace"),
            state("status", "active, ended"),
            _A("tax_id", "text", "tax registration number", pii=True),
        ),
    ),
    Entity(
        "legal_entity",
        "A company of ours that sells and keeps books.",
        (
            _A("number", "text", "company code"),
            _A("name", "text", "name"),
            _A("country", "text", "ISO 3166 country"),
            _A("currency", "text", "ISO 4217 currency of its books"),
            _A("tax_id", "text", "tax registration number"),
        ),
    ),
)
