from __future__ import annotations

from typing import Any

from tests.dossiers.model import Change, Dossier, Toggles, change


def subscription(at: float, status: str = "active", **said: Any) -> Change:
    attributes = {"number": "SUB-1", "total_value": "1200.00 EUR", "legal_entity": "1000", **said}
    return change(at, "billing", "subscription", "S", status=status, **attributes)


def profile(at: float, status: str = "active", id_: str = "FP", **said: Any) -> Change:
    attributes = {
        "legal_entity": "1000",
        "receivable_account": "1200",
        "payment_terms": "NET30",
        "currency": "EUR",
        "tax_registration": "DE811569869",
        **said,
    }
    return change(at, "erp", "financial_profile", id_, status=status, **attributes)


def customer(at: float, tax_id: str | None) -> Change:
    return change(at, "erp", "customer", "E", name="Acme GmbH", legal_entity="1000", tax_id=tax_id, crm_ref="A")


COMMON: dict[str, Any] = {
    "kind": "erp_financial_profile_missing",
    "opens_at": 13,
    "amount": "1200 EUR",
    "owner_system": "erp",
    "owner_team": "finance-systems",
    "late": (profile(12.5),),
    "resolved_by": (profile(40),),
}

DOSSIERS = (
    Dossier(
        **COMMON,
        story=(subscription(2, "draft"), subscription(3), profile(4, id_="FP-2000", legal_entity="2000")),
        near_misses={
            "set up exactly at the deadline": (subscription(3), profile(13)),
            "set up before the activation": (profile(2), subscription(3)),
            "it has one for all companies": (subscription(3), profile(5, legal_entity=None)),
            "not active yet": (subscription(3, "pending_activation"),),
            "cancelled in time": (subscription(3), subscription(12.9, "cancelled")),
            "suspended since, and set up": (subscription(3), subscription(5, "suspended"), profile(12)),
            "the company is that of the customer": (subscription(3, legal_entity=None), profile(13)),
        },
        says=("SUB-1", "erp", "company 1000", "no profile"),
    ),
    Dossier(
        **COMMON,
        story=(
            customer(2, None),
            subscription(3),
            profile(5, "draft", receivable_account=None, currency=None, tax_registration=None),
        ),
        near_misses={
            "completed exactly at the deadline": (
                customer(2, None),
                subscription(3),
                profile(5, payment_terms=None),
                profile(13),
            ),
            "the customer's own tax number will do": (subscription(3), profile(5, tax_registration=None)),
            "another profile of the company is complete": (
                subscription(3),
                profile(5, "draft", receivable_account=None),
                profile(6, id_="FP-2"),
            ),
        },
        says=("FP", "its activation", "receivable account", "tax registration", "currency"),
    ),
    Dossier(
        **COMMON,
        linked=("crm", "billing", "processor", "product"),
        story=(subscription(3, legal_entity=None),),
        near_misses={
            "customer and profile came in time": (subscription(3), customer(9, "DE811569869"), profile(13)),
            "customer and profile came first": (customer(2, "DE811569869"), profile(2), subscription(3)),
            "a draft, cancelled": (subscription(3, "draft"), subscription(20, "cancelled")),
        },
        says=("the selling company", "no customer"),
    )._replace(late=(customer(12, "DE811569869"), profile(12.5)), resolved_by=(customer(39, None), profile(40))),
)

TOGGLES = Toggles(
    demand=lambda at: (subscription(at),),
    withdraw=lambda at: (subscription(at, "cancelled"),),
    do=lambda at: (profile(at),),
    undo=lambda at: (profile(at, payment_terms=None),),
)
