"""Changes that nobody wrote into a story: any attribute of any of its records, at any time, to any value of its; and
records that go."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from typing import Any

from schemas.entities import ENTITIES, MONEY_TYPES, Attribute
from tests.dossiers.model import Change, Story
from tests.dossiers.table import DOSSIERS

SAMPLES: dict[str, tuple[Any, ...]] = {
    "text": (None, "other"),
    "integer": (None, 1, 2),
    "flag": (None, True, False),
    "date": (None, "1970-01-01", "1970-01-02"),
    "instant": (None, 1_000_000, 12_000_000),
}
MONEY = (None, {"amount": "119.00", "currency": "EUR"}, {"amount": "7", "currency": "USD"})
LAST_SECOND = 30
GOES = 0.1
"""Share of the changes that delete the record."""


def noise(rng: random.Random, story: Story, changes: int) -> Story:
    """`changes` more versions of records of the story, each of which changes one attribute for good or for a while, or
    deletes it."""
    told = list(story)
    for _ in range(changes):
        told.append(_one(rng, sorted(told, key=lambda c: c.at)))
    return tuple(told)


def _one(rng: random.Random, told: list[Change]) -> Change:
    record = rng.choice([c for c in told if c.attributes is not None])
    at = rng.randint(1, LAST_SECOND * 2) / 2
    earlier = [c for c in told if _same(c, record) and c.at <= at and c.attributes is not None]
    held = earlier[-1] if earlier else record
    if rng.random() < GOES:
        return held._replace(at=at, attributes=None)
    attribute = rng.choice(ENTITIES[record.entity].attributes)
    value = rng.choice(values_of(record.entity, attribute))
    return held._replace(at=at, attributes={**(held.attributes or {}), attribute.name: value})


def _same(one: Change, other: Change) -> bool:
    return (one.system, one.entity, one.native_id) == (other.system, other.entity, other.native_id)


def values_of(entity: str, attribute: Attribute) -> tuple[Any, ...]:
    """What the attribute might say: what some dossier gives it, and a few samples of its type."""
    return _values().get((entity, attribute.name), _samples(attribute))


def _samples(attribute: Attribute) -> tuple[Any, ...]:
    return MONEY if attribute.type in MONEY_TYPES else SAMPLES[attribute.type]


@cache
def _values() -> dict[tuple[str, str], tuple[Any, ...]]:
    """(entity, attribute) -> the values that some dossier gives it, and what else it might be."""
    found: dict[tuple[str, str], list[Any]] = {}
    for entity, attribute, value in _told():
        values = found.setdefault((entity, attribute.name), list(_samples(attribute)))
        if value not in values:
            values.append(value)
    return {place: tuple(values) for place, values in found.items()}


def _told() -> Iterator[tuple[str, Attribute, Any]]:
    for dossier in DOSSIERS:
        for story in (dossier.story, *dossier.near_misses.values(), dossier.resolved_by, dossier.late):
            for one in story:
                for attribute in ENTITIES[one.entity].attributes:
                    if attribute.name in (one.attributes or {}):
                        yield one.entity, attribute, (one.attributes or {})[attribute.name]
