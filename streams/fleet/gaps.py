"""M2 source_gap: a source has lost part of its stream and says so; until it is whole, what needs it is UNKNOWN.

One gap reaches each partition at its own pace. It is over once those that lost something were heard again, and the
others as far: until then the same gap may still come to them.

    g/SYSTEM/OBJECT   {marks, gaps: partitions that are not whole, lost: those that were not since it opened,
                       whole: up to when those were heard first after it, drift}"""

from __future__ import annotations

from typing import Any

from schemas.instants import NEVER, Instant, iso
from streams.fleet.table import Subject, Told, close, opened, publish
from streams.governance.model import Governance
from tables.view import Value, Workspace
from tables.watermarks import LINKS

KIND = "source_gap"


def heard(ws: Workspace, governance: Governance, value: dict[str, Any]) -> None:
    if not governance.wants(KIND):
        return
    for mark in value["watermarks"]:
        if mark["system"] in governance.systems and mark["object"] != LINKS:
            _heard(ws, governance, str(value["partition"]), mark)


def _heard(ws: Workspace, governance: Governance, partition: str, mark: dict[str, Any]) -> None:
    key = f"g/{mark['system']}/{mark['object']}"
    source, at, is_gap = ws.get(key), mark["watermark"], mark["phase"] == "gap"
    if source is None or (source["drift"] is None and partition not in source["gaps"] and not is_gap):
        if at is not None:  # a gap has none: of a source that was never heard whole nothing has been lost yet
            ws.put(key, _with_mark(source, partition, at))
        return
    gaps, lost = {*source["gaps"]}, {*source.get("lost", ())}
    marks, whole = source["marks"], source.get("whole", NEVER)
    if is_gap:
        gaps.add(partition)
        lost.add(partition)
    elif at is not None:
        whole = max(whole, at) if partition in gaps else whole
        gaps.discard(partition)
        marks = {**marks, partition: at}
    drift = source["drift"]
    if gaps and drift is None:
        drift = _open(governance, {**source, "marks": marks}, mark)
        publish(ws, governance, drift)
    elif drift is not None and not gaps and all(m >= whole for p, m in marks.items() if p not in lost):
        close(ws, governance, drift, whole)
        drift, lost, whole = None, set(), NEVER
    ws.put(key, {"marks": marks, "gaps": sorted(gaps), "lost": sorted(lost), "whole": whole, "drift": drift})


def left(ws: Workspace, governance: Governance, system: str, at: Instant) -> None:
    for key, source in ws.range(f"g/{system}/", 1000):
        if source["drift"] is not None:
            close(ws, governance, source["drift"], at, "rules_changed")
            ws.put(key, {**source, "drift": None})


def _with_mark(source: Value | None, partition: str, mark: int) -> Value:
    source = source or {"marks": {}, "gaps": [], "lost": [], "whole": NEVER, "drift": None}
    return {**source, "marks": {**source["marks"], partition: mark}}


def _open(governance: Governance, source: Value, mark: dict[str, Any]) -> Value:
    """As of the last that was heard before it."""
    at = min(source["marks"].values())
    what = mark["system"] if mark["object"] == "*" else f"{mark['object']} of {mark['system']}"
    told = Told(
        Subject(mark["system"], "source", mark["object"]),
        f"{mark['epoch']}:{at}",
        at,
        at,
        expected=f"every change of {what}, without a gap",
        observed=f"part of the stream after {iso(at)} is lost; until it was read again, verdicts that need it "
        "are UNKNOWN",
        watermarks={mark["system"]: at},
    )
    return opened(governance, KIND, told)
