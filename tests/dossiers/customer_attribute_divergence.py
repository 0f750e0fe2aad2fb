from __future__ import annotations

from typing import Any

from tests.dossiers.model import Change, Dossier, change, deletion

PAY, NEW = "pay@acme.example", "new@acme.example"


def customer(at: float, system: str, native_id: str, **told: Any) -> Change:
    stated = {"name": "Acme GmbH", "status": "active", "tax_id": "DE811569869", "country": "DE"}
    return change(at, system, "customer", native_id, **stated | {"crm_ref": "A"} | told)


def crm(at: float, email: str, status: str = "active") -> Change:
    return customer(at, "crm", "A", email=email, status=status, crm_ref=None, billing_ref="B", erp_ref="E")


def billing(at: float, **told: Any) -> Change:
    return customer(at, "billing", "B", **{"email": PAY} | told)


def erp(at: float, **told: Any) -> Change:
    return customer(at, "erp", "E", **{"email": PAY} | told)


def invoice(at: float, native_id: str, status: str = "posted", paid: str | None = "open") -> Change:
    stated: dict[str, Any] = {"number": f"INV-{native_id}", "status": status, "payment_status": paid}
    return change(at, "billing", "invoice", native_id, **stated, total="119.00 EUR")


QUIET = {
    "put right as the grace ends": (billing(5, tax_id="DE000"), billing(15)),
    "written in another way": (billing(5, tax_id="de 811 569 869", name="ACME G.m.b.H."),),
    "not stated": (billing(5, tax_id=None, name=None),),
    "closed": (billing(5, tax_id="DE000", status="churned"),),
    "deleted within the grace": (billing(5, tax_id="DE000"), deletion(14.9, "billing", "customer", "B", "B")),
    "owned by nobody": (billing(5, domain="other.example"),),
    "another kind's": (billing(5, currency="USD", payment_terms="N90", legal_entity="2000"),),
}
ON_OPEN_INVOICES = Dossier(
    kind="customer_attribute_divergence",
    story=(
        billing(5, tax_id="DE000"),
        invoice(6, "1"),
        invoice(7, "2"),
        invoice(7, "3", paid="paid"),
        invoice(7, "4", "draft"),
    ),
    opens_at=15,
    near_misses=QUIET,
    late=(billing(14.5),),
    amount="238 EUR",
    owner_system="erp",
    owner_team="customer-master",
    says=("customer B in billing", "tax id as erp states it", "another tax id", "2 open invoices"),
    resolved_by=(billing(40),),
)
THE_OWNER_CHANGED = Dossier(
    kind="customer_attribute_divergence",
    story=(crm(5, NEW), erp(6, email=NEW)),
    opens_at=15,
    near_misses={
        "all followed in time": (
            crm(5, NEW),
            erp(6, email="NEW@acme.example"),
            billing(15, email=NEW),
        ),
        "the owner took it back": (
            crm(5, NEW),
            crm(14.9, PAY),
        ),
        "the owner closed its record": (crm(5, NEW, "churned"),),
    },
    late=(crm(14.5, PAY), erp(14.6)),
    amount=None,
    owner_system="crm",
    owner_team="customer-master",
    says=("email as crm states it", "another email"),
    resolved_by=(crm(40, PAY), erp(40)),
)
DOSSIERS = (ON_OPEN_INVOICES, THE_OWNER_CHANGED)
