"""M8 mass_drift: so many customers drift in one kind at once that it is an outage or a fault of ours, not them all.

Judge counts the customers that newly drift, per partition, kind and window of event time. It tells the fleet stage only
once their share in its own partition matters. Customers are spread evenly, so a share of all shows in each partition.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from schemas import topics
from schemas.instants import NEVER, SECOND, Instant, iso
from streams.fleet.breaker import Scope, halts, turned
from streams.fleet.table import Subject, Told, clock, close, is_early, opened, publish, wait
from streams.governance.model import Governance
from tables.view import Emit, Value, Workspace

KIND = "mass_drift"
COUNTED = "~drifting"
"""In judge's state: kind -> [window begins at, customers newly drifting in it, what was told]."""
PASSED = "~surged"
"""In judge's state: {windows: [[kind, begins at, customers newly drifting]]} that ended before they were told."""
CUSTOMERS = "~customers"
"""In judge's state: {count} of customers that have a process here."""

WINDOWS = 32
"""Most windows of a kind in which the fleet stage adds up the counts of partitions; the newest are kept."""
Parts = dict[str, list[int]]
"""Partition of judge -> [customers that newly drift, customers]."""


class Window(NamedTuple):
    at: Instant
    parts: Parts


def customer_came(ws: Workspace) -> None:
    ws.put(CUSTOMERS, {"count": _customers(ws) + 1})


def count(ws: Workspace, governance: Governance, kind: str, at: Instant) -> None:
    """In judge: count a customer that newly drifts in this kind."""
    if not governance.wants(KIND):
        return
    window = at - at % _span(governance)
    counted = ws.get(COUNTED) or {}
    begun, number, told = counted.get(kind, (window, 0, 0))
    if window > begun:
        if _worth_telling(governance, [begun, number, told], _customers(ws)):
            ws.put(PASSED, {"windows": [*_passed(ws), [kind, begun, number]]})
        begun, number, told = window, 0, 0
    if window == begun:  # what is settled late does not count in a window that has passed
        ws.put(COUNTED, {**counted, kind: [begun, number + 1, told]})


def tell(ws: Workspace, governance: Governance, partition: int) -> None:
    """In judge, before a commit: tell the fleet stage of counts that matter."""
    if not governance.wants(KIND):
        return
    counted, passed, customers = ws.get(COUNTED) or {}, _passed(ws), _customers(ws)
    lasting = [(kind, *entry[:2]) for kind, entry in counted.items() if _worth_telling(governance, entry, customers)]
    if passed:
        ws.delete(PASSED)
    if lasting:
        ws.put(COUNTED, counted | {kind: [begun, number, number] for kind, begun, number in lasting})
    for kind, begun, number in (*passed, *lasting):
        value = {"kind": kind, "partition": partition, "window_at": begun, "drifting": number, "customers": customers}
        ws.emit(Emit(topics.PROGRESS, kind, "KindSurged", value, partition=0))


def _passed(ws: Workspace) -> list[tuple[str, Instant, int]]:
    return [(kind, begun, number) for kind, begun, number in (ws.get(PASSED) or {"windows": []})["windows"]]


def _customers(ws: Workspace) -> int:
    known = ws.get(CUSTOMERS)
    return 0 if known is None else int(known["count"])


def _worth_telling(governance: Governance, entry: list[int], customers: int) -> bool:
    rules = governance.kinds[KIND]
    _, number, told = entry
    share = float(rules.tolerance_relative) * customers / 2
    return number > told and number >= max(share, float(rules.tolerance_absolute) / governance.partitions / 2)


def surged(ws: Workspace, governance: Governance, value: dict[str, Any]) -> None:
    """Keep the newest windows. Partitions reach a window at different times, and one that catches up tells many at
    once."""
    if not governance.wants(KIND):
        return
    key = f"m/{value['kind']}"
    before, at = ws.get(key) or {}, value["window_at"]
    windows = _windows(before)
    windows[at] = {**windows.get(at, {}), str(value["partition"]): [value["drifting"], value["customers"]]}
    kept = [[begun, windows[begun]] for begun in sorted(windows)[-WINDOWS:]]
    known = {"drift": before.get("drift"), "quiet_at": before.get("quiet_at", NEVER), "windows": kept}
    if _is_mass(governance, windows[at]):
        known = _massive(ws, governance, value["kind"], known, Window(at, windows[at]))
    ws.put(key, known)


def _windows(known: Value) -> dict[Instant, Parts]:
    if "window_at" in known:  # an earlier release kept the newest alone
        return {known["window_at"]: known["parts"]}
    return dict(known.get("windows", ()))


def _is_mass(governance: Governance, parts: Parts) -> bool:
    rules = governance.kinds[KIND]
    drifting, customers = _sums(parts)
    return drifting >= rules.tolerance_absolute and drifting > rules.tolerance_relative * customers


def _sums(parts: Parts) -> tuple[int, int]:
    """(customers that newly drift, all customers) over all partitions"""
    return sum(drifting for drifting, _ in parts.values()), sum(customers for _, customers in parts.values())


def _massive(ws: Workspace, governance: Governance, kind: str, known: Value, window: Window) -> Value:
    span, ended = _span(governance), known["quiet_at"]
    quiet_at = max(window.at + 2 * span, ended)
    if known["drift"] is None:
        if quiet_at == ended:
            return known  # it was told, and has ended
        drift = opened(governance, KIND, _told(kind, window, span))
        publish(ws, governance, drift)
        turned(ws, governance, Scope("kind", kind), drift, None)
        known = {**known, "drift": drift}
        wait(ws, max(quiet_at, clock(ws)), f"m/{kind}")
    return {**known, "quiet_at": quiet_at}


def _span(governance: Governance) -> Instant:
    return max(SECOND, governance.kinds[KIND].sla)


def _told(kind: str, window: Window, span: Instant) -> Told:
    at, (drifting, customers) = window.at, _sums(window.parts)
    return Told(
        Subject("driftwise", "kind", kind),
        str(at),
        at,
        at,
        expected=f"customers drift in {kind.replace('_', ' ')} one by one",
        observed=f"{drifting} of {customers} customers within {span // 60_000_000} min from {iso(at)}: look for one "
        "cause - an outage, a release, a mapping - before any single case",
        causes=(kind,),
    )


def due(ws: Workspace, governance: Governance, key: str) -> None:
    known = ws.get(key)
    if known is None or known["drift"] is None:
        return
    if is_early(ws, known["quiet_at"], key):
        return
    close(ws, governance, known["drift"], known["quiet_at"])
    turned(ws, governance, Scope("kind", key.removeprefix("m/")), known["drift"], known["quiet_at"])
    ws.put(key, {**known, "drift": None})


def stops(ws: Workspace, kind: str) -> bool:
    """Whether a mass drift stops corrections of the kind."""
    known = ws.get(f"m/{kind}")
    return known is not None and known["drift"] is not None and halts(known["drift"])
