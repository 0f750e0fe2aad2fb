"""What a stage is: decoded records in, one at a time; effects and state out. It knows no Kafka."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from schemas.instants import Instant
from tables.deadlines import Gate
from tables.view import Emit, Place, Workspace


class Input(NamedTuple):
    """One record of one partition, decoded."""

    topic: str
    partition: int
    offset: int
    key: str
    record: str
    value: dict[str, Any]
    headers: dict[str, bytes]
    produced_ms: int = 0
    """The producer's clock, milliseconds since the epoch; 0 or less: not known."""

    @property
    def position(self) -> str:
        return f"{self.topic}-{self.partition}@{self.offset}"


class Divert(Exception):
    """The record goes to the dead letters: `reason` is one word for counting, the text says what and the remedy."""

    def __init__(self, reason: str, detail: str, entity: str = "*") -> None:
        super().__init__(detail)
        self.reason = reason
        self.entity = entity


class Due(NamedTuple):
    """An entry of the state that is due: its instants up to `until` can be judged."""

    key: str
    until: Instant


class Stage(Protocol):
    """A stage is pure: `step` folds one input, `settle` decides one entry that a watermark has released."""

    name: str
    waits_under: tuple[str, ...]
    """Prefixes of the state's keys whose entries may wait for an instant."""
    settled_before: frozenset[str]
    """Outcomes of `step` before which everything due has to be settled, because the step would amend it or take it
    back."""

    def step(self, ws: Workspace, partition: int, record: Input) -> str:
        """Fold one input; returns its outcome, one word for counting. Raises Divert; then its workspace is dropped."""

    def diverted(self, ws: Workspace, partition: int, letter: dict[str, Any]) -> None:
        """A record of this stage went to the dead letters: leave the hole in the evidence."""

    def flush(self, ws: Workspace, partition: int) -> None:
        """Before each commit: emit once what many records have changed, such as watermarks."""

    def project(self, ws: Workspace, place: Place) -> None:
        """Before a commit: publish the present state of a place that was refreshed, once however often that was."""

    def wake(self, key: str, value: dict[str, Any] | None) -> tuple[tuple[str, ...], Instant] | None:
        """For the deadline index: the gate this state entry waits at and its instant, or None."""

    def gates(self, ws: Workspace) -> Mapping[Gate, Instant]:
        """How far each gate is open now, in the order in which gates are worked off."""

    def settle(self, ws: Workspace, due: Due) -> None: ...

    def put_aside(self, ws: Workspace, key: str, letter_id: str) -> Emit | None:
        """The verdict on this entry cannot be written: let the entry wait for a dead letter with this id. Returns the
        record that will wake it; None: this entry cannot wait."""


class WithoutDeadlines:
    """Mixin for a stage whose state waits for no instant."""

    name: str
    waits_under: tuple[str, ...] = ()
    settled_before: frozenset[str] = frozenset()

    def wake(self, key: str, value: dict[str, Any] | None) -> tuple[tuple[str, ...], Instant] | None:
        return None

    def gates(self, ws: Workspace) -> Mapping[Gate, Instant]:
        return {}

    def settle(self, ws: Workspace, due: Due) -> None:
        raise NotImplementedError(f"{self.name} has no deadlines")

    def put_aside(self, ws: Workspace, key: str, letter_id: str) -> Emit | None:
        return None

    def project(self, ws: Workspace, place: Place) -> None:
        raise NotImplementedError(f"{self.name} refreshes no place")
