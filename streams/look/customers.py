"""Whom do they mean? A canonical id, `system:native id` or a bare native id becomes the canonical customer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import unquote

from schemas import ids, topics
from streams.governance.model import Governance
from streams.look.read import CannotLook, Cluster

Routes = dict[str, str]
"""`system/native customer` -> canonical id."""


def resolve(cluster: Cluster, governance: Governance, text: str) -> str:
    """The canonical id; raises CannotLook where nobody, or more than one, is meant."""
    return choose(
        text, governance, lambda native: read_routes(cluster, governance, native), known_in(cluster, governance)
    )


def choose(text: str, governance: Governance, routes_of: Callable[[str], Routes], known: Callable[[str], bool]) -> str:
    """The pure part: `routes_of` gives the routes in a native id's partition, `known` whether there is state."""
    members = list(_members(text, governance))
    routed = {system: routes_of(native).get(f"{system}/{native}") for system, native in members}
    linked = {canonical for canonical in routed.values() if canonical}
    alone = {ids.canonical_id(s, n) for s, n in members if not routed[s]}
    found = sorted(linked | {canonical for canonical in alone if known(canonical)})
    if not found:
        raise CannotLook(f"no customer {text!r} is known: give a canonical id, SYSTEM:ID or a native customer id")
    if len(found) > 1:
        raise CannotLook(f"{text!r} is a customer in several systems, say which: {', '.join(found)}")
    return found[0]


def _members(text: str, governance: Governance) -> Iterable[tuple[str, str]]:
    system, colon, native = text.partition(":")
    if colon and system in governance.systems:
        return [(system, unquote(native))]
    return [(system, text) for system in governance.systems]


def read_routes(cluster: Cluster, governance: Governance, native: str) -> Routes:
    partition = topics.partition_for(native, governance.partitions)
    routes: Routes = {}
    for seen in cluster.decoded(topics.CROSSWALK, (partition,)):
        if seen.record == "RouteAssigned" and seen.value is not None:
            routes[seen.origin.key] = seen.value["canonical_id"]
    return routes


def known_in(cluster: Cluster, governance: Governance) -> Callable[[str], bool]:
    """Whether the corrected state has, or had, a customer of this id."""

    def known(canonical: str) -> bool:
        partition = topics.partition_for(canonical, governance.partitions)
        key = f"{canonical}/process/{canonical}"
        return any(record.key == key for record in cluster.raw(topics.CORRECTED_STATE, (partition,)))

    return known
