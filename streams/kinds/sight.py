"""Which changes each kind takes notice of, worked out from its row once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from streams.governance.model import Governance
from streams.kinds.asof import HOME, Sight
from streams.kinds.references import EVERY, parts
from streams.kinds.standing import TELLING
from streams.kinds.table import ID, Kind, Reach, reached_by
from tables.versions import Regard


def sight(governance: Governance, kind: Kind) -> Sight:
    key = (sight, kind.row)
    known: Sight | None = governance.derived.get(key)
    if known is None:
        known = governance.derived[key] = Sight(
            {entity: _regarded(kind, entity, names) for entity, names in kind.regarded.items()},
            {entity: _regarded(kind, entity, names) for entity, names in kind.demanded_by.items()},
            frozenset((s, entity) for role, entity in kind.answered_by for s in governance.in_role(role)),
        )
    return known


class Alike(NamedTuple):
    """Kinds that find their subjects in the same way from a place: the subjects are looked up once for all of them."""

    reach: Reach
    entity: str
    """Of the subjects."""
    roles: tuple[str, ...]
    kinds: tuple[Kind, ...]
    regarding: tuple[Regard | None, ...]
    """For each of the kinds, what it regards of a record in the place; None: everything."""


def noticed_by(governance: Governance, role: str, entity: str) -> tuple[Alike, ...]:
    """The kinds that take notice of a change in this place."""
    key = (noticed_by, role, entity)
    known: tuple[Alike, ...] | None = governance.derived.get(key)
    if known is None:
        alike: dict[tuple[type, Reach, str, tuple[str, ...]], list[tuple[Kind, Regard | None]]] = {}
        for kind, reach in reached_by(governance, role, entity):
            how = (type(reach), reach, kind.entity, kind.roles)  # two ways that name nothing are equal
            alike.setdefault(how, []).append((kind, sight(governance, kind).regarded.get(entity)))
        known = tuple(
            Alike(reach, of, roles, tuple(kind for kind, _ in found), tuple(regarded for _, regarded in found))
            for (_, reach, of, roles), found in alike.items()
        )
        governance.derived[key] = known
    return known


def _regarded(kind: Kind, entity: str, names: tuple[str, ...]) -> Regard:
    """What the kind regards, with the attributes by which it finds the record."""
    telling = TELLING if entity == HOME[1] else ()
    return Regard.named(dict.fromkeys((*names, *(set(_found_by(kind, entity)) - {ID, EVERY}), *telling)))


def _found_by(kind: Kind, entity: str) -> Iterator[str]:
    yield from (attribute for of, attribute in kind.finds if of == entity)
    for reaching, way in kind.references:
        yield from parts(way.subject_attribute) if kind.entity == entity else ()
        yield from parts(way.change_attribute) if reaching == entity else ()
