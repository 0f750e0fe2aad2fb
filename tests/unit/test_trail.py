"""Who changed an attribute last, when, and from what."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.entities import ENTITIES
from streams.governance.mapping import ObjectMapping, Vocabulary
from streams.kinds.trail import KEPT, STATED, STATES, Step, mark, most_changes, read_again, stamp_trails, trail_of
from tables.versions import Version

NAME = "Acme GmbH"


def says(entity: str, **told: Any) -> dict[str, Any]:
    return {a.name: None for a in ENTITIES[entity].attributes} | told


def after(entity: str, *told: dict[str, Any], snapshot: bool = False) -> dict[str, str]:
    """What is stamped after these changes, at 1, 2 and so on."""
    last: Version | None = None
    stamped: dict[str, str] = {}
    for at, attributes in enumerate(told, 1):
        stamped = stamp_trails(entity, says(entity, **attributes), last, at, f"v/{at}", snapshot, f"writer {at}"[:6])
        last = {"attrs": says(entity, **attributes), "since": stamped}
    return stamped


def test_states_are_followed_by_their_words() -> None:
    stamped = after("invoice", {"status": "posted"}, {"status": "paid", "payment_status": "paid"}, {"status": "voided"})

    assert trail_of(stamped, "status") == (
        Step(3, "writer", False, "paid", "v/3"),
        Step(2, "writer", False, "posted", "v/2"),
    )
    assert trail_of(stamped, "payment_status") == (
        Step(3, "writer", False, "paid", "v/3"),
        Step(2, "writer", False, "", "v/2"),
    )


def test_what_is_stated_of_a_customer_is_followed_by_a_digest() -> None:
    (step,) = trail_of(after("customer", {"name": NAME}, {"name": "Acme AG"}), "name")

    assert step.was == mark("customer", "name", NAME) not in ("", NAME)
    assert len(step.was) == 16
    assert trail_of(after("customer", {"name": NAME}, {"name": NAME}), "name") == ()
    assert mark("customer", "name", None) == mark("customer", "status", None) == ""
    assert mark("customer", "status", "active") == "active"


def test_a_first_version_has_no_trail_nor_one_after_a_deletion() -> None:
    gone: Version = {"attrs": None, "since": {}}

    assert after("order", {"status": "open"}) == {}
    assert stamp_trails("order", says("order", status="open"), gone, 2, "v2", False, "ada") == {}


def test_what_an_earlier_release_did_not_know_did_not_change() -> None:
    before = {name: value for name, value in says("order").items() if name != "status"}

    assert stamp_trails("order", says("order", status="open"), {"attrs": before, "since": {}}, 2, "v", False, "a") == {}


def test_a_trail_goes_on_through_changes_of_other_things() -> None:
    assert len(trail_of(after("order", {"status": "draft"}, {"status": "open"}, {"status": "open"}), "status")) == 1


def test_only_the_last_changes_are_kept() -> None:
    told = [{"status": f"state {n}"} for n in range(KEPT + 3)]

    steps = trail_of(after("order", *told), "status")

    assert (KEPT, len(steps)) == (8, 8)
    assert (steps[0].was, steps[0].at) == (f"state {KEPT + 1}", KEPT + 3)


def test_a_change_that_a_snapshot_shows_is_marked() -> None:
    (step,) = trail_of(after("order", {"status": "draft"}, {"status": "open"}, snapshot=True), "status")

    assert step.snapshot


WORDS = {"Draft": "draft", "Open": "open", "Closed": "closed"}


def mapped(status: Any, **more: Any) -> ObjectMapping:
    return ObjectMapping(entity="order", id="id", customer="customer", attributes={"status": status, **more})


def words(field: str = "state", **otherwise: str) -> Vocabulary:
    return Vocabulary(field=field, map=WORDS | otherwise)


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        (mapped(words()), mapped(words()), True),
        (mapped(words()), mapped(words(), number="no"), True),
        (mapped(words()), mapped(words(New="draft")), True),
        (mapped(words()), mapped(words(Closed="cancelled")), True),  # no word of the trail
        (mapped(words()), mapped(words(Draft="open")), False),
        (mapped(words()), mapped(words("status")), False),
        (mapped(words()), mapped("state"), False),
        (mapped("state"), mapped(words()), False),
        (mapped("state"), mapped("state"), True),
        (mapped("state"), mapped("status"), False),
    ],
)
def test_a_trail_is_known_as_long_as_its_words_are_read_alike(
    before: ObjectMapping, after: ObjectMapping, kept: bool
) -> None:
    told = says("order", status="open")
    trail = {"trail:status": "2/ada//draft/v2"}

    assert read_again("order", told, {"attrs": told, "since": trail}, before, after) == (trail if kept else {})


def test_nor_is_it_known_of_what_reads_as_another_value() -> None:
    same, trail = mapped(words()), {"trail:status": "2/ada//draft/v2"}

    assert (
        read_again("order", says("order", status="open"), {"attrs": {"status": "draft"}, "since": trail}, same, same)
        == {}
    )
    assert read_again("order", says("order"), {"attrs": {"status": None}, "since": {}}, same, same) == {}


def test_of_several_attributes_the_one_that_changed_most_counts() -> None:
    stamped = {"name": "1", "trail:name": "1 2", "trail:email": "1 2 3", "trail:status": "1 2 3 4"}

    assert most_changes(stamped, ("name", "email")) == 3
    assert most_changes(stamped, ("name", "country")) == 2
    assert most_changes({"name": "1 2 3"}, ("name",)) == most_changes({}, ("name",)) == 0


def test_followed_are_states_and_the_texts_that_a_customer_is_known_by() -> None:
    assert {entity: set(of) for entity, of in STATES.items() if of != ("status",)} == {
        "opportunity": {"stage"},
        "invoice": {"status", "payment_status"},
    }
    assert all(set(of) <= {a.name for a in ENTITIES[entity].attributes} for entity, of in STATES.items())
    assert {"name", "email", "tax_id", "country", "currency"} <= set(STATED["customer"])
    assert not {"status", "crm_ref", "erp_ref", "billing_ref", "delinquent"} & set(STATED["customer"])
