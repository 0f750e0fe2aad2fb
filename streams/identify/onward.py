"""Sends watermarks on, after everything that they cover: once a commit, however many markers it folded."""

from __future__ import annotations

from typing import Any

from schemas import topics
from schemas.instants import SECOND
from schemas.source import ALL_OBJECTS
from streams.governance.model import Governance
from streams.identify import again, keys
from streams.suspects import circle, tell
from tables.view import Emit, Workspace
from tables.watermarks import Marks


def send(ws: Workspace, governance: Governance, partition: int) -> None:
    """Send what has changed to every partition of q2c.changes, and to the stages with a single partition."""
    marks, sent = ws.get(keys.MARKS) or {}, ws.get(keys.SENT) or {}
    changed = {name: reports for name, reports in marks.items() if reports != sent.get(name)}
    if changed:  # a system whose rows are being read again waits until all of them are
        changed = {
            name: reports for name, reports in changed.items() if not again.is_behind(ws, name.partition("/")[0])
        }
    if not changed:
        return
    ws.put(keys.SENT, {**sent, **changed})
    entries = _entries(changed)
    value = {"partition": partition, "watermarks": entries}
    for target in range(governance.partitions):
        ws.emit(Emit(topics.CHANGES, "", "Watermarks", value, partition=target))
    _tell_onlookers(ws, governance, partition, changed)
    linking = {*governance.linking, *circle.parents_of(governance)}
    linked = [e for e in entries if e["object"] in (ALL_OBJECTS, "customer") and e["system"] in linking]
    if linked:
        ws.emit(Emit(topics.LINKS, "", "Watermarks", {**value, "watermarks": linked}, partition=0))


def _tell_onlookers(ws: Workspace, governance: Governance, partition: int, changed: Marks) -> None:
    """Tell people and dashboards, who read q2c.progress. They need it once a second only; with each commit it would
    cost the broker one partition more in every transaction."""
    told = ws.get(keys.TOLD) or {}
    news = {name: reports for name, reports in changed.items() if _is_news(told.get(name, {}), reports)}
    if news:
        ws.put(keys.TOLD, {**told, **news})
        value = {"partition": partition, "watermarks": _entries(news)}
        ws.emit(Emit(topics.PROGRESS, "", "Watermarks", value, partition=0))
        tell.heard(ws, governance, value)


def tell_gap(ws: Workspace, partition: int, name: str, report: list[Any]) -> None:
    """Tell of a gap at once: it may be over before the commit, and then nobody would hear of it."""
    told = ws.get(keys.TOLD) or {}
    ws.put(keys.TOLD, {**told, name: {**told.get(name, {}), str(partition): report}})
    value = {"partition": partition, "watermarks": [_entry(name, report)]}
    ws.emit(Emit(topics.PROGRESS, "", "Watermarks", value, partition=0))


def _is_news(told: dict[str, list[Any]], reports: dict[str, list[Any]]) -> bool:
    """Another epoch or phase, or a second further on."""
    for partition, (epoch, phase, mark) in reports.items():
        before = told.get(partition)
        if before is None or before[:2] != [epoch, phase]:
            return True
        if mark is not None and (before[2] is None or mark - before[2] >= SECOND):
            return True
    return False


def _entries(marks: Marks) -> list[dict[str, Any]]:
    return [_entry(name, report) for name, reports in marks.items() for report in reports.values()]


def _entry(name: str, report: list[Any]) -> dict[str, Any]:
    system, object_ = name.split("/", 1)
    epoch, phase, mark = report
    return {"system": system, "object": object_, "epoch": epoch, "phase": phase, "watermark": mark}
