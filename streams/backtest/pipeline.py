"""The topology in a line: one shard a stage, records handed on as they are, without codec, topics or commits.

It is the driver's work done with less: what the stages are told, and in what order, is the same (a test compares)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from schemas import topics
from schemas.instants import Instant
from schemas.source import Heard, SourceEvent, SourceRow
from streams.crosswalk import Crosswalk
from streams.governance.model import Governance
from streams.identify.stage import Identify
from streams.inputs import Input, Stage
from streams.judge.stage import Judge
from streams.letters import Raw
from streams.shard import Shard, State
from tables.view import Emit, Place, Workspace

_AT_ONCE = 4_096
"""Deadlines worked off between two looks at what else is due."""
Sink = Callable[[Emit], None]


class _Told(Identify):
    """A log is heard line by line, also within a snapshot: which lines are of a first one, it says itself."""

    def in_first_snapshot(self, ws: Workspace, partition: int, row: SourceRow) -> bool:
        return row.snapshot


class _Verdicts(Judge):
    """Judge without the corrected state, which nobody reads here."""

    def project(self, ws: Workspace, place: Place) -> None: ...


class Pipeline:
    def __init__(self, governance: Governance, states: Callable[[str], State], sink: Sink) -> None:
        """`states` makes the empty state of a stage; `sink` gets what leaves the topology."""
        made: tuple[Stage, ...] = (
            _Told(governance, dict.fromkeys(governance.systems, _as_given)),
            Crosswalk(governance),
            _Verdicts(governance),
        )
        self.identify, self.crosswalk, self.judge = (Shard(stage, 0, states(stage.name)) for stage in made)
        self._inner: Mapping[str, Shard] = {
            topics.LINKS: self.crosswalk,
            topics.CROSSWALK: self.identify,
            topics.CHANGES: self.judge,
        }
        self._sink = sink
        self._waiting: deque[Emit] = deque()

    def change(self, row: SourceRow, number: int) -> None:
        """Raises Divert; then the row is to be refused."""
        self._give(row.system, number, row.native_customer, row)

    def refuse(self, system: str, customer: str, number: int, reason: str, detail: str, entity: str) -> None:
        """A row that cannot be read leaves a hole in its customer's evidence, as far as it was heard before."""
        raw = Raw(topics.source_topic(system), 0, number, 0, customer.encode(), b"", {})
        self._spread(self.identify.refuse(raw, reason, detail, entity, 0))

    def heard(self, system: str, object_: str, until: Instant) -> None:
        """Told on with the next `settle`."""
        self._give(system, 0, "", Heard(system, object_, 0, "streaming", until))

    def settle(self) -> None:
        """Everything that follows from what was heard so far."""
        told = True
        while told:
            told = False
            for shard in (self.identify, self.crosswalk):
                effects = [*shard.settle(_AT_ONCE), *shard.flush()]
                told = told or bool(effects) or shard.has_due()
                self._spread(effects)
        while self.judge.has_due():
            self._spread(self.judge.settle(_AT_ONCE))
        self._spread(self.judge.flush())
        for shard in (self.identify, self.crosswalk, self.judge):
            shard.deadlines.changes()  # for the copy that a store keeps; here they would pile up

    def _give(self, system: str, number: int, key: str, event: SourceEvent) -> None:
        record = Input(topics.source_topic(system), 0, number, key, "", {"event": event}, {})
        self._spread(self.identify.process(record))

    def _spread(self, effects: Iterable[Emit]) -> None:
        """Deliver effects in the order in which they were emitted, as topics would."""
        self._waiting.extend(effects)
        while self._waiting:
            effect = self._waiting.popleft()
            shard = self._inner.get(effect.topic)
            if shard is None or effect.value is None:
                self._sink(effect)
            else:
                record = Input(effect.topic, 0, 0, effect.key, effect.record, effect.value, {})
                self._waiting.extend(shard.process(record))


def _as_given(record: str, value: dict[str, Any], headers: dict[str, bytes]) -> SourceEvent:
    event: SourceEvent = value["event"]
    return event
