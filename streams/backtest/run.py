"""A run: the lines of a log through the topology, and the clock that moves with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from schemas.instants import NEVER, Instant
from schemas.source import ALL_OBJECTS, SourceRow
from streams.backtest.canonical import fields
from streams.backtest.findings import Findings
from streams.backtest.lines import Change, Line, Mark, Refused
from streams.backtest.pipeline import Pipeline
from streams.backtest.stores import Stores
from streams.governance.model import Governance
from streams.inputs import Divert
from streams.judge.keys import OBLIGATIONS, ObligationKey
from streams.kinds.table import BY_NAME
from streams.look.case import case_of
from streams.look.reasons import reason

BATCH = 1_000
"""Lines between two moves of the clock. Verdicts are a function of event time, so it changes none of them."""
_UNKNOWN = frozenset({"unknown", "held", "parked"})


class Ending(NamedTuple):
    """How it stood when the log was over."""

    changes: int
    late: int
    """Changes behind their own watermark lines."""
    too_late: int
    """Late changes that amend no verdict about their instant, because earlier history may be forgotten."""
    ended_at: Instant
    undecided: Mapping[str, Counter[str]]
    """unknown | pending -> kind -> obligations."""
    silent: tuple[str, ...]
    """Systems that no change came from."""


class Run:
    """`marked`: watermark lines move the clock; otherwise each change does, for every source, as in a complete log."""

    def __init__(
        self, governance: Governance, stores: Stores, findings: Findings, *, marked: bool, until: Instant | None
    ) -> None:
        kept = {} if marked else {"late_retention_seconds": 0}  # in a sorted log nothing comes late
        self.governance = governance.model_copy(update={"partitions": 1, **kept})
        self._stores, self._findings = stores, findings
        self._marked, self._until = marked, until
        self._pipeline = Pipeline(self.governance, stores.make, findings.take)
        self._newest = NEVER
        self._heard = NEVER
        self._changes: Counter[str] = Counter()

    def play(self, lines: Iterable[Line]) -> Ending:
        unsettled = 0
        for line in self._wanted(lines):
            unsettled += 1
            if unsettled == BATCH:
                self._move(self._newest - 1)
                unsettled = 0
            self._take(line)
        return self._end()

    def _wanted(self, lines: Iterable[Line]) -> Iterator[Line]:
        for line in lines:
            if self._until is None or line.at is None or line.at <= self._until:
                yield line
            elif isinstance(line, Mark):
                yield line._replace(at=self._until)

    def _take(self, line: Line) -> None:
        match line:
            case Change():
                self._newest = max(self._newest, line.at)
                self._change(line)
            case Mark():
                self._newest = max(self._newest, line.at)
                self._pipeline.heard(line.system, line.entity, line.at)
                self._settle()
            case Refused():
                self._refuse(line, self._newest if line.at is None else line.at)

    def _change(self, change: Change) -> None:
        try:
            self._pipeline.change(_row(change), change.number)
            self._changes[change.system] += 1
        except Divert as problem:
            known = (change.system, problem.entity, change.customer)
            self._refuse(Refused(change.number, change.at, problem.reason, str(problem), *known), change.at)

    def _refuse(self, line: Refused, at: Instant) -> None:
        """Evidence is complete up to the line: heard that far, so that the hole begins there."""
        self._findings.divert(line.number, line.reason, line.detail)
        if line.system and line.reason != "unknown_entity":  # no kind looks at what is none
            self._newest = max(self._newest, at)
            self._move(self._newest - 1)
            place = (line.system, line.customer, line.number)
            self._pipeline.refuse(*place, line.reason, line.detail, line.entity or "*")

    def _move(self, to: Instant) -> None:
        """Everything before the newest line has been heard, of every source."""
        if not self._marked and to > self._heard:
            self._heard = to
            for system in self.governance.systems:
                self._pipeline.heard(system, ALL_OBJECTS, to)
        self._settle()

    def _settle(self) -> None:
        self._pipeline.settle()
        self._stores.commit()

    def _end(self) -> Ending:
        ended_at = self._newest if self._until is None else self._until
        self._move(ended_at)
        systems = self.governance.systems
        outcomes = self._pipeline.judge.outcomes
        return Ending(
            self._changes.total(),
            outcomes["late"] + outcomes["too_late"],
            outcomes["too_late"],
            ended_at,
            self._undecided(ended_at),
            tuple(s for s in systems if s not in self._changes),
        )

    def _undecided(self, now: Instant) -> dict[str, Counter[str]]:
        """What `driftwise why` would say of everything that still waits."""
        found: dict[str, Counter[str]] = {"unknown": Counter(), "pending": Counter()}
        state = self._pipeline.judge.state
        for text, value in state.items():
            if text.startswith(OBLIGATIONS) and ("next" in value or "held" in value):
                key = ObligationKey.parse(text)
                kind = BY_NAME[key.kind]
                outcome, _ = reason(case_of(state, self.governance, kind, key, now))
                name = "unknown" if outcome in _UNKNOWN else outcome
                if name in found:
                    found[name][kind.name] += 1
        return found


def _row(change: Change) -> SourceRow:
    return SourceRow(
        change.system,
        change.entity,
        change.native_id,
        change.customer,
        change.operation,
        change.version,
        change.version,
        change.at,
        change.snapshot,
        change.by,
        fields(change.entity, change.attributes) if change.operation == "upsert" else {},
    )
