"""The same record, had one thing about it been otherwise: any attribute, or since when a fact has held."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.entities import ENTITIES
from schemas.instants import SECOND
from streams.kinds.facts import stamp
from streams.kinds.trail import stamp_trails
from tables.versions import Version
from tests.dossiers.noise import values_of

LATER = (500 * SECOND, "later")
"""When, and by which version, it came to be so."""


def altered(entity: str, version: Version, looked_at: set[str]) -> Iterator[Version]:
    """Versions that say otherwise in one attribute, which somebody looks at or a fact rests on, or in one fact."""
    for attribute in ENTITIES[entity].attributes:
        for value in values_of(entity, attribute):
            other = _with(entity, version, attribute.name, value)
            if attribute.name in looked_at or _facts(other) != _facts(version):
                yield other
    for fact in _facts(version):
        yield {**version, "since": {**version["since"], fact: "/".join(map(str, LATER))}}


def _with(entity: str, version: Version, attribute: str, value: object) -> Version:
    attrs = {**version["attrs"], attribute: value}
    facts = stamp(entity, attrs, version["since"], *LATER, snapshot=False)
    trails = stamp_trails(entity, attrs, version, *LATER, snapshot=False, by="person")
    return {**version, "attrs": attrs, "since": facts | trails}


def _facts(version: Version) -> dict[str, str]:
    return {name: began for name, began in version["since"].items() if not name.startswith("trail:")}
