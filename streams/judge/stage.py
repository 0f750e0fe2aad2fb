"""Judge as a stage: records of q2c.changes in; drifts, commands, audit and corrected state out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from operator import is_
from typing import Any

from schemas import topics
from schemas.instants import ALWAYS, NEVER, Instant
from streams import canary
from streams.fleet import letters, mass
from streams.governance.difference import Difference
from streams.governance.in_force import InForce
from streams.governance.model import Governance
from streams.identify.changes import ENTITY_OF_RECORD, version_of
from streams.inputs import Divert, Due, Input
from streams.judge import breaker, unread
from streams.judge.approvals import on_approval
from streams.judge.concerned import Changed
from streams.judge.corrected import project
from streams.judge.fold import LATE, on_change, on_hole
from streams.judge.freeze import on_freeze
from streams.judge.gates import heard_by, needed, passed_by, passed_by_all, silent, slowest
from streams.judge.keys import (
    MARKS,
    OBLIGATIONS,
    RETENTION,
    ObligationKey,
    aside_prefix,
    comes_last,
    instant_of,
    is_leaving,
    is_obligation,
    is_rollout,
)
from streams.judge.leaving import leave
from streams.judge.lives import bury
from streams.judge.published import RECORD as PUBLISHED
from streams.judge.published import Published, pass_by, take
from streams.judge.reached import reached_by, regained, remember
from streams.judge.rejections import on_rejection
from streams.judge.release import on_release
from streams.judge.retention import AWAITS, undecided_from
from streams.judge.retention import Place as RecordPlace
from streams.judge.rollout import GATE as ROLLOUT
from streams.judge.rollout import roll_out
from streams.judge.settle import settle
from streams.kinds.table import BY_NAME, Kind, judged
from tables.deadlines import LAST, Gate
from tables.view import Emit, Place, Value, Workspace
from tables.watermarks import Minima, heard, name

WRITES = (
    topics.CORRECTED_STATE,
    topics.DRIFTS,
    topics.COMMANDS,
    topics.AUDIT,
    topics.PROGRESS,
    topics.DEAD_LETTERS,
)
"""Topics that it writes to, besides its changelog."""


TAKEN_BACK = "watermarks_taken_back"
"""Outcome of a step that took a watermark back."""
_Moving = tuple[Value | None, Value | None, InForce]
"""What gates depend on: marks, undecided instants of leaving, governance in force. None is ever changed in place."""
Until = Callable[[Minima, InForce], Instant]
"""How far a gate is open."""


class Gates(Mapping[Gate, Instant]):
    """How far each gate is open. Worked out only when asked for, since nothing waits at most of them."""

    def __init__(self, gates: Mapping[Gate, Until], heard: Minima, ruled: InForce) -> None:
        self._gates, self._heard, self._ruled = gates, heard, ruled
        self._known: dict[Gate, Instant] = {}

    def __getitem__(self, gate: Gate) -> Instant:
        found = self._known.get(gate)
        if found is None:
            found = self._known[gate] = self._gates[gate](self._heard, self._ruled)
        return found

    def __iter__(self) -> Iterator[Gate]:
        return iter(self._gates)

    def __len__(self) -> int:
        return len(self._gates)


class Judge:
    name = "judge"
    waits_under: tuple[str, ...] = (OBLIGATIONS,)
    settled_before = LATE | {TAKEN_BACK}

    def __init__(self, governance: Governance) -> None:
        self._governance = governance
        """What the worker was started with: all that no published version decides."""
        self._published = Published(governance)
        self._open: list[tuple[_Moving, Gates]] = []
        """Gates of the marks last seen, most recent first: the same objects mean the same gates."""

    def step(self, ws: Workspace, partition: int, record: Input) -> str:
        value = record.value
        entity = ENTITY_OF_RECORD.get(record.record)
        if entity is not None:
            return self._on_version(ws, entity, value)
        match record.record:
            case "Watermarks":
                is_less = _hear(ws, value)
                self._pass_by(ws)
                return TAKEN_BACK if is_less else "watermarks"
            case "EntityMoved":
                return on_change(ws, self._published.in_force(ws), _moved(value))
            case name if name == PUBLISHED:
                return take(ws, self._governance, value)
            case "CanaryBroken":
                canary.armed(ws, value)
            case "BreakerTurned":
                breaker.on_turn(ws, self._published.in_force(ws).newest, value)
            case "CorrectionReleased":
                on_release(ws, self._published.in_force(ws).newest, value)
            case "CorrectionApproved":
                on_approval(ws, self._published.in_force(ws), value)
            case "CorrectionRejected":
                on_rejection(ws, self._published.in_force(ws), value)
            case "CustomerFrozen":
                on_freeze(ws, self._published.in_force(ws), value)
            case "HoleOpened" | "HoleClosed":
                governance = self._published.in_force(ws).newest
                on_hole(ws, governance, value, opened=record.record == "HoleOpened")
                if record.record == "HoleClosed":
                    unread.on_end(ws, governance, value["canonical_id"])
            case _:
                raise Divert("unknown_record", f"q2c.changes carries no {record.record}; is a newer release writing?")
        return record.record.lower()

    def _on_version(self, ws: Workspace, entity: str, value: dict[str, Any]) -> str:
        ruled = self._published.in_force(ws)
        said = on_change(ws, ruled, Changed(_place(entity, value), version_of(entity, value)))
        if value.get("effective_until") is not None:  # in the same step, so that nothing is judged as if it had stayed
            on_change(ws, ruled, _gone(entity, value, value["effective_until"]))
        return said

    def overruled(self, ws: Workspace) -> list[Difference]:
        """What the worker was started with and does not judge by."""
        return self._published.overruled(ws)

    def diverted(self, ws: Workspace, partition: int, letter: dict[str, Any]) -> None:
        """No hole: no verdict needs what judge refused. The letter remains, and the fleet stage is told."""
        if (told := letters.tell_written(letter)) is not None:
            ws.emit(told)

    def flush(self, ws: Workspace, partition: int) -> None:
        mass.tell(ws, self._governance, partition)

    def project(self, ws: Workspace, place: Place) -> None:
        project(ws, self._governance, place)

    def wake(self, key: str, value: dict[str, Any] | None) -> tuple[tuple[str, ...], Instant] | None:
        if is_rollout(key):
            return None if value is None else (ROLLOUT, NEVER)
        if comes_last(key):
            return None if value is None else (LAST, instant_of(key))
        if not is_obligation(key) or value is None or value.get("held"):
            return None
        if (awaited := value.get("awaits")) is not None:
            return AWAITS, awaited
        instant = value.get("next", ALWAYS)
        parsed = ObligationKey.parse(key)
        return None if instant == ALWAYS else ((parsed.kind, parsed.system), instant)

    def gates(self, ws: Workspace) -> Mapping[Gate, Instant]:
        ruled = self._published.in_force(ws)
        moving = (ws.get(MARKS), ws.get(RETENTION), ruled)
        for seen, known in self._open:
            if all(map(is_, seen, moving)):
                return known
        if self._open and self._open[0][0] == moving:  # a state may give back an equal value in place of the same one
            return self._open[0][1]
        undecided = undecided_from(ws) - 1
        last: dict[Gate, Until] = {
            AWAITS: lambda heard, ruled: min(passed_by_all(heard, ruled), undecided),
            LAST: passed_by_all,
        }
        gates = Gates(self._of_kinds | last, heard_by(ws, self._governance), ruled)
        self._open = [(moving, gates), *self._open[: self._governance.partitions]]
        return gates

    @cached_property
    def _of_kinds(self) -> dict[Gate, Until]:
        governance = self._governance
        found: dict[Gate, Until] = {ROLLOUT: lambda heard, ruled: ALWAYS}
        for kind in judged(governance):
            systems = (system for role in kind.roles for system in governance.in_role(role))
            found |= {(kind.row, s): _until(kind, s) for s in systems if governance.carries(s, kind.entity)}
        return found | {canary.gate(s): _broken_until(governance, s) for s in governance.systems}

    def holding_back(self, ws: Workspace, gate: tuple[str, ...]) -> str:
        """The source object that holds a gate back."""
        heard, ruled = heard_by(ws, self._governance), self._published.in_force(ws)
        if gate in (AWAITS, LAST):
            return silent(heard, self._governance, slowest(heard, ruled)[1])
        kind, system = gate
        return silent(heard, self._governance, passed_by(heard, ruled, BY_NAME[kind], system)[1])

    def decided_until(self, ws: Workspace, system: str, entity: str) -> Instant:
        """Up to when any verdict has ever been given that waits for records of this kind."""
        ruled, reached = self._published.in_force(ws), reached_by(ws, self._governance)
        waiting = (
            passed_by(reached, ruled, BY_NAME[kind], home)[0]
            for kind, home in (gate for gate in self._of_kinds if gate[0] in BY_NAME)
            if (system, entity) in needed(self._governance, BY_NAME[kind], home)
        )
        return max(waiting, default=NEVER)

    def settle(self, ws: Workspace, due: Due) -> None:
        if canary.is_canary(due.key):
            canary.settled(ws, self._governance, due.key, due.until)
        elif is_rollout(due.key):
            roll_out(ws, self._published.in_force(ws), due.key)
        elif is_leaving(due.key):
            leave(ws, self._published.in_force(ws), due.key)
        elif comes_last(due.key):
            bury(ws, due.key)
        else:
            settle(ws, self._published.in_force(ws), due.key, due.until)

    def put_aside(self, ws: Workspace, key: str, letter_id: str) -> Emit | None:
        """Hold an obligation back until its letter is replayed, as for missing evidence."""
        value = ws.get(key)
        if value is None or not is_obligation(key) or canary.is_canary(key):
            return None
        ws.put(key, {**value, "held": letter_id})
        customer, kind, system, _ = ObligationKey.parse(key)
        ws.put(aside_prefix(customer) + letter_id, {"at": value.get("next", ALWAYS)})
        hole = {"canonical_id": customer, "system": system, "entity": BY_NAME[kind].entity, "letter_id": letter_id}
        return Emit(topics.CHANGES, customer, "HoleClosed", {**hole, "how": "replayed"})

    def _pass_by(self, ws: Workspace) -> None:
        """Once all instants before a governance version are decided, gates no longer wait for the old one."""
        ruled = self._published.in_force(ws)
        if len(ruled.undecided) < 2:
            return
        begins_at = ruled.undecided[1].begins_at
        if passed_by_all(heard_by(ws, self._governance), ruled) >= begins_at - 1:
            pass_by(ws, begins_at)


def _until(kind: Kind, system: str) -> Until:
    return lambda heard, ruled: passed_by(heard, ruled, kind, system)[0]


def _broken_until(governance: Governance, system: str) -> Until:
    return lambda heard, ruled: canary.heard_until(heard, governance, system)


def _moved(value: dict[str, Any]) -> Changed:
    return _gone(value["entity"], value, value["moved_at"], value["version"])


def _gone(entity: str, value: dict[str, Any], at: Instant, version: str = "") -> Changed:
    """A move away from the customer. `version`: of the row, if the row itself moved."""
    left = {
        "version": version,
        "native": "",
        "customer": value["native_customer"],
        "at": at,
        "committed_at": at,
        "op": "moved",
        "attrs": None,
        "since": {},
        "by": "unknown",
        "snapshot": False,
        "source": "",
        "route": value["route_version"],
    }
    return Changed(_place(entity, value), left)


def _place(entity: str, value: dict[str, Any]) -> RecordPlace:
    return RecordPlace(value["canonical_id"], entity, value["system"], value["native_id"])


def _hear(ws: Workspace, value: dict[str, Any]) -> bool:
    """Returns whether less has been heard than before."""
    marks, is_less = ws.get(MARKS) or {}, False
    for mark in value["watermarks"]:
        key = name(mark["system"], mark["object"])
        report = marks.get(key, {}).get(str(value["partition"]))
        if remember(ws, key, value["partition"], report, mark["epoch"], mark["phase"]):
            is_less = True
        marks = heard(marks, key, value["partition"], mark["epoch"], mark["phase"], mark["watermark"])
        regained(ws, key, value["partition"], marks[key][str(value["partition"])][2])
    ws.put(MARKS, marks)
    return is_less
