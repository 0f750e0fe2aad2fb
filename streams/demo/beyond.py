"""The kinds that are not about one customer's records: who a customer is, who is above whom, what two of them share and
must not, and the pipeline itself. Their faults, near misses, and what befalls many at once."""

from __future__ import annotations

from typing import NamedTuple

from streams.demo.flaws import SOURCE_STALE, WRITEBACK_MISSING, Flaw, Timing
from streams.demo.further import WON_WITHOUT_SUBSCRIPTION

IDENTITY_CONFLICT = "identity_conflict"
SUSPECTED_TWICE = "duplicate_customer_suspected"
SHARED_NUMBER = "duplicate_document_across_customers"
PARENTS_IN_A_CIRCLE = "hierarchy_circle"
DEAD_LETTERED = "finance_event_dead_lettered"
INEFFECTIVE = "correction_ineffective"
SOURCE_GAP = "source_gap"
MASS_DRIFT = "mass_drift"
BREAKER = "correction_breaker"

SLA_SECONDS: dict[str, float] = {
    IDENTITY_CONFLICT: 6,  # its grace: a customer is frozen before the first command about it is due
    SUSPECTED_TWICE: 8,  # grace, as is the next but one
    SHARED_NUMBER: 0,
    PARENTS_IN_A_CIRCLE: 8,
    DEAD_LETTERED: 10,
    INEFFECTIVE: 90,  # longer than any correction takes to show, on a slow machine and with a silent source
}
ONCE: frozenset[str] = frozenset({SOURCE_STALE, SOURCE_GAP, MASS_DRIFT, BREAKER})
"""Of a source, or of a kind as a whole: a run has one of each, and no customer whose flaw it is."""
RESTS_ON: dict[str, frozenset[str]] = {
    MASS_DRIFT: frozenset({WON_WITHOUT_SUBSCRIPTION}),
    INEFFECTIVE: frozenset({WRITEBACK_MISSING}),
    BREAKER: frozenset({WRITEBACK_MISSING}),
}
"""Kinds without whose drifts there is none of these."""
HELD = "held"
"""Of an identity conflict: a command about the customer falls due while it stands."""

FAULTS: tuple[Flaw, ...] = (
    *[Flaw(IDENTITY_CONFLICT, Timing.NEVER)] * 3,
    *[Flaw(IDENTITY_CONFLICT, Timing.LATE, HELD)] * 2,
    *[Flaw(SUSPECTED_TWICE, Timing.NEVER, "erp")] * 2,
    Flaw(SUSPECTED_TWICE, Timing.NEVER, "billing"),
    Flaw(SUSPECTED_TWICE, Timing.LATE, "erp"),
    Flaw(SUSPECTED_TWICE, Timing.LATE, "billing"),
    *[Flaw(SHARED_NUMBER, Timing.NEVER)] * 3,
    *[Flaw(SHARED_NUMBER, Timing.LATE)] * 2,
    *[Flaw(PARENTS_IN_A_CIRCLE, Timing.NEVER)] * 3,
    *[Flaw(PARENTS_IN_A_CIRCLE, Timing.LATE)] * 2,
    *[Flaw(DEAD_LETTERED, Timing.NEVER)] * 3,
    *[Flaw(DEAD_LETTERED, Timing.LATE)] * 2,
    *[Flaw(INEFFECTIVE, Timing.LATE, "billing")] * 3,
    *[Flaw(INEFFECTIVE, Timing.LATE, "erp")] * 2,
)
NEAR_MISSES: tuple[Flaw, ...] = (
    Flaw(IDENTITY_CONFLICT, Timing.JUST_IN_TIME),
    Flaw(IDENTITY_CONFLICT, Timing.NEVER, within_tolerance=True),  # entered twice, and nobody links the second account
    Flaw(SUSPECTED_TWICE, Timing.JUST_IN_TIME, "erp"),
    Flaw(SUSPECTED_TWICE, Timing.JUST_IN_TIME, "billing"),
    Flaw(SUSPECTED_TWICE, Timing.NEVER, "erp", within_tolerance=True),  # kept for another currency
    Flaw(SUSPECTED_TWICE, Timing.NEVER, "billing", within_tolerance=True),  # a draft is not in use
    Flaw(SHARED_NUMBER, Timing.NEVER, "voided", within_tolerance=True),
    Flaw(SHARED_NUMBER, Timing.NEVER, "credited", within_tolerance=True),  # an invoice and a credit memo
    *[Flaw(PARENTS_IN_A_CIRCLE, Timing.JUST_IN_TIME)] * 2,
    Flaw(DEAD_LETTERED, Timing.JUST_IN_TIME),
    Flaw(DEAD_LETTERED, Timing.NEVER, within_tolerance=True),  # no financial document
    Flaw(INEFFECTIVE, Timing.JUST_IN_TIME, "billing"),
    Flaw(INEFFECTIVE, Timing.JUST_IN_TIME, "erp"),
)


def dealt_with_after(timing: Timing, sla_seconds: float) -> float | None:
    """How long people take at least to deal with what they see in the pipeline; None: nobody does. It counts from what
    they see, for how soon a record is refused or a command performed depends on how soon driftwise is. Whoever is late
    waits until driftwise tells of it."""
    return {Timing.JUST_IN_TIME: sla_seconds / 5, Timing.LATE: sla_seconds + 5.0}.get(timing)


class Breakdown(NamedTuple):
    """One cause that befalls many: customers who start within `lasts_seconds`, at this share of the time in which all
    start, and have the same flaw."""

    kind: str
    """Injected with it."""
    flaw: Flaw
    customers: int
    at: float
    lasts_seconds: float = 4.0


_PROVISIONING_FAILS = Flaw(WON_WITHOUT_SUBSCRIPTION, Timing.LATE)
_WRITES_ARE_REFUSED = Flaw(WRITEBACK_MISSING, Timing.NEVER, "billing")
BREAKDOWNS: tuple[Breakdown, ...] = (
    Breakdown(MASS_DRIFT, _PROVISIONING_FAILS, customers=30, at=0.2),
    Breakdown(MASS_DRIFT, _PROVISIONING_FAILS, customers=6, at=0.75),  # a near miss: too few for one cause
    Breakdown(BREAKER, _WRITES_ARE_REFUSED, customers=3, at=0.6),  # a near miss as well
    Breakdown(BREAKER, _WRITES_ARE_REFUSED, customers=7, at=0.9),  # when no other write comes in between
)
