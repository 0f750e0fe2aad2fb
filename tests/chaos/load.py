"""Random companies, as three systems commit them: from a seed, in whole seconds, a tick a second.

Orderly companies have customers, invoices and postings whose verdicts are known by arithmetic; wild ones do anything,
also become each other's, and only a replay can tell what must come of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from schemas.instants import SECOND, Instant, from_datetime

SLA_SECONDS = 10
BEGIN = from_datetime(datetime(2024, 1, 1, tzinfo=UTC))
INVOICES = 4
WILD_CHANGES = 12
LIFETIME_SECONDS = 30
"""Between the first change of a company and its last; by then, and a deadline later, every verdict is due."""
DELAYS: tuple[int | None, ...] = (1, SLA_SECONDS, SLA_SECONDS + 1, 15, None)
"""Seconds from an invoice to its posting: early, just in time, late, later, never."""
WILD: dict[tuple[str, str], tuple[str, tuple[str | None, ...]]] = {
    # what changes about a row of each object; `+` is the company's own number, `-` that of its elder
    ("crm", "Account"): ("ERP_Customer_Id__c", (None, "E+")),
    ("crm", "Opportunity"): ("StageName", ("Negotiation", "Closed Won")),
    ("crm", "Credit_Memo__c"): ("Status__c", ("Posted",)),
    ("billing", "account"): ("crm_account_id", ("A+", None, "A-")),
    ("billing", "subscription"): ("status", ("Draft", "Active", "Cancelled")),
    ("billing", "invoice"): ("status", ("Draft", "Posted", "Voided")),
    ("erp", "customer"): ("external_id", ("A+", None, "A-")),
    ("erp", "contract"): ("value", ("1200.00", "900.00", "1200.50")),
    ("erp", "ledger_posting"): ("status", ("Draft", "Posted")),
    ("erp", "credit_memo"): ("status", ("Draft", "Posted")),
}
INITIAL = {"crm": "A", "billing": "B", "erp": "E"}
"""Of a native customer's id in each system."""
CUSTOMERS = ("Account", "account", "customer")
"""Objects whose rows are the customers themselves."""
NAMED: dict[tuple[str, str], dict[str, str]] = {
    # what makes a row of a wild company its own: else all would quote one contract and one invoice
    ("crm", "Credit_Memo__c"): {"Number__c": "M+"},
    ("billing", "subscription"): {"number": "S+", "contract_number": "K+", "crm_opportunity_id": "Opportunity+"},
    ("billing", "invoice"): {"number": "I+", "subscription_id": "subscription+"},
    ("erp", "contract"): {"number": "K+"},
    ("erp", "ledger_posting"): {"document_number": "I+"},
    ("erp", "credit_memo"): {"number": "M+", "invoice_number": "I+"},
}


Fields = dict[str, str | None]


class Row(NamedTuple):
    second: int
    system: str
    object: str
    id: str
    customer: str
    fields: Fields
    deleted: bool = False


class Tick(NamedTuple):
    second: int
    rows: list[Row]


class Life(NamedTuple):
    """Of a drift."""

    opened_at: Instant
    closed_at: Instant | None


@dataclass
class Load:
    ticks: list[Tick]
    lives: dict[str, Life | None]
    """Invoice of an orderly company -> the life of its drift; None: nothing must ever be said of it."""

    @property
    def rows(self) -> int:
        return sum(len(tick.rows) for tick in self.ticks)


def instant(second: int) -> Instant:
    return BEGIN + second * SECOND


def load(seed: int, companies: int, seconds: int) -> Load:
    """So many of each sort, founded over so many seconds; then silence until the last verdict is due."""
    choose, rows, lives = random.Random(seed), list[Row](), dict[str, Life | None]()
    for number in range(companies):
        rows += wild(number, choose.randint(1, seconds), choose)
        name = f"o{number}"
        own, told = orderly(name, choose.randint(1, seconds), choose)
        rows += own
        lives |= told
    end = seconds + LIFETIME_SECONDS + SLA_SECONDS + 2
    ticks = [Tick(second, []) for second in range(end)]
    for row in rows:
        ticks[row.second].rows.append(row)
    return Load(ticks, lives)


def orderly(name: str, founded: int, choose: random.Random) -> tuple[list[Row], dict[str, Life | None]]:
    """A customer that all three systems know from the first second, and its invoices."""
    rows, lives = list(_known(name, founded)), dict[str, Life | None]()
    for number in range(INVOICES):
        invoice = f"I-{name}-{number}"
        posted = founded + choose.randint(1, LIFETIME_SECONDS - 16)
        delay = choose.choice(DELAYS)
        rows += _invoiced(name, invoice, posted, delay)
        lives[invoice] = _life(posted, delay)
    return rows, lives


def _known(name: str, second: int) -> Iterator[Row]:
    refs: Fields = {"Billing_Account_Id__c": f"B-{name}", "ERP_Customer_Id__c": f"E-{name}"}
    yield Row(second, "crm", "Account", f"A-{name}", f"A-{name}", refs)
    yield Row(second, "billing", "account", f"B-{name}", f"B-{name}", {"crm_account_id": f"A-{name}"})
    yield Row(second, "erp", "customer", f"E-{name}", f"E-{name}", {"external_id": f"A-{name}"})


def _invoiced(name: str, invoice: str, second: int, delay: int | None) -> Iterator[Row]:
    fields = {"number": invoice, "status": "Posted", "subscription_id": None}
    yield Row(second, "billing", "invoice", invoice, f"B-{name}", fields)
    yield Row(second, "billing", "invoice_line", f"L-{invoice}", f"B-{name}", {"invoice_id": invoice})
    if delay is not None:
        posting: Fields = {"document_number": invoice, "status": "Posted"}
        yield Row(second + delay, "erp", "ledger_posting", f"P-{invoice}", f"E-{name}", posting)


def _life(posted: int, delay: int | None) -> Life | None:
    """Done exactly at the deadline is on time (contracts 5)."""
    if delay is not None and delay <= SLA_SECONDS:
        return None
    return Life(instant(posted + SLA_SECONDS), None if delay is None else instant(posted + delay))


def wild(number: int, founded: int, choose: random.Random) -> Iterator[Row]:
    for _ in range(WILD_CHANGES):
        system, object_ = choose.choice(list(WILD))
        field, values = WILD[system, object_]
        fields = NAMED.get((system, object_), {}) | {field: choose.choice(values)}
        customer = f"{INITIAL[system]}{number}"
        id_ = customer if object_ in CUSTOMERS else f"{object_}{number}"
        second, deleted = founded + choose.randrange(LIFETIME_SECONDS), choose.random() < 0.1
        own = {name: value and _numbered(value, number) for name, value in fields.items()}
        yield Row(second, system, object_, id_, customer, own, deleted)


def _numbered(text: str, number: int) -> str:
    return text.replace("+", str(number)).replace("A-", f"A{number - 1}")
