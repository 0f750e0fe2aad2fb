"""What of a change each kind takes notice of."""

from __future__ import annotations

from streams.governance.model import Governance
from streams.kinds.asof import HOME, Sight
from streams.kinds.standing import TELLING
from streams.kinds.table import REFERENCES, Kind, Reach, reached_by


def sight(governance: Governance, kind: Kind) -> Sight:
    key = (sight, kind.row)
    known: Sight | None = governance.derived.get(key)
    if known is None:
        known = governance.derived[key] = Sight(
            {entity: _regarded(entity, attributes) for entity, attributes in kind.regarded.items()},
            frozenset((s, entity) for role, entity in kind.answered_by for s in governance.in_role(role)),
        )
    return known


def noticed_by(governance: Governance, role: str, entity: str) -> tuple[tuple[Kind, Reach, frozenset[str] | None], ...]:
    """The kinds that look at a change of this place, how they find their subjects, and which attributes they regard;
    None: all."""
    key = (noticed_by, role, entity)
    known: tuple[tuple[Kind, Reach, frozenset[str] | None], ...] | None = governance.derived.get(key)
    if known is None:
        looking = (
            (k, reach, sight(governance, k).regarded.get(entity)) for k, reach in reached_by(governance, role, entity)
        )
        known = tuple((kind, reach, None if seen is None else frozenset(seen)) for kind, reach, seen in looking)
        governance.derived[key] = known
    return known


def _regarded(entity: str, attributes: tuple[str, ...]) -> tuple[str, ...]:
    """By what it is found, it also matters."""
    telling = TELLING if entity == HOME[1] else ()
    return tuple(dict.fromkeys((*attributes, *REFERENCES.get(entity, ()), *telling)))
