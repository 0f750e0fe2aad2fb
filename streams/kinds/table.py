"""The kinds as rows: what each is about, which systems its verdict waits for, and which changes reach it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from streams.kinds import predicates
from streams.kinds.asof import AsOf
from streams.kinds.finding import Answer, Subject
from streams.kinds.references import EVERY

SUBJECT = "@subject"
"""In `needs`: the subject's own system."""
ID = "@id"
"""In `Refers.change_attribute`: the changed record's native id."""


class Itself(NamedTuple):
    """The changed record is the subject."""


class All(NamedTuple):
    """The change may touch any obligation of this kind that the customer has."""


class Refers(NamedTuple):
    """The subjects whose attribute has the changed record's value, through the reference index."""

    subject_attribute: str
    change_attribute: str


Reach = Itself | All | Refers


class Kind(NamedTuple):
    number: str
    name: str
    entity: str
    """Of the subject."""
    roles: tuple[str, ...]
    """Whose records of that entity are subjects."""
    clock: str
    """deadline: must be there by trigger + SLA. grace: must not differ for longer than the SLA."""
    needs: tuple[tuple[str, str], ...]
    """(role or SUBJECT, entity): a verdict waits until these have been heard."""
    reach: dict[tuple[str, str], Reach]
    """(role, entity) of a change -> which subjects it concerns."""
    judge: Callable[[AsOf, Subject], Answer]
    command: str
    sort: str
    """copy or ask (contracts 10)."""
    condition: str
    """The Kubernetes-style condition of the customer that it decides."""


KINDS: tuple[Kind, ...] = (
    Kind(
        "1",
        "won_without_erp_customer",
        "opportunity",
        ("crm",),
        "deadline",
        ((SUBJECT, "opportunity"), (SUBJECT, "customer"), ("erp", "customer")),
        {("crm", "opportunity"): Itself(), ("crm", "customer"): All(), ("erp", "customer"): All()},
        predicates.won_without_erp_customer,
        "erp.customer.upsert",
        "ask",
        "CustomerProvisioned",
    ),
    Kind(
        "3",
        "external_id_writeback_missing",
        "customer",
        ("billing", "erp"),
        "deadline",
        ((SUBJECT, "customer"), ("crm", "customer")),
        {("billing", "customer"): Itself(), ("erp", "customer"): Itself(), ("crm", "customer"): All()},
        predicates.external_id_writeback_missing,
        "crm.external_ref.write",
        "copy",
        "ExternalIdsWritten",
    ),
    Kind(
        "5",
        "activation_stalled",
        "subscription",
        ("billing",),
        "deadline",
        ((SUBJECT, "subscription"), ("crm", "customer"), ("crm", "opportunity")),
        {
            ("billing", "subscription"): Itself(),
            ("crm", "customer"): All(),
            ("crm", "opportunity"): Refers("opportunity_ref", ID),
        },
        predicates.activation_stalled,
        "billing.subscription.activate",
        "ask",
        "SubscriptionsActive",
    ),
    Kind(
        "8",
        "invoice_not_posted",
        "invoice",
        ("billing",),
        "deadline",
        ((SUBJECT, "invoice"), ("erp", "ledger_posting")),
        {("billing", "invoice"): Itself(), ("erp", "ledger_posting"): Refers("number", "document_ref")},
        predicates.invoice_not_posted,
        "erp.invoice.post",
        "ask",
        "InvoicesPosted",
    ),
    Kind(
        "14",
        "credit_memo_unpropagated",
        "credit_memo",
        ("erp",),
        "deadline",
        ((SUBJECT, "credit_memo"), ("crm", "credit_memo")),
        {("erp", "credit_memo"): Itself(), ("crm", "credit_memo"): Refers("number", "number")},
        predicates.credit_memo_unpropagated,
        "crm.account_view.upsert_credit_memo",
        "copy",
        "CreditMemosShown",
    ),
    Kind(
        "26",
        "contract_value_mismatch",
        "subscription",
        ("billing",),
        "grace",
        ((SUBJECT, "subscription"), ("crm", "opportunity"), ("erp", "contract")),
        {
            ("billing", "subscription"): Itself(),
            ("crm", "opportunity"): Refers("opportunity_ref", ID),
            ("erp", "contract"): Refers("contract_ref", "number"),
        },
        predicates.contract_value_mismatch,
        "erp.contract.update_value",
        "copy",
        "ContractValuesAgree",
    ),
)
BY_NAME: dict[str, Kind] = {kind.name: kind for kind in KINDS}

REACHED_BY: dict[tuple[str, str], tuple[tuple[Kind, Reach], ...]] = {
    # (role, entity) of a change: the kinds that look at it, and how they find their subjects
    place: tuple((kind, kind.reach[place]) for kind in KINDS if place in kind.reach)
    for place in {place for kind in KINDS for place in kind.reach}
}

REFERENCES: dict[str, tuple[str, ...]] = {
    # entity: attributes by which others find its records
    "customer": (EVERY,),
    "subscription": ("opportunity_ref", "contract_ref"),
    "invoice": ("number",),
    "credit_memo": ("number",),
    "ledger_posting": ("document_ref",),
    "contract": ("number",),
}
