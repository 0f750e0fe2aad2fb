"""M3 source_stale: the watermark of a source is older than its limit.

An observation travels behind everything its source has sent in that partition, so our own lag never looks like a silent
source, and a replay sees the same ages."""

from __future__ import annotations

from typing import Any

from schemas.instants import Instant, iso, seconds
from streams import canary
from streams.fleet import gaps
from streams.fleet.table import Subject, Told, close, opened, publish
from streams.governance.model import Governance
from tables.view import Value, Workspace

KIND = "source_stale"


def observed(ws: Workspace, governance: Governance, value: dict[str, Any]) -> None:
    system = value["system"]
    if system not in governance.systems:
        return
    key = f"s/{system}"
    source = ws.get(key) or {"observed": {}, "drift": None}
    partition = str(value["partition"])
    mark = value["watermark"]
    if mark is None:  # in a gap: as old as what was heard before it
        mark = source["observed"].get(partition, (None, None))[1]
    if mark is None:
        return  # its first snapshot is not complete: nothing opens before
    canary.awaited(ws, system, value["partition"], value["observed_at"])
    seen = {**source["observed"], partition: [value["observed_at"], mark]}
    limit = seconds(governance.systems[system].stale_after_seconds)
    stale = [mark for at, mark in seen.values() if at - mark > limit]
    drift = source["drift"]
    if stale and drift is None and governance.wants(KIND):
        drift = _open(governance, system, min(stale), limit)
        publish(ws, governance, drift)
    elif not stale and drift is not None:
        close(ws, governance, drift, value["observed_at"])
        drift = None
    ws.put(key, {"observed": seen, "drift": drift})


def left(ws: Workspace, governance: Governance, at: Instant) -> None:
    """Close what is open about a system that was taken out of governance: nobody observes it any more."""
    for key, source in ws.range("s/", 1000):
        if (system := key.removeprefix("s/")) not in governance.systems:
            ws.delete(key)
            gaps.left(ws, governance, system, at)
            if source["drift"] is not None:
                close(ws, governance, source["drift"], at, "rules_changed")


def _open(governance: Governance, system: str, mark: Instant, limit: Instant) -> Value:
    told = Told(
        Subject(system, "source", system),
        str(mark),
        mark,
        mark + limit,
        expected=f"{system} is heard from at least every {limit // 1_000_000} s",
        observed=f"nothing since {iso(mark)}; verdicts that need it are UNKNOWN",
        watermarks={system: mark},
    )
    return opened(governance, KIND, told)
