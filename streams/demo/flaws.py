"""What can go wrong in a journey: for each kind of drift its faults, and near misses that are none."""

from __future__ import annotations

import random
from enum import Enum
from typing import NamedTuple

WON_WITHOUT_ERP_CUSTOMER = "won_without_erp_customer"
WRITEBACK_MISSING = "external_id_writeback_missing"
ACTIVATION_STALLED = "activation_stalled"
INVOICE_NOT_POSTED = "invoice_not_posted"
CREDIT_MEMO_UNPROPAGATED = "credit_memo_unpropagated"
VALUE_MISMATCH = "contract_value_mismatch"
SOURCE_STALE = "source_stale"

DEFAULT_SLA_SECONDS: dict[str, float] = {
    WON_WITHOUT_ERP_CUSTOMER: 8,
    WRITEBACK_MISSING: 8,
    ACTIVATION_STALLED: 8,
    INVOICE_NOT_POSTED: 8,
    CREDIT_MEMO_UNPROPAGATED: 8,
    VALUE_MISMATCH: 8,  # its grace
}
AUTOMATIC = frozenset({WON_WITHOUT_ERP_CUSTOMER, WRITEBACK_MISSING})
"""Kinds that driftwise corrects by itself in the demo."""


class Timing(Enum):
    """When the step that answers an obligation comes."""

    USUAL = "usual"
    JUST_IN_TIME = "just in time"
    LATE = "late"
    NEVER = "never"


class Flaw(NamedTuple):
    """One departure from a clean journey. `where` tells which of several answers it hits."""

    kind: str
    timing: Timing
    where: str = ""
    within_tolerance: bool = False


class Answer(NamedTuple):
    """How an obligation of a kind is answered; all in seconds."""

    usual: tuple[float, float]
    spare: float
    """A near miss is met this long before the deadline, as counted from the step that starts it."""


_LATE_BY_SECONDS = 2.5  # a CRM stamps whole seconds: up to one second of this may not show

ANSWERS: dict[str, Answer] = {
    # spare 2.5: the deal is stamped up to a second early, and so is its deadline
    WON_WITHOUT_ERP_CUSTOMER: Answer((0.4, 3.0), 2.5),
    WRITEBACK_MISSING: Answer((0.5, 3.0), 2.0),
    ACTIVATION_STALLED: Answer((0.8, 3.0), 1.5),
    INVOICE_NOT_POSTED: Answer((0.5, 3.0), 1.5),
    CREDIT_MEMO_UNPROPAGATED: Answer((0.5, 3.5), 2.0),
    VALUE_MISMATCH: Answer((0.4, 2.5), 1.5),
}

FAULTS: tuple[Flaw, ...] = (
    *[Flaw(WON_WITHOUT_ERP_CUSTOMER, Timing.NEVER)] * 5,
    *[Flaw(WRITEBACK_MISSING, Timing.NEVER, "billing")] * 3,
    *[Flaw(WRITEBACK_MISSING, Timing.NEVER, "erp")] * 3,
    *[Flaw(ACTIVATION_STALLED, Timing.NEVER)] * 3,
    *[Flaw(ACTIVATION_STALLED, Timing.LATE)] * 2,
    *[Flaw(INVOICE_NOT_POSTED, Timing.NEVER)] * 2,
    *[Flaw(INVOICE_NOT_POSTED, Timing.NEVER, "left in draft")] * 2,
    *[Flaw(INVOICE_NOT_POSTED, Timing.LATE)] * 2,
    *[Flaw(CREDIT_MEMO_UNPROPAGATED, Timing.NEVER)] * 3,
    *[Flaw(CREDIT_MEMO_UNPROPAGATED, Timing.LATE)] * 2,
    *[Flaw(VALUE_MISMATCH, Timing.NEVER, "erp from the start")] * 2,
    *[Flaw(VALUE_MISMATCH, Timing.NEVER, "erp")] * 2,
    Flaw(VALUE_MISMATCH, Timing.NEVER, "opportunity"),
    Flaw(VALUE_MISMATCH, Timing.LATE, "erp"),
)

NEAR_MISSES: tuple[Flaw, ...] = (
    *[Flaw(WON_WITHOUT_ERP_CUSTOMER, Timing.JUST_IN_TIME)] * 3,
    *[Flaw(WRITEBACK_MISSING, Timing.JUST_IN_TIME, "billing")] * 2,
    Flaw(WRITEBACK_MISSING, Timing.JUST_IN_TIME, "erp"),
    *[Flaw(ACTIVATION_STALLED, Timing.JUST_IN_TIME)] * 3,
    *[Flaw(INVOICE_NOT_POSTED, Timing.JUST_IN_TIME)] * 3,
    *[Flaw(CREDIT_MEMO_UNPROPAGATED, Timing.JUST_IN_TIME)] * 3,
    *[Flaw(VALUE_MISMATCH, Timing.NEVER, "erp from the start", within_tolerance=True)] * 2,
    *[Flaw(VALUE_MISMATCH, Timing.JUST_IN_TIME, "erp")] * 2,
)


_OTHERWISE = Answer((0.5, 3.0), 2.5)


def answer_after(kind: str, timing: Timing, sla_seconds: float, rng: random.Random) -> float | None:
    """Seconds from the step that starts an obligation to the one that answers it; None if it never comes."""
    answer = ANSWERS.get(kind, _OTHERWISE)
    match timing:
        case Timing.USUAL:
            return rng.uniform(*answer.usual)
        case Timing.JUST_IN_TIME:
            return sla_seconds - answer.spare
        case Timing.LATE:
            return sla_seconds + _LATE_BY_SECONDS
        case Timing.NEVER:
            return None
