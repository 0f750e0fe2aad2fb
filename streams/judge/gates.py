"""Gates: the source objects that a verdict waits for. They depend on the kind and the subject's system."""

from __future__ import annotations

from schemas.instants import NEVER, Instant
from streams import held
from streams.governance.in_force import InForce
from streams.governance.model import Governance
from streams.judge.keys import MARKS
from streams.kinds.standing import homes, regards_customer
from streams.kinds.table import SUBJECT, Kind, judged
from tables.view import Workspace
from tables.watermarks import LINKS, Minima, minima, reported_as


def needed_at_all(governance: Governance) -> tuple[tuple[str, str], ...]:
    """Every (system, entity) pair that some gate waits for."""
    known = governance.derived.get((needed_at_all,))
    if known is None:
        gates = (
            needed(governance, kind, s)
            for kind in judged(governance)
            for role in kind.roles
            for s in governance.in_role(role)
        )
        known = governance.derived[(needed_at_all,)] = tuple(sorted({pair for pairs in gates for pair in pairs}))
    return known


def needed(governance: Governance, kind: Kind, system: str) -> tuple[tuple[str, str], ...]:
    """The (system, entity) pairs that a verdict about a subject of this system waits for, links included."""
    known = governance.derived.get((kind.row, system))
    if known is None:
        known = governance.derived[kind.row, system] = _needed(governance, kind, system)
    return known


def _needed(governance: Governance, kind: Kind, system: str) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    for role, entity in kind.needs:
        systems = (system,) if role == SUBJECT else governance.in_role(role)
        pairs += [(s, entity) for s in systems if governance.carries(s, entity)]
    if regards_customer(governance, kind):
        pairs += [home for home in homes(governance) if home not in pairs]
    return (*pairs, *((s, LINKS) for s in _linking(governance, {s for s, _ in pairs})))


def evidence(governance: Governance, kind: Kind, system: str) -> tuple[tuple[str, str], ...]:
    """Those of them in which a missing record leaves the verdict undecided."""
    spared = {(s, entity) for role, entity in kind.for_command for s in governance.in_role(role)}
    return tuple(pair for pair in needed(governance, kind, system) if pair not in spared)


def _linking(governance: Governance, systems: set[str]) -> list[str]:
    """Systems whose links decide to which customer the records of these systems belong."""
    linking = governance.linking
    # A record that names several customers makes them one, whatever their own systems say.
    joining = {s for s in linking if len(governance.systems[s].links) > 1}
    deciding = systems.intersection(linking) | joining
    if held.ordered(governance):  # also the records of a system that only others name go where those say
        named = {target for s in linking for target in governance.systems[s].links.values()}
        return sorted(linking) if deciding or systems & named else []
    return sorted(deciding)


def asserting(governance: Governance) -> tuple[tuple[str, str], ...]:
    """The (system, entity) pairs that must be heard before links apply, where those wait for one another."""
    known = governance.derived.get((asserting,))
    if known is None:
        systems = held.awaited(governance) if held.ordered(governance) else ()
        pairs = {(s, mapping.entity) for s in systems for mapping in governance.mappings[s].values()}
        known = governance.derived[(asserting,)] = tuple(sorted(pairs))
    return known


def silent(heard: Minima, governance: Governance, source: str) -> str:
    """The source object to be named where this one holds back: of links that wait for others, what they wait for."""
    system, _, entity = source.partition("/")
    pairs = asserting(governance) if entity == LINKS else ()
    waited = ((heard.of(*pair), reported_as(heard.marks, *pair)) for pair in pairs)
    until, awaited = min(waited, default=(NEVER, source))
    return awaited if until <= heard.of(system, entity) else source


def heard_by(ws: Workspace, governance: Governance) -> Minima:
    """The watermarks of a shard."""
    return minima(ws.get(MARKS), governance.partitions)


def decidable_until(heard: Minima, governance: Governance, kind: Kind, system: str) -> tuple[Instant, str]:
    """Up to which instant verdicts can be given, and the source object that holds it back."""
    return heard.lowest(needed(governance, kind, system))


def passed_by(heard: Minima, ruled: InForce, kind: Kind, system: str) -> tuple[Instant, str]:
    """The same while governance changes: an instant waits for what the governance in force then needs. No instant is
    judged before it is known what a new version concerns."""
    until, source = NEVER, ""
    for begins_at, ends_at, governance in ruled.undecided:
        until, source = decidable_until(heard, governance, kind, system)
        until = max(until, begins_at - 1)
        if until < ends_at - 1:
            break
    return min(until, ruled.rolled_out - 1), source


def passed_by_all(heard: Minima, ruled: InForce) -> Instant:
    """Up to this instant everything can be judged."""
    return slowest(heard, ruled)[0]


def slowest(heard: Minima, ruled: InForce) -> tuple[Instant, str]:
    """The same, and the source object that holds all back."""
    until, source = min(heard.lowest(needed_at_all(span.governance)) for span in ruled.undecided)
    return min(until, ruled.rolled_out - 1), source
