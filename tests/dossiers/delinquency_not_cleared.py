from __future__ import annotations

from tests.dossiers.delinquency_unpropagated import account, application, credit, invoice
from tests.dossiers.model import Dossier

OVERDUE = "1969-12-31"
"""The day before the first of the dossier's time: here nothing is waited for."""
MARKED = (invoice(2, due_on=OVERDUE), account(3, True))

PAID = Dossier(
    kind="delinquency_not_cleared",
    story=(*MARKED, invoice(10, "paid", OVERDUE)),
    opens_at=20,
    near_misses={
        "cleared exactly at the end of the grace": (*MARKED, invoice(10, "paid", OVERDUE), account(20, False)),
        "the payment came back in time": (*MARKED, invoice(10, "paid", OVERDUE), invoice(20, "failed", OVERDUE)),
        "another is overdue": (
            *MARKED,
            invoice(4, due_on=OVERDUE, number="INV-8", native_id="J"),
            invoice(10, "paid", OVERDUE),
        ),
        "paid in part": (*MARKED, application(10, "100.00 EUR")),
        "still overdue": MARKED,
        "never marked": (invoice(2, due_on=OVERDUE), account(3, False), invoice(10, "paid", OVERDUE)),
        "the CRM has no such mark": (account(3, None), invoice(10, "paid", OVERDUE)),
    },
    late=(account(19.5, False),),
    amount=None,
    owner_system="erp",
    owner_team="finance-systems",
    says=("account A", "crm", "nothing is overdue", "still marked"),
    resolved_by=(account(40, False),),
)

APPLIED = PAID._replace(
    # The ERP owns the open balance: billing may not know yet.
    story=(*MARKED, application(10)),
    near_misses={
        "cleared in time": (*MARKED, application(10), account(20, False)),
        "the application was taken back in time": (*MARKED, application(10), application(20, status="reversed")),
        "not all of it": (*MARKED, application(10, "118.98 EUR")),
    },
)

CREDITED = PAID._replace(
    story=(*MARKED, credit(10, system="billing")),
    near_misses={
        "cleared in time": (*MARKED, credit(10, system="billing"), account(20, False)),
        "the ERP, which owns it, has voided it": (
            *MARKED,
            credit(10, system="billing"),
            credit(10.5, status="voided"),
        ),
        "not all of it": (*MARKED, credit(10, "118.98 EUR", "billing")),
    },
)

DOSSIERS = (PAID, APPLIED, CREDITED)
