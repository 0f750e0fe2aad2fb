"""How far sources have ever been heard: behind it may be judged already, also while a gap or a new epoch takes their
watermarks back. What counts for all that is not judged yet, counts from there on.

~reached    {system/object: {partition: watermark}} of those that were taken back"""

from __future__ import annotations

from typing import Any

from schemas.instants import NEVER
from streams.judge.keys import MARKS, REACHED
from tables.view import Value, Workspace
from tables.watermarks import Marks, watermark


def remember(ws: Workspace, key: str, partition: int, report: list[Any] | None, epoch: int, phase: str) -> None:
    """Before another report takes its place."""
    if report is None or report[2] is None or (phase == "streaming" and epoch <= report[0]):
        return
    known: Value = ws.get(REACHED) or {}
    of_key: dict[str, Any] = known.get(key, {})
    furthest = max(report[2], of_key.get(str(partition), NEVER))
    ws.put(REACHED, {**known, key: {**of_key, str(partition): furthest}})


def reached(ws: Workspace) -> Marks:
    """The marks, each as high as it ever was."""
    marks: Marks = dict(ws.get(MARKS) or {})
    for key, furthest in (ws.get(REACHED) or {}).items():
        marks[key] = {p: _raised(report, furthest.get(p)) for p, report in marks.get(key, {}).items()}
    return marks


def in_short(ws: Workspace, partitions: int) -> Marks:
    """The same of each source as a whole, as if of one partition: where it is kept of many."""
    marks = reached(ws)
    return {key: {"0": [0, "streaming", watermark(marks, key, partitions)]} for key in marks}


def _raised(report: list[Any], furthest: int | None) -> list[Any]:
    epoch, phase, mark = report
    known = [at for at in (mark, furthest) if at is not None]
    return [epoch, phase, max(known, default=None)]
