"""Kind 48, in the crosswalk: one customer has two records in the most senior system that knows it.

While that stands, judge issues no command about the customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from schemas import ids, topics
from schemas.instants import NEVER, Instant
from streams.governance.model import Governance
from streams.suspects import suspicion
from streams.suspects.suspicion import Suspected
from streams.suspects.table import CONFLICT, SUSPECT_KINDS
from tables.deadlines import Gate
from tables.view import Emit, Value, Workspace

WAITING = "w/"
GATE = SUSPECT_KINDS[CONFLICT].gate
"""w/DUE/SYSTEM/CUSTOMER: conflicts in the order in which they are due."""


class Party(NamedTuple):
    """A record of a cluster."""

    system: str
    native_customer: str

    @property
    def key(self) -> str:
        return f"c/{self.system}/{self.native_customer}"


class Joined(NamedTuple):
    """How a record belongs to its cluster."""

    neighbours: tuple[tuple[str, str], ...]
    """Records that it names, and records that name it."""
    at: Instant
    """Since when it is in one cluster with the senior."""


def weigh(
    ws: Workspace,
    governance: Governance,
    member: tuple[str, str],
    senior: tuple[str, str] | None,
    joined: Joined,
    caused_at: Instant,
) -> None:
    """`senior`: the record that it is in conflict with now; None: no conflict."""
    party = Party(*member)
    entry = ws.get(party.key)
    if entry is None and not governance.wants(CONFLICT):
        return
    if entry is not None:
        if senior is not None and entry["senior"] == list(senior):
            return
        suspicion.end(ws, governance, party.key, entry, caused_at)
        _freeze(ws, party, entry["drift"], max(caused_at, entry["due"]))
    if senior is not None:
        at = max(joined.at, caused_at) if entry is not None else joined.at
        due = suspicion.begin(
            ws, governance, party.key, _suspected(party, Party(*senior), joined, at), senior=list(senior)
        )
        ws.put(f"{WAITING}{due:020d}/{party.system}/{party.native_customer}", {})
        if (begun := ws.get(party.key)) is not None:
            _freeze(ws, party, begun["drift"], None)


def _freeze(ws: Workspace, party: Party, drift: Value, until: Instant | None) -> None:
    """Tell judge. Written before the watermark of the links that caused it is sent on, it also comes first in
    judge's partition: identify sends the watermark on only once this has been committed."""
    value = {
        "canonical_id": drift["canonical_id"],
        **party._asdict(),
        "drift_id": drift["drift_id"],
        "frozen_at": drift["opened_at"],
        "frozen_until": until,
    }
    ws.emit(Emit(topics.CHANGES, drift["canonical_id"], "CustomerFrozen", value))


def wake(key: str, value: Value | None) -> tuple[Gate, Instant] | None:
    return suspicion.waits(WAITING, GATE, key, value)


def open_until(governance: Governance, resolved: Mapping[str, Instant]) -> Instant:
    """Up to this instant every linking system's assertions are known, so conflicts that are due have stood so long."""
    return min((resolved.get(name, NEVER) for name in governance.linking), default=NEVER)


def tell(ws: Workspace, governance: Governance, key: str) -> None:
    suspicion.fall_due_at(ws, governance, WAITING, "c/", key)


def _suspected(rival: Party, senior: Party, joined: Joined, at: Instant) -> Suspected:
    linked = ", ".join(f"{customer} of {system}" for system, customer in sorted(set(joined.neighbours)))
    return Suspected(
        CONFLICT,
        ids.canonical_id(*senior),
        rival.system,
        "customer",
        rival.native_customer,
        trigger=f"{senior.system}/{senior.native_customer}/{at}",
        began_at=at,
        expected=f"one record of a customer in {rival.system}, and that the other systems name that one",
        observed=f"links make {rival.native_customer} and {senior.native_customer} of {rival.system} one customer: "
        f"{rival.native_customer} is linked with {linked}",
        evidence=tuple(_evidence(party, at) for party in (rival, senior)),
        desired={"apart_from": senior.native_customer},
    )


def _evidence(party: Party, at: Instant) -> Value:
    return {
        "system": party.system,
        "entity": "customer",
        "native_id": party.native_customer,
        "version": "",
        "native_version": "",
        "committed_at": at,
        "field": "links",
        "value": None,
    }
