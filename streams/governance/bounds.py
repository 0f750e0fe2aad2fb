"""Numbers and words that are well formed and that no rule could go by: a typo there would decide, or decide nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from schemas.entities import ENTITIES
from streams.governance.mapping import Vocabulary
from streams.governance.model import Governance
from streams.governance.problem import Problem
from streams.governance.process import STEP_PAIRS, Rank
from streams.governance.words import meant

_PLACE = re.compile(r"\*|[A-Z]{2}(-.+)?")


def tolerances(governance: Governance) -> Iterator[Problem]:
    for name, kind in governance.kinds.items():
        stated = {name: kind} | {f"{name}.segments.{segment}": rules for segment, rules in kind.segments.items()}
        for key, rules in stated.items():
            yield from _tolerance(f"{key}.tolerance_absolute", rules.tolerance_absolute, None)
            yield from _tolerance(f"{key}.tolerance_relative", rules.tolerance_relative, Decimal(1))
            for currency in (rules.execute_up_to or {}).keys() - governance.finance.currencies.keys():
                what = f"no such currency{meant(currency, governance.finance.currencies)}; add it to finance.yaml"
                yield Problem("kinds.yaml", f"{key}.execute_up_to.{currency}", what)


def _tolerance(key: str, value: Decimal | None, most: Decimal | None) -> Iterator[Problem]:
    if value is not None and value < 0:
        yield Problem("kinds.yaml", key, f"{value} is negative: what is equal would differ; state 0 or more")
    elif value is not None and most is not None and value > most:
        yield Problem("kinds.yaml", key, f"{value} is more than the whole: state a share, 0.05 for 5 percent")


def orders(governance: Governance) -> Iterator[Problem]:
    for entity, attributes in governance.process.orders.items():
        words = {attribute.name: attribute.words for attribute in ENTITIES[entity].attributes}
        for name, ranks in attributes.items():
            key = f"orders.{entity}.{name}"
            states = [state for rank in ranks for state in _states(rank)]
            if not words[name]:
                known = ", ".join(attribute for attribute, named in words.items() if named)
                yield Problem("process.yaml", key, f"has no states: those of {entity} are in {known or 'nothing'}")
                continue
            mapped = mapped_to(governance, entity, name)
            for state in dict.fromkeys(states):
                if state not in words[name] and state not in mapped:
                    yield Problem("process.yaml", key, f"{state!r} is no state of it{meant(state, words[name])}")
                elif states.count(state) > 1:
                    yield Problem("process.yaml", key, f"{state!r} is listed twice: keep one")


def mapped_to(governance: Governance, entity: str, attribute: str) -> set[str]:
    """What some system's words become; `vocabulary` warns of those that no rule knows."""
    of = (m for objects in governance.mappings.values() for m in objects.values() if m.entity == entity)
    read = (m.attributes.get(attribute) for m in of)
    return {word for each in read if isinstance(each, Vocabulary) for word in each.map.values()}


def _states(rank: Rank) -> tuple[str, ...]:
    return (rank,) if isinstance(rank, str) else rank


def steps(governance: Governance) -> Iterator[Problem]:
    for pair in governance.process.step_tolerance_seconds.keys() - set(STEP_PAIRS):
        what = f"no such pair of steps{meant(pair, STEP_PAIRS)}"
        yield Problem("process.yaml", f"step_tolerance_seconds.{pair}", what)


def places(governance: Governance) -> Iterator[Problem]:
    for place in governance.finance.routing:
        if not _PLACE.fullmatch(place):
            what = "no place: write DE for a country, US-PR for a part of it, or * for all others"
            yield Problem("finance.yaml", f"routing.{place}", what)


def tax_codes(governance: Governance) -> Iterator[Problem]:
    for code, tax in governance.finance.tax_codes.items():
        if tax.begins is not None and tax.ends is not None and tax.ends < tax.begins:
            what = f"ends {tax.ends}, before it begins {tax.begins}; exchange the two"
            yield Problem("finance.yaml", f"tax_codes.{code}", what)


def names(governance: Governance) -> Iterator[Problem]:
    for name, kind in governance.kinds.items():
        if not kind.owner_team.strip():
            yield Problem("kinds.yaml", f"{name}.owner_team", "is empty: name the team that acts on it")
    for name, system in governance.systems.items():
        if not system.vendor.strip():
            yield Problem("systems.yaml", f"systems.{name}.vendor", "is empty: name it, e.g. postgresql")


def people(governance: Governance) -> Iterator[Problem]:
    for name in sorted({*governance.people.driftwise} & {*governance.people.integration}):
        what = f"{name!r} stands under driftwise and under integration: a change has one writer; keep one"
        yield Problem("people.yaml", "integration", what)
