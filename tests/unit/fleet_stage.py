"""The fleet stage under limits that a test governs, asked directly; times are plain numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from schemas import topics
from schemas.instants import SECOND
from streams.fleet import breaker, corrections, mass
from streams.fleet.table import CLOCK, WAITING
from streams.governance.model import Governance
from tables.view import MemoryView, Workspace
from tests.topology import governance

RUN, OPEN = 3, 10 * SECOND
SPAN = 10 * SECOND
POSTED = "invoice_not_posted"


def governed(**rules: Any) -> Governance:
    limits = {"tolerance_absolute": Decimal(RUN), "tolerance_relative": Decimal("0.1"), "sla_seconds": 10.0}
    base = governance(**limits | rules)
    return base.model_copy(update={"judged": (breaker.KIND, mass.KIND, corrections.KIND), "partitions": 2})


GOVERNANCE = governed()
NOBODY = GOVERNANCE.model_copy(update={"judged": ()})


def nothing(clock: int = 0) -> Workspace:
    ws = Workspace(MemoryView())
    ws.put(CLOCK, {"at": clock})
    return ws


def drifts(ws: Workspace) -> list[Any]:
    return [e.value for e in ws.effects if e.topic == topics.DRIFTS and e.value]


def told(ws: Workspace, record: str) -> list[Any]:
    return [(e.partition, e.value) for e in ws.effects if e.record == record]


def waiting(ws: Workspace) -> list[str]:
    return [key for key, _ in ws.range(WAITING, 9)]
