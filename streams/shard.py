"""A shard: one stage at one partition number, with its state and its deadlines. No Kafka, no clock, no threads.

The worker, the test driver and `verify` run the same shard; they differ in where records come from and where effects
go."""

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
"""Most look-ups that verdicts share until the next record is folded."""
PROGRESS = frozenset({"heard", "watermarks"})
"""Outcomes of a step that has brought a watermark."""
SLICE = 256
"""Most deadlines that one commit settles; a watermark that releases more takes several commits (contracts 6)."""


class Behind(Exception):
    """What is due has to be settled before this record can be folded."""


class State(View, Protocol):
    def apply(self, writes: Writes) -> None: ...

    def items(self) -> Iterable[tuple[str, Value]]: ...


class Shard:
    def __init__(self, stage: Stage, partition: int, state: State, deadlines: Deadlines | None = None) -> None:
        """`deadlines`: as restored with the state; None: worked out from it."""
        self.stage = stage
        self.partition = partition
        self.state = state
        self.deadlines = Deadlines.found(state.items(), stage.wake) if deadlines is None else deadlines
        self.outcomes: Counter[str] = Counter()
        self.heard: set[str] = set()
        """Topics that have brought progress; the runner empties it at each commit."""
        self._refreshed: dict[Place, None] = {}
        self._looked_up: dict[Any, Any] = {}
        self._waits_under, self._settled_before = stage.waits_under, stage.settled_before
        self._idle: tuple[Mapping[Gate, Instant] | None, int] = (None, 0)
        """The gates and the count of deadline moves at which nothing was due: while both are the same, nothing is."""

    def process(self, record: Input) -> list[Emit]:
        """Fold one record, and settle before it what has to be. Raises Divert as `fold` does."""
        effects: list[Emit] = []
        while True:
            try:
                folded = self.fold(record)
            except Behind:
                effects += self.settle()
            else:
                return effects + folded if effects else folded

    def fold(self, record: Input) -> list[Emit]:
        """Fold one record. Raises Divert if it has to be refused, and Behind if what is due has to be settled first;
        then nothing of the step counts.

        Late evidence amends what was decided before it came. That must be all that watermarks had released by then,
        whether or not a commit had got round to it: hence Behind."""
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
        """Send the record to the dead letters, and open the hole that it leaves in the evidence."""
        value = letter(raw, self.stage.name, reason, detail, entity, now_micros)
        ws = Workspace(self.state)
        ws.emit(divert(value))
        self.stage.diverted(ws, self.partition, value)
        self.outcomes["diverted"] += 1
        return self._accept(ws)

    def settle(self, limit: int = SLICE) -> list[Emit]:
        """Settle up to `limit` deadlines that the watermarks have passed; returns the effects."""
        effects: list[Emit] = []
        found = self._due(limit)
        takes_away = bool(found) and self.deadlines.gate(found[0].key) == LAST
        if takes_away:
            effects += self._publish()  # as it is before the entry is taken away
        if takes_away or len(self._looked_up) > REMEMBERED:
            self._looked_up.clear()
        for due in found:
            ws = Workspace(self.state, self._looked_up)
            self.stage.settle(ws, due)
            effects += self._accept(ws)
        return effects

    def put_aside(self, letter_id: str, told: Callable[[Emit], Emit]) -> list[Emit]:
        """The verdict on the first due deadline cannot be written: let it wait for a dead letter. `told` makes the
        letter from the record that will wake the deadline. No effects: the deadline cannot wait."""
        (due,) = self._due(1)
        ws = Workspace(self.state)
        waking = self.stage.put_aside(ws, due.key, letter_id)
        if waking is None:
            return []
        ws.emit(told(waking))
        self.outcomes["diverted"] += 1
        return self._accept(ws)

    def flush(self) -> list[Emit]:
        """Before a commit: the effects that the stage emits once for many records."""
        effects = self._publish()
        ws = Workspace(self.state)
        self.stage.flush(ws, self.partition)
        return effects + self._accept(ws)

    def _publish(self) -> list[Emit]:
        """Publish every place that was refreshed."""
        ws = Workspace(self.state)
        for place in self._refreshed:
            self.stage.project(ws, place)
        self._refreshed = {}
        return self._accept(ws)

    def awaited(self) -> bool:
        """Whether somebody waits for a commit: a verdict is due, or there is something to publish or progress to send
        on. Otherwise there is only bookkeeping, and its commit may wait."""
        if self._refreshed or self.has_due():
            return True
        ws = Workspace(self.state)  # a trial run, thrown away: stages are pure
        self.stage.flush(ws, self.partition)
        return bool(ws.effects)

    def has_due(self, more_than: int = 0) -> bool:
        return len(self._due(more_than + 1)) > more_than

    def roll_back(self, deadlines: Deadlines) -> None:
        """Drop what was folded since the last commit; the state has done so. `deadlines`: as of that commit."""
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
