"""Judge as a stage: records of q2c.changes in; drifts, commands, audit and corrected state out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from schemas import topics
from schemas.instants import ALWAYS, Instant
from streams import canary
from streams.fleet import letters, mass
from streams.governance.model import Governance
from streams.identify.changes import ENTITY_OF_RECORD, version_of
from streams.inputs import Divert, Due, Input
from streams.judge.corrected import project
from streams.judge.fold import Changed, on_change, on_hole
from streams.judge.freeze import on_freeze
from streams.judge.gates import decidable_until
from streams.judge.keys import MARKS, OBLIGATIONS, ObligationKey, is_obligation
from streams.judge.settle import settle
from streams.kinds.table import BY_NAME, judged
from tables.view import Place, Workspace
from tables.watermarks import heard, name

WRITES = (
    topics.CORRECTED_STATE,
    topics.DRIFTS,
    topics.COMMANDS,
    topics.AUDIT,
    topics.PROGRESS,
    topics.DEAD_LETTERS,
)
"""Topics that there must be for it, its changelog apart."""


class Judge:
    name = "judge"
    waits_under: str | None = OBLIGATIONS

    def __init__(self, governance: Governance) -> None:
        self._governance = governance
        self._open: list[tuple[Any, list[tuple[tuple[str, ...], Instant]]]] = []
        """Gates of the marks last seen, most recent first: they move with the marks only, which are never changed in
        place, so the same object means the same gates."""

    def step(self, ws: Workspace, partition: int, record: Input) -> str:
        value = record.value
        entity = ENTITY_OF_RECORD.get(record.record)
        if entity is not None:
            return on_change(ws, self._governance, _changed(entity, value))
        match record.record:
            case "Watermarks":
                _hear(ws, value)
            case "EntityMoved":
                return on_change(ws, self._governance, _moved(value))
            case "CanaryBroken":
                canary.armed(ws, value)
            case "CustomerFrozen":
                on_freeze(ws, self._governance, value)
            case "HoleOpened" | "HoleClosed":
                on_hole(ws, value, opened=record.record == "HoleOpened")
            case _:
                raise Divert("unknown_record", f"q2c.changes carries no {record.record}; is a newer release writing?")
        return record.record.lower()

    def diverted(self, ws: Workspace, partition: int, letter: dict[str, Any]) -> None:
        """Nothing of ours reads what judge refused; the letter itself is the trace, and the fleet stage hears of it."""
        if (told := letters.tell_written(letter)) is not None:
            ws.emit(told)

    def flush(self, ws: Workspace, partition: int) -> None:
        mass.tell(ws, self._governance, partition)

    def project(self, ws: Workspace, place: Place) -> None:
        project(ws, self._governance, place)

    def wake(self, key: str, value: dict[str, Any] | None) -> tuple[tuple[str, ...], Instant] | None:
        if not is_obligation(key) or value is None or value.get("held"):
            return None
        instant = value.get("next", ALWAYS)
        parsed = ObligationKey.parse(key)
        return None if instant == ALWAYS else ((parsed.kind, parsed.system), instant)

    def gates(self, ws: Workspace) -> Iterable[tuple[tuple[str, ...], Instant]]:
        marks = ws.get(MARKS)
        for seen, gates in self._open:
            if seen is marks:
                return gates
        gates = [
            ((kind.row, system), decidable_until(ws, self._governance, kind, system)[0])
            for kind in judged(self._governance)
            for role in kind.roles
            for system in self._governance.in_role(role)
            if self._governance.carries(system, kind.entity)
        ]
        gates += [canary.gate(ws, self._governance, system) for system in self._governance.systems]
        self._open = [(marks, gates), *self._open[: self._governance.partitions]]
        return gates

    def holding_back(self, ws: Workspace, gate: tuple[str, ...]) -> str:
        """The source object that a gate waits for most."""
        kind, system = gate
        return decidable_until(ws, self._governance, BY_NAME[kind], system)[1]

    def settle(self, ws: Workspace, due: Due) -> None:
        work_off = canary.settled if canary.is_canary(due.key) else settle
        work_off(ws, self._governance, due.key, due.until)


def _changed(entity: str, value: dict[str, Any]) -> Changed:
    return Changed(value["canonical_id"], entity, value["system"], value["native_id"], version_of(entity, value))


def _moved(value: dict[str, Any]) -> Changed:
    version = {
        "version": value["version"],
        "native": "",
        "customer": value["native_customer"],
        "at": value["moved_at"],
        "committed_at": value["moved_at"],
        "op": "moved",
        "attrs": None,
        "since": {},
        "by": "unknown",
        "snapshot": False,
        "source": "",
        "route": value["route_version"],
    }
    return Changed(value["canonical_id"], value["entity"], value["system"], value["native_id"], version)


def _hear(ws: Workspace, value: dict[str, Any]) -> None:
    marks = ws.get(MARKS) or {}
    for mark in value["watermarks"]:
        key = name(mark["system"], mark["object"])
        marks = heard(marks, key, value["partition"], mark["epoch"], mark["phase"], mark["watermark"])
    ws.put(MARKS, marks)
