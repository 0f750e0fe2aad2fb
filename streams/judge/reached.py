"""How far sources have ever been heard, even if a gap or a new epoch has taken their watermark back since.

Instants up to there may have been judged already. So what counts only for undecided instants counts from there on, and
evidence from before is late, for example when a lost connector reads again what it missed.

~reached    {system/object: {partition: watermark}} of those that were taken back, until they are heard as far again"""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

from schemas.instants import ALWAYS, NEVER, Instant
from streams.governance.model import Governance
from streams.judge.keys import MARKS, REACHED
from tables.view import Value, Workspace
from tables.watermarks import Marks, Minima, minima, watermark


def remember(ws: Workspace, key: str, partition: int, report: list[Any] | None, epoch: int, phase: str) -> bool:
    """Call before a new report replaces this one. Returns whether the new report takes the watermark back."""
    if report is None or report[2] is None or (phase == "streaming" and epoch <= report[0]):
        return False
    known: Value = ws.get(REACHED) or {}
    of_key: dict[str, Any] = known.get(key, {})
    furthest = max(report[2], of_key.get(str(partition), NEVER))
    ws.put(REACHED, {**known, key: {**of_key, str(partition): furthest}})
    return True


def regained(ws: Workspace, key: str, partition: int, mark: Instant | None) -> None:
    """Call after a report: forget the earlier watermark once the source is heard as far again."""
    known: Value = ws.get(REACHED) or {}
    of_key = known.get(key, {})
    if mark is None or mark < of_key.get(str(partition), ALWAYS):
        return
    left = {p: at for p, at in of_key.items() if p != str(partition)}
    others = {source: furthest for source, furthest in known.items() if source != key}
    _put(ws, {**others, key: left} if left else others)


def _put(ws: Workspace, known: Value) -> None:
    if known:
        ws.put(REACHED, known)
    else:
        ws.delete(REACHED)


def reached(ws: Workspace) -> Marks:
    """The marks, each raised to the highest that it ever was."""
    marks: Marks = ws.get(MARKS) or {}
    known = ws.get(REACHED)
    if not known:
        return marks
    for seen in _RECENT:
        if seen.marks is marks and seen.known is known:
            return seen.raised
    raised = marks | {
        key: {p: _raised(report, furthest.get(p)) for p, report in marks.get(key, {}).items()}
        for key, furthest in known.items()
    }
    _RECENT.appendleft(_Seen(marks, known, raised))
    return raised


def reached_by(ws: Workspace, governance: Governance) -> Minima:
    """The minima over those marks."""
    return minima(reached(ws), governance.partitions)


class _Seen(NamedTuple):
    marks: Marks
    known: Value
    raised: Marks


_RECENT: deque[_Seen] = deque(maxlen=64)
"""What was asked for last while sources are lost: every change asks. None of it is ever changed in place."""


def in_short(ws: Workspace, partitions: int) -> Marks:
    """The same with one watermark for each source, as if it had one partition: short enough to be kept with many
    entries."""
    marks = reached(ws)
    return {key: {"0": [0, "streaming", watermark(marks, key, partitions)]} for key in marks}


def _raised(report: list[Any], furthest: int | None) -> list[Any]:
    epoch, phase, mark = report
    known = [at for at in (mark, furthest) if at is not None]
    return [epoch, phase, max(known, default=None)]
