"""Governance held against itself: what one decision says of another must be there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from schemas.entities import ENTITIES
from schemas.topics import AUDIT_RETENTION, REPLAY_WINDOW
from streams.governance import begins, bounds
from streams.governance.model import ANY_ATTRIBUTE, Governance, System
from streams.governance.problem import Problem
from streams.governance.words import meant

Check = Callable[[Governance], Iterator[Problem]]


def problems(governance: Governance) -> list[Problem]:
    return [problem for check in CHECKS for problem in check(governance)]


def _no(what: str, word: str, known: Iterable[str], remedy: str = "") -> str:
    known = list(known)
    listed = meant(word, known) if known else "; none is governed"
    return f"{word!r} is no {what}{listed}{f'; {remedy}' if remedy else ''}"


def _judged(governance: Governance) -> Iterator[Problem]:
    for kind in governance.judged or ():
        if kind not in governance.kinds:
            yield Problem("systems.yaml", "judged", _no("kind", kind, governance.kinds))


def _retention(governance: Governance) -> Iterator[Problem]:
    amended = governance.late_retention_seconds
    what = f"must be longer than late_retention_seconds, {amended:g}: late evidence amends verdicts as old as that"
    for key in ("settled_retention_seconds", "ended_drift_retention_seconds", REPLAY_WINDOW):
        kept = getattr(governance, key)
        if kept is not None and kept <= amended:
            yield Problem("systems.yaml", key, what)
    window, audit = governance.replay_window_seconds, governance.audit_retention_seconds
    if audit is not None and (window is None or audit < window):
        stated = "null, for ever" if window is None else f"{window:g}"
        what = f"must be no shorter than {REPLAY_WINDOW}, {stated}: what is replayed is compared with the audit"
        yield Problem("systems.yaml", AUDIT_RETENTION, what)


def _systems(governance: Governance) -> Iterator[Problem]:
    for name, system in governance.systems.items():
        if name not in governance.mappings:
            yield Problem("systems.yaml", f"systems.{name}", f"has no mapping: add mappings/{name}.yaml")
            continue
        for attribute, target in system.links.items():
            if what := _link(governance, name, attribute, target):
                yield Problem("systems.yaml", f"systems.{name}.links.{attribute}", what)
        yield from _serves(governance, name, system)


def _link(governance: Governance, name: str, attribute: str, target: str) -> str:
    if target not in governance.systems:
        return _no("system", target, governance.systems)
    if governance.systems[target].links:
        return (
            f"names {target!r}, which has links itself: chains would make a verdict wait for systems that it does not "
            "name; link every system to the same senior one"
        )
    mappings = governance.mappings[name].values()
    if not any(m.entity == "customer" and attribute in m.attributes for m in mappings):
        return f"is not mapped: add it in mappings/{name}.yaml"
    return ""


def _serves(governance: Governance, name: str, system: System) -> Iterator[Problem]:
    for entity in system.serves:
        if entity not in governance.entities:
            what = _no("legal entity", entity, governance.entities, "add it to entities.yaml")
            yield Problem("systems.yaml", f"systems.{name}.serves.{entity}", what)


def _kinds(governance: Governance) -> Iterator[Problem]:
    for name, kind in governance.kinds.items():
        for segment in kind.segments:
            if segment not in governance.segments:
                what = _no("segment", segment, governance.segments, "add it to segments in systems.yaml")
                yield Problem("kinds.yaml", f"{name}.segments.{segment}", what)
        if kind.counts_business_days and not governance.entities:
            what = "business days need a calendar: add the legal entities to entities.yaml, or state sla_seconds"
            yield Problem("kinds.yaml", f"{name}.sla_business_days", what)


def _ownership(governance: Governance) -> Iterator[Problem]:
    for entity, owners in governance.ownership.items():
        if entity not in ENTITIES:
            yield Problem("ownership.yaml", entity, _no("entity", entity, ENTITIES))
            continue
        names = ENTITIES[entity].attribute_names
        for attribute in owners:
            if attribute == ANY_ATTRIBUTE and entity == "customer":
                what = "the corrected state merges customers attribute by attribute: list each"
                yield Problem("ownership.yaml", f"{entity}.{attribute}", what)
            elif attribute not in (*names, ANY_ATTRIBUTE):
                yield Problem("ownership.yaml", f"{entity}.{attribute}", _no("attribute", attribute, names))


def _currencies(governance: Governance) -> Iterator[Problem]:
    for number, entity in governance.entities.items():
        if entity.currency not in governance.finance.currencies:
            what = f"{entity.currency} has no exponent: add it to currencies in finance.yaml, {entity.currency}: 2"
            yield Problem("entities.yaml", f"{number}.currency", what)


def _routing(governance: Governance) -> Iterator[Problem]:
    for place, entity in governance.finance.routing.items():
        if entity not in governance.entities:
            what = _no("legal entity", entity, governance.entities, "add it to entities.yaml")
            yield Problem("finance.yaml", f"routing.{place}", what)


def _ignored(governance: Governance) -> Iterator[Problem]:
    for name, rule in governance.ignore.items():
        if rule.kind not in governance.kinds:
            yield Problem("ignore.yaml", f"{name}.kind", _no("kind", rule.kind, governance.kinds))
        if rule.system is not None and rule.system not in governance.systems:
            yield Problem("ignore.yaml", f"{name}.system", _no("system", rule.system, governance.systems))


def _causes(governance: Governance) -> Iterator[Problem]:
    for name, edge in governance.process.missing_edges.items():
        if edge.cause not in governance.kinds:
            what = _no(
                "kind", edge.cause, governance.kinds, "name the kind that explains it, or null for the whole edge"
            )
            yield Problem("process.yaml", f"missing_edges.{name}.cause", what)


CHECKS: tuple[Check, ...] = (
    _judged,
    _retention,
    _systems,
    _kinds,
    _ownership,
    _currencies,
    _routing,
    _ignored,
    _causes,
    bounds.tolerances,
    bounds.orders,
    bounds.steps,
    bounds.places,
    bounds.tax_codes,
    bounds.names,
    bounds.people,
    begins.facts,
    begins.conditions,
)
