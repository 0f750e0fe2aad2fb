"""The stage: recorded observations in, drifts about the fleet out. Its clock is the time in the observations.

~clock               the latest time that an observation carries
w/DUE/KEY            entries to be looked at once the clock has passed DUE
s/SYSTEM             M3, y/SYSTEM the canary's side of it
g/SYSTEM/OBJECT      M2
l/LETTER             M1
k/DRIFT              M6
m/KIND/WINDOW        M8
b/SCOPE/NAME         C4
h/DRIFT              what C4 and M8 withhold
d/DRIFT/PARTITION    what has ended, until it is forgotten (streams/graves.py)"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schemas import topics
from streams import canary, graves
from streams.fleet import breaker, corrections, gaps, letters, mass, stale, withheld
from streams.fleet.table import clock, fallen_due, is_early, tick
from streams.governance.model import Governance
from streams.inputs import Divert, Input, WithoutDeadlines
from tables.view import Workspace

Take = Callable[[Workspace, Governance, dict[str, Any]], None]


def _observed(ws: Workspace, governance: Governance, value: dict[str, Any]) -> None:
    stale.observed(ws, governance, value)
    stale.left(ws, governance, value["observed_at"])
    for key in fallen_due(ws, tick(ws, value["observed_at"])):
        DUE[key.partition("/")[0]](ws, governance, key)


def _bury(ws: Workspace, _: Governance, key: str) -> None:
    held = ws.get(key)
    if held is not None and not is_early(ws, held["due"], key):
        graves.bury(ws, key, clock(ws))


def _canary(ws: Workspace, _: Governance, value: dict[str, Any]) -> None:
    canary.alive(ws, value["system"], value["partition"], value["broken_at"])


TAKES: dict[str, Take] = {
    # record of q2c.progress: who takes it
    "SourceObserved": _observed,
    "Watermarks": gaps.heard,
    "CanaryDrifted": _canary,
    "LetterWritten": letters.written,
    "LetterResolved": letters.resolved,
    "CorrectionAsked": corrections.asked,
    "CommandResult": corrections.performed,
    "DriftEnded": corrections.ended,
    "KindSurged": mass.surged,
    "HaltAsked": breaker.halted,
}
DUE: dict[str, Callable[[Workspace, Governance, str], None]] = {
    # first part of the key of an entry that fell due
    "l": letters.due,
    "k": corrections.due,
    "m": mass.due,
    "b": breaker.due,
    "h": withheld.due,
    "d": _bury,
}


class Fleet(WithoutDeadlines):
    name = "fleet"

    def __init__(self, governance: Governance) -> None:
        self._governance = governance

    def step(self, ws: Workspace, partition: int, record: Input) -> str:
        take = TAKES.get(record.record)
        if take is None:
            raise Divert("unknown_record", f"{topics.PROGRESS} carries no {record.record}")
        take(ws, self._governance, record.value)
        return record.record.lower()

    def diverted(self, ws: Workspace, partition: int, letter: dict[str, Any]) -> None:
        """No hole: an unreadable observation is a fault of ours. The letter remains."""

    def flush(self, ws: Workspace, partition: int) -> None:
        """Nothing: everything is emitted as it happens."""
