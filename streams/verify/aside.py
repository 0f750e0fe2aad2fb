"""Verdicts that the deployment put aside, as its broker would not have taken them: a replay leaves them as well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from streams.inputs import Due, Stage
from streams.judge.keys import ObligationKey, is_obligation
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


def leave(stage: Stage, aside: Aside) -> None:
    """Have the stage judge these up to where the deployment did, and put them aside there."""
    judge = stage.settle

    def settle(ws: Workspace, due: Due) -> None:
        held = aside.get(due.key)
        if held is None:
            judge(ws, due)
            return
        judge(ws, due._replace(until=min(due.until, held["next"] - 1)))
        value = ws.get(due.key)
        if value is not None and held["next"] <= value["next"] <= due.until:
            stage.put_aside(ws, due.key, held["held"])

    stage.settle = settle  # type: ignore[method-assign]


def _waits(value: dict[str, Any]) -> bool:
    return is_of_verdict(value.get("held") or "")
