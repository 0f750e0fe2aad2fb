"""What is sold: products and bundles, deals, quotes, orders, contracts."""

from __future__ import annotations

from schemas.canonical.model import CORRELATION, Entity, state
from schemas.canonical.model import Attribute as _A

SALES = (
    Entity(
        "product",
        "Something that is sold.",
        (
            _A("code", "text", "product code, the same everywhere"),
            _A("name", "text", "name"),
            _A("type", "text", "recurring, usage, one_time, physical"),
            state("status", "active, retired"),
            _A("revenue_account", "text", "GL account that the ERP posts its revenue to"),
        ),
    ),
    Entity(
        "bundle_item",
        "One product of a bundle.",
        (
            _A("bundle_code", "text", "product code of the bundle"),
            _A("product_code", "text", "product code of the part"),
            _A("quantity", "integer", "how many of it"),
        ),
    ),
    Entity(
        "opportunity",
        "A deal in the CRM.",
        (
            _A("name", "text", "title"),
            state("stage", "open, won, lost"),
            _A("value", "net", "total contract value agreed"),
            _A("closes_on", "date", "expected or actual closing day"),
            _A("type", "text", "new, expansion, renewal"),
            _A("recurring", "flag", "has recurring lines; unknown counts as yes"),
            _A("legal_entity", "text", "selling company"),
            _A("contract_ref", "text", "contract number it led to"),
            CORRELATION,
            _A("order_managed", "flag", "has lines that the ERP delivers by order"),
        ),
    ),
    Entity(
        "opportunity_line",
        "A product of a deal.",
        (
            _A("opportunity_ref", "text", "the deal's id"),
            _A("product_code", "text", "product code"),
            _A("quantity", "integer", "units"),
            _A("net", "net", "agreed for the term"),
            _A("recurring", "flag", "charged again each period"),
        ),
        parent="opportunity",
    ),
    Entity(
        "quote",
        "An offer.",
        (
            _A("number", "text", "quote number"),
            _A("opportunity_ref", "text", "the deal"),
            state("status", "draft, sent, accepted, rejected, expired"),
            _A("value", "net", "total"),
            _A("expires_on", "date", "last day"),
            CORRELATION,
        ),
    ),
    Entity(
        "order",
        "An order: in the ERP where orders are managed there.",
        (
            _A("number", "text", "order number, the same everywhere"),
            _A("opportunity_ref", "text", "the deal"),
            state("status", "draft, open, fulfilled, cancelled"),
            _A("value", "net", "total"),
            _A("ordered_on", "date", "order date"),
            CORRELATION,
        ),
    ),
    Entity(
        "contract",
        "The agreement as CRM, billing or finance carries it.",
        (
            _A("number", "text", "contract number, the same in every system"),
            state("status", "draft, active, ended"),
            _A("opportunity_ref", "text", "CRM opportunity it came from"),
            _A("value", "net", "total contract value"),
            _A("starts_on", "date", "first day"),
            _A("term_months", "integer", "length in months"),
            _A("version_number", "integer", "version of the subscription that it carries"),
            CORRELATION,
        ),
    ),
)
