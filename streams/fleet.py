"""The fleet stage: kinds about systems, not customers. Now: source_stale (M3), from recorded observations.

An observation travels behind everything its source has sent in that partition, so our own lag never looks like a silent
source, and a replay sees the same ages.

    s/SYSTEM   {observed: {partition: [observed_at, watermark]}, drift}
    y/SYSTEM   {partition: when the last canary that drifted was broken}
"""

from __future__ import annotations

from typing import Any

from schemas import ids, topics
from schemas.instants import Instant, iso, seconds
from streams import canary
from streams.governance.model import Governance
from streams.inputs import Divert, Input, WithoutDeadlines
from tables.view import Emit, Value, Workspace

KIND = "source_stale"


class Fleet(WithoutDeadlines):
    name = "fleet"

    def __init__(self, governance: Governance) -> None:
        self._governance = governance

    def step(self, ws: Workspace, partition: int, record: Input) -> str:
        if record.record == "Watermarks":
            return "watermarks"
        if record.record == "CanaryDrifted":
            canary.alive(ws, record.value["system"], record.value["partition"], record.value["broken_at"])
            return "canary"
        if record.record != "SourceObserved":
            raise Divert("unknown_record", f"{topics.PROGRESS} carries no {record.record}")
        self._observe(ws, record.value)
        return "observed"

    def _observe(self, ws: Workspace, value: dict[str, Any]) -> None:
        system = value["system"]
        if system not in self._governance.systems:
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
        observed = {**source["observed"], partition: [value["observed_at"], mark]}
        limit = seconds(self._governance.systems[system].stale_after_seconds)
        stale = [mark for at, mark in observed.values() if at - mark > limit]
        drift = source["drift"]
        if stale and drift is None:
            drift = self._open(ws, system, min(stale), limit)
        elif not stale and drift is not None:
            _publish(ws, {**drift, "status": "closed", "closed_at": value["observed_at"], "how": "self_healed"})
            drift = None
        ws.put(key, {"observed": observed, "drift": drift})

    def _open(self, ws: Workspace, system: str, mark: Instant, limit: Instant) -> Value:
        rules = self._governance.kinds[KIND]
        drift = {
            "drift_id": ids.drift_id(KIND, system, "source", system, str(mark)),
            "kind": KIND,
            "kind_number": "M3",
            "canonical_id": f"system:{system}",
            "system": system,
            "entity": "source",
            "native_id": system,
            "status": "open",
            "severity": rules.severity,
            "finance_impacting": rules.finance_impacting,
            "amount_at_stake": None,
            "owner_system": system,
            "owner_team": rules.owner_team,
            "trigger_version": str(mark),
            "triggered_at": mark,
            "due_at": mark + limit,
            "opened_at": mark + limit,
            "closed_at": None,
            "how": "",
            "expected": f"{system} is heard from at least every {limit // 1_000_000} s",
            "observed": f"nothing since {iso(mark)}; verdicts that need it are UNKNOWN",
            "evidence": [],
            "watermarks": {system: mark},
            "command_id": None,
            "mode": rules.mode,
        }
        _publish(ws, drift)
        return drift

    def diverted(self, ws: Workspace, partition: int, letter: dict[str, Any]) -> None:
        """An observation that cannot be read is a fault of our own; the letter is the trace."""

    def flush(self, ws: Workspace, partition: int) -> None:
        """Everything is said as it happens."""


def _publish(ws: Workspace, drift: Value) -> None:
    ws.emit(Emit(topics.DRIFTS, drift["drift_id"], "Drift", drift, partition_key=drift["canonical_id"]))
