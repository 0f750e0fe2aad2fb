"""The stage that dossiers are played on: the whole topology over canonical changes, in every order that can be."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable
from functools import cache
from typing import Any

from schemas import topics
from schemas.instants import SECOND
from streams.backtest.canonical import canonical, read, row
from streams.driver import Driver
from streams.governance import Governance
from streams.governance.model import System
from tests.dossiers.model import SLA_SECONDS, Change, Dossier, Story, company
from tests.topology import default_governance, hear

THE_END = 1000
LATE_RETENTION_SECONDS = 2000
LINKED_SYSTEMS = {"processor": "processor", "product": "entitlement"}


@cache
def governed(dossier: Dossier) -> Governance:
    """Deadlines of 10 seconds, one kind judged, five systems that speak the canonical model."""
    base = five_systems()
    rules = base.kinds[dossier.kind]
    sla = SLA_SECONDS if rules.sla_seconds else 0
    deadline = {"sla_seconds": sla, "sla_business_days": None}
    ours = rules.model_copy(update={**deadline, "mode": "execute", "hold_down_seconds": 0, **dossier.governed})
    return base.model_copy(update={"kinds": {**base.kinds, dossier.kind: ours}, "judged": (dossier.kind,)})


@cache
def five_systems() -> Governance:
    base = default_governance()
    more = {
        name: System(vendor="any", role=role, stale_after_seconds=300, horizon_seconds=2, links={"crm_ref": "crm"})
        for name, role in LINKED_SYSTEMS.items()
    }
    systems = {**base.systems, **more}
    return canonical(
        base.model_copy(update={"systems": systems, "partitions": 2, "late_retention_seconds": LATE_RETENTION_SECONDS})
    )


class Play:
    """One performance of a dossier."""

    def __init__(self, dossier: Dossier, governance: Governance | None = None) -> None:
        self.dossier = dossier
        self.governance = governance or governed(dossier)
        self.driver = Driver(self.governance, dict.fromkeys(self.governance.systems, read))
        self._versions = 0

    def tell(self, story: Iterable[Change], *, snapshot: bool = False) -> None:
        for one in sorted(story, key=lambda c: c.at):
            self._versions += 1
            operation = "delete" if one.attributes is None else "upsert"
            at, version = round(one.at * SECOND), self._versions
            value = row(
                one.system,
                one.entity,
                one.native_id,
                one.customer,
                at,
                version,
                one.attributes,
                by=one.by,
                operation=operation,
                snapshot=snapshot,
            )
            self.driver.pipe(topics.source_topic(one.system), one.customer, "PolledRow", value)

    def told(self, story: Story) -> Play:
        """The customer's records, and the story after them."""
        self.tell((*company(self.dossier.linked), *story))
        return self

    def heard(self, until: float, *systems: str) -> Play:
        for system in systems or tuple(self.governance.systems):
            hear(self.driver, system, round(until * SECOND))
        return self

    def run(self) -> Play:
        self.driver.run()
        return self

    def run_in_any_order(self, rng: random.Random, *, duplicates: float, crashes: float) -> Play:
        """The sources' partitions interleaved in any way that keeps the order of each; some records come twice, and
        shards lose what they had not committed."""
        driver = self.driver
        waiting = {place: deque(queue) for place, queue in driver.queues.items() if queue}
        for place in waiting:
            driver.queues[place].clear()
        while any(waiting.values()) or any(driver.queues.values()):
            sources = [("source", place) for place, queue in waiting.items() if queue]
            work = [("work", place) for place, queue in driver.queues.items() if queue]
            what, place = rng.choice(sorted(sources + work))
            if what == "work":
                driver.run_one(place)
            else:
                raw = waiting[place].popleft()
                for _ in range(2 if rng.random() < duplicates else 1):
                    driver.pipe_raw(raw.topic, raw.key, raw.value, raw.partition, raw.headers)
            if rng.random() < crashes:
                driver.crash()
        return self

    def drifts(self) -> list[dict[str, Any]]:
        """Those of the kind and, where the dossier names one, of its subject."""
        found = [d for d in self.driver.latest(topics.DRIFTS) if d["kind"] == self.dossier.kind]
        if self.dossier.subject is None:
            return found
        return [d for d in found if (d["system"], d["entity"], d["native_id"]) == self.dossier.subject]

    def lives(self) -> set[tuple[Any, ...]]:
        return {
            (d["drift_id"], d["opened_at"], d["closed_at"], d["how"], d["canonical_id"])
            for d in self.driver.latest(topics.DRIFTS)
        }

    def commands(self) -> set[str]:
        return {w.value["command_id"] for w in self.driver.written[topics.COMMANDS] if w.value}

    def audited(self) -> set[tuple[Any, ...]]:
        told = (w.value for w in self.driver.written[topics.AUDIT] if w.value)
        names = ("drift_id", "kind", "triggered_at", "due_at", "settled_at", "result", "answered_at")
        return {(*(value[name] for name in names), str(value["amount"])) for value in told}
