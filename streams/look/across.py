"""Why, for the kinds about identity across customers: they are not judge's, so other stages are asked."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote

from schemas.instants import Instant
from streams.crosswalk import MARKS
from streams.governance.model import Governance
from streams.held import HELD
from streams.judge.keys import process_key
from streams.look import changelog
from streams.look.circles import explain_circles
from streams.look.conflicts import cluster, explain_conflicts
from streams.look.read import Cluster
from streams.look.suspects import Shards, explain_suspects, read_suspects
from streams.look.why import Explanation
from streams.suspects.table import CIRCLE, CONFLICT, IN_CROSSWALK, compared
from tables.view import MemoryView, View

_MANY = 1_000_000
_OF_EVERYONE = ("b/", "y/", HELD, MARKS)
"""Parents and what waits: small, and of whom they are shows only on the way."""


class Stages(NamedTuple):
    """The state of other stages, as much as an explanation needs."""

    judge: View
    crosswalk: View
    suspects: Shards


def read_stages(cluster: Cluster, governance: Governance, judge: View, customer: str) -> Stages:
    wanted = any(governance.wants(kind) for kind in IN_CROSSWALK)
    crosswalk = _crosswalk(cluster, judge, customer) if wanted else MemoryView()
    suspects = read_suspects(cluster, governance, judge, customer) if compared(governance) else {}
    return Stages(judge, crosswalk, suspects)


def explain_across(stages: Stages, governance: Governance, customer: str, now: Instant) -> list[Explanation]:
    judge, crosswalk, suspects = stages
    members = cluster(judge, crosswalk, governance, customer)
    found = [*explain_suspects(judge, suspects, governance, customer, now)]
    if governance.wants(CONFLICT):
        found += explain_conflicts(crosswalk, governance, members, now)
    if governance.wants(CIRCLE):
        found += explain_circles(crosswalk, governance, members, now)
    return found


def _crosswalk(cluster: Cluster, judge: View, customer: str) -> MemoryView:
    """What links say of the customer's records, and of those that they name in turn; it is read again for these."""
    process = judge.get(process_key(customer)) or {"members": []}
    known = {member.replace(":", "/", 1) for member in (unquote(customer), *process["members"])}
    while True:
        view = changelog.state(cluster, "crosswalk", 0, _about(frozenset(known)))
        nodes = (node for _, node in view.range("n/", _MANY))
        named = {f"{system}/{native}" for node in nodes for system, native in (*node["links"], *node["back"])}
        if named <= known:
            return view
        known |= named


def _about(members: frozenset[str]) -> changelog.Keep:
    return lambda key: key.startswith(_OF_EVERYONE) or (key.startswith(("n/", "c/")) and key[2:] in members)
