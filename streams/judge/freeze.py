"""Frozen customers: while it is in conflict who a customer is (kind 48), no command about it is issued, and what was
issued before and still stands is recalled; executors perform only what its drift asks for (streams/asked.py).

f/CUSTOMER/SYSTEM/CUSTOMER OF THE SYSTEM   {spans: {drift id of the conflict: [frozen at, until]}}

A freeze is told before the watermark of the links that caused it, so a verdict that waits for those knows of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schemas.instants import ALWAYS, Instant
from streams.governance.in_force import InForce
from streams.judge.fold import EVERYTHING, arm, frontier
from streams.judge.forgotten import put_until
from streams.judge.keys import ObligationKey, freezes_prefix
from streams.judge.process import IDENTITY, set_condition
from streams.kinds.asof import AsOf
from tables.view import Workspace

REASON = "identity_conflict"
_PARTIES = 1_000
"""Records of one customer that may be in conflict at a time."""


def on_freeze(ws: Workspace, ruled: InForce, value: dict[str, Any]) -> None:
    """A conflict stands, or has ended: what was commanded is judged again as of its beginning, and what it held back as
    of its end."""
    customer, until = value["canonical_id"], value["frozen_until"]
    key = f"{freezes_prefix(customer)}{value['system']}/{value['native_customer']}"
    known = (ws.get(key) or {"spans": {}})["spans"] | {value["drift_id"]: [value["frozen_at"], until]}
    last = max((ALWAYS if span[1] is None else span[1]) for span in known.values())
    if last == ALWAYS:
        ws.put(key, {"spans": known})
    else:
        put_until(ws, ruled.newest, key, {"spans": known}, last)
    if until is None or until > value["frozen_at"]:
        _wake(ws, customer, value["frozen_at"], _is_commanded)
    if until is not None:
        _wake(ws, customer, max(until, frontier(ws, ruled)), _is_held)
    stands = any(until == ALWAYS for _, until in _spans(ws, customer))
    status, reason = ("False", "IdentityConflict") if stands else ("True", "AsExpected")
    set_condition(ws, customer, IDENTITY, status, reason, value["frozen_at"] if until is None else until)


def frozen(ws: Workspace, now: AsOf) -> bool:
    """Who asks is judged again when the answer changes, as far as that is known already."""
    at, spans = now.instant, _spans(ws, now.customer)
    for begun, until in spans:
        now.again_at(begun if begun > at else until)
    return any(begun <= at < until for begun, until in spans)


def _spans(ws: Workspace, customer: str) -> list[tuple[Instant, Instant]]:
    """From, and until; ALWAYS while it stands."""
    spans = [span for _, entry in ws.range(freezes_prefix(customer), _PARTIES) for span in entry["spans"].values()]
    return [(begun, ALWAYS if until is None else until) for begun, until in spans if until is None or begun < until]


def _is_held(drift: dict[str, Any]) -> bool:
    return drift.get("restraint") == REASON


def _is_commanded(drift: dict[str, Any]) -> bool:
    return drift.get("command_id") is not None


def _wake(ws: Workspace, customer: str, at: Instant, concerned: Callable[[dict[str, Any]], bool]) -> None:
    for text, value in ws.range(f"o/{customer}/", EVERYTHING):
        if concerned(value.get("drift") or {}):
            arm(ws, ObligationKey.parse(text), max(at, value["settled"] + 1), late=False)
