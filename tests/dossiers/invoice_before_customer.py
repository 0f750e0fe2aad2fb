"""The tolerance is 300 seconds."""

from __future__ import annotations

from typing import Any

from tests.dossiers.model import Change, Dossier, change, deletion

OTHERS = ("crm", "processor", "product")
"""Whose customers are there from the first second on."""


def customer(at: float, status: str = "active", system: str = "erp") -> Change:
    native_id = {"erp": "E", "billing": "B"}[system]
    return change(at, system, "customer", native_id, name="Acme GmbH", status=status, crm_ref="A")


def posting(at: float, status: str = "posted", type_: str = "invoice", ref: str | None = "INV-7") -> Change:
    stated: dict[str, Any] = {"document_type": type_, "document_ref": ref, "status": status}
    return change(at, "erp", "ledger_posting", "L", **stated, total="119.00 EUR")


def invoice(at: float, status: str = "posted", total: str = "119.00 EUR") -> Change:
    return change(at, "billing", "invoice", "I", number="INV-7", status=status, total=total)


DRAFTED = customer(2, "prospect")
IN_THE_LEDGER = Dossier(
    kind="invoice_before_customer",
    story=(DRAFTED, posting(3), customer(400)),
    opens_at=400,
    near_misses={
        "in order": (customer(2), posting(400)),
        "exactly within the tolerance": (DRAFTED, posting(3), customer(303)),
        "never set up, which is another kind's": (DRAFTED, posting(3)),
        "only a draft until then": (DRAFTED, posting(3, "draft"), customer(400), posting(401)),
        "on its way until then": (DRAFTED, posting(3, "posting"), customer(400), posting(401)),
        "reversed before": (DRAFTED, posting(3), posting(399, "reversed"), customer(400)),
        "a payment": (DRAFTED, posting(3, type_="payment"), customer(400)),
        "set up before, and put back": (
            customer(2),
            posting(3),
            customer(100, "suspended"),
            customer(200, "prospect"),
            customer(400),
        ),
        "set up before, and deleted": (customer(2), posting(3), deletion(100, "erp", "customer", "E", "E")),
        "set up before, deleted, and there again": (
            customer(2),
            posting(3),
            deletion(100, "erp", "customer", "E", "E"),
            customer(400),
        ),
        "invoiced again after it was put back": (
            customer(2),
            customer(10, "prospect"),
            posting(20),
            customer(400),
        ),
        "of another system": (DRAFTED, customer(2, "prospect", "billing"), posting(3), customer(400, system="billing")),
    },
    late=(posting(399, "reversed"),),
    amount="119 EUR",
    owner_system="erp",
    owner_team="finance-systems",
    says=("customer E is set up in erp first", "invoice INV-7 was posted in the ledger 6 minutes before"),
    resolved_by=(posting(500, "reversed"),),
    linked=(*OTHERS, "billing"),
    subject=("erp", "ledger_posting", "L"),
)
IN_BILLING = IN_THE_LEDGER._replace(
    story=(customer(2, "prospect", "billing"), invoice(3, "draft"), invoice(4), customer(400, system="billing")),
    near_misses={
        "in order": (customer(2, system="billing"), invoice(400)),
        "over nothing": (
            customer(2, "prospect", "billing"),
            invoice(3, total="0.00 EUR"),
            customer(400, system="billing"),
        ),
        "voided before": (
            customer(2, "prospect", "billing"),
            invoice(3),
            invoice(300, "voided"),
            customer(400, system="billing"),
        ),
    },
    late=(invoice(399, "voided"),),
    owner_system="billing",
    says=("customer B is set up in billing first", "INV-7 was posted in billing 6 minutes before"),
    resolved_by=(invoice(500, "voided"),),
    linked=(*OTHERS, "erp"),
    subject=("billing", "invoice", "I"),
)
UNNUMBERED = IN_THE_LEDGER._replace(
    story=(DRAFTED, posting(3, ref=None), customer(340)),
    opens_at=340,
    near_misses={"set up one second earlier than that counts": (DRAFTED, posting(3, ref=None), customer(303))},
    late=(posting(339, "reversed", ref=None),),
    says=("invoice L was posted in the ledger 5 minutes before",),
    resolved_by=(deletion(500, "erp", "ledger_posting", "L"),),
)
DOSSIERS = (IN_THE_LEDGER, IN_BILLING, UNNUMBERED)
