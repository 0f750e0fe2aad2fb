"""Triggers held against what there is: facts that code names, attributes of the entity, states that it can be in."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.entities import ENTITIES, MONEY_TYPES, Attribute
from streams.governance.bounds import mapped_to
from streams.governance.model import Governance
from streams.governance.problem import Problem
from streams.governance.process import Rank
from streams.governance.triggers import (
    COUNTED,
    FACTS,
    NEEDED,
    NOT_ZERO,
    STATED,
    UNLESS_ZERO,
    WITHIN,
    Condition,
    OtherThan,
    Trigger,
    states_of,
)
from streams.governance.words import meant

FILE = "triggers.yaml"


def facts(governance: Governance) -> Iterator[Problem]:
    """Each fact that kinds count from is there, and no other."""
    for entity, stated in governance.triggers.items():
        if entity not in FACTS:
            yield Problem(FILE, entity, f"nothing begins with a record of it{meant(entity, FACTS)}")
            continue
        for fact in stated:
            if fact not in FACTS[entity]:
                yield Problem(FILE, f"{entity}.{fact}", f"no kind counts from it{meant(fact, FACTS[entity])}")
    for entity, named in FACTS.items():
        for fact, meaning in named.items():
            if fact not in governance.triggers.get(entity, {}):
                yield Problem(FILE, f"{entity}.{fact}", f"is missing, and kinds count from it: say when {meaning}")


def conditions(governance: Governance) -> Iterator[Problem]:
    for entity, stated in governance.triggers.items():
        attributes = {attribute.name: attribute for attribute in ENTITIES[entity].attributes} if entity in FACTS else {}
        for fact, trigger in stated.items() if attributes else ():
            key = f"{entity}.{fact}.when"
            yield from _needed(entity, fact, trigger)
            yield from _dated(entity, fact, trigger, attributes)
            for name, condition in trigger.when.items():
                if name not in attributes:
                    yield Problem(FILE, f"{key}.{name}", f"no attribute of {entity}{meant(name, attributes)}")
                elif what := _cannot_hold(governance, entity, attributes[name], condition):
                    yield Problem(FILE, f"{key}.{name}", what)


def _needed(entity: str, fact: str, trigger: Trigger) -> Iterator[Problem]:
    key, attribute = f"{entity}.{fact}.when", NEEDED.get((entity, fact))
    if not trigger.when:
        yield Problem(FILE, key, "has no condition, so it would begin with the record: state one")
    elif attribute is not None and trigger.when.get(attribute) not in (STATED, NOT_ZERO):
        what = f"kinds cannot tell what is demanded without it: write {STATED}, or {NOT_ZERO} for an amount"
        yield Problem(FILE, f"{key}.{attribute}", what)
    name, states = WITHIN.get((entity, fact), ("", ()))
    condition = trigger.when.get(name)
    if name and not (isinstance(condition, tuple) and set(condition) <= set(states)):
        yield Problem(FILE, f"{key}.{name}", f"kinds look only for {', '.join(states)}: list one of them, or several")


def _dated(entity: str, fact: str, trigger: Trigger, attributes: dict[str, Attribute]) -> Iterator[Problem]:
    key, name = f"{entity}.{fact}.dated_by", trigger.dated_by
    days = [attribute.name for attribute in attributes.values() if attribute.type == "date"]
    if name is None:
        return
    if name not in attributes:
        yield Problem(FILE, key, f"{name!r} is no attribute of {entity}{meant(name, days)}" if days else _NO_DAYS)
    elif name not in days:
        is_ = _a(attributes[name])
        yield Problem(FILE, key, f"{name} is {is_}, and no day{meant(name, days)}" if days else _NO_DAYS)
    elif (entity, fact) not in COUNTED:
        counted = [f"{of}.{counted}" for of, counted in sorted(COUNTED) if of == entity]
        yield Problem(FILE, key, f"no deadline is counted from it: take it out; counted from: {', '.join(counted)}")


_NO_DAYS = "its records state no day: take it out"


def _cannot_hold(governance: Governance, entity: str, attribute: Attribute, condition: Condition) -> str:
    """Why the attribute never says so; empty where it may."""
    if isinstance(condition, bool):
        said = str(condition).lower()
        return "" if attribute.type == "flag" else f"{said} is for flags, and it is {_a(attribute)}"
    if condition in (NOT_ZERO, UNLESS_ZERO):
        is_number = attribute.type in (*MONEY_TYPES, "integer")
        return "" if is_number else f"{condition} is for amounts and numbers, and it is {_a(attribute)}"
    if isinstance(condition, (tuple, OtherThan)) and attribute.type != "text":
        return f"a list of states is for words, and it is {_a(attribute)}: {_remedy(attribute)}"
    unknown = [state for state in states_of(condition) if not _is_known(governance, entity, attribute, state)]
    return f"{unknown[0]!r} is no state of it{meant(unknown[0], attribute.words)}" if unknown else ""


def _a(attribute: Attribute) -> str:
    return "an amount" if attribute.type in MONEY_TYPES else f"of type {attribute.type}"


def _remedy(attribute: Attribute) -> str:
    if attribute.type == "flag":
        return "write true or false"
    return "write stated" if attribute.type == "date" else "write stated, not_zero or unless_zero"


def _is_known(governance: Governance, entity: str, attribute: Attribute, state: str) -> bool:
    """Of an attribute without words anything may be said."""
    if not attribute.words or state in attribute.words or state in mapped_to(governance, entity, attribute.name):
        return True
    return any(_ranks(rank, state) for rank in governance.process.orders.get(entity, {}).get(attribute.name, ()))


def _ranks(rank: Rank, state: str) -> bool:
    return state == rank if isinstance(rank, str) else state in rank
