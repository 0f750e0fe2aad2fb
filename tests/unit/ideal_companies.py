"""A run in memory: every step committed exactly when the plan says, or later where the machine is said to stall."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace

from schemas.instants import SECOND, Instant, iso, seconds
from streams.demo.beyond import HELD, IDENTITY_CONFLICT, INEFFECTIVE, dealt_with_after
from streams.demo.flaws import WON_WITHOUT_ERP_CUSTOMER, WRITEBACK_MISSING
from streams.demo.journal import DRIFTWISE, Entry
from streams.demo.obligations import REFERENCES
from streams.demo.scenario import Plan
from streams.demo.steps import Ref, Step, Value, Write, entity_of
from streams.demo.truth import ExpectedDrift, expected_drifts

CORRECTED_AFTER_SECONDS = 1.2


def with_clean(planned: Plan, number: int) -> Plan:
    """The same run with fewer clean customers, to be done in seconds."""
    kept = {*planned.faults, *planned.near_misses, *sorted(planned.clean)[:number]}
    return replace(planned, journeys=tuple(j for j in planned.journeys if j.customer in kept))


def whole_second(at: Instant) -> Instant:
    return at - at % SECOND


Late = Callable[[Step], float]


def on_time(_step: Step) -> float:
    return 0.0


def stalls(plan: Plan, seed: int, share: float = 0.25, most_seconds: float = 12.0) -> Late:
    """A share of the clean customers and near misses stalls once: all that was to follow comes later."""
    rng = random.Random(seed)
    begins = {
        journey.customer: (rng.choice(journey.steps).at_seconds, rng.uniform(0, most_seconds))
        for journey in plan.journeys
        if journey.customer not in plan.faults and rng.random() < share
    }

    def late(step: Step) -> float:
        begin, by = begins.get(step.customer, (0.0, 0.0))
        return by if step.at_seconds >= begin else 0.0

    return late


class IdealCompanies:
    """Carries out a plan from `started_at` on, and corrects as driftwise does what it corrects by itself."""

    def __init__(self, started_at: Instant, seed: int = 0) -> None:
        self.started_at = started_at
        self.journal: list[Entry] = []
        self._rng = random.Random(seed)
        self._ids: dict[str, str] = {}
        self._transaction = 700
        self._held: set[int] = set()
        self.performed: dict[tuple[str, str], Instant] = {}
        """(kind, native id) of what driftwise corrected: when."""

    def run(self, plan: Plan, slas: Mapping[str, float], late: Late = on_time) -> list[Entry]:
        """`late(step)` is by how many seconds a step comes too late; it must not fall within a customer."""
        self._held = {c for c, flaw in plan.faults.items() if (flaw.kind, flaw.where) == (IDENTITY_CONFLICT, HELD)}
        for step in plan.steps():
            self._carry_out(step, late(step))
        corrected = {*plan.faults, *(c for c, flaw in plan.near_misses.items() if flaw.kind == INEFFECTIVE)}
        for kind in (WON_WITHOUT_ERP_CUSTOMER, WRITEBACK_MISSING):
            faulty = [entry for entry in self.journal if entry.customer in corrected]
            of_it = {name: sla for name, sla in slas.items() if name == kind}
            for drift in expected_drifts(plan, faulty, of_it, self.started_at + seconds(3600)):
                self._correct(drift, plan, slas)
        return self.journal

    def _carry_out(self, step: Step, late_seconds: float) -> None:
        at = self.started_at + seconds(step.at_seconds + late_seconds)
        self._transaction += 1
        for write in step.writes:
            self._commit(step, write, at)

    def _commit(self, step: Step, write: Write, at: Instant) -> None:
        values = {column: self._resolved(value) for column, value in write.values.items()}
        if write.creates:
            self._ids[write.record] = str(values.get("id") or f"00{self._rng.randrange(10**15):015}AAA")
        at = whole_second(at) if step.system == "crm" else at
        version = iso(at) if step.system == "crm" else str(self._transaction)
        entity, native_id = entity_of(step.system, write.table), self._ids[write.record]
        self.journal.append(Entry(step.customer, step.system, entity, native_id, version, at, values, step.by))

    def _resolved(self, value: Value):
        return self._ids[value.record] if isinstance(value, Ref) else value

    def _correct(self, drift: ExpectedDrift, plan: Plan, slas: Mapping[str, float]) -> None:
        number = drift.customer
        assert number is not None
        flaw = {**plan.near_misses, **plan.faults}[number]
        at = max(drift.opened_at, self._in_doubt_until(number)) + seconds(CORRECTED_AFTER_SECONDS)
        at = at if drift.kind == WON_WITHOUT_ERP_CUSTOMER else whole_second(at)
        self.performed[drift.kind, drift.native_id] = at
        if drift.kind == WON_WITHOUT_ERP_CUSTOMER:
            self._transaction += 1
            target, version = ("erp", "customer", f"C-{number}"), str(self._transaction)
            values = {"id": f"C-{number}", "external_id": self._ids[f"{number}/crm.account"], "currency": "EUR"}
            self.journal.append(Entry(number, *target, version, at, values, DRIFTWISE))
        elif (flaw.kind, flaw.where) == (INEFFECTIVE, drift.system):
            self._refer(drift, at, {}, DRIFTWISE)  # the CRM puts it back
            again = dealt_with_after(flaw.timing, slas[INEFFECTIVE])
            assert again is not None
            self._refer(drift, at + seconds(again), {REFERENCES[drift.system]: drift.native_id}, "integration")
        else:
            self._refer(drift, at, {REFERENCES[drift.system]: drift.native_id}, DRIFTWISE)

    def _refer(self, drift: ExpectedDrift, at: Instant, values: dict[str, Value], by: str) -> None:
        account = self._ids[f"{drift.customer}/crm.account"]
        self.journal.append(Entry(drift.customer or 0, "crm", "customer", account, iso(at), at, values, by))

    def _in_doubt_until(self, customer: int) -> Instant:
        """While it is not certain who the customer is, nothing is corrected."""
        drifts = [e for e in self.journal if (e.customer, e.system, e.entity) == (customer, "processor", "customer")]
        return drifts[-1].committed_at if customer in self._held else 0
