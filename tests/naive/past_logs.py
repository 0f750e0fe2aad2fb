"""Random logs of one customer around a midnight: few names, so that they meet; values and instants at the limits."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.dossiers.model import CUSTOMERS, Change, change, company, deletion
from tests.naive.logs import ENDS, instants

MIDNIGHT = 86400
BEGINS = MIDNIGHT - 35
LAST = BEGINS + ENDS
DAYS = ["1970-01-01", "1970-01-01", "1970-01-02", "1970-01-03", None]
NUMBERS = ["N1", "N1", "N1", "N1", "N2", None]
VERSIONS = [1, 1, 2, 2, 2, 3, None]
VALUES = ["1200 EUR"] * 4 + ["1201.20 EUR", "1201.21 EUR", "1198.80 EUR", "1198.79 EUR", "0 EUR", "1200 USD", None]
Said = dict[str, Any]


class Cast(NamedTuple):
    system: str
    entity: str
    names: tuple[str, ...]
    says: Callable[[random.Random], Said]
    stays: bool = False
    """It is never deleted."""
    often: bool = False
    shift: float = 0
    """Never at the instant of another."""


def subscription(rng: random.Random) -> Said:
    return {
        "number": rng.choice(NUMBERS),
        "status": rng.choice([*["active"] * 4, *["cancelled"] * 3, "draft", "pending_activation", "suspended", None]),
        "opportunity_ref": rng.choice(["O1", "O1", "O2", None]),
        "contract_ref": rng.choice(["K1", "K1", "K2", None]),
        "version_number": rng.choice(VERSIONS),
        "term_months": rng.choice([12, 12, 12, 12, 24, None]),
        "total_value": rng.choice(VALUES),
        "effective_on": rng.choice(DAYS),
        "ends_on": rng.choice(DAYS),
    }


def contract(rng: random.Random) -> Said:
    return {
        "number": rng.choice(["K1", "K1", "K1", "K2", None]),
        "status": rng.choice(["active", "active", "active", "draft", "ended", None]),
        "value": rng.choice([*VALUES, "2400 EUR"]),
        "term_months": rng.choice([12, 12, 12, 24, None]),
        "version_number": rng.choice([*VERSIONS, None, None, None]),
    }


def schedule(rng: random.Random) -> Said:
    return {
        "subscription_number": rng.choice(NUMBERS),
        "version_number": rng.choice(VERSIONS),
        "status": rng.choice(["active", "active", "active", "draft", "closed", None]),
        "ends_on": rng.choice(DAYS),
        "total": "1200.00 EUR",
        "recognised": rng.choice(["100.00 EUR", "100.00 EUR", "0 EUR", None]),
    }


def grant(rng: random.Random) -> Said:
    return {
        "subscription_number": rng.choice(NUMBERS),
        "product_code": "X",
        "status": rng.choice(["active", "active", "suspended", "revoked", None]),
        "ends_on": rng.choice(DAYS),
    }


def deal(rng: random.Random) -> Said:
    return {"name": "D", "stage": rng.choice(["won", "open", "open", "lost", None])}


ACCOUNT = dict(company(tuple(CUSTOMERS))[0].attributes or {})


def account(rng: random.Random) -> Said:
    return ACCOUNT | {"status": rng.choice(["active", "active", "suspended", "churned", "prospect", None])}


SUBSCRIPTIONS = Cast("billing", "subscription", ("S1", "S2"), subscription)
SCHEDULES = Cast("erp", "revenue_schedule", ("V1", "V2"), schedule)
CARRIED: tuple[tuple[Cast, ...], ...] = (
    (SUBSCRIPTIONS, Cast("erp", "contract", ("KE",), contract), Cast("crm", "contract", ("KC",), contract)),
    (SUBSCRIPTIONS, SCHEDULES),
    (
        SUBSCRIPTIONS,
        SCHEDULES,
        Cast("product", "entitlement", ("T1",), grant),
        Cast("crm", "customer", ("A",), account, stays=True),
    ),
    (
        SUBSCRIPTIONS,
        Cast("crm", "opportunity", ("O1",), deal),
        Cast("crm", "contract", ("KC",), contract),
        Cast("billing", "contract", ("KB",), contract),
    ),
)


def invoice(rng: random.Random) -> Said:
    return {
        "number": rng.choice(NUMBERS),
        "status": rng.choice(["posted", "posted", "posted", "paid", "paid", "draft", "posting", "voided", None]),
        "payment_status": rng.choice(["open", "pending", "partially_paid", "paid", "paid", "failed", "refunded", None]),
        "total": rng.choice(["119.00 EUR"] * 4 + ["0 EUR", None]),
        "order_ref": rng.choice(["R1", "R1", None]),
    }


def posting(rng: random.Random) -> Said:
    return {
        "document_type": "invoice",
        "document_ref": rng.choice(NUMBERS),
        "status": rng.choice(["posted", "posted", "posted", "posting", "draft", "reversed"]),
        "total": "119.00 EUR",
    }


def reversal(rng: random.Random) -> Said:
    return posting(rng) | {"document_type": "reversal"}


def order(rng: random.Random) -> Said:
    return {"number": rng.choice(["R1", "R1", None]), "status": rng.choice(["fulfilled", "fulfilled", "open", None])}


def payment(rng: random.Random) -> Said:
    status = rng.choice(["settled", "settled", "settled", "pending", "failed", "disputed", "refunded"])
    total = rng.choice(["119.00 EUR", "60.00 EUR", "59.00 EUR"])
    return {"invoice_ref": rng.choice(NUMBERS), "reference": rng.choice(["X1", "X2"]), "status": status, "total": total}


def refund(rng: random.Random) -> Said:
    return {
        "invoice_ref": rng.choice(NUMBERS),
        "payment_ref": rng.choice(["X1", "X2"]),
        "status": rng.choice(["settled", "settled", "pending", "failed"]),
        "total": "119.00 EUR",
    }


def application(rng: random.Random) -> Said:
    return {
        "invoice_ref": rng.choice(NUMBERS),
        "payment_ref": rng.choice(["X1", "X2", None]),
        "status": rng.choice(["applied", "applied", None, "reversed"]),
        "total": rng.choice(["119.00 EUR", "60.00 EUR", "59.00 EUR", "58.99 EUR"]),
    }


def memo(rng: random.Random) -> Said:
    return {
        "number": rng.choice(["M1", "M1", "M2", None]),
        "invoice_ref": rng.choice(NUMBERS),
        "status": rng.choice(["posted", "posted", "draft", "voided"]),
        "total": rng.choice(["59.00 EUR", "119.00 EUR", "0.01 EUR"]),
    }


def told(rng: random.Random) -> Said:
    """A customer of whom two tell different things."""
    said = ACCOUNT | {
        "billing_ref": None,
        "erp_ref": None,
        "crm_ref": "A",
        "status": rng.choice(["active", "prospect"]),
    }
    return said | {"email": rng.choice(["a@acme.example", "b@acme.example", "A@acme.example"])}


def quarrel(rng: random.Random) -> Said:
    return told(rng) | {"status": "active", "email": rng.choice(["a@acme.example", "b@acme.example"] * 6 + [None])}


INVOICES = Cast("billing", "invoice", ("I1", "I2"), invoice)
POSTINGS = Cast("erp", "ledger_posting", ("L1", "L2"), posting)
ORDERED: tuple[tuple[Cast, ...], ...] = (
    (INVOICES, POSTINGS, Cast("erp", "ledger_posting", ("L3",), reversal)),
    (INVOICES, Cast("erp", "order", ("R1", "R2"), order)),
    (SUBSCRIPTIONS, SCHEDULES),
    (
        INVOICES,
        POSTINGS,
        Cast("billing", "customer", ("B",), told, stays=True),
        Cast("erp", "customer", ("E",), told, stays=True),
    ),
    (
        INVOICES,
        Cast("processor", "payment", ("P1",), payment),
        Cast("processor", "refund", ("F1",), refund),
        Cast("erp", "cash_application", ("C1",), application),
        Cast("billing", "credit_memo", ("M1",), memo),
    ),
    (Cast("processor", "payment", ("P1",), payment), Cast("processor", "refund", ("F1",), refund)),
)
QUARRELS: tuple[tuple[Cast, ...], ...] = ((Cast("billing", "customer", ("B",), quarrel, stays=True, often=True),),)


def owed(rng: random.Random) -> Said:
    """Due so that the days that are waited for are over at the first instant, at the midnight, or not at all."""
    return {
        "number": rng.choice(["N1", "N1", "N2", None]),
        "status": rng.choice(["posted", "posted", "posted", "posted", "paid", "draft", "voided", None]),
        "payment_status": rng.choice(["open", "open", "partially_paid", "pending", "paid", "failed", "refunded", None]),
        "total": rng.choice(["119.00 EUR"] * 5 + ["0 EUR", "119.00 USD", None]),
        "paid": rng.choice([None, None, "60.00 EUR", "119.00 EUR", "60.00 USD"]),
        "due_on": rng.choice(["1969-12-28", "1969-12-28", "1969-12-29", "1969-12-31", "1970-01-01", None]),
    }


def marked(rng: random.Random) -> Said:
    return ACCOUNT | {"delinquent": rng.choice([True, True, False, False, None])}


def shown(rng: random.Random) -> Said:
    return owed(rng) | {
        "number": "N1",
        "status": rng.choice(["posted", "posted", "posted", "paid", "draft"]),
        "total": rng.choice(["119.00 EUR"] * 6 + ["119.01 EUR", "119.02 EUR", "119.00 USD", "-119.00 EUR"]),
        "payment_status": rng.choice(["open", "partially_paid", "paid", "paid", "failed", "pending", None]),
        "paid": rng.choice([None, "60.00 EUR", "59.00 EUR", "59.98 EUR", "119.00 EUR"]),
    }


def money(reference: str, total: str) -> Callable[[random.Random], Said]:
    """A payment of which only the status changes."""
    return lambda rng: payment(rng) | {"invoice_ref": "N1", "reference": reference, "total": total}


def applied(reference: str | None, total: str, taken_back: bool = True) -> Callable[[random.Random], Said]:
    fixed = {"invoice_ref": "N1", "payment_ref": reference, "total": total}
    return lambda rng: application(rng) | fixed | ({} if taken_back else {"status": "applied"})


PAYMENTS: tuple[Cast, ...] = (
    Cast("processor", "payment", ("P1",), money("X1", "60.00 EUR"), stays=True),
    Cast("processor", "payment", ("P2",), money("X2", "59.00 EUR"), stays=True),
)
PAID: tuple[tuple[Cast, ...], ...] = (
    (
        Cast("billing", "invoice", ("I1",), shown),
        Cast("crm", "invoice", ("IC",), shown),
        *PAYMENTS,
        Cast("erp", "cash_application", ("C1",), applied("X1", "60.00 EUR", False), stays=True, shift=0.25),
        Cast("erp", "cash_application", ("C2",), applied(None, "58.99 EUR"), stays=True),
        Cast("erp", "credit_memo", ("ME",), memo),
        Cast("billing", "credit_memo", ("MB",), memo),
    ),
    (Cast("billing", "invoice", ("I1",), shown), *PAYMENTS),
)
OWED: tuple[tuple[Cast, ...], ...] = (
    (
        Cast("billing", "invoice", ("I1", "I2"), owed),
        Cast("crm", "customer", ("A",), marked, stays=True),
        Cast("erp", "cash_application", ("C1", "C2"), application),
        Cast("erp", "credit_memo", ("ME",), memo),
        Cast("billing", "credit_memo", ("MB",), memo),
    ),
    (Cast("billing", "invoice", ("I1", "I2"), owed), Cast("crm", "customer", ("A",), marked, stays=True)),
)


OFF = (0, 0, 0, 5, 5.000001)
"""An instant that is so much later than another."""


def log(rng: random.Random, themes: tuple[tuple[Cast, ...], ...]) -> list[Change]:
    """Customers that the cast has are there later than the others, if at all."""
    cast = rng.choice(themes)
    late = {one.system for one in cast if one.entity == "customer" and one.system != "crm"}
    made: list[Change] = [*company(tuple(s for s in CUSTOMERS if s not in late or rng.random() < 0.3))]
    for one in cast:
        for name in one.names:
            made += (says(rng, one, name, at) for at in sorted({at + rng.choice(OFF) for at in often(rng, one)}))
    return [c._replace(at=c.at + BEGINS) for c in sorted(made, key=lambda c: c.at)]


def often(rng: random.Random, one: Cast) -> list[float]:
    return [at + one.shift for at in (*instants(rng), *(instants(rng) if one.often else ()))]


def says(rng: random.Random, one: Cast, name: str, at: float) -> Change:
    by = rng.choice(["ada", "driftwise"])
    if rng.random() < 0.12 and not one.stays:
        return deletion(at, one.system, one.entity, name)
    return change(at, one.system, one.entity, name, by=by, **one.says(rng))
