"""What several predicates say in the same way."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from schemas.entities import ENTITIES
from schemas.instants import Instant
from schemas.money import plain
from streams.governance.calendar import Calendar
from streams.kinds.asof import AsOf, Found
from streams.kinds.finding import Subject

LIVE_SUBSCRIPTION = ("active", "suspended")
Amount = dict[str, Any]
PERSONAL = frozenset(a.name for a in ENTITIES["customer"].attributes if a.pii)
"""Of a customer."""


def place(subject: Subject) -> tuple[str, str, str]:
    return subject.entity, subject.system, subject.native_id


def number(money: Amount | None) -> Decimal:
    """The amount alone; nothing where there is none."""
    return Decimal(money["amount"]) if money else Decimal(0)


def text(money: Amount | None) -> str | None:
    """An amount as text, as evidence and commands carry it."""
    return money["amount"] if money else None


def said(money: Amount | None) -> str:
    """An amount in words."""
    return f"{Decimal(money['amount']):,.2f} {money['currency']}" if money else "no amount"


def with_amount(money: Amount, value: Decimal) -> Amount:
    return {**money, "amount": plain(value)}


def tolerance(now: AsOf, kind: str, value: Decimal) -> Decimal:
    rules = now.rules(kind)
    return max(rules.tolerance_absolute, abs(value) * rules.tolerance_relative)


def first_in_role(now: AsOf, role: str) -> str:
    """The system that a correction in this role goes to."""
    systems = now.in_charge(role)
    return systems[0] if systems else role


def deal_of(now: AsOf, reference: str | None) -> Found | None:
    """The opportunity in whichever CRM has it."""
    if not reference:
        return None
    found = (now.record("opportunity", system, reference) for system in now.governance.in_role("crm"))
    return next((deal for deal in found if deal), None)


def day_begins(day: str | None, calendar: Calendar = Calendar()) -> Instant:  # noqa: B008 - immutable
    """The first instant of an ISO day by a calendar, `now.calendar` for that of the customer's legal entity; 0 where
    there is none."""
    return calendar.begins(date.fromisoformat(day)) if day else 0


def days_of(now: AsOf, document: Found, customer: Found | None = None) -> Calendar:
    """What a day is to the company that a document names, else to the one that serves the customer."""
    named: str | None = document.attrs["legal_entity"]
    return now.governance.calendar(named or (now.serving(customer) if customer else None))


def is_mapped(now: AsOf, found: Found, attribute: str) -> bool:
    """Whether this deployment reads the attribute at all: what nobody reads is not missing."""
    mappings = now.governance.mappings[found.system].values()
    return any(attribute in m.attributes for m in mappings if m.entity == found.entity)


def told_of_customer(found: Found, attribute: str) -> str:
    """The attribute with its value. Sentences are read in lists and logs: what is personal stands in the evidence
    alone."""
    word = attribute.replace("_", " ")
    return word if attribute in PERSONAL else f"{word} {found.attrs[attribute] or 'nothing'}"
