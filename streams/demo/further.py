"""The kinds that `--kinds all` adds to the first ones: their faults, and near misses that are none."""

from __future__ import annotations

from streams.demo.flaws import Flaw, Timing

WON_WITHOUT_SUBSCRIPTION = "won_without_subscription"
PROFILE_MISSING = "erp_financial_profile_missing"
PAYMENT_UNPROPAGATED = "payment_status_unpropagated"
CREDIT_MEMO_ALONE = "credit_memo_without_counterpart"
AMENDMENT_UNPROPAGATED = "amendment_unpropagated"
CANCELLATION_UNPROPAGATED = "cancellation_unpropagated"
REVERSAL_INCOMPLETE = "reversal_incomplete"
AMOUNT_MISMATCH = "invoice_amount_mismatch"
ATTRIBUTE_DIVERGENCE = "customer_attribute_divergence"
STATES_DISAGREE = "process_state_disagreement"
STATE_REGRESSION = "state_regression"
OUT_OF_ORDER = "step_out_of_order"
STEP_SKIPPED = "step_skipped"
STUCK_IN_FLIGHT = "stuck_in_flight"
DUPLICATE_CUSTOMER = "duplicate_customer"
DUPLICATE_DOCUMENT = "duplicate_document"
OWNERSHIP_VIOLATION = "ownership_violation"
OSCILLATION = "correction_oscillation"

NOT_SHOWN = "payment_status_not_shown"
UNMATCHED = "payment_unmatched"
REFUND_UNPROPAGATED = "refund_unpropagated"
SCHEDULE_MISSING = "revenue_schedule_missing"
SCHEDULE_DIVERGENCE = "revenue_schedule_divergence"
ENTITLEMENT_DIVERGENCE = "entitlement_divergence"
WON_WITHOUT_ORDER = "won_without_erp_order"
DELINQUENCY_UNSHOWN = "delinquency_unpropagated"
DELINQUENCY_STAYS = "delinquency_not_cleared"
TAXED_OTHERWISE = "tax_treatment_divergence"
OTHER_PARENT = "hierarchy_divergence"
CHARGED_TWICE = "charged_twice"
BEFORE_CUSTOMER = "invoice_before_customer"

OVERDUE = (DELINQUENCY_UNSHOWN, DELINQUENCY_STAYS)
"""Whose flaws need an invoice that is overdue."""
PAID = (PAYMENT_UNPROPAGATED, NOT_SHOWN, UNMATCHED, REFUND_UNPROPAGATED)
"""Whose flaws need a payment."""
INVOICED = (
    *PAID,
    *OVERDUE,
    TAXED_OTHERWISE,
    CREDIT_MEMO_ALONE,
    REVERSAL_INCOMPLETE,
    AMOUNT_MISMATCH,
    STATE_REGRESSION,
    OUT_OF_ORDER,
    STUCK_IN_FLIGHT,
    DUPLICATE_DOCUMENT,
    CHARGED_TWICE,
    BEFORE_CUSTOMER,
)
"""Whose flaws need an invoice."""

SLA_SECONDS: dict[str, float] = {
    WON_WITHOUT_SUBSCRIPTION: 8,
    PROFILE_MISSING: 8,
    PAYMENT_UNPROPAGATED: 8,
    CREDIT_MEMO_ALONE: 8,
    AMENDMENT_UNPROPAGATED: 8,
    CANCELLATION_UNPROPAGATED: 8,
    REVERSAL_INCOMPLETE: 8,
    AMOUNT_MISMATCH: 8,  # its grace, as below
    ATTRIBUTE_DIVERGENCE: 8,
    STATES_DISAGREE: 10,
    STATE_REGRESSION: 0,
    OUT_OF_ORDER: 0,
    STEP_SKIPPED: 8,
    STUCK_IN_FLIGHT: 8,
    DUPLICATE_CUSTOMER: 8,
    DUPLICATE_DOCUMENT: 0,
    OWNERSHIP_VIOLATION: 0,
    OSCILLATION: 0,
    NOT_SHOWN: 8,
    UNMATCHED: 8,
    REFUND_UNPROPAGATED: 8,
    SCHEDULE_MISSING: 8,
    SCHEDULE_DIVERGENCE: 8,  # grace, as is the next
    ENTITLEMENT_DIVERGENCE: 8,
    WON_WITHOUT_ORDER: 8,
    DELINQUENCY_UNSHOWN: 8,
    DELINQUENCY_STAYS: 8,  # grace, as are the next
    TAXED_OTHERWISE: 8,
    OTHER_PARENT: 8,
    CHARGED_TWICE: 0,
    BEFORE_CUSTOMER: 0,
}


def _timed(kind: str, *places: str) -> list[Flaw]:
    """Never three times and late twice, at each place in turn."""
    timings = [Timing.NEVER] * 3 + [Timing.LATE] * 2
    return [Flaw(kind, timing, places[i % len(places)] if places else "") for i, timing in enumerate(timings)]


def _few(kind: str, *places: str) -> list[Flaw]:
    """Late once and never twice, at each place in turn: beside two faults of another sort."""
    timings = (Timing.LATE, Timing.NEVER, Timing.NEVER)
    return [Flaw(kind, timing, places[i % len(places)] if places else "") for i, timing in enumerate(timings)]


FAULTS: tuple[Flaw, ...] = (
    *_timed(WON_WITHOUT_SUBSCRIPTION),
    *_timed(PROFILE_MISSING),
    *[Flaw(PROFILE_MISSING, Timing.NEVER, "left in draft")] * 2,
    *_timed(PAYMENT_UNPROPAGATED, "bank", "card"),
    *_timed(NOT_SHOWN),
    *[Flaw(UNMATCHED, Timing.NEVER, "in part")] * 2,
    *_few(UNMATCHED),
    *_timed(REFUND_UNPROPAGATED, "ledger", "billing"),
    *[Flaw(SCHEDULE_MISSING, Timing.NEVER, "left in draft")] * 2,
    *_few(SCHEDULE_MISSING),
    *_timed(SCHEDULE_DIVERGENCE, "price", "period"),
    *_timed(ENTITLEMENT_DIVERGENCE, "none", "too many"),
    *[Flaw(WON_WITHOUT_ORDER, Timing.NEVER, "cancelled")] * 2,
    *_few(WON_WITHOUT_ORDER),
    *_timed(DELINQUENCY_UNSHOWN),
    *_timed(DELINQUENCY_STAYS),
    *[Flaw(TAXED_OTHERWISE, Timing.NEVER, "region")] * 2,
    *_few(TAXED_OTHERWISE, "code", "amount"),
    *_timed(OTHER_PARENT, "none", "another"),
    *_timed(CREDIT_MEMO_ALONE),
    *_timed(AMENDMENT_UNPROPAGATED, "contract", "revenue"),
    *_timed(CANCELLATION_UNPROPAGATED, "crm", "revenue", "product"),
    *_timed(REVERSAL_INCOMPLETE),
    *_timed(AMOUNT_MISMATCH),
    *_timed(ATTRIBUTE_DIVERGENCE, "billing name", "erp country", "crm tax id"),
    *[Flaw(STATES_DISAGREE, Timing.NEVER)] * 5,
    *[Flaw(STATE_REGRESSION, Timing.NEVER)] * 5,
    *[Flaw(OUT_OF_ORDER, Timing.LATE)] * 5,
    *_timed(STEP_SKIPPED),
    *_timed(STUCK_IN_FLIGHT, "invoice", "ledger"),
    *[Flaw(DUPLICATE_CUSTOMER, Timing.NEVER)] * 3,
    *[Flaw(DUPLICATE_CUSTOMER, Timing.LATE)] * 2,
    *[Flaw(DUPLICATE_DOCUMENT, Timing.NEVER)] * 5,
    *_timed(OWNERSHIP_VIOLATION),
    *[Flaw(OSCILLATION, Timing.NEVER)] * 5,
    *_timed(CHARGED_TWICE),
    *[Flaw(BEFORE_CUSTOMER, Timing.LATE, "billing")] * 3,
    *[Flaw(BEFORE_CUSTOMER, Timing.LATE, "ledger")] * 2,
)

NEAR_MISSES: tuple[Flaw, ...] = (
    *[Flaw(WON_WITHOUT_SUBSCRIPTION, Timing.JUST_IN_TIME)] * 2,
    *[Flaw(PROFILE_MISSING, Timing.JUST_IN_TIME)] * 2,
    Flaw(PAYMENT_UNPROPAGATED, Timing.JUST_IN_TIME, "bank"),
    Flaw(PAYMENT_UNPROPAGATED, Timing.JUST_IN_TIME, "card"),
    *[Flaw(NOT_SHOWN, Timing.JUST_IN_TIME)] * 2,
    Flaw(UNMATCHED, Timing.JUST_IN_TIME),
    Flaw(UNMATCHED, Timing.NEVER, "in part", within_tolerance=True),  # by a cent
    Flaw(REFUND_UNPROPAGATED, Timing.JUST_IN_TIME, "ledger"),
    Flaw(REFUND_UNPROPAGATED, Timing.JUST_IN_TIME, "billing"),
    *[Flaw(SCHEDULE_MISSING, Timing.JUST_IN_TIME)] * 2,
    Flaw(SCHEDULE_DIVERGENCE, Timing.JUST_IN_TIME, "price"),
    Flaw(SCHEDULE_DIVERGENCE, Timing.NEVER, "price", within_tolerance=True),  # what rounding may leave
    Flaw(ENTITLEMENT_DIVERGENCE, Timing.JUST_IN_TIME, "none"),
    Flaw(ENTITLEMENT_DIVERGENCE, Timing.NEVER, "usage", within_tolerance=True),  # which is counted elsewhere
    *[Flaw(WON_WITHOUT_ORDER, Timing.JUST_IN_TIME)] * 2,
    *[Flaw(DELINQUENCY_UNSHOWN, Timing.JUST_IN_TIME)] * 2,
    *[Flaw(DELINQUENCY_STAYS, Timing.JUST_IN_TIME)] * 2,
    Flaw(TAXED_OTHERWISE, Timing.JUST_IN_TIME, "code"),
    Flaw(TAXED_OTHERWISE, Timing.NEVER, "amount", within_tolerance=True),  # by less than one unit
    Flaw(TAXED_OTHERWISE, Timing.NEVER, "moved", within_tolerance=True),  # only after the invoice was issued
    Flaw(OTHER_PARENT, Timing.JUST_IN_TIME, "none"),
    Flaw(OTHER_PARENT, Timing.JUST_IN_TIME, "another"),
    Flaw(REFUND_UNPROPAGATED, Timing.NEVER, "credited", within_tolerance=True),  # billing has a credit memo for it
    *[Flaw(CREDIT_MEMO_ALONE, Timing.JUST_IN_TIME)] * 2,
    Flaw(AMENDMENT_UNPROPAGATED, Timing.JUST_IN_TIME, "contract"),
    Flaw(AMENDMENT_UNPROPAGATED, Timing.JUST_IN_TIME, "revenue"),
    Flaw(CANCELLATION_UNPROPAGATED, Timing.JUST_IN_TIME, "crm"),
    Flaw(CANCELLATION_UNPROPAGATED, Timing.JUST_IN_TIME, "product"),
    *[Flaw(REVERSAL_INCOMPLETE, Timing.JUST_IN_TIME)] * 2,
    *[Flaw(AMOUNT_MISMATCH, Timing.JUST_IN_TIME)] * 2,
    Flaw(ATTRIBUTE_DIVERGENCE, Timing.JUST_IN_TIME, "erp country"),
    Flaw(ATTRIBUTE_DIVERGENCE, Timing.NEVER, "billing name", within_tolerance=True),  # in capitals
    *[Flaw(STATES_DISAGREE, Timing.JUST_IN_TIME)] * 2,
    *[Flaw(STATE_REGRESSION, Timing.NEVER, within_tolerance=True)] * 2,  # a credit memo explains it
    *[Flaw(OUT_OF_ORDER, Timing.LATE, within_tolerance=True)] * 2,  # by no more than clocks may differ
    *[Flaw(STEP_SKIPPED, Timing.JUST_IN_TIME)] * 2,
    Flaw(STUCK_IN_FLIGHT, Timing.JUST_IN_TIME, "invoice"),
    Flaw(STUCK_IN_FLIGHT, Timing.JUST_IN_TIME, "ledger"),
    Flaw(DUPLICATE_CUSTOMER, Timing.JUST_IN_TIME),
    Flaw(DUPLICATE_CUSTOMER, Timing.NEVER, within_tolerance=True),  # a draft is not in use
    *[Flaw(DUPLICATE_DOCUMENT, Timing.NEVER, within_tolerance=True)] * 2,  # a draft is not live
    *[Flaw(OWNERSHIP_VIOLATION, Timing.NEVER, within_tolerance=True)] * 2,  # the same name in capitals
    *[Flaw(OSCILLATION, Timing.NEVER, within_tolerance=True)] * 2,  # put back once
    Flaw(CHARGED_TWICE, Timing.NEVER, "next month", within_tolerance=True),
    Flaw(CHARGED_TWICE, Timing.NEVER, "credited", within_tolerance=True),  # the first in full, before the second
    Flaw(BEFORE_CUSTOMER, Timing.LATE, "billing", within_tolerance=True),  # by no more than clocks may differ
    Flaw(BEFORE_CUSTOMER, Timing.LATE, "ledger", within_tolerance=True),
)
