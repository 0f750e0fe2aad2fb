"""How far a source object has ever been heard, whatever became of its watermark since."""

from __future__ import annotations

from typing import Any

from schemas.instants import NEVER, Instant
from schemas.source import ALL_OBJECTS
from streams.identify import keys
from tables.view import Workspace
from tables.watermarks import LINKS


def passed(ws: Workspace, system: str, entity: str, partition: int) -> Instant:
    """In this partition; from the next instant on it may say more."""
    reports, streamed = _heard(ws, system, entity)
    return max(_mark(reports.get(str(partition))), streamed)


def of_shard(ws: Workspace, system: str, entity: str) -> Instant:
    """The same in the only partition of a source that this shard reads."""
    reports, streamed = _heard(ws, system, entity)
    return max(min(map(_mark, reports.values()), default=NEVER), streamed)


def of_system(ws: Workspace, system: str, partition: int) -> list[Instant]:
    """Of each of its objects that was heard of in this partition."""
    marks, streamed = ws.get(keys.MARKS) or {}, ws.get(keys.STREAMED) or {}
    ours = {name: reports for name, reports in marks.items() if name.startswith(f"{system}/") and LINKS not in name}
    here = ((name, reports.get(str(partition))) for name, reports in ours.items())
    return [max(_mark(report), streamed.get(name, NEVER)) for name, report in here if report is not None]


def _heard(ws: Workspace, system: str, entity: str) -> tuple[dict[str, list[Any]], Instant]:
    """Report of each partition, and how far it had come when it left streaming."""
    marks, streamed = ws.get(keys.MARKS) or {}, ws.get(keys.STREAMED) or {}
    own = f"{system}/{entity}"
    name = own if own in marks else f"{system}/{ALL_OBJECTS}"
    return marks.get(name, {}), streamed.get(name, NEVER)


def _mark(report: list[Any] | None) -> Instant:
    return NEVER if report is None or report[2] is None else int(report[2])
