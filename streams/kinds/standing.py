"""Rules that depend on the customer, whatever the predicate looks at: those of its segment, business days, accounting
periods, days that deadlines count from, and the ERP of its legal entity. All of that follows from the customer's record
in the CRM (`AsOf.home`).

A kind with such rules waits for that record, and a change in it that matters concerns every subject of the kind."""

from __future__ import annotations

from streams.governance.model import Governance
from streams.kinds.asof import HOME
from streams.kinds.begun import is_dated
from streams.kinds.model import Kind
from streams.kinds.table import judged
from tables.versions import PRESENT, Version

TELLING = ("segment", "legal_entity", "country", "tax_region")
"""The attributes of that record which decide."""


def regards_customer(governance: Governance, kind: Kind) -> bool:
    rules = governance.kinds[kind.name]
    by_calendar = rules.counts_business_days or is_in_periods(governance, kind)
    by_calendar = by_calendar or is_dated(governance, kind)
    return bool(rules.segments) or by_calendar or _is_routed(governance, kind)


def is_in_periods(governance: Governance, kind: Kind) -> bool:
    """Whether the close of an accounting period can make an obligation of the kind due."""
    return kind.booked_on is not None and governance.has_periods


def _is_routed(governance: Governance, kind: Kind) -> bool:
    """Whether the legal entity decides which system of a role is in charge, or when books are open."""
    roles = {role for role, _ in kind.reach}
    served = any(governance.systems[s].serves for role in roles for s in governance.in_role(role))
    return served or ("erp" in roles and any(entity.closes_books for entity in governance.entities.values()))


def homes(governance: Governance) -> tuple[tuple[str, str], ...]:
    """(system, entity) of the records that may be a customer's home record."""
    role, entity = HOME
    return tuple((system, entity) for system in governance.in_role(role) if governance.carries(system, entity))


def regarding(governance: Governance, system: str, entity: str) -> tuple[Kind, ...]:
    """The kinds whose rules depend on records in this place."""
    key = (regarding, system, entity)
    known: tuple[Kind, ...] | None = governance.derived.get(key)
    if known is None:
        hang = (system, entity) in homes(governance)
        known = tuple(kind for kind in judged(governance) if hang and regards_customer(governance, kind))
        governance.derived[key] = known
    return known


def tells_otherwise(before: Version | None, after: Version) -> bool:
    return _told(before) != _told(after)


def _told(version: Version | None) -> tuple[str | None, ...] | None:
    if version is None or version["op"] != PRESENT:
        return None
    return tuple(version["attrs"].get(name) for name in TELLING)
