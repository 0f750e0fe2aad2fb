"""All claims of a customer's history, and which team each kind is for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from streams.demo import beyond, further
from streams.demo.claims import (
    across,
    customers,
    documents,
    dunning,
    identities,
    ledger,
    payments,
    revenue,
    sales,
    standing,
    subscriptions,
)
from streams.demo.claims.model import Claim
from streams.demo.journal import History

CLAIMS: dict[str, Callable[[History], Iterator[Claim]]] = {
    further.WON_WITHOUT_SUBSCRIPTION: sales.won_without_subscription,
    further.PROFILE_MISSING: subscriptions.profile_missing,
    further.PAYMENT_UNPROPAGATED: payments.payment_status_unpropagated,
    further.NOT_SHOWN: payments.payment_status_not_shown,
    further.UNMATCHED: payments.payment_unmatched,
    further.REFUND_UNPROPAGATED: payments.refund_unpropagated,
    further.CREDIT_MEMO_ALONE: documents.credit_memo_alone,
    further.AMENDMENT_UNPROPAGATED: subscriptions.amendment_unpropagated,
    further.CANCELLATION_UNPROPAGATED: subscriptions.cancellation_unpropagated,
    further.REVERSAL_INCOMPLETE: ledger.reversal_incomplete,
    further.AMOUNT_MISMATCH: ledger.amount_mismatch,
    further.ATTRIBUTE_DIVERGENCE: customers.attribute_divergence,
    further.STATES_DISAGREE: standing.states_disagree,
    further.STATE_REGRESSION: documents.state_regression,
    further.OUT_OF_ORDER: documents.out_of_order,
    further.STEP_SKIPPED: sales.step_skipped,
    further.STUCK_IN_FLIGHT: documents.stuck_in_flight,
    further.DUPLICATE_CUSTOMER: customers.duplicate_customer,
    further.DUPLICATE_DOCUMENT: ledger.duplicate_document,
    further.OWNERSHIP_VIOLATION: customers.ownership_violation,
    further.OSCILLATION: customers.oscillation,
    further.SCHEDULE_MISSING: revenue.schedule_missing,
    further.SCHEDULE_DIVERGENCE: revenue.schedule_divergence,
    further.ENTITLEMENT_DIVERGENCE: subscriptions.entitlement_divergence,
    further.WON_WITHOUT_ORDER: sales.won_without_order,
    further.DELINQUENCY_UNSHOWN: dunning.delinquency_unshown,
    further.DELINQUENCY_STAYS: dunning.delinquency_stays,
    further.TAXED_OTHERWISE: ledger.taxed_otherwise,
    further.OTHER_PARENT: customers.other_parent,
    further.CHARGED_TWICE: documents.charged_twice,
    further.BEFORE_CUSTOMER: documents.before_customer,
    beyond.IDENTITY_CONFLICT: identities.identity_conflict,
    beyond.SUSPECTED_TWICE: across.suspected_twice,
    beyond.SHARED_NUMBER: across.shared_number,
    beyond.PARENTS_IN_A_CIRCLE: across.parents_in_a_circle,
}
TEAMS: dict[str, str] = {
    further.WON_WITHOUT_SUBSCRIPTION: "billing-operations",
    further.PROFILE_MISSING: "finance-systems",
    further.PAYMENT_UNPROPAGATED: "finance-systems",
    further.NOT_SHOWN: "finance-systems",
    further.UNMATCHED: "finance-systems",
    further.REFUND_UNPROPAGATED: "finance-systems",
    further.CREDIT_MEMO_ALONE: "finance-systems",
    further.AMENDMENT_UNPROPAGATED: "revenue-operations",
    further.CANCELLATION_UNPROPAGATED: "billing-operations",
    further.REVERSAL_INCOMPLETE: "finance-systems",
    further.AMOUNT_MISMATCH: "finance-systems",
    further.ATTRIBUTE_DIVERGENCE: "customer-master",
    further.STATES_DISAGREE: "revenue-operations",
    further.STATE_REGRESSION: "finance-systems",
    further.OUT_OF_ORDER: "finance-systems",
    further.STEP_SKIPPED: "revenue-operations",
    further.STUCK_IN_FLIGHT: "integration",
    further.DUPLICATE_CUSTOMER: "customer-master",
    further.DUPLICATE_DOCUMENT: "finance-systems",
    further.OWNERSHIP_VIOLATION: "customer-master",
    further.OSCILLATION: "integration",
    further.SCHEDULE_MISSING: "finance-systems",
    further.SCHEDULE_DIVERGENCE: "finance-systems",
    further.ENTITLEMENT_DIVERGENCE: "billing-operations",
    further.WON_WITHOUT_ORDER: "finance-systems",
    further.DELINQUENCY_UNSHOWN: "finance-systems",
    further.DELINQUENCY_STAYS: "finance-systems",
    further.TAXED_OTHERWISE: "finance-systems",
    further.OTHER_PARENT: "customer-master",
    further.CHARGED_TWICE: "finance-systems",
    further.BEFORE_CUSTOMER: "finance-systems",
    beyond.IDENTITY_CONFLICT: "customer-master",
    beyond.SUSPECTED_TWICE: "customer-master",
    beyond.SHARED_NUMBER: "finance-systems",
    beyond.PARENTS_IN_A_CIRCLE: "customer-master",
}


def claims(history: History, kinds: Iterable[str]) -> Iterator[Claim]:
    for kind in kinds:
        if kind in CLAIMS:
            yield from CLAIMS[kind](history)
