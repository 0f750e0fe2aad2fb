"""Identify as a stage: source records and routes in, canonical changes and links out.

One shard has one partition number of every source topic and of the crosswalk, so a native customer, its rows and its
route always meet here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas import topics
from schemas.codec import Unreadable
from schemas.instants import ALWAYS, NEVER, Instant
from schemas.source import ALL_OBJECTS, Gap, Heard, Probed, Reader, Skipped, SourceEvent, SourceRow
from streams.governance.difference import Difference
from streams.governance.model import Governance
from streams.identify import again, keys, letters, mappings, onward, progress, sweeps
from streams.identify.clocks import credible
from streams.identify.gaps import on_gap, on_heard, on_shown
from streams.identify.reroute import on_route
from streams.identify.rows import on_row
from streams.inputs import Divert, Due, Input, WithoutDeadlines
from tables.deadlines import Gate
from tables.view import Value, Workspace

_READING = "~mapping"
"""Where a system waits whose rows are to be read again: always open, while governance has it."""
_OF_EARLIER = (_READING, "")
"""Where all of them waited, in the index of an earlier release."""


class Identify(WithoutDeadlines):
    name = "identify"
    waits_under: tuple[str, ...] = (keys.MAPPINGS, keys.SWEEPS)

    def __init__(self, governance: Governance, readers: Mapping[str, Reader]) -> None:
        self._governance = governance
        gates = (_OF_EARLIER, *((_READING, system) for system in governance.mappings))
        self._gates: Mapping[Gate, Instant] = dict.fromkeys(gates, ALWAYS)
        self._readers = {topics.source_topic(system): (system, reader) for system, reader in readers.items()}

    def step(self, ws: Workspace, partition: int, record: Input) -> str:
        if record.topic == topics.CROSSWALK:
            return self._on_crosswalk(ws, record)
        system, reader = self._readers[record.topic]
        if record.record in (mappings.RECORD, again.RECORD, letters.DISMISSAL):
            return self._on_ours(ws, partition, record, system)
        try:
            event = reader(record.record, record.value, record.headers)
        except Unreadable as problem:
            raise Divert(problem.reason, str(problem)) from None
        return self._on_source(ws, partition, record, system, credible(self._governance, record, event))

    def diverted(self, ws: Workspace, partition: int, letter: dict[str, Any]) -> None:
        if again.is_refused(ws, self._governance, letter):
            letters.diverted(ws, self._governance, partition, letter)

    def wake(self, key: str, value: Value | None) -> tuple[Gate, Instant] | None:
        is_pending = sweeps.is_pending if key.startswith(keys.SWEEPS) else mappings.is_pending
        return ((_READING, _system(key)), NEVER) if is_pending(value) else None

    def gates(self, ws: Workspace) -> Mapping[Gate, Instant]:
        return self._gates

    def settle(self, ws: Workspace, due: Due) -> None:
        system = _system(due.key)
        if system in self._governance.mappings:
            again.slice_(ws, self._governance, system)
        elif (value := ws.get(due.key)) is not None:
            ws.put(due.key, value)  # to wait at its own gate

    def flush(self, ws: Workspace, partition: int) -> None:
        mappings.announce(ws, self._governance, partition)
        onward.send(ws, self._governance, partition)

    def overruled(self, ws: Workspace) -> list[Difference]:
        """What the worker was started with and does not read by."""
        return mappings.overruled(ws, self._governance)

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
                on_shown(ws, partition, event)
                on_row(ws, governance, record, event, first)
            case Heard():
                on_heard(ws, governance, partition, event)
            case Probed():
                progress.on_probe(ws, governance, partition, event)
            case Gap():
                on_gap(ws, governance, partition, event)
            case Skipped():
                return event.why
        letters.home(ws, governance, record, system)
        return type(event).__name__.lower()

    def _on_ours(self, ws: Workspace, partition: int, record: Input, system: str) -> str:
        """What driftwise put into a source's topic itself, where its place among the source's records counts."""
        value = record.value
        if record.record == mappings.RECORD:
            is_new = mappings.take(ws, self._governance, partition, value)
            letters.home(ws, self._governance, record, system)
            return "mapping" if is_new else "duplicate"
        if record.record == letters.DISMISSAL:
            letters.dismissed(ws, self._governance, record, system)
            return "letter_dismissed"
        again.on_asked(ws, self._governance, partition, letters.letter_of(record), value)
        return "row_read_again"

    def _on_crosswalk(self, ws: Workspace, record: Input) -> str:
        if record.record == "Watermarks":
            for mark in record.value["watermarks"]:
                told = mark["system"], mark["object"], mark["epoch"], mark["phase"], mark["watermark"]
                progress.hear(ws, 0, Heard(*told))
            return "watermarks"
        on_route(ws, self._governance, record.value)
        return "route"


def _system(key: str) -> str:
    """Whose rows wait under this key: to be read again, or looked for by a sweep."""
    return key.partition("/")[2]
