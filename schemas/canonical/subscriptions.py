"""What billing charges for: subscriptions, their versions, charges, amendments, entitlements, usage."""

from __future__ import annotations

from schemas.canonical.model import CORRELATION, Entity, state
from schemas.canonical.model import Attribute as _A

SUBSCRIPTIONS = (
    Entity(
        "subscription",
        "What billing charges for, in its present version.",
        (
            _A("number", "text", "subscription number"),
            state("status", "draft, pending_activation, pending_acceptance, active, suspended, cancelled"),
            _A("contract_ref", "text", "contract number"),
            _A("opportunity_ref", "text", "CRM opportunity it came from"),
            _A("version_number", "integer", "rises with each amendment"),
            _A("starts_on", "date", "service start"),
            _A("term_months", "integer", "length in months"),
            _A("monthly_value", "net", "recurring charge a month"),
            _A("total_value", "net", "total contract value of the present version"),
            _A("ends_on", "date", "last day of service: end of term or of a cancellation"),
            _A("legal_entity", "text", "selling company"),
            CORRELATION,
            _A("effective_on", "date", "first day of the present version"),
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
        "charge",
        "A recurring, one-time or usage charge of a subscription.",
        (
            _A("subscription_ref", "text", "the subscription"),
            _A("product_code", "text", "product code"),
            _A("type", "text", "recurring, one_time, usage"),
            _A("quantity", "integer", "units"),
            _A("unit_price", "net", "a unit a period"),
            _A("discount_percent", "text", "decimal"),
            _A("starts_on", "date", "first day"),
            _A("ends_on", "date", "last day"),
            state("status", "active, ended"),
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
            state("status", "draft, active"),
            CORRELATION,
        ),
        parent="subscription",
    ),
    Entity(
        "entitlement",
        "What the product lets a customer use.",
        (
            _A("subscription_number", "text", "number of the subscription that grants it"),
            _A("product_code", "text", "product code"),
            _A("quantity", "integer", "units"),
            state("status", "active, suspended, revoked"),
            _A("starts_on", "date", "first day"),
            _A("ends_on", "date", "last day"),
        ),
    ),
    Entity(
        "usage",
        "Metered use of one period.",
        (
            _A("subscription_number", "text", "number of the subscription"),
            _A("product_code", "text", "product code"),
            _A("quantity", "integer", "units used"),
            _A("period_starts_on", "date", "first day"),
            _A("period_ends_on", "date", "last day"),
            state("status", "received, rated, billed"),
            _A("rated", "net", "what it costs above what is included"),
        ),
    ),
)
