"""The tolerance is 300 seconds."""

from __future__ import annotations

from tests.dossiers.model import Change, Dossier, change


def invoice(at: float, native_id: str = "I", status: str = "posted", order: str | None = None) -> Change:
    return change(
        at, "billing", "invoice", native_id, number="INV-7", status=status, order_ref=order, total="119.00 EUR"
    )


def payment(at: float, status: str = "settled", invoice_ref: str = "INV-7") -> Change:
    return change(at, "processor", "payment", "P", invoice_ref=invoice_ref, status=status, total="119.00 EUR")


def posting(at: float, status: str = "posted", type_: str | None = "invoice") -> Change:
    return change(
        at,
        "erp",
        "ledger_posting",
        "L",
        document_type=type_,
        document_ref="INV-7",
        status=status,
        total="119.00 EUR",
    )


def schedule(at: float, recognised: str = "100.00 EUR") -> Change:
    return change(at, "erp", "revenue_schedule", "R", subscription_number="S-1", status="active", recognised=recognised)


def subscription(at: float, status: str = "active", native_id: str = "S") -> Change:
    return change(at, "billing", "subscription", native_id, number="S-1", status=status)


def order(at: float, status: str = "fulfilled", native_id: str = "O") -> Change:
    return change(at, "erp", "order", native_id, number="PO-1", status=status)


DOSSIERS = (
    Dossier(
        kind="step_out_of_order",
        story=(payment(3), invoice(3, status="draft"), invoice(400)),
        opens_at=400,
        near_misses={
            "in order": (invoice(3), payment(400)),
            "in order, and the invoice was posted again": (
                invoice(3),
                payment(400),
                invoice(500, status="draft"),
                invoice(900),
            ),
            "exactly within the tolerance": (payment(3), invoice(303)),
            "a payment that failed": (payment(3, "failed"), invoice(400)),
            "of another invoice": (payment(3, invoice_ref="INV-8"), invoice(400)),
            "no invoice, which is another kind's": (payment(3),),
        },
        late=(invoice(300, "I0"),),
        amount="119 EUR",
        owner_system="erp",
        owner_team="finance-systems",
        says=("invoice INV-7 is posted in billing first", "its payment was settled 6 minutes before"),
        subject=("processor", "payment", "P"),
    ),
    Dossier(
        kind="step_out_of_order",
        story=(posting(3), invoice(305)),
        opens_at=305,
        near_misses={
            "only a draft until then": (posting(3, "draft"), invoice(400), posting(401)),
            "on its way until then": (posting(3, "posting"), invoice(400), posting(401)),
            "on its way since, and not there yet": (posting(3, "posting"), invoice(400)),
            "reversed before": (posting(3), posting(300, "reversed"), invoice(400)),
            "a reversal, of what another document posted": (posting(3, type_="reversal"), invoice(400)),
        },
        late=(invoice(200, "I0"),),
        amount="119 EUR",
        owner_system="erp",
        owner_team="finance-systems",
        says=("INV-7", "in the ledger 5 minutes before"),
        resolved_by=(posting(500, "reversed"),),
        subject=("erp", "ledger_posting", "L"),
    ),
    Dossier(
        kind="step_out_of_order",
        story=(subscription(2, "draft"), schedule(3), subscription(400)),
        opens_at=400,
        near_misses={
            "a schedule that has recognised nothing yet": (schedule(3, "0.00 EUR"), subscription(400)),
            "activated again after a cancellation": (
                subscription(3),
                schedule(5),
                subscription(300, "cancelled"),
                subscription(400),
            ),
            "activated before": (subscription(2), schedule(3), subscription(400, "suspended")),
        },
        late=(subscription(250, native_id="S0"),),
        amount="100 EUR",
        owner_system="erp",
        owner_team="finance-systems",
        says=("subscription S-1 is activated first", "revenue was recognised"),
        resolved_by=(schedule(500, "0.00 EUR"),),
        subject=("erp", "revenue_schedule", "R"),
    ),
    Dossier(
        kind="step_out_of_order",
        story=(order(2, "open"), invoice(3, order="PO-1"), order(400)),
        opens_at=400,
        near_misses={
            "no order at all": (invoice(3), order(400)),
            "delivered in parts, the first before": (order(2), invoice(3, order="PO-1"), order(400, native_id="O2")),
        },
        late=(order(100, native_id="O0"),),
        amount="119 EUR",
        owner_system="billing",
        owner_team="finance-systems",
        says=("order PO-1 is fulfilled first", "it was invoiced"),
        resolved_by=(invoice(500, status="voided", order="PO-1"),),
        subject=("billing", "invoice", "I"),
    ),
)
