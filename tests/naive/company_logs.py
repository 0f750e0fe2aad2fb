"""Random logs of one or two customers around a midnight: few names, so that they meet; values and instants at the
limits."""

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
CODES = ["DE19", "DE19", "DE19", "DE07", "EURC", "V7", None]
VERSIONS = [1, 1, 1, 2, 2, 3, None]
PRODUCTS = ["X", "X", "X", "Y", None]
Said = dict[str, Any]


def deal(rng: random.Random) -> Said:
    return {
        "stage": rng.choice(["won", "won", "won", "open", "lost", None]),
        "recurring": rng.choice([True, True, False, None]),
        "order_managed": rng.choice([True, True, False, None]),
        "contract_ref": rng.choice([*NUMBERS[3:], None]),
        "value": rng.choice(VALUES),
        "type": rng.choice(["new", None, None, "renewal", "expansion"]),
    }


def deal_line(rng: random.Random) -> Said:
    return {"opportunity_ref": rng.choice(["O1", "O1", "O2"]), "recurring": rng.choice([True, False, False, None])}


VALUES = ["1200 EUR"] * 4 + ["1201.20 EUR", "1201.21 EUR", "1198.80 EUR", "1198.79 EUR", "0 EUR", "1200 USD", None]
STATUSES = ["active", "active", "active", "active", "suspended", "draft", "pending_activation", "cancelled", None]


def subscription(rng: random.Random) -> Said:
    return {
        "number": rng.choice(NUMBERS),
        "status": rng.choice(STATUSES),
        "opportunity_ref": rng.choice(["O1", "O1", "O2", None]),
        "contract_ref": rng.choice(NUMBERS),
        "version_number": rng.choice(VERSIONS),
        "starts_on": rng.choice(DAYS),
        "term_months": rng.choice([12, 12, 12, None]),
        "ends_on": rng.choice([None, None, "1970-12-31", "1971-01-01"]),
        "monthly_value": rng.choice(["100 EUR", "100 EUR", None]),
        "total_value": rng.choice(VALUES),
        "legal_entity": rng.choice(["1000", "1000", "2000", None]),
        "effective_on": rng.choice(["1970-01-01", "1970-01-02", None]),
    }


def version(rng: random.Random) -> Said:
    return {"subscription_ref": "S1", "version_number": rng.choice(VERSIONS), "total_value": rng.choice(VALUES)}


def waiting(rng: random.Random) -> Said:
    return subscription(rng) | {"status": rng.choice(["draft", "pending_activation", "pending_acceptance", "active"])}


def contract(rng: random.Random) -> Said:
    return {
        "number": rng.choice(NUMBERS),
        "status": rng.choice(["active", "active", "active", "draft", "ended", None]),
        "opportunity_ref": rng.choice(["O1", None]),
        "value": rng.choice([*VALUES, "2400 EUR"]),
        "term_months": rng.choice([12, 12, 12, 24, None]),
        "version_number": rng.choice(VERSIONS),
        "starts_on": "1970-01-01",
    }


def order(rng: random.Random) -> Said:
    status = rng.choice(["open", "open", "draft", "fulfilled", "cancelled", None])
    return {"opportunity_ref": rng.choice(["O1", "O1", "O2", None]), "status": status}


def profile(rng: random.Random) -> Said:
    return {
        "legal_entity": rng.choice(["1000", "1000", "1000", "2000", None]),
        "receivable_account": rng.choice(["1200", "1200", "1200", None]),
        "payment_terms": rng.choice(["N30", "N30", "N30", None]),
        "currency": rng.choice(["EUR", "EUR", "EUR", None]),
        "status": rng.choice(["active", "active", "active", "draft", None]),
        "tax_registration": rng.choice(["DE1", "DE1", "DE1", None]),
    }


def schedule(rng: random.Random) -> Said:
    return {
        "subscription_number": rng.choice(NUMBERS),
        "version_number": rng.choice(VERSIONS),
        "status": rng.choice(["active", "active", "active", "draft", "closed", None]),
        "starts_on": rng.choice(DAYS),
        "ends_on": rng.choice([None, "1970-12-31", "1971-01-01"]),
        "total": rng.choice(["1200 EUR"] * 3 + ["1200.05 EUR", "1200.06 EUR", "1199.95 EUR", "1199.94 EUR", None]),
        "recognised_until": rng.choice([None, None, "1970-12-31", "1971-01-01", "1971-01-02"]),
    }


def charge(rng: random.Random) -> Said:
    return {
        "subscription_ref": rng.choice(["S1", "S1", "S1", "S2"]),
        "product_code": rng.choice(PRODUCTS),
        "type": rng.choice(["recurring", "recurring", "recurring", "one_time", "usage", None]),
        "quantity": rng.choice([1, 1, 2, 0, None]),
        "starts_on": rng.choice([None, *DAYS]),
        "ends_on": rng.choice([None, None, *DAYS]),
        "status": rng.choice(["active", "active", "active", "ended", None]),
    }


def grant(rng: random.Random) -> Said:
    return {
        "subscription_number": rng.choice(["N1", "N1", "N1", "N2", None]),
        "product_code": rng.choice(PRODUCTS),
        "quantity": rng.choice([1, 1, 2, 0, None]),
        "starts_on": rng.choice([None, *DAYS]),
        "ends_on": rng.choice([None, None, *DAYS]),
        "status": rng.choice(["active", "active", "active", "suspended", "revoked", None]),
    }


def invoice(rng: random.Random) -> Said:
    return {
        "number": rng.choice(NUMBERS),
        "status": rng.choice(["posted", "posted", "posted", "paid", "draft", "posting", "voided", None]),
        "tax_code": rng.choice(CODES),
        "tax_region": rng.choice(["DE", "DE", "DE", "EU", "FR", None]),
        "net": rng.choice(["100.00 EUR", "100.00 EUR", None]),
        "tax": rng.choice(TAXES),
        "total": rng.choice(["119.00 EUR", "119.00 EUR", "0 EUR", None]),
        "issued_on": "1970-01-01",
    }


TAXES = ["19.00 EUR"] * 3 + ["19.99 EUR", "20.00 EUR", "18.00 EUR", "18.01 EUR", "7.00 EUR", "0 EUR", None]


def line(rng: random.Random) -> Said:
    return {
        "invoice_ref": "I1",
        "tax_code": rng.choice(CODES),
        "net": rng.choice(["50.00 EUR", "100.00 EUR", None]),
        "tax": rng.choice([*TAXES, "9.50 EUR", "10.49 EUR", "10.50 EUR"]),
    }


def posting(rng: random.Random) -> Said:
    return {
        "document_type": rng.choice(["invoice", "invoice", "invoice", "reversal", "refund"]),
        "document_ref": rng.choice(NUMBERS),
        "status": rng.choice(["posted", "posted", "posted", "posting", "draft", "reversed"]),
        "tax_code": rng.choice(CODES),
        "tax": rng.choice(TAXES),
        "net": rng.choice(["100.00 EUR", None]),
    }


CUSTOMER = dict(company(("crm",))[0].attributes or {})


def customer(rng: random.Random) -> Said:
    """As everybody knows it, but for some things."""
    said = CUSTOMER | {"crm_ref": rng.choice(["A", "A", "A", "A2", None])}
    for _ in range(rng.choice([0, 1, 1, 2])):
        name = rng.choice(list(OTHERWISE))
        said[name] = rng.choice(OTHERWISE[name])
    return said


OTHERWISE: dict[str, list[Any]] = {
    "name": ["Acme GmbH", "acme  gmbh", "Acme AG", None],
    "tax_id": ["DE811569869", "DE 811 569 869", "DE1", None],
    "email": ["PAY@acme.example", "other@acme.example", None],
    "country": ["DE", "FR", None],
    "currency": ["EUR", "USD", None],
    "status": ["active", "prospect", "suspended", "churned", None],
    "parent_crm_ref": ["A", "A2", "A3", None],
    "bill_to_crm_ref": ["A", "A2", "A3", None],
    "city": ["Bonn", "Ulm", None],
    "legal_entity": ["1000", "2000", None],
}


def account(rng: random.Random) -> Said:
    said = customer(rng) | {"crm_ref": None}
    said |= {"parent_ref": rng.choice([None, None, "A2", "A3", "A"]), "tax_region": rng.choice(["DE", "EU", None])}
    return said | {"billing_ref": rng.choice(["B", "B2", None]), "erp_ref": rng.choice(["E", "E", "E2", None])}


def unnamed(rng: random.Random) -> Said:
    """Names no ERP customer, mostly."""
    return account(rng) | {"erp_ref": rng.choice([None, None, None, "E"])}


def stranger(rng: random.Random) -> Said:
    """Mostly of another account, or closed."""
    return books(rng) | {"crm_ref": rng.choice(["A", "A2", None]), "status": rng.choice(["active", "churned"])}


def seller(rng: random.Random) -> Said:
    """Known to buy of a company that is not governed, whose days are those of UTC."""
    return account(rng) | {"legal_entity": "1000"}


def books(rng: random.Random) -> Said:
    return customer(rng) | {"bill_to_ref": rng.choice([None, None, "E", "E2"]), "parent_ref": rng.choice([None, "E2"])}


class Cast(NamedTuple):
    system: str
    entity: str
    names: tuple[str, ...]
    says: Callable[[random.Random], Said]
    stays: bool = False
    """From the beginning: others are rows of it."""


DEALS = Cast("crm", "opportunity", ("O1", "O2"), deal)
SUBSCRIPTIONS = Cast("billing", "subscription", ("S1", "S2"), subscription)
INVOICE = Cast("billing", "invoice", ("I1",), invoice, stays=True)
KNOWN_IN_BILLING = Cast("billing", "customer", ("B", "B2"), customer)
KNOWN_IN_ERP = Cast("erp", "customer", ("E", "E2"), books)
ACCOUNTS = Cast("crm", "customer", ("A", "A2"), account)
CONTRACTS = Cast("erp", "contract", ("K1",), contract)
THEMES: tuple[tuple[Cast, ...], ...] = (
    (DEALS, KNOWN_IN_ERP, Cast("crm", "customer", ("A", "A2"), unnamed)),
    (DEALS, Cast("erp", "customer", ("E",), stranger), Cast("crm", "customer", ("A",), unnamed)),
    (DEALS._replace(stays=True), SUBSCRIPTIONS, Cast("crm", "opportunity_line", ("D1", "D2"), deal_line)),
    (DEALS, Cast("erp", "order", ("R1", "R2"), order)),
    (ACCOUNTS, KNOWN_IN_BILLING, KNOWN_IN_ERP),
    (
        Cast("billing", "subscription", ("S1",), waiting),
        Cast("crm", "opportunity", ("O1",), deal),
        Cast("crm", "customer", ("A",), seller),
    ),
    (Cast("billing", "subscription", ("S1",), subscription), Cast("erp", "financial_profile", ("F1", "F2"), profile)),
    (
        SUBSCRIPTIONS._replace(stays=True),
        Cast("erp", "revenue_schedule", ("V1", "V2"), schedule),
        Cast("billing", "charge", ("C1",), charge),
    ),
    (
        SUBSCRIPTIONS._replace(stays=True),
        Cast("billing", "charge", ("C1", "C2"), charge),
        Cast("product", "entitlement", ("T1", "T2"), grant),
    ),
    (Cast("billing", "subscription", ("S1",), subscription), Cast("crm", "opportunity", ("O1",), deal), CONTRACTS),
    (
        Cast("billing", "subscription", ("S1",), subscription, stays=True),
        DEALS,
        Cast("billing", "subscription_version", ("V1", "V2"), version),
        CONTRACTS,
    ),
    (
        Cast("billing", "subscription", ("S1",), subscription),
        Cast("billing", "customer", ("B",), customer),
        Cast("erp", "customer", ("E",), books),
        Cast("erp", "financial_profile", ("F1",), profile),
        Cast("erp", "revenue_schedule", ("V1",), schedule),
        Cast("crm", "opportunity", ("O1",), deal),
    ),
    (
        Cast("billing", "invoice", ("I1",), invoice),
        Cast("erp", "ledger_posting", ("L1",), posting),
        Cast("erp", "customer", ("E",), books),
        Cast("crm", "customer", ("A",), account),
    ),
    (
        SUBSCRIPTIONS,
        Cast("billing", "customer", ("B",), customer),
        Cast("product", "entitlement", ("T1",), grant),
        CONTRACTS,
        Cast("crm", "opportunity", ("O1",), deal),
    ),
    (
        INVOICE,
        Cast("erp", "ledger_posting", ("L1", "L2"), posting),
        Cast("billing", "invoice_line", ("Z1", "Z2"), line),
        Cast("crm", "customer", ("A",), account),
    ),
)


def log(rng: random.Random, theme: tuple[Cast, ...] | None = None) -> list[Change]:
    systems = tuple(CUSTOMERS)
    made: list[Change] = [*company(systems)]
    for cast in theme or rng.choice(THEMES):
        for name in cast.names:
            made += [one(rng, cast, at, name) for at in (*((2,) if cast.stays else ()), *instants(rng))]
    return [c._replace(at=c.at + BEGINS) for c in sorted(made, key=lambda c: c.at)]


def one(rng: random.Random, cast: Cast, at: float, name: str) -> Change:
    whose = name if cast.entity == "customer" else CUSTOMERS[cast.system]
    if rng.random() < 0.12 and not cast.stays:
        return deletion(at, cast.system, cast.entity, name, whose)
    by = rng.choice(["someone", "someone", "driftwise"])
    return change(at, cast.system, cast.entity, name, customer=whose, by=by, **cast.says(rng))
