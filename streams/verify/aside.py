"""Verdicts that the deployment put aside, as its broker would not have taken them: a replay leaves them as well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.instants import Instant
from streams.inputs import Due, Stage
from streams.judge.keys import ObligationKey, is_obligation
from streams.judge.stage import Judge
from streams.letters import is_of_verdict
from streams.shard import State
from streams.verify.compare import Fact
from tables.view import Workspace

Aside = Mapping[str, Fact]
"""Obligation -> as the deployment holds it."""


def put_aside(state: State) -> Aside:
    return {key: value for key, value in state.items() if is_obligation(key) and _waits(value)}


def customers(keys: Iterable[str]) -> frozenset[str]:
    return frozenset(ObligationKey.parse(key).customer for key in keys)


class Leaving:
    """A stage that judges these up to where the deployment did, and puts them aside there."""

    def __init__(self, stage: Stage, aside: Aside) -> None:
        self._stage, self._aside = stage, aside
        self.name, self.waits_under, self.settled_before = stage.name, stage.waits_under, stage.settled_before
        self.step, self.diverted, self.flush, self.project = stage.step, stage.diverted, stage.flush, stage.project
        self.wake, self.gates, self.put_aside = stage.wake, stage.gates, stage.put_aside

    def decided_until(self, ws: Workspace, system: str, entity: str) -> Instant:
        assert isinstance(self._stage, Judge)
        return self._stage.decided_until(ws, system, entity)

    def settle(self, ws: Workspace, due: Due) -> None:
        held = self._aside.get(due.key)
        if held is None:
            self._stage.settle(ws, due)
            return
        self._stage.settle(ws, due._replace(until=min(due.until, held["next"] - 1)))
        value = ws.get(due.key)
        if value is not None and held["next"] <= value["next"] <= due.until:
            self._stage.put_aside(ws, due.key, held["held"])


def _waits(value: dict[str, Any]) -> bool:
    return is_of_verdict(value.get("held") or "")
