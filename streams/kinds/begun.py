"""Since when a fact demands something: since it was committed, or by the day that its record states, where a company
counts from that.

A day without a time is the whole day of the company that the record names, else of the one that serves the customer.
What happened on it may have happened at any time of it, so nothing is counted from before its end; a day with which
something begins counts from its first instant. What that makes due is judged at no earlier instant than the commit that
told of it.

Another day is another trigger with ids of its own, so that what was said of one is never about the other."""

from __future__ import annotations

from datetime import date

from streams.governance.model import Governance
from streams.kinds.asof import AsOf, Found
from streams.kinds.facts import Since, day_of, since
from streams.kinds.model import Kind

FIRST_DAYS = frozenset({"starts_on", "effective_on", "service_starts_on"})
"""Attributes that state with which day something begins."""


def begun(now: AsOf, found: Found, fact: str) -> Since | None:
    stamped = found.version["since"]
    known, stated = since(stamped, fact), day_of(stamped, fact)
    attribute = dated_by(now.governance, found.entity, fact) if known and stated else None
    if known is None or stated is None or attribute is None:
        return known
    calendar = now.governance.calendar(stated.company or now.legal_entity)
    day = date.fromisoformat(stated.day)
    at = calendar.begins(day) if attribute in FIRST_DAYS else calendar.ends(day)
    return known._replace(at=at, version=f"{known.version}@{at}")


def dated_by(governance: Governance, entity: str, fact: str) -> str | None:
    """The attribute that states the day of a fact, by the rules that judge goes by. Identify stamps it by those of the
    source's mapping, which may have come before or after these."""
    trigger = governance.triggers.get(entity, {}).get(fact)
    return trigger.dated_by if trigger else None


def is_dated(governance: Governance, kind: Kind) -> bool:
    """Whether the kind counts from a day that its subject states."""
    return bool(kind.begins_with) and dated_by(governance, kind.entity, kind.begins_with) is not None
