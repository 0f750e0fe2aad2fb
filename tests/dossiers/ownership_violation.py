from __future__ import annotations

from typing import Any

from tests.dossiers.model import CUSTOMERS, Change, Dossier, change

AS_FOUNDED: dict[str, Any] = {
    "name": "Acme GmbH",
    "status": "active",
    "tax_id": "DE811569869",
    "country": "DE",
    "currency": "EUR",
    "email": "pay@acme.example",
    "legal_entity": "1000",
}
REFS: dict[str, Any] = {"crm": {"billing_ref": "B", "erp_ref": "E"}}


def customer(at: float, system: str, by: str = "ada", **changed: Any) -> Change:
    refs = REFS.get(system, {"crm_ref": "A"})
    return change(at, system, "customer", CUSTOMERS[system], by=by, **(AS_FOUNDED | refs | changed))


DOSSIERS = (
    Dossier(
        kind="ownership_violation",
        story=(customer(5, "billing", email="cfo@acme.example"),),
        opens_at=5,
        near_misses={
            "the owner edits its own": (customer(5, "crm", email="cfo@acme.example"),),
            "a copy of what the owner has just changed": (
                customer(5, "crm", email="cfo@acme.example"),
                customer(6, "billing", "integration", email="cfo@acme.example"),
            ),
            "a value in other letters": (customer(5, "billing", name="ACME  GmbH"),),
            "our own correction": (customer(5, "billing", "driftwise", email="cfo@acme.example"),),
            "nobody owns the attribute": (customer(5, "billing", segment="gold"),),
            "both in the same instant": (
                customer(5, "crm", email="cfo@acme.example"),
                customer(5, "billing", email="ceo@acme.example"),
            ),
            "the state, which is each system's own": (customer(5, "billing", status="suspended"),),
            "stated for the first time": (
                customer(5, "billing", registration_number="HRB 1"),
                customer(6, "billing", registration_number="HRB 2"),
            ),
        },
        late=(customer(5, "crm", email="cfo@acme.example"),),
        amount=None,
        owner_system="crm",
        owner_team="customer-master",
        says=("the owner has: email (crm)", "another email, edited by a person", "billing"),
        resolved_by=(customer(40, "billing", "driftwise"),),
    ),
    Dossier(
        # In the account view, by an import; what the ERP owns decides tax and ledger.
        kind="ownership_violation",
        story=(customer(5, "crm", "integration", tax_id="DE000000001", currency="USD"),),
        opens_at=5,
        near_misses={
            "the value that the owner has": (
                customer(4, "erp", tax_id="DE2"),
                customer(5, "crm", "integration", tax_id="DE2"),
            ),
            "no record of the owner": (customer(5, "crm", payment_terms="net30"),),
        },
        late=(customer(5, "erp", tax_id="DE000000001", currency="USD"),),
        amount=None,
        owner_system="erp",
        owner_team="customer-master",
        says=("tax id (erp)", "another tax id, edited by another integration", "currency USD", "currency EUR (erp)"),
        resolved_by=(customer(40, "erp", tax_id="DE000000001"), customer(41, "crm", tax_id="DE000000001")),
    ),
)
