"""How far a source object has ever been heard, even if a gap or a new snapshot has withdrawn its watermark since."""

from __future__ import annotations

from typing import Any

from schemas.instants import NEVER, Instant
from schemas.source import ALL_OBJECTS
from streams.identify import keys
from tables.view import Workspace
from tables.watermarks import LINKS


def passed(ws: Workspace, system: str, entity: str, partition: int) -> Instant:
    """The furthest watermark of the object in this partition."""
    reports, streamed = _heard(ws, system, entity)
    return max(_mark(reports.get(str(partition))), streamed)


def of_shard(ws: Workspace, system: str, entity: str) -> Instant:
    """The same without naming the partition: a shard reads only one partition of a source."""
    reports, streamed = _heard(ws, system, entity)
    return max(min(map(_mark, reports.values()), default=NEVER), streamed)


def of_system(ws: Workspace, system: str, partition: int) -> list[Instant]:
    """The furthest watermark of each object of the system that was ever reported in this partition."""
    streamed = ws.get(keys.STREAMED) or {}
    return [max(_mark(report), streamed.get(name, NEVER)) for name, report in reports(ws, system, partition).items()]


def reports(ws: Workspace, system: str, partition: int) -> dict[str, list[Any]]:
    """What was reported of each of its objects in this partition: epoch, phase, and watermark, if it has one now."""
    marks, here = ws.get(keys.MARKS) or {}, str(partition)
    ours = (name for name in marks if name.startswith(f"{system}/") and LINKS not in name)
    return {name: marks[name][here] for name in ours if here in marks[name]}


def _heard(ws: Workspace, system: str, entity: str) -> tuple[dict[str, list[Any]], Instant]:
    """(partition -> report, the watermark that it had when it last left streaming)"""
    marks, streamed = ws.get(keys.MARKS) or {}, ws.get(keys.STREAMED) or {}
    own = f"{system}/{entity}"
    name = own if own in marks else f"{system}/{ALL_OBJECTS}"
    return marks.get(name, {}), streamed.get(name, NEVER)


def _mark(report: list[Any] | None) -> Instant:
    return NEVER if report is None or report[2] is None else int(report[2])
