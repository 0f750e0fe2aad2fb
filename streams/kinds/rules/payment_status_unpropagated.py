"""Kind 11 in billing: a payment was settled, failed or applied, and billing's invoice does not show it."""

from __future__ import annotations

from streams.kinds.asof import AsOf
from streams.kinds.finding import Answer, Subject
from streams.kinds.model import Itself, Kind, Refers
from streams.kinds.shown_status import SHOWS_PAYMENT, payment_status_shown


def payment_status_unpropagated(now: AsOf, subject: Subject) -> Answer:
    return payment_status_shown(now, subject, KIND.name)


KIND = Kind(
    number="11",
    name="payment_status_unpropagated",
    entity="invoice",
    roles=("billing",),
    clock="deadline",
    reach={
        ("billing", "invoice"): Itself(),
        ("processor", "payment"): Refers("number", "invoice_ref"),
        ("erp", "cash_application"): Refers("number", "invoice_ref"),
        ("erp", "credit_memo"): Refers("number", "invoice_ref"),
        ("billing", "credit_memo"): Refers("number", "invoice_ref"),
    },
    regarded={
        "invoice": ("status", "payment_status", "paid", "total"),
        "payment": ("@settled", "@failed", "@trail", "status", "total", "reference"),
        "cash_application": ("@applied", "@reversed", "@known", "payment_ref", "total"),
        "credit_memo": ("status", "total"),
    },
    judge=payment_status_unpropagated,
    begins=lambda _, version: version["attrs"].get("status") in SHOWS_PAYMENT,
    counterpart=True,
    command="billing.payment_status.set",
    sort="copy",
    condition="PaymentStatusPropagated",
    optional=frozenset(
        {("processor", "payment"), ("erp", "cash_application"), ("erp", "credit_memo"), ("billing", "credit_memo")}
    ),
)
