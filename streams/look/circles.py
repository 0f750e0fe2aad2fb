"""Why a customer is in a circle of parents over other customers, or is not: kind 36, over the crosswalk's state."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.instants import Instant
from streams import held
from streams.governance.model import Governance
from streams.kinds.finding import Subject
from streams.look.conflicts import held_back, lowest
from streams.look.reasons import Said
from streams.look.suspicion import quiet, standing
from streams.look.why import Explanation
from streams.suspects.circle import Chain, chain_of, parents_of
from streams.suspects.conflict import Party
from streams.suspects.table import CIRCLE
from tables.view import View


def explain_circles(
    crosswalk: View, governance: Governance, members: list[Party], now: Instant
) -> Iterator[Explanation]:
    """An explanation for each of these records that is in a system of record of parents."""
    owners = parents_of(governance)
    if not owners:
        text = "not observed: no system that owns who belongs to whom has `parent_ref` mapped for its customers"
        yield Explanation(CIRCLE, "", "customer", "", "not_observed", text)
        return
    heard = lowest(crosswalk, governance, held.awaited(governance))
    for system, native in (member for member in members if member.system in owners):
        subject = Subject(system, "customer", native)
        chain = chain_of(crosswalk, system, native)
        entry = crosswalk.get(f"y/{system}/{min(chain.members)}") if chain.circle else None
        if entry is None and (waits := held_back(crosswalk, "ParentAsserted", _above(system, chain), heard)):
            yield Explanation(CIRCLE, *subject, "unknown", waits)
        elif entry is None:
            yield quiet(CIRCLE, subject, _why_none(chain), heard)
        else:
            told = entry["drift"]
            elsewhere = f"told of {told['native_id']} ({told['canonical_id']}): " if told["native_id"] != native else ""
            yield standing(CIRCLE, subject, entry, heard, now, elsewhere)


def _above(system: str, chain: Chain) -> list[tuple[str, str]]:
    return [(system, member) for member in chain.members]


def _why_none(chain: Chain) -> Said:
    above = " under ".join(chain.members)
    if chain.circle:
        return "near_miss", f"near miss: a circle within one customer, which hierarchy_divergence tells of: {above}"
    if chain.into is not None:
        return "near_miss", f"near miss: {above} is not in the circle above it, which begins at {chain.into}"
    if len(chain.members) == 1:
        return "agrees", "it has no parent"
    return "agrees", f"no circle: {above}, which has no parent"
