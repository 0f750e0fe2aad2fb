"""The kinds as a table, gathered from `streams.kinds.rules`: one module a kind, with one row or one for each of several
entities."""

from __future__ import annotations

import importlib
import pkgutil

from streams.governance.model import Governance
from streams.kinds import rules
from streams.kinds.model import (
    ID,
    SUBJECT,
    All,
    Consulted,
    Either,
    Itself,
    Kind,
    Place,
    Reach,
    Refers,
    Siblings,
    Through,
)
from streams.kinds.references import EVERY

__all__ = [
    "AT_LARGE",
    "BY_NAME",
    "ID",
    "KINDS",
    "NAMED_BY",
    "REFERENCES",
    "SUBJECT",
    "All",
    "Consulted",
    "Either",
    "Itself",
    "Kind",
    "Reach",
    "Refers",
    "Siblings",
    "Through",
]


def _gather() -> tuple[Kind, ...]:
    """All kinds, in the order of the catalogue."""
    modules = (importlib.import_module(f"{rules.__name__}.{m.name}") for m in pkgutil.iter_modules(rules.__path__))
    found: list[Kind] = [kind for module in modules for kind in getattr(module, "KINDS", None) or (module.KIND,)]
    return tuple(sorted(found, key=lambda kind: (len(kind.number), kind.number, kind.entity)))


KINDS: tuple[Kind, ...] = _gather()
BY_NAME: dict[str, Kind] = {kind.row: kind for kind in KINDS}
"""Name of the row -> kind."""
AT_LARGE: frozenset[str] = frozenset(
    kind.row for kind in KINDS if any(isinstance(reach, All) and reach.begins for reach in kind.reach.values())
)
"""Rows of which some changes may begin whatever obligations there could be."""


NAMED_BY: dict[str, tuple[tuple[str, Refers], ...]] = {kind.row: kind.references for kind in KINDS}
"""Row -> (entity, how its records name the subjects)."""


def _references() -> dict[str, tuple[str, ...]]:
    named: set[tuple[str, str]] = {("customer", EVERY)}
    for kind in KINDS:
        named.update(kind.finds)
        for entity, way in NAMED_BY[kind.row]:
            named.update({(kind.entity, way.subject_attribute), (entity, way.change_attribute)})
    return {
        entity: tuple(sorted(attribute for e, attribute in named if e == entity and attribute != ID))
        for entity in sorted({entity for entity, _ in named})
    }


REFERENCES: dict[str, tuple[str, ...]] = _references()
"""Entity -> attributes by which others find its records."""


def judged(governance: Governance) -> tuple[Kind, ...]:
    """The kinds that this deployment judges: those it wants, as far as it has systems that carry what they look at."""
    known: tuple[Kind, ...] | None = governance.derived.get((judged,))
    if known is None:
        known = tuple(kind for kind in KINDS if governance.wants(kind.name) and not unobserved(governance, kind))
        governance.derived[(judged,)] = known
    return known


def unobserved(governance: Governance, kind: Kind) -> tuple[Place, ...]:
    """What keeps a kind from being judged: places that it looks at and no system of this deployment carries."""
    return tuple(place for place in kind.reach if place not in kind.optional and not _carried(governance, kind, *place))


def _carried(governance: Governance, kind: Kind, role: str, entity: str) -> bool:
    # Of several roles whose records are subjects, one is enough.
    roles = kind.roles if role in kind.roles and entity == kind.entity else (role,)
    return any(governance.carries(system, entity) for r in roles for system in governance.in_role(r))


def reached_by(governance: Governance, role: str, entity: str) -> tuple[tuple[Kind, Reach], ...]:
    """The kinds that look at a change of this place, and how they find their subjects."""
    key = (reached_by, role, entity)
    known: tuple[tuple[Kind, Reach], ...] | None = governance.derived.get(key)
    if known is None:
        place = (role, entity)
        known = tuple((kind, kind.reach[place]) for kind in judged(governance) if place in kind.reach)
        governance.derived[key] = known
    return known
