"""What approvals and rejections have in common: somebody decided about one command of one drift.

A decision counts from the first instant that was undecided when judge was told. The id of a command names no customer,
so every partition is told: its drift may move to any of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemas.instants import NEVER, Instant
from streams.governance.in_force import InForce
from streams.judge.arming import arm
from streams.judge.gates import passed_by
from streams.judge.keys import ObligationKey, drift_key
from streams.judge.reached import reached_by
from streams.kinds.table import KINDS, Kind
from tables.view import Value, Workspace


def first_undecided(ws: Workspace, ruled: InForce, value: dict[str, Any]) -> Instant | None:
    """From when on a decision counts; None: its kind or system is not governed."""
    kind = _kind(value)
    if kind is None or value["system"] not in ruled.newest.systems:
        return None
    return passed_by(reached_by(ws, ruled.newest), ruled, kind, value["system"])[0] + 1


def judge_again(ws: Workspace, value: dict[str, Any], at: Instant) -> None:
    """Judge the drift that asks for the command again. A drift that asks for it later looks for decisions by itself."""
    kind = _kind(value)
    assert kind is not None
    for subject, settled in _asking(ws, kind, value):
        arm(ws, subject, max(at, settled + 1), late=False)


def _kind(value: dict[str, Any]) -> Kind | None:
    return next((k for k in KINDS if (k.name, k.entity) == (value["kind"], value["entity"])), None)


def _asking(ws: Workspace, kind: Kind, value: dict[str, Any]) -> Iterator[tuple[ObligationKey, Instant]]:
    """Obligations of the drift, at the customer where it was when decided and where it is now; each with its last
    judged instant."""
    life: Value = ws.get(drift_key(value["drift_id"])) or {}
    for customer in sorted({value["canonical_id"], life.get("customer", value["canonical_id"])}):
        subject = ObligationKey(customer, kind.row, value["system"], value["native_id"])
        if (held := ws.get(subject.text())) is not None:
            yield subject, held.get("settled", NEVER)
