"""Which facts hold of a record by what it says, and since when they have held."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.entities import ENTITIES
from streams.governance.triggers import FACTS, OWED
from streams.kinds.documents import FINISHED
from streams.kinds.facts import KNOWN, VALUES, Since, completed, first_since, since, stamp, with_value
from tests.dossiers.model import change

SOME, NOTHING = "119.00 EUR", "0.00 EUR"
HOLD: list[tuple[str, dict[str, Any], set[str]]] = [
    # entity, what a record says, the facts that hold
    ("opportunity", {"stage": "open"}, set()),
    ("opportunity", {"stage": "won"}, {"won"}),
    ("opportunity", {"stage": "won", "order_managed": False}, {"won"}),
    ("opportunity", {"stage": "won", "order_managed": True}, {"won", "ordered"}),
    ("opportunity", {"stage": "open", "order_managed": True}, set()),
    ("order", {"status": "open"}, set()),
    ("order", {"status": "fulfilled"}, {"fulfilled"}),
    ("customer", {"status": "active"}, {"active", "set_up"}),
    ("customer", {"status": "prospect"}, set()),
    ("customer", {"status": "active", "crm_ref": "A"}, {"active", "linked", "linked_to:A", "set_up"}),
    ("customer", {"status": "churned", "crm_ref": "A"}, {"set_up", "linked_to:A"}),
    (
        "customer",
        {"status": None, "crm_ref": "A", "tax_region": "DE"},
        {"linked", "linked_to:A", "tax_region:DE", "set_up"},
    ),
    *(("subscription", {"status": s}, {"live", "known", "pending"})
      for s in ("draft", "pending_activation", "pending_acceptance")),
    *(("subscription", {"status": s}, {"live", "known", "activated"})
      for s in ("active", "suspended")),
    ("subscription", {"status": "cancelled"}, {"known", "cancelled"}),
    ("subscription", {"status": "expired", "version_number": 2}, {"known", "version:2"}),
    ("invoice", {"status": "draft", "total": SOME}, set()),
    ("invoice", {"status": "posting", "total": SOME}, {"live"}),
    ("invoice", {"status": "posted", "total": SOME}, {"live", "posted"}),
    ("invoice", {"status": "paid", "total": SOME}, {"live", "posted"}),
    ("invoice", {"status": "posted", "total": NOTHING}, {"live"}),
    ("invoice", {"status": "posted", "total": None}, {"live"}),
    ("invoice", {"status": "voided", "total": SOME}, {"voided"}),
    *(("invoice", {"status": s, "payment_status": owed}, {"live", "owed"})
      for s in ("posted", "paid") for owed in ("open", "partially_paid", "failed")),
    ("invoice", {"status": "posted", "payment_status": "paid"}, {"live"}),
    ("invoice", {"status": "draft", "payment_status": "open"}, set()),
    ("payment", {"status": "pending"}, set()),
    ("payment", {"status": "settled"}, {"settled"}),
    ("payment", {"status": "disputed"}, {"settled"}),
    ("payment", {"status": "failed"}, {"failed"}),
    ("refund", {"status": "pending"}, set()),
    ("refund", {"status": "settled"}, {"settled"}),
    ("cash_application", {"status": "applied"}, {"applied"}),
    ("cash_application", {"status": None}, {"applied"}),
    ("cash_application", {"status": "reversed"}, {"reversed"}),
    ("revenue_schedule", {"recognised": SOME}, {"recognising"}),
    ("revenue_schedule", {"recognised": NOTHING}, set()),
    ("revenue_schedule", {"recognised": None}, set()),
    ("credit_memo", {"status": "posted", "total": SOME}, {"live", "posted"}),
    ("credit_memo", {"status": "posted", "total": None}, {"live", "posted"}),
    ("credit_memo", {"status": "posted", "total": NOTHING}, {"live"}),
    ("credit_memo", {"status": "draft", "total": SOME}, set()),
    ("ledger_posting", {"status": "posting"}, {"live"}),
    ("ledger_posting", {"status": "posted"}, {"live"}),
    ("ledger_posting", {"status": "reversed"}, set()),
    ("contract", {"status": "active"}, set()),
]  # fmt: skip


def says(entity: str, **told: Any) -> dict[str, Any]:
    made = change(1, "billing", entity, "X", **told).attributes or {}
    return {a.name: None for a in ENTITIES[entity].attributes} | dict(made)


@pytest.mark.parametrize(("entity", "told", "hold"), HOLD)
def test_facts_hold_by_what_the_record_says(entity: str, told: dict[str, Any], hold: set[str]) -> None:
    always = {KNOWN} if entity in FINISHED else set()
    assert stamp(entity, says(entity, **told), {}, 5, "v5", False).keys() == hold | always


def test_every_fact_is_tried() -> None:
    tried = {entity: {fact for e, _, hold in HOLD if e == entity for fact in hold} for entity, _, _ in HOLD}

    assert all(facts.keys() <= tried.get(entity, set()) | {KNOWN} for entity, facts in FACTS.items())
    assert all(any(t.startswith(f"{v}:") for t in tried[entity]) for entity, values in VALUES.items() for v in values)
    assert set(OWED) == {"open", "partially_paid", "failed"}


def test_a_fact_began_when_it_was_stamped_first() -> None:
    first = stamp("order", says("order", status="fulfilled"), {}, 5, "v5", False)
    again = stamp("order", says("order", status="fulfilled"), first, 9, "v9", False)
    gone = stamp("order", says("order", status="open"), again, 11, "v11", False)

    assert since(again, "fulfilled") == Since(5, "v5", False, True)
    assert since(gone, "fulfilled") is None


def test_a_step_that_was_taken_was_taken_whatever_comes() -> None:
    set_up = stamp("customer", says("customer", status="active"), {}, 5, "v5", False)
    back = stamp("customer", says("customer", status="prospect"), set_up, 9, "v9", False)

    assert back == {"set_up": "5/v5"}


def test_a_step_that_is_taken_again_was_taken_first_before() -> None:
    first = stamp("order", says("order", status="fulfilled"), {}, 5, "v5", False)
    back = stamp("order", says("order", status="open"), first, 9, "v9", False)
    again = stamp("order", says("order", status="fulfilled"), back, 11, "v11", False)

    assert first_since(back, "fulfilled") is None
    assert (since(again, "fulfilled"), first_since(again, "fulfilled")) == (
        Since(11, "v11", False),
        Since(5, "v5", False),
    )


def test_of_a_record_of_an_earlier_release_a_step_was_taken_first_before_it_was_taken_back() -> None:
    touched = stamp("order", says("order", status="fulfilled"), {"fulfilled": "5/v5"}, 9, "v9", False)
    back = stamp("order", says("order", status="open"), touched, 11, "v11", False)
    again = stamp("order", says("order", status="fulfilled"), back, 13, "v13", False)

    assert touched == {"fulfilled": "5/v5"}, "what stands as it stood says nothing new"
    assert first_since(again, "fulfilled") == Since(5, "v5", False)


def test_of_a_record_of_an_earlier_release_a_step_was_taken_when_it_is_known_to_hold() -> None:
    stamped = stamp("order", says("order", status="fulfilled"), {"fulfilled": "5/v5"}, 9, "v9", False)

    assert first_since(stamped, "fulfilled") == Since(5, "v5", False)


def test_a_new_value_is_a_new_fact() -> None:
    first = stamp("subscription", says("subscription", version_number=1), {}, 5, "v5", False)
    second = stamp("subscription", says("subscription", version_number=2), first, 9, "v9", False)

    assert since(second, with_value("version", 2)) == Since(9, "v9", False)
    assert since(second, with_value("version", 1)) is None


def test_a_link_to_another_account_is_a_new_one_and_one_of_an_earlier_release_began_when_it_was_linked_at_all() -> None:
    of_before = completed("customer", says("customer", crm_ref="A"), {"set_up": "3/v3", "linked": "5/v5"})
    touched = stamp("customer", says("customer", crm_ref="A"), of_before, 9, "v9", False)
    moved = stamp("customer", says("customer", crm_ref="A2"), of_before, 11, "v11", False)

    assert since(touched, with_value("linked_to", "A")) == Since(5, "v5", False)
    assert since(moved, with_value("linked_to", "A2")) == Since(11, "v11", False)
    assert since(moved, "linked") == Since(5, "v5", False)


def test_what_is_complete_or_says_nothing_is_completed_by_nothing() -> None:
    of_this_release = {"linked": "5/v5", "linked_to:A": "7/v7"}

    assert completed("customer", says("customer", crm_ref="A"), of_this_release) == of_this_release
    assert completed("customer", says("customer", crm_ref=None), {"linked": "5/v5"}) == {"linked": "5/v5"}
    assert completed("customer", says("customer", crm_ref="A"), {"set_up": "3/v3"}) == {"set_up": "3/v3"}
    assert completed("order", says("order"), {"fulfilled": "3/v3"}) == {"fulfilled": "3/v3"}


@pytest.mark.parametrize(
    ("snapshot", "seen", "began"),
    [
        (False, True, Since(5, "v5", False, True)),
        (True, True, Since(5, "v5", True, False)),
        (False, False, Since(5, "v5", False, False)),
    ],
)
def test_what_a_snapshot_shows_was_not_seen_to_begin(snapshot: bool, seen: bool, began: Since) -> None:
    stamped = stamp("order", says("order", status="fulfilled"), {}, 5, "v5", snapshot, seen=seen)

    assert since(stamped, "fulfilled") == began
    assert Since(5, "v5", False).seen
