"""Frozen customers: while a customer's identity is in conflict (kind 48) no command about it is issued, and issued ones
are recalled. Executors perform only what a drift still asks for (streams/asked.py).

f/CUSTOMER/SYSTEM/CUSTOMER OF THE SYSTEM   {spans: {drift id of the conflict: [frozen at, until, told, end told]}}

A freeze is told before the watermark of the links that caused it, so verdicts that wait for those links know of it. For
other verdicts it counts from the first instant that was undecided when it was told, and so does its end. To know that
instant, what had been heard then is kept with it (`told`, `end told`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from schemas.instants import ALWAYS, NEVER, Instant
from streams.governance.in_force import InForce
from streams.governance.model import Governance
from streams.judge.arming import arm
from streams.judge.forgotten import put_until
from streams.judge.gates import decidable_until, passed_by
from streams.judge.keys import EVERYTHING, ObligationKey, freezes_prefix
from streams.judge.process import IDENTITY, set_condition
from streams.judge.reached import in_short, reached, reached_by
from streams.kinds.asof import AsOf
from streams.kinds.table import BY_NAME, Kind
from tables.view import Workspace
from tables.watermarks import Marks, Minima, newest

REASON = "identity_conflict"
_PARTIES = 1_000
"""Most records of one customer that may be in conflict at a time."""


class Span(NamedTuple):
    begun: Instant
    until: Instant | None
    """None: it stands."""
    told: Marks | None = None
    """What had been heard by then. An earlier release kept none."""
    end_told: Marks | None = None

    def counted(self, governance: Governance, kind: Kind, system: str) -> tuple[Instant, Instant]:
        """From when on, and until when, the freeze counts for a kind and a subject's system."""
        begun = max(self.begun, _undecided(self.told, governance, kind, system))
        if self.until is None:
            return begun, ALWAYS
        return begun, max(self.until, _undecided(self.end_told, governance, kind, system))


def _undecided(heard: Marks | None, governance: Governance, kind: Kind, system: str) -> Instant:
    """The first instant that was still undecided when that much had been heard."""
    return NEVER if heard is None else decidable_until(Minima(heard, 1), governance, kind, system)[0] + 1


def on_freeze(ws: Workspace, ruled: InForce, value: dict[str, Any]) -> None:
    """A conflict has begun or ended. Drifts with a command are judged again as of its beginning, and drifts that it
    held back as of its end."""
    customer, until = value["canonical_id"], value["frozen_until"]
    key = f"{freezes_prefix(customer)}{value['system']}/{value['native_customer']}"
    spans = (ws.get(key) or {"spans": {}})["spans"]
    known = spans.get(value["drift_id"])
    _keep(ws, ruled.newest, key, spans | {value["drift_id"]: [*_told(ws, ruled.newest, known, value)]})
    if known is None:
        _wake(ws, ruled, customer, value["frozen_at"], ALWAYS if until is None else until, _is_commanded)
    if until is not None:
        _wake(ws, ruled, customer, until, ALWAYS, _is_held)
    stands = any(span.until is None for span in _spans(ws, customer))
    status, reason = ("False", "IdentityConflict") if stands else ("True", "AsExpected")
    set_condition(ws, customer, IDENTITY, status, reason, value["frozen_at"] if until is None else until)


def _told(ws: Workspace, governance: Governance, known: list[Any] | None, value: dict[str, Any]) -> Span:
    begun, until, heard = value["frozen_at"], value["frozen_until"], in_short(ws, governance.partitions)
    if known is None:
        return Span(begun, until, heard, None if until is None else heard)
    before = Span(*known)
    end_told = None if until is None else heard if before.until is None else before.end_told
    return Span(begun, until, before.told, end_told)


def _keep(ws: Workspace, governance: Governance, key: str, spans: dict[str, list[Any]]) -> None:
    last = max(ALWAYS if until is None else until for _, until, *_ in spans.values())
    if last == ALWAYS:
        ws.put(key, {"spans": spans})
    else:
        put_until(ws, governance, key, {"spans": spans}, max(last, newest(reached(ws))))


def frozen(ws: Workspace, now: AsOf, kind: Kind, system: str) -> bool:
    """Whether the customer is frozen for this kind and subject's system. The subject is judged again when that changes,
    as far as it is known already."""
    at = now.instant
    counted = (span.counted(now.governance, kind, system) for span in _spans(ws, now.customer))
    spans = [(begun, until) for begun, until in counted if begun < until]
    for begun, until in spans:
        now.again_at(begun if begun > at else until)
    return any(begun <= at < until for begun, until in spans)


def _spans(ws: Workspace, customer: str) -> Iterator[Span]:
    for _, entry in ws.range(freezes_prefix(customer), _PARTIES):
        yield from (Span(*span) for span in entry["spans"].values())


def _is_held(drift: dict[str, Any]) -> bool:
    return drift.get("restraint") == REASON


def _is_commanded(drift: dict[str, Any]) -> bool:
    return drift.get("command_id") is not None


def _wake(
    ws: Workspace,
    ruled: InForce,
    customer: str,
    at: Instant,
    before: Instant,
    concerned: Callable[[dict[str, Any]], bool],
) -> None:
    """Have these obligations judged at the first undecided instant, unless the freeze is over by then."""
    heard = reached_by(ws, ruled.newest)
    for text, value in ws.range(f"o/{customer}/", EVERYTHING):
        key = ObligationKey.parse(text)
        if concerned(value.get("drift") or {}) and key.system in ruled.newest.systems:
            first = max(at, passed_by(heard, ruled, BY_NAME[key.kind], key.system)[0] + 1)
            if first < before:
                arm(ws, key, first, late=False)
