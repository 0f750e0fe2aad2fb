"""What ours says of a whole log, and by which rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from io import BytesIO
from typing import Any

from schemas import topics
from schemas.instants import SECOND
from streams.backtest.findings import Findings
from streams.backtest.log import Log
from streams.backtest.order import in_order
from streams.backtest.run import Run
from streams.backtest.stores import Stores
from streams.governance import Governance
from tables.view import Emit
from tests.crowd import as_lines
from tests.dossiers.model import Change
from tests.dossiers.stage import five_systems
from tests.naive.logs import SLA
from tests.naive.world import Drift, Key

Said = dict[tuple[str, Key], list[Drift]]


class Lives(Findings):
    """Every span in which a drift was open, not its latest alone."""

    def __init__(self) -> None:
        super().__init__()
        self.spans: dict[tuple[str, Key, float], float | None] = {}

    def take(self, effect: Emit) -> None:
        if effect.topic == topics.DRIFTS and (drift := effect.value):
            key = (drift["system"], drift["entity"], drift["native_id"])
            closed = drift["closed_at"]
            self.spans[drift["kind"], key, drift["opened_at"] / SECOND] = None if closed is None else closed / SECOND


def governed(kinds: Collection[str], *, tolerance_seconds: int | None = None, **process: Any) -> Governance:
    """Five systems, in which these kinds are judged: all deadlines are SLA seconds, all steps have that tolerance."""
    base = five_systems()
    rules: dict[str, Any] = dict(base.kinds)
    for kind in kinds:
        sla = {"sla_seconds": SLA if rules[kind].sla_seconds else 0, "sla_business_days": None}
        rules[kind] = rules[kind].model_copy(update=sla)
    if tolerance_seconds is not None:
        process["step_tolerance_seconds"] = dict.fromkeys(base.process.step_tolerance_seconds, tolerance_seconds)
    decided = base.process.model_copy(update=process)
    return base.model_copy(update={"kinds": rules, "judged": tuple(kinds), "process": decided})


def ours(story: list[Change], governance: Governance, ends: float) -> Said:
    lives = Lives()
    Run(governance, Stores(None), lives, marked=False, until=round(ends * SECOND)).play(
        in_order(Log(BytesIO(b"".join(as_lines(story)))).lines(), 0)
    )
    found: Said = defaultdict(list)
    for (kind, key, opened), closed in sorted(lives.spans.items(), key=lambda s: s[0]):
        found[kind, key].append((opened, closed))
    return found


def within(said: Said, kinds: Any) -> Said:
    """Of the subjects that both look at."""
    return {(kind, key): spans for (kind, key), spans in said.items() if key[:2] in kinds[kind].subject}
