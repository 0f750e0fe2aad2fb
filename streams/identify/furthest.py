"""How far a source object has ever been heard, whatever became of its watermark since."""

from __future__ import annotations

from typing import Any

from schemas.instants import NEVER, Instant
from schemas.source import ALL_OBJECTS
from streams.identify import keys
from tables.view import Workspace


def passed(ws: Workspace, system: str, entity: str, partition: int) -> Instant:
    """In this partition; from the next instant on it may say more."""
    reports, streamed = _heard(ws, system, entity)
    return max(_mark(reports.get(str(partition))), streamed)


def of_shard(ws: Workspace, system: str, entity: str) -> Instant:
    """The same in the only partition of a source that this shard reads."""
    reports, streamed = _heard(ws, system, entity)
    return max(min(map(_mark, reports.values()), default=NEVER), streamed)


def _heard(ws: Workspace, system: str, entity: str) -> tuple[dict[str, list[Any]], Instant]:
    """Report of each partition, and how far it had come when it left streaming."""
    marks, streamed = ws.get(keys.MARKS) or {}, ws.get(keys.STREAMED) or {}
    own = f"{system}/{entity}"
    name = own if own in marks else f"{system}/{ALL_OBJECTS}"
    return marks.get(name, {}), streamed.get(name, NEVER)


def _mark(report: list[Any] | None) -> Instant:
    return NEVER if report is None or report[2] is None else int(report[2])
