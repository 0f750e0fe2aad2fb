from __future__ import annotations

from tests.dossiers.model import Change, Dossier, Toggles, change, deletion


def account(at: float, native_id: str = "A", **refs: str) -> Change:
    return change(at, "crm", "customer", native_id, name="Acme GmbH", status="active", **refs)


def counterpart(at: float, system: str, crm_ref: str | None = "A", status: str = "active") -> Change:
    native_id = {"billing": "B", "erp": "E"}[system]
    return change(at, system, "customer", native_id, name="Acme GmbH", status=status, crm_ref=crm_ref)


def dossier(system: str, native_id: str, field: str) -> Dossier:
    written = {field: native_id}
    return Dossier(
        kind="external_id_writeback_missing",
        linked=("crm",),
        story=(counterpart(3, system), account(8)),
        opens_at=13,
        near_misses={
            "written exactly at the deadline": (counterpart(3, system), account(13, **written)),
            "written before the counterpart says whose it is": (account(2, **written), counterpart(3, system)),
            "a counterpart of nobody": (counterpart(3, system, crm_ref=None),),
            "a counterpart whose account is not there": (counterpart(3, system, crm_ref="A9"),),
            "unlinked in time": (counterpart(3, system), counterpart(12.9, system, crm_ref=None)),
            "closed in time": (counterpart(3, system), counterpart(12.9, system, status="churned")),
            "deleted in time": (counterpart(3, system), deletion(12.9, system, "customer", native_id, native_id)),
            "of another account since, which names it in time": (
                account(2, **written),
                account(2, "A2"),
                counterpart(3, system),
                counterpart(20, system, crm_ref="A2"),
                account(29, "A2", **written),
            ),
            "another customer is named: that is another kind's": (counterpart(3, system), account(5, **{field: "X9"})),
        },
        late=(account(12.5, **written),),
        amount=None,
        owner_system=system,
        owner_team="integration",
        says=("account A", "crm", system, native_id),
        resolved_by=(account(40, **written),),
    )


DOSSIERS = (dossier("billing", "B", "billing_ref"), dossier("erp", "E", "erp_ref"))

TOGGLES = Toggles(
    demand=lambda at: (counterpart(at, "billing"),),
    withdraw=lambda at: (counterpart(at, "billing", status="churned"),),
    do=lambda at: (account(at, billing_ref="B"),),
    undo=lambda at: (account(at),),
)
