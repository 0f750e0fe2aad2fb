"""Frozen customers: while it is in conflict who a customer is (kind 48), no command about it is issued.

f/CUSTOMER/SYSTEM/CUSTOMER OF THE SYSTEM   {spans: {drift id of the conflict: [frozen at, until]}}

A freeze is told before the watermark of the links that caused it, so a verdict that waits for those knows of it."""

from __future__ import annotations

from typing import Any

from schemas.instants import ALWAYS, Instant
from streams.governance.in_force import InForce
from streams.judge.fold import EVERYTHING, arm, frontier
from streams.judge.keys import ObligationKey, freezes_prefix
from streams.judge.process import IDENTITY, set_condition
from streams.kinds.asof import AsOf
from tables.view import Workspace

REASON = "identity_conflict"
_PARTIES = 1_000
"""Records of one customer that may be in conflict at a time."""


def on_freeze(ws: Workspace, ruled: InForce, value: dict[str, Any]) -> None:
    """A conflict stands, or has ended: then what it held back is judged again as of its end."""
    customer, until = value["canonical_id"], value["frozen_until"]
    key = f"{freezes_prefix(customer)}{value['system']}/{value['native_customer']}"
    passed = frontier(ws, ruled)
    known = (ws.get(key) or {"spans": {}})["spans"] | {value["drift_id"]: [value["frozen_at"], until]}
    spans = {drift: span for drift, span in known.items() if span[1] is None or span[1] > max(span[0], passed)}
    if spans:
        ws.put(key, {"spans": spans})
    else:
        ws.delete(key)
    if until is not None:
        _wake(ws, customer, max(until, passed))
    stands = any(span[1] is None for span in _spans(ws, customer))
    status, reason = ("False", "IdentityConflict") if stands else ("True", "AsExpected")
    set_condition(ws, customer, IDENTITY, status, reason, value["frozen_at"] if until is None else until)


def frozen(ws: Workspace, now: AsOf) -> bool:
    """Whoever is told so is judged again as of the end, if that is known already."""
    at = now.instant
    covering = [until for begun, until in _spans(ws, now.customer) if begun <= at and (until is None or at < until)]
    for until in covering:
        now.again_at(ALWAYS if until is None else until)
    return bool(covering)


def _spans(ws: Workspace, customer: str) -> list[list[Any]]:
    return [span for _, entry in ws.range(freezes_prefix(customer), _PARTIES) for span in entry["spans"].values()]


def _wake(ws: Workspace, customer: str, at: Instant) -> None:
    for text, value in ws.range(f"o/{customer}/", EVERYTHING):
        if (value.get("drift") or {}).get("restraint") == REASON:
            arm(ws, ObligationKey.parse(text), max(at, value["settled"] + 1), late=False)
