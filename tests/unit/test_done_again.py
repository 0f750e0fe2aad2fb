"""Facts about what is taken back and done again, or given back in part: that changes no more than it says."""

from __future__ import annotations

from tests.dossiers.model import Change, change
from tests.dossiers.stage import Play
from tests.dossiers.step_out_of_order import invoice, posting
from tests.dossiers.table import dossier_of


def spans(kind: str, *told: Change) -> list[tuple[float, float | None]]:
    """From when until when drifts stood."""
    play = Play(dossier_of(kind)).told(told).heard(600).run()
    ended = ((opened / 1e6, None if closed is None else closed / 1e6) for _, opened, closed, *_ in play.lives())
    return sorted(ended, key=lambda span: span[0])


def test_a_posting_that_is_posted_again_stood_in_the_ledger_all_the_same() -> None:
    again = (posting(500, "posting"), posting(510))

    assert spans("step_out_of_order", posting(3, "posting"), posting(4), invoice(400), *again) == [(400, None)]


def test_a_second_payment_that_is_given_back_leaves_an_invoice_paid_since_the_first() -> None:
    def paid(at: float, native_id: str, status: str = "settled") -> Change:
        stated = {"invoice_ref": "INV-7", "reference": f"ch_{native_id}", "total": "119.00 EUR"}
        return change(at, "processor", "payment", native_id, status=status, **stated)

    shown = change(
        1, "billing", "invoice", "I", number="INV-7", status="posted", total="119.00 EUR", payment_status="open"
    )
    told = (shown, paid(3, "P1"), paid(4, "P2"), paid(40, "P2", "refunded"))

    assert [opened for opened, _ in spans("payment_status_unpropagated", *told)][-1] <= 40
