from __future__ import annotations

from typing import Any

from tests.dossiers.model import Change, Dossier, Story, change


def account(at: float, parent: str | None, native_id: str = "A", **told: Any) -> Change:
    stated: dict[str, Any] = {"status": "active", "parent_ref": parent, "billing_ref": "B", "erp_ref": "E"}
    return change(at, "crm", "customer", native_id, **stated | told)


def billing(at: float, parent: str | None, local: str | None = "B0", **told: Any) -> Change:
    stated: dict[str, Any] = {"status": "active", "crm_ref": "A", "parent_crm_ref": parent, "parent_ref": local}
    return change(at, "billing", "customer", "B", **stated | told)


def erp(at: float, parent: str | None, local: str | None = "E0", native_id: str = "E", **told: Any) -> Change:
    stated: dict[str, Any] = {"status": "active", "crm_ref": "A", "parent_crm_ref": parent, "parent_ref": local}
    return change(at, "erp", "customer", native_id, **stated | told)


AGREED: Story = (account(2, "A0"), billing(2, "A0"), erp(2, "A0"))
OTHER_PARENT = Dossier(
    kind="hierarchy_divergence",
    story=(*AGREED, account(5, "A9"), erp(6, "A9")),
    opens_at=15,
    near_misses={
        "moved everywhere as the grace ends": (*AGREED, account(5, "A9"), erp(6, "A9"), billing(15, "A9")),
        "taken back in time": (*AGREED, account(5, "A9"), account(14.9, "A0")),
        "each names the parent by its own id": AGREED,
        "nobody has a parent": (account(2, None), billing(2, None, None), erp(2, None, None)),
        "a record that is closed": (*AGREED, account(5, "A9"), erp(6, "A9"), billing(7, "A0", status="churned")),
    },
    late=(billing(14.5, "A9"),),
    amount=None,
    owner_system="crm",
    owner_team="customer-master",
    says=("customer B in billing", "parent A9, as crm states", "it has parent A0"),
    resolved_by=(billing(40, "A9"),),
)
NO_PARENT = OTHER_PARENT._replace(
    story=(*AGREED, erp(5, None, None)),
    near_misses={
        "named again as the grace ends": (*AGREED, erp(5, None, None), erp(15, "A0")),
        "the owner has none either": (account(2, None), billing(2, None, None), erp(5, None, None)),
        "its account is gone": (*AGREED, erp(5, None, None), account(6, "A0", status="churned")),
    },
    late=(erp(14.5, "A0"),),
    says=("customer E in erp", "parent A0", "it has no parent"),
    resolved_by=(erp(40, "A0"),),
)
NOT_BROUGHT_OVER = OTHER_PARENT._replace(
    story=(*AGREED, billing(5, "A0", None)),
    near_misses={
        "brought over as the grace ends": (*AGREED, billing(5, "A0", None), billing(15, "A0")),
        "a parent no longer": (*AGREED, billing(5, "A0", None), account(6, None), billing(7, None, None), erp(7, None)),
        "closed in time": (*AGREED, billing(5, "A0", None), billing(14.9, "A0", None, status="churned")),
    },
    late=(billing(14.5, "A0"),),
    owner_system="billing",
    says=("billing has no customer for parent A0", "bring it over first"),
    resolved_by=(billing(40, "A0"),),
)
CIRCLE = OTHER_PARENT._replace(
    story=(*AGREED, erp(5, "A0", "E")),
    near_misses={
        "broken as the grace ends": (*AGREED, erp(5, "A0", "E"), erp(15, "A0", "E0")),
        "a parent that belongs to another customer": (*AGREED, erp(5, "A0", "E7")),
        "closed": (*AGREED, erp(5, "A0", "E", status="churned")),
    },
    late=(erp(14.5, "A0"),),
    owner_system="erp",
    says=("a parent that is not below itself", "a circle: E under E"),
    resolved_by=(erp(40, "A0"),),
)
CIRCLE_OF_DUPLICATES = CIRCLE._replace(
    story=(*AGREED, erp(5, "A0", "E2"), erp(4, "A0", "E", native_id="E2")),
    near_misses={"a chain": (*AGREED, erp(5, "A0", "E2"), erp(4, "A0", "E0", native_id="E2"))},
    says=("a circle: E under E2 under E",),
    subject=("erp", "customer", "E"),
)
PAYER = OTHER_PARENT._replace(
    story=(*AGREED, erp(5, "A0", bill_to_ref="E7", bill_to_crm_ref="A7"), account(6, "A0", bill_to_ref="A7")),
    near_misses={
        "all pay alike": (
            account(2, "A0", bill_to_ref="A7"),
            billing(2, "A0", bill_to_ref="B7", bill_to_crm_ref="A7"),
            erp(2, "A0", bill_to_ref="E7", bill_to_crm_ref="A7"),
        ),
        "followed as the grace ends": (
            *AGREED,
            erp(5, "A0", bill_to_ref="E7", bill_to_crm_ref="A7"),
            account(6, "A0", bill_to_ref="A7"),
            billing(15, "A0", bill_to_ref="B7", bill_to_crm_ref="A7"),
        ),
        "the owner took it back": (*AGREED, erp(5, "A0", bill_to_ref="E7", bill_to_crm_ref="A7"), erp(14.9, "A0")),
    },
    late=(billing(14.5, "A0", bill_to_ref="B7", bill_to_crm_ref="A7"),),
    owner_system="erp",
    says=("customer B in billing", "payer A7, as erp states", "it has no payer"),
    resolved_by=(billing(40, "A0", bill_to_ref="B7", bill_to_crm_ref="A7"),),
)
DOSSIERS = (OTHER_PARENT, NO_PARENT, NOT_BROUGHT_OVER, CIRCLE, CIRCLE_OF_DUPLICATES, PAYER)
