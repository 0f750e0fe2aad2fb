"""Identify as a stage: source records and routes in, canonical changes and links out.

One shard has one partition number of every source topic and of the crosswalk, so a native customer, its rows and its
route always meet here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas import topics
from schemas.codec import Unreadable
from schemas.source import ALL_OBJECTS, Gap, Heard, Probed, Reader, Skipped, SourceEvent, SourceRow
from streams.governance.model import Governance
from streams.identify import keys, letters, onward, progress
from streams.identify.clocks import credible
from streams.identify.gaps import on_gap
from streams.identify.reroute import on_route
from streams.identify.rows import on_row
from streams.inputs import Divert, Input, WithoutDeadlines
from tables.view import Workspace


class Identify(WithoutDeadlines):
    name = "identify"

    def __init__(self, governance: Governance, readers: Mapping[str, Reader]) -> None:
        self._governance = governance
        self._readers = {topics.source_topic(system): (system, reader) for system, reader in readers.items()}

    def step(self, ws: Workspace, partition: int, record: Input) -> str:
        if record.topic == topics.CROSSWALK:
            return self._on_crosswalk(ws, record)
        system, reader = self._readers[record.topic]
        try:
            event = reader(record.record, record.value, record.headers)
        except Unreadable as problem:
            raise Divert(problem.reason, str(problem)) from None
        return self._on_source(ws, partition, record, system, credible(self._governance, record, event))

    def diverted(self, ws: Workspace, partition: int, letter: dict[str, Any]) -> None:
        letters.diverted(ws, self._governance, partition, letter)

    def flush(self, ws: Workspace, partition: int) -> None:
        onward.send(ws, self._governance, partition)

    def in_first_snapshot(self, ws: Workspace, partition: int, row: SourceRow) -> bool:
        """Whether a row of a snapshot stood so before its source was known. What a later snapshot finds (a lost slot, a
        restored copy) happened while nobody looked: it is news."""
        marks, streamed = ws.get(keys.MARKS) or {}, ws.get(keys.STREAMED) or {}
        entity = self._governance.entity_of(row.system, row.object) or row.object
        names = [f"{row.system}/{object_}" for object_ in (ALL_OBJECTS, entity)]
        reports = [marks[name][str(partition)] for name in names if str(partition) in marks.get(name, {})]
        return not any(name in streamed for name in names) and all(report[1] != "streaming" for report in reports)

    def _on_source(self, ws: Workspace, partition: int, record: Input, system: str, event: SourceEvent) -> str:
        governance = self._governance
        match event:
            case SourceRow():
                first = event.snapshot and (
                    self.in_first_snapshot(ws, partition, event) or letters.of_first_snapshot(ws, record, event)
                )
                on_row(ws, governance, record, event, first)
            case Heard():
                progress.on_heard(ws, governance, partition, event)
            case Probed():
                progress.on_probe(ws, governance, partition, event)
            case Gap():
                on_gap(ws, governance, partition, event)
            case Skipped():
                return event.why
        letters.home(ws, governance, record, system)
        return type(event).__name__.lower()

    def _on_crosswalk(self, ws: Workspace, record: Input) -> str:
        if record.record == "Watermarks":
            for mark in record.value["watermarks"]:
                progress.hear(ws, 0, Heard(**{k: mark[k] for k in Heard._fields}))
            return "watermarks"
        on_route(ws, self._governance, record.value)
        return "route"
