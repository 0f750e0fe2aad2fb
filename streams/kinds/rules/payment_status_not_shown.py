"""Kind 11 in the CRM: a payment was settled, failed or applied, and the account view does not show it.

A kind of its own because its deadline is: an hour, not a quarter of one."""

from __future__ import annotations

from streams.kinds.asof import AsOf
from streams.kinds.finding import Answer, Subject
from streams.kinds.model import Itself, Kind, Refers
from streams.kinds.shown_status import payment_status_shown


def payment_status_not_shown(now: AsOf, subject: Subject) -> Answer:
    return payment_status_shown(now, subject, KIND.name)


KIND = Kind(
    number="11",
    name="payment_status_not_shown",
    entity="invoice",
    roles=("crm",),
    clock="deadline",
    reach={
        ("crm", "invoice"): Itself(),
        ("processor", "payment"): Refers("number", "invoice_ref"),
        ("erp", "cash_application"): Refers("number", "invoice_ref"),
        ("erp", "credit_memo"): Refers("number", "invoice_ref"),
        ("billing", "credit_memo"): Refers("number", "invoice_ref"),
    },
    judge=payment_status_not_shown,
    counterpart=True,
    command="crm.payment_status.refresh",
    sort="copy",
    condition="PaymentStatusShown",
    optional=frozenset(
        {("processor", "payment"), ("erp", "cash_application"), ("erp", "credit_memo"), ("billing", "credit_memo")}
    ),
)
