from __future__ import annotations

from typing import Any

from tests.dossiers.model import Change, Dossier, change, deletion
from tests.dossiers.ownership_violation import AS_FOUNDED


def second(at: float, native_id: str = "E2", system: str = "erp", **changed: Any) -> Change:
    return change(at, system, "customer", native_id, **(AS_FOUNDED | {"crm_ref": "A"} | changed))


SECOND_IN_ERP = Dossier(
    kind="duplicate_customer",
    story=(second(5),),
    opens_at=15,
    near_misses={
        "closed exactly when the grace ends": (second(5), second(15, status="churned")),
        "only a draft": (second(5, status="prospect"),),
        "of another company": (second(5, legal_entity="2000"),),
        "in another currency": (second(5, currency="USD"),),
        "a subsidiary": (second(5, parent_ref="E"),),
        "of another customer": (second(5, crm_ref="A9"),),
        "deleted in time": (second(5), deletion(14, "erp", "customer", "E2", "E2")),
    },
    late=(second(14, status="churned"),),
    amount=None,
    owner_system="erp",
    owner_team="customer-master",
    says=("one active customer record in erp, which is E", "E2 stands for the same customer"),
    resolved_by=(second(40, status="churned"),),
    subject=("erp", "customer", "E2"),
)

DOSSIERS = (
    SECOND_IN_ERP,
    # Below itself, which is a circle, and no reason to keep two.
    SECOND_IN_ERP._replace(story=(second(5, parent_ref="E2"),), near_misses={}),
    # The younger one is suspended, and is still the younger one; so is the older one after it was.
    SECOND_IN_ERP._replace(
        story=(
            second(5),
            second(7, status="suspended"),
            second(9, "E", status="suspended"),
            second(11, "E"),
        ),
        near_misses={"closed in time": (second(5), second(7, status="suspended"), second(14, status="churned"))},
    ),
    Dossier(
        # The first one is given up instead: the second survives.
        kind="duplicate_customer",
        story=(second(5, "B2", "billing", legal_entity=None), second(6, "B3", "billing", status="churned")),
        opens_at=15,
        near_misses={
            "the older one is closed": (
                second(5, "B2", "billing"),
                second(9, "B", "billing", status="churned"),
            ),
        },
        late=(second(5, "B", "billing", status="churned"),),
        amount=None,
        owner_system="billing",
        owner_team="customer-master",
        says=("B2",),
        resolved_by=(second(40, "B", "billing", status="churned"),),
    ),
)
