"""Random logs of one customer's documents: few names, so that they meet; amounts and instants at the limits."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.dossiers.model import Change, change, company, deletion

SYSTEMS = ("crm", "billing", "erp", "processor")
SLA, ENDS = 10, 100
NUMBERS = ["N1", "N1", "N1", "N1", "N2", None]
TOTALS = ["119.00 EUR"] * 4 + ["119.01 EUR", "118.99 EUR", "118.98 EUR", "0 EUR", "-119.00 EUR", "119.00 USD", None]
PARTS = [*TOTALS, "60.00 EUR", "59.00 EUR", "58.99 EUR"]
IN_BILLING = ["posted", "posted", "paid", "voided", "posting", "draft"]
IN_LEDGER = ["posted", "posted", "posted", "posting", "draft", "reversed"]
MEMO = ["posted", "posted", "posted", "draft", "voided"]
SETTLED = ["settled", "settled", "settled", "pending", "failed"]


def amounts(rng: random.Random) -> dict[str, str | None]:
    off = rng.choice(["00", "00", "00", "00", "01", "02"])
    return {"net": rng.choice([f"100.{off} EUR", "100.00 EUR", None]), "tax": "19.00 EUR", "total": rng.choice(TOTALS)}


def invoice(rng: random.Random) -> dict[str, Any]:
    lines = rng.choice([None, 1, 2, 3])
    return {"number": rng.choice(NUMBERS), "status": rng.choice(IN_BILLING), "line_count": lines, **amounts(rng)}


def posting(rng: random.Random) -> dict[str, Any]:
    status = rng.choice(IN_LEDGER)
    return {"document_type": "invoice", "document_ref": rng.choice(NUMBERS), "status": status, **amounts(rng)}


def reversal(rng: random.Random) -> dict[str, Any]:
    return posting(rng) | {"document_type": "reversal", "status": rng.choice(["posted", "draft"])}


def refund_posting(rng: random.Random) -> dict[str, Any]:
    return posting(rng) | {"document_type": "refund"}


def payment(rng: random.Random) -> dict[str, Any]:
    status, total = rng.choice([*SETTLED, "disputed", "refunded"]), "119.00 EUR"
    return {"invoice_ref": rng.choice(NUMBERS), "reference": rng.choice(NUMBERS), "status": status, "total": total}


def application(rng: random.Random) -> dict[str, Any]:
    status = rng.choice(["applied", "applied", None, "reversed"])
    return {"payment_ref": rng.choice(NUMBERS), "status": status, "total": rng.choice(PARTS)}


def refund(rng: random.Random) -> dict[str, Any]:
    return {"reference": rng.choice(NUMBERS), "status": rng.choice(SETTLED), "total": "119.00 EUR"}


def memo(rng: random.Random) -> dict[str, Any]:
    return {
        "number": rng.choice(NUMBERS),
        "status": rng.choice(MEMO),
        "total": rng.choice(["9 EUR"] * 4 + ["0 EUR", None]),
    }


Records = tuple[tuple[str, str, tuple[str, ...], Callable[[random.Random], dict[str, Any]]], ...]
INVOICES = ("billing", "invoice", ("I1", "I2"), invoice)
THEMES: tuple[Records, ...] = (
    (INVOICES, ("erp", "ledger_posting", ("L1", "L2"), posting), ("erp", "ledger_posting", ("L3",), reversal)),
    (INVOICES, ("processor", "payment", ("P1", "P2"), payment)),
    (("processor", "payment", ("P1",), payment), ("erp", "cash_application", ("C1", "C2"), application)),
    (
        ("processor", "refund", ("F1",), refund),
        ("billing", "refund", ("F2",), refund),
        ("erp", "ledger_posting", ("L1", "L2"), refund_posting),
    ),
    tuple((system, "credit_memo", (f"M-{system}",), memo) for system in ("erp", "billing", "crm")),
)
"""What meets in a log: (system, entity, ids, what one says)."""


def instants(rng: random.Random) -> list[float]:
    """Of one record's changes: at deadlines, a microsecond beside them, and anywhere."""
    found = set()
    for _ in range(rng.choice([0, 1, 2, 3, 4, 5])):
        at = rng.randrange(1, 7) * SLA
        found.add(rng.choice([at, at, at + 0.000001, at - 0.000001, rng.randrange(2, 7 * SLA)]))
    return sorted(found)


def log(rng: random.Random) -> list[Change]:
    made: list[Change] = [*company(SYSTEMS)]
    for system, entity, names, stated in rng.choice(THEMES):
        for name in names:
            for at in instants(rng):
                gone = rng.random() < 0.12
                made.append(
                    deletion(at, system, entity, name) if gone else change(at, system, entity, name, **stated(rng))
                )
    return sorted(made, key=lambda c: c.at)
