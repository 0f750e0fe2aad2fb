"""Takes in watermarks: how far each source object has been heard in this partition."""

from __future__ import annotations

from schemas import topics
from schemas.instants import NEVER, Instant
from schemas.source import ALL_OBJECTS, Heard, Probed
from streams import canary
from streams.governance.model import Governance
from streams.identify import furthest, keys, onward
from tables.view import Emit, Workspace
from tables.watermarks import LINKS, heard


def on_heard(ws: Workspace, governance: Governance, partition: int, event: Heard) -> None:
    if event.object == ALL_OBJECTS:
        hear(ws, partition, event)
    elif (entity := governance.entity_of(event.system, event.object)) is not None:
        hear(ws, partition, event._replace(object=entity))


def hear(ws: Workspace, upstream: int, event: Heard) -> None:
    marks = ws.get(keys.MARKS) or {}
    name = f"{event.system}/{event.object}"
    phase = event.phase
    if phase == "snapshot" and _has_streamed(ws, name, upstream):
        phase = "gap"  # what happened since was not seen
    after = heard(marks, name, upstream, event.epoch, phase, event.watermark)
    if after is marks:
        return
    ws.put(keys.MARKS, after)
    phases = [all_marks.get(name, {}).get(str(upstream), [0, ""])[1] for all_marks in (marks, after)]
    if phases[0] == "streaming" != phases[1]:
        streamed = ws.get(keys.STREAMED) or {}
        until = max(streamed.get(name, NEVER), marks[name][str(upstream)][2] or NEVER)
        ws.put(keys.STREAMED, {**streamed, name: until})
    if phases[0] == "streaming" and phases[1] == "gap" and event.object != LINKS:
        onward.tell_gap(ws, upstream, name, after[name][str(upstream)])


def has_streamed(ws: Workspace, system: str, partition: int) -> bool:
    """Whether the whole system was ever streaming in this partition."""
    return _has_streamed(ws, f"{system}/{ALL_OBJECTS}", partition)


def _has_streamed(ws: Workspace, name: str, upstream: int) -> bool:
    now = (ws.get(keys.MARKS) or {}).get(name, {}).get(str(upstream))
    return (now is not None and now[1] == "streaming") or name in (ws.get(keys.STREAMED) or {})


def withdraw(ws: Workspace, system: str, object_: str, partition: int) -> None:
    report = (ws.get(keys.MARKS) or {}).get(f"{system}/{object_}", {}).get(str(partition))
    if report is not None:
        hear(ws, partition, Heard(system, object_, report[0], "gap", None))


def on_probe(ws: Workspace, governance: Governance, partition: int, event: Probed) -> None:
    """Answer a probe: how old is the source's watermark in this partition?"""
    known: list[Instant | None] = [report[2] for report in furthest.reports(ws, event.system, partition).values()]
    lowest = min((mark for mark in known if mark is not None), default=None) if None not in known else None
    value = {
        "system": event.system,
        "partition": partition,
        "observed_at": event.observed_at,
        "watermark": lowest,
    }
    ws.emit(Emit(topics.PROGRESS, event.system, "SourceObserved", value, partition=0))
    canary.broken(ws, governance, event.system, partition, event.observed_at)
