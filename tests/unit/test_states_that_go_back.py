"""Every row of the table of states that go forward only, and every record that explains a step back."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.instants import SECOND
from streams.kinds.finding import Finding, Subject
from streams.kinds.rules.state_regression import ROWS, state_regression
from tests.dossiers.model import CUSTOMERS, Change, Story, change
from tests.dossiers.stage import Play, five_systems
from tests.dossiers.table import dossier_of
from tests.unit.looked_at import SNAPSHOT, looking

DAY_SECONDS = 86400
FAR = 2 * DAY_SECONDS
BACK = 100_000
"""The second of the step back: far enough from the first to be unexplained by what happened then."""
STEPS: dict[str, tuple[str, str, str]] = {
    # entity: (attribute, a state, one before it)
    "customer": ("status", "active", "prospect"),
    "opportunity": ("stage", "won", "open"),
    "order": ("status", "fulfilled", "open"),
    "contract": ("status", "ended", "active"),
    "subscription": ("status", "active", "draft"),
    "invoice": ("status", "paid", "posted"),
    "payment": ("status", "settled", "pending"),
    "refund": ("status", "settled", "pending"),
    "credit_memo": ("status", "posted", "draft"),
    "ledger_posting": ("status", "posted", "draft"),
    "revenue_schedule": ("status", "closed", "active"),
}
NOT_MONEY = {"customer", "opportunity", "order", "contract", "subscription", "revenue_schedule"}
PLACES = [
    ("crm", "customer"), ("billing", "customer"), ("erp", "customer"), ("crm", "opportunity"), ("erp", "order"),
    ("crm", "contract"), ("billing", "contract"), ("erp", "contract"), ("billing", "subscription"),
    ("billing", "invoice"), ("processor", "payment"), ("billing", "payment"), ("processor", "refund"),
    ("billing", "credit_memo"), ("erp", "credit_memo"), ("erp", "ledger_posting"), ("erp", "revenue_schedule"),
]  # fmt: skip


def record(at: float, system: str, entity: str, **told: Any) -> Change:
    native_id = CUSTOMERS[system] if entity == "customer" else "X"
    return change(at, system, entity, native_id, **told)


def went_back(system: str, entity: str, **told: Any) -> Story:
    attribute, later, earlier = STEPS[entity]
    return record(9, system, entity, **told, **{attribute: later}), record(
        BACK, system, entity, **told, **{attribute: earlier}
    )


def drifts(story: Story) -> list[dict[str, Any]]:
    return Play(dossier_of("state_regression")._replace(subject=None)).told(story).heard(FAR).run().drifts()


def test_every_row_is_played() -> None:
    assert {(role, entity) for entity, row in ROWS.items() for role in row.roles} == set(PLACES)


@pytest.mark.parametrize(("system", "entity"), PLACES)
def test_a_step_back_is_told_wherever_states_go_forward(system: str, entity: str) -> None:
    (drift,) = drifts(went_back(system, entity))

    assert (drift["system"], drift["entity"], drift["severity"]) == (
        system, entity, "S3" if entity in NOT_MONEY else "S1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("system", "entity", "attribute"),
    [
        ("billing", "invoice", "total"),
        ("billing", "subscription", "total_value"),
        ("crm", "contract", "value"),
    ],
)
def test_what_the_record_is_worth_is_at_stake(system: str, entity: str, attribute: str) -> None:
    (drift,) = drifts(went_back(system, entity, **{attribute: "119.00 EUR"}))

    assert drift["amount_at_stake"]["amount"] == 119


@pytest.mark.parametrize("attribute", ["number", "document_ref", "reference"])
def test_it_is_called_what_people_call_it(attribute: str) -> None:
    entity, system = {"number": ("invoice", "billing"), "document_ref": ("ledger_posting", "erp"),
                      "reference": ("payment", "processor")}[attribute]  # fmt: skip
    (drift,) = drifts(went_back(system, entity, **{attribute: "NO-7"}))

    assert f"{entity.replace('_', ' ')} NO-7 in {system}" in drift["expected"]


INVOICE = ("billing", "invoice", {"number": "INV-7"})
PAYMENT = ("processor", "payment", {"reference": "PAY-7"})
EXPLAINED = [
    # (what went back, what explains it, in which states, and in which it does not)
    (
        INVOICE,
        "processor",
        "payment",
        {"invoice_ref": "INV-7"},
        "status",
        ("failed", "refunded", "disputed"),
        "settled",
    ),
    (INVOICE, "billing", "refund", {"invoice_ref": "INV-7"}, "status", ("pending", "settled"), "failed"),
    (INVOICE, "processor", "refund", {"invoice_ref": "INV-7"}, "status", ("pending", "settled"), "failed"),
    (INVOICE, "billing", "credit_memo", {"invoice_ref": "INV-7"}, "status", ("posted",), "draft"),
    (INVOICE, "erp", "cash_application", {"invoice_ref": "INV-7"}, "status", ("reversed",), "applied"),
    (INVOICE, "erp", "ledger_posting", {"document_ref": "INV-7"}, "document_type", ("reversal", "refund"), "invoice"),
    (PAYMENT, "processor", "refund", {"payment_ref": "PAY-7"}, "status", ("pending", "settled"), "failed"),
]
STATES = [
    pytest.param(what, system, entity, {**names, attribute: state}, explains, id=f"{what[1]}-{system}-{entity}-{state}")
    for what, system, entity, names, attribute, states, other in EXPLAINED
    for state, explains in (*((s, True) for s in states), (other, False))
]


@pytest.mark.parametrize(("what", "system", "entity", "told", "explains"), STATES)
@pytest.mark.parametrize("after", [0, DAY_SECONDS], ids=["at once", "a day later"])
def test_a_refund_a_reversal_or_a_chargeback_within_a_day_explains_it(
    what: tuple[str, str, dict[str, Any]], system: str, entity: str, told: dict[str, Any], explains: bool, after: int
) -> None:
    other = change(BACK - after, system, entity, "Y", **told)

    assert bool(drifts((*went_back(what[0], what[1], **what[2]), other))) == (not explains)


def test_what_happened_more_than_a_day_before_explains_nothing() -> None:
    refund = change(BACK - DAY_SECONDS - 1, "processor", "refund", "Y", invoice_ref="INV-7", status="settled")

    assert drifts((*went_back("billing", "invoice", number="INV-7"), refund))


def answered(*records: Change) -> Finding:
    now = looking(five_systems(), 10 * BACK * SECOND, *(r._replace(at=r.at * SECOND) for r in records))
    answer = state_regression(now, Subject("billing", "invoice", "X"))
    assert isinstance(answer, Finding)
    return answer


def invoice(at: float, status: str, payment_status: str, by: str = "someone") -> Change:
    made = record(at, "billing", "invoice", number="INV-7", status=status, payment_status=payment_status)
    return made._replace(by=by)


REFUND = change(BACK, "processor", "refund", "Y", invoice_ref="INV-7", status="settled")
ONE_BACK, OTHER_BACK = invoice(BACK, "posted", "paid"), invoice(BACK, "paid", "open")
BOTH_PAID, BOTH_BACK = invoice(9, "paid", "paid"), invoice(5 * BACK, "posted", "open")


def test_in_order_it_shows_all_its_states_and_was_satisfied_by_itself() -> None:
    answer = answered(BOTH_PAID)

    assert (answer.satisfied, answer.snapshot, answer.observed) == (True, False, "in order")
    assert [(e.field, e.value) for e in answer.evidence] == [("status", "paid"), ("payment_status", "paid")]
    assert answer.satisfied_by is not None
    assert answer.satisfied_by.native_id == "X"


@pytest.mark.parametrize(
    ("back", "field"), [(ONE_BACK, "status"), (OTHER_BACK, "payment_status")], ids=["one state", "the other"]
)
def test_it_shows_the_state_that_went_back(back: Change, field: str) -> None:
    answer = answered(BOTH_PAID, back)

    assert (answer.satisfied, [e.field for e in answer.evidence]) == (False, [field])


@pytest.mark.parametrize("first", [ONE_BACK, OTHER_BACK])
def test_what_explains_one_of_two_steps_back_explains_the_record(first: Change) -> None:
    answer = answered(BOTH_PAID, first, BOTH_BACK, REFUND)

    assert answer.satisfied
    assert answer.satisfied_by is not None
    assert answer.satisfied_by.native_id == "Y"
    assert not answered(BOTH_PAID, first, BOTH_BACK).satisfied


@pytest.mark.parametrize("first", [ONE_BACK, OTHER_BACK])
@pytest.mark.parametrize("by", [("someone", SNAPSHOT), (SNAPSHOT, "someone")])
def test_of_two_steps_back_the_later_says_whether_a_snapshot_shows_it(first: Change, by: tuple[str, str]) -> None:
    answer = answered(BOTH_PAID, first._replace(by=by[0]), BOTH_BACK._replace(by=by[1]))

    assert answer.snapshot == (by[1] == SNAPSHOT)


PENDING_REFUND = change(BACK, "processor", "refund", "Y", invoice_ref="INV-7", status="pending")
"""Of a direct debit, say: it is settled days later."""
UNAPPLIED = change(BACK, "erp", "cash_application", "Y", invoice_ref="INV-7", status="reversed")


@pytest.mark.parametrize(
    ("explains", "later"),
    [
        (PENDING_REFUND, PENDING_REFUND.attributes | {"status": "settled"}),
        (REFUND, REFUND.attributes | {"correlation_id": "T-1"}),
        (UNAPPLIED, UNAPPLIED.attributes | {"correlation_id": "T-1"}),
    ],
    ids=["it is settled", "it is touched", "what was unapplied is touched"],
)
def test_what_explains_a_step_back_goes_on_explaining_it_as_it_changes(explains: Change, later: dict[str, Any]) -> None:
    changed = explains._replace(at=5 * BACK, attributes=later)

    assert answered(BOTH_PAID, BOTH_BACK._replace(at=BACK), explains, changed).satisfied


def test_cash_that_is_unapplied_long_after_explains_nothing_of_the_time_in_which_it_was_applied() -> None:
    applied = change(9, "erp", "cash_application", "Y", invoice_ref="INV-7", status="applied")
    unapplied = UNAPPLIED._replace(at=5 * BACK)

    assert not answered(BOTH_PAID, BOTH_BACK._replace(at=BACK), applied, unapplied).satisfied


@pytest.mark.parametrize(
    ("states", "satisfied"),
    [
        (("paid", "posted", "paid"), True),
        (("voided", "draft", "posted"), False),
        (("paid", "draft", "posting", "posted"), False),
        (("paid", "posted", "of another order", "draft"), True),
        (("posted", "draft", "posted", "draft"), False),
    ],
)
def test_a_state_that_went_back_has_to_come_back_to_where_it_was(states: tuple[str, ...], satisfied: bool) -> None:
    story = [invoice(n * BACK, state, "open") for n, state in enumerate(states, 1)]

    assert answered(*story).satisfied == satisfied


def test_a_touch_of_what_explained_a_step_back_explains_no_later_one() -> None:
    second = invoice(5 * BACK, "paid", "open")
    touched = REFUND._replace(at=5 * BACK + 1, attributes=REFUND.attributes | {"correlation_id": "T-1"})

    assert not answered(BOTH_PAID, second, REFUND, touched).satisfied


def test_what_explains_the_first_step_back_explains_no_later_one_of_the_same_state() -> None:
    first, second = invoice(BACK, "paid", "partially_paid"), invoice(5 * BACK, "paid", "open")

    assert answered(BOTH_PAID, first, REFUND).satisfied
    assert not answered(BOTH_PAID, first, REFUND, second).satisfied
    assert "went back from paid to open" in answered(BOTH_PAID, first, REFUND, second).observed


@pytest.mark.parametrize("states", [("draft", "posted"), ("paid", "of another order"), ("of another order", "posted")])
def test_a_step_forward_or_between_states_of_no_order_is_none_back(states: tuple[str, str]) -> None:
    assert answered(*(invoice(at, status, "open") for at, status in zip((9, BACK), states, strict=True))).satisfied
