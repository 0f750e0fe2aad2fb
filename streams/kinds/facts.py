"""Facts about one record whose beginning matters: since when, and since which version, has the fact held?

Identify stamps them on every change. So a deadline is counted from the right version however much history was folded,
and a record that moves to another customer takes its trigger along."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import NamedTuple

from schemas.entities import whole
from schemas.instants import Instant
from streams.governance.mapping import ObjectMapping
from streams.governance.triggers import FACTS, OWED, Triggers, default
from streams.kinds.conditions import Attributes, Holds, holds_when


class Facts(NamedTuple):
    """Of an entity."""

    holding: tuple[tuple[str, Holds], ...]
    """Each fact, and whether it holds."""
    dated: tuple[tuple[str, str], ...] = ()
    """Facts that a company counts from a day, and the attribute that states it."""


KNOWN = "known"
"""Holds since the first version, or the first after a deletion."""
PENDING_ACTIVATION = frozenset({"draft", "pending_activation", "pending_acceptance"})
UNPAID = (*OWED, "pending")


_ALWAYS_KNOWN = frozenset({
    "subscription", "invoice", "payment", "refund", "cash_application", "credit_memo", "ledger_posting", "invoice_line",
    "usage",
})  # fmt: skip
"""Entities of which it is stamped since when a record is known."""

LASTING: frozenset[tuple[str, str]] = frozenset({("customer", "set_up")})
"""Facts that, once begun, hold for ever: going back does not undo that the step was taken."""
STEPS: dict[str, str] = {"order": "fulfilled", "subscription": "activated", "invoice": "posted"}
"""Entity -> a step of which it is kept, as `once_STEP`, when it was taken first, once it was taken back."""

VALUES: dict[str, dict[str, Callable[[Attributes], object]]] = {
    # entity: {fact: its value}; a new value is a new fact
    "customer": {"tax_region": lambda a: a["tax_region"], "linked_to": lambda a: a["crm_ref"] or None},
    "subscription": {"version": lambda a: a["version_number"]},
}
WITHOUT_VALUE = {"customer": {"linked_to": "linked"}}
"""Entity -> fact with values -> the fact that an earlier release kept in its place."""


_ON = ":on"
"""Behind a fact: on which day it began. Who regards the fact regards that."""


class Stated(NamedTuple):
    """The day of a fact, as its record states it."""

    day: str
    company: str
    """Whose day; empty: the record names none."""


class Since(NamedTuple):
    at: Instant
    version: str
    snapshot: bool
    """Whether it held already in its source's first snapshot."""
    seen: bool = True
    """False: a later snapshot showed it, so it began at some time before."""


def stamp(
    entity: str,
    attributes: Attributes,
    before: Mapping[str, str],
    at: Instant,
    version: str,
    snapshot: bool,
    *,
    seen: bool = True,
    facts: Facts | None = None,
) -> dict[str, str]:
    """The facts that hold now, each with the instant and version in which it began. `facts`: None for the default."""
    now = f"{at}/{version}" + ("/snapshot" if snapshot else "" if seen else "/unseen")
    facts = common(entity) if facts is None else facts
    holding = [f for f, holds in facts.holding if holds(attributes) or (f in before and (entity, f) in LASTING)]
    valued = ((fact, of(attributes)) for fact, of in VALUES.get(entity, {}).items())
    holding += [with_value(fact, value) for fact, value in valued if value is not None]
    stamped = {fact: before.get(fact, now) for fact in holding} | _taken_back(entity, holding, before)
    return stamped | _days(attributes, stamped, facts.dated) if facts.dated else stamped


def _days(attributes: Attributes, stamped: Mapping[str, str], dated: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """The days that the record states of facts that hold, with the company whose days it names."""
    company = attributes.get("legal_entity") or ""
    stated = ((fact, attributes[attribute]) for fact, attribute in dated if fact in stamped)
    return {f"{fact}{_ON}": f"{day}/{company}" for fact, day in stated if day}


def completed(entity: str, attributes: Attributes, stamped: Mapping[str, str]) -> Mapping[str, str]:
    """What was stamped of a record that said this, with the value that an earlier release left out of a fact."""
    for fact, plain in WITHOUT_VALUE.get(entity, {}).items():
        value, kept = VALUES[entity][fact](whole(entity, dict(attributes))), stamped.get(plain)
        if value is not None and kept is not None and not any(known.startswith(f"{fact}:") for known in stamped):
            return {with_value(fact, value): kept, **stamped}
    return stamped


@cache
def common(entity: str) -> Facts:
    """The facts of an entity by the defaults."""
    return _facts(entity, {})


def governed(mapping: ObjectMapping) -> Facts:
    """The facts of the entity that it reads, as a company decides them."""
    known: Facts | None = mapping.derived.get("facts")
    if known is None:
        decided = mapping.triggers
        known = mapping.derived["facts"] = _facts(mapping.entity, decided) if decided else common(mapping.entity)
    return known


def _facts(entity: str, decided: Triggers) -> Facts:
    triggers = {**default().get(entity, {}), **decided}
    known = ((KNOWN, _is_there),) if entity in _ALWAYS_KNOWN else ()
    holding = (*known, *((fact, holds_when(triggers[fact].when)) for fact in FACTS.get(entity, {})))
    return Facts(holding, tuple((fact, trigger.dated_by) for fact, trigger in triggers.items() if trigger.dated_by))


def _is_there(_: Attributes) -> bool:
    return True


def _taken_back(entity: str, holding: Collection[str], before: Mapping[str, str]) -> dict[str, str]:
    step = STEPS.get(entity, "")
    first = before.get(f"once_{step}", None if step in holding else before.get(step))
    return {f"once_{step}": first} if first else {}


def first_since(stamped: Mapping[str, str], fact: str) -> Since | None:
    """Of a fact that holds: since it held first. A record of an earlier release knows since when it does, no more."""
    begun = [since(stamped, fact), since(stamped, f"once_{fact}")]
    return min((b for b in begun if b), key=lambda b: b.at) if begun[0] else None


def with_value(fact: str, value: object) -> str:
    """The name under which a fact of VALUES is stamped."""
    return f"{fact}:{value}"


def since(stamped: Mapping[str, str], fact: str) -> Since | None:
    text = stamped.get(fact)
    if text is None:
        return None
    at, version, *how = text.split("/")
    return Since(int(at), version, how == ["snapshot"], seen=not how)


def day_of(stamped: Mapping[str, str], fact: str) -> Stated | None:
    text = stamped.get(f"{fact}{_ON}")
    if text is None:
        return None
    day, _, company = text.partition("/")
    return Stated(day, company)
