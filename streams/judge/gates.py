"""Gates: what a verdict waits for. A kind and the subject's system decide which source objects must have been heard."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.instants import Instant
from streams.governance.model import Governance
from streams.judge.keys import MARKS
from streams.kinds.table import KINDS, SUBJECT, Kind
from tables.view import Workspace
from tables.watermarks import LINKS, lowest


def all_needed(governance: Governance) -> Iterator[tuple[tuple[str, str], ...]]:
    """What each gate waits for."""
    for kind in KINDS:
        for role in kind.roles:
            for system in governance.in_role(role):
                yield needed(governance, kind, system)


def needed(governance: Governance, kind: Kind, system: str) -> tuple[tuple[str, str], ...]:
    """The (system, entity) pairs that a verdict about a subject of this system waits for, links included."""
    known = governance.derived.get((kind.name, system))
    if known is None:
        known = governance.derived[kind.name, system] = _needed(governance, kind, system)
    return known


def _needed(governance: Governance, kind: Kind, system: str) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    for role, entity in kind.needs:
        systems = (system,) if role == SUBJECT else governance.in_role(role)
        pairs += [(s, entity) for s in systems]
    involved = sorted({s for s, _ in pairs if governance.systems[s].links})
    return (*pairs, *((s, LINKS) for s in involved))


def decidable_until(ws: Workspace, governance: Governance, kind: Kind, system: str) -> tuple[Instant, str]:
    """Up to which instant verdicts can be given, and the source object that holds it back."""
    return lowest(ws.get(MARKS) or {}, needed(governance, kind, system), governance.partitions)
