"""A shard: one stage at one partition number, with its state and its deadlines. No Kafka, no clock, no threads.

The worker and the test driver run the same shard; they differ in where records come from and where effects go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from schemas.instants import Instant
from streams.inputs import Due, Input, Stage
from streams.letters import Raw, divert, letter
from tables.deadlines import LAST, Deadlines, Gate
from tables.view import Emit, Place, Value, View, Workspace, Writes

REMEMBERED = 10_000
"""Look-ups that verdicts share until the next record is folded."""
PROGRESS = frozenset({"heard", "watermarks"})
"""What an input is that tells how far a source has been heard."""
SLICE = 256
"""Deadlines worked off at a time; a watermark that releases more takes several commits (contracts 6)."""


class Behind(Exception):
    """What is due is to be settled before this record is folded."""


class State(View, Protocol):
    def apply(self, writes: Writes) -> None: ...

    def items(self) -> Iterable[tuple[str, Value]]: ...


class Shard:
    def __init__(self, stage: Stage, partition: int, state: State, deadlines: Deadlines | None = None) -> None:
        """`deadlines`: as they were restored with the state; None: to be found in it."""
        self.stage = stage
        self.partition = partition
        self.state = state
        self.deadlines = Deadlines.found(state.items(), stage.wake) if deadlines is None else deadlines
        self.outcomes: Counter[str] = Counter()
        self.heard: set[str] = set()
        """Topics that brought progress since this was emptied."""
        self._refreshed: dict[Place, None] = {}
        self._looked_up: dict[Any, Any] = {}
        self._waits_under, self._settled_before = stage.waits_under, stage.settled_before
        self._idle: tuple[Mapping[Gate, Instant] | None, int] = (None, 0)
        """By which gates nothing was due, and after how many moves of the deadlines."""

    def process(self, record: Input) -> list[Emit]:
        """Fold one record, behind all that is to be settled before it. Raises Divert as `fold` does."""
        effects: list[Emit] = []
        while True:
            try:
                folded = self.fold(record)
            except Behind:
                effects += self.settle()
            else:
                return effects + folded if effects else folded

    def fold(self, record: Input) -> list[Emit]:
        """Fold one record. Raises Divert where it cannot be, and Behind where it cannot be yet: then nothing of it
        counts, and it is to be refused, or folded again once nothing is due.

        Late evidence amends what was decided when it came. That is what watermarks had released, whether or not a
        commit had come to it."""
        self._looked_up.clear()
        ws = Workspace(self.state)
        outcome = self.stage.step(ws, self.partition, record)
        if outcome in self._settled_before and self.has_due():
            raise Behind
        self.outcomes[outcome] += 1
        if outcome in PROGRESS:
            self.heard.add(record.topic)
        return self._accept(ws)

    def refuse(self, raw: Raw, reason: str, detail: str, entity: str, now_micros: Instant) -> list[Emit]:
        """Send the record to the dead letters and leave the hole in the evidence."""
        value = letter(raw, self.stage.name, reason, detail, entity, now_micros)
        ws = Workspace(self.state)
        ws.emit(divert(value))
        self.stage.diverted(ws, self.partition, value)
        self.outcomes["diverted"] += 1
        return self._accept(ws)

    def settle(self, limit: int = SLICE) -> list[Emit]:
        """Work off up to `limit` deadlines that the watermarks have passed; empty-handed when none is left."""
        effects: list[Emit] = []
        found = self._due(limit)
        takes_away = bool(found) and self.deadlines.gate(found[0].key) == LAST
        if takes_away:
            effects += self._publish()  # as it stands
        if takes_away or len(self._looked_up) > REMEMBERED:
            self._looked_up.clear()
        for due in found:
            ws = Workspace(self.state, self._looked_up)
            self.stage.settle(ws, due)
            effects += self._accept(ws)
        return effects

    def put_aside(self, letter_id: str, told: Callable[[Emit], Emit]) -> list[Emit]:
        """What the first deadline that has come says cannot be written: it waits for its letter, which is `told` what
        wakes it. Empty-handed where nothing could."""
        (due,) = self._due(1)
        ws = Workspace(self.state)
        waking = self.stage.put_aside(ws, due.key, letter_id)
        if waking is None:
            return []
        ws.emit(told(waking))
        self.outcomes["diverted"] += 1
        return self._accept(ws)

    def flush(self) -> list[Emit]:
        """Before a commit: what the stage says once for many records."""
        effects = self._publish()
        ws = Workspace(self.state)
        self.stage.flush(ws, self.partition)
        return effects + self._accept(ws)

    def _publish(self) -> list[Emit]:
        """The latest of every place that was refreshed."""
        ws = Workspace(self.state)
        for place in self._refreshed:
            self.stage.project(ws, place)
        self._refreshed = {}
        return self._accept(ws)

    def awaited(self) -> bool:
        """Whether somebody waits for what was folded and not yet said: a due verdict, something to publish, or progress
        to send on. Otherwise it is bookkeeping, and its commit may wait for others."""
        if self._refreshed or self.has_due():
            return True
        ws = Workspace(self.state)  # a trial: stages are pure
        self.stage.flush(ws, self.partition)
        return bool(ws.effects)

    def has_due(self, more_than: int = 0) -> bool:
        return len(self._due(more_than + 1)) > more_than

    def roll_back(self, deadlines: Deadlines) -> None:
        """Forget what was folded since the last commit, as its state has; `deadlines`: as of then."""
        self.deadlines = deadlines
        self._refreshed, self._looked_up, self._idle = {}, {}, (None, 0)
        self.heard.clear()

    def _due(self, limit: int) -> list[Due]:
        found: list[Due] = []
        gates = self.stage.gates(Workspace(self.state))
        if self._idle[0] is gates and self._idle[1] == self.deadlines.moves:
            return found
        for gate in self.deadlines.awaited(gates):
            if len(found) >= limit or (found and gate == LAST):
                break
            until, room = gates[gate], 1 if gate == LAST else limit - len(found)
            found += [Due(key, until) for key in self.deadlines.due(gate, until, room)]
        self._idle = (None if found else gates, self.deadlines.moves)
        return found

    def _accept(self, ws: Workspace) -> list[Emit]:
        self.state.apply(ws.writes)
        if ws.refreshed:
            self._refreshed |= dict.fromkeys(ws.refreshed)
        if self._waits_under:
            for key, value in ws.writes.items():
                if key.startswith(self._waits_under):
                    self.deadlines.put(key, self.stage.wake(key, value))
        return ws.effects
