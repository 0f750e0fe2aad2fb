"""The keys of judge's state are those that earlier releases wrote, and in the order in which they are worked off."""

from __future__ import annotations

import pytest

from streams.judge import keys
from streams.judge.keys import ObligationKey
from streams.judge.retention import AWAITS
from streams.judge.rollout import GATE
from tables.deadlines import LAST

AS_WRITTEN = {
    keys.MARKS: "~marks",
    keys.REACHED: "~reached",
    keys.GOVERNANCE: "~governance",
    keys.RETENTION: "~retention",
    keys.TOMBSTONES: "~tombstones",
    keys.APPROVALS: "a/",
    keys.REJECTIONS: "n/",
    keys.WAITING_REJECTED: "y/",
    keys.ANY_REJECTED: "~rejected",
    keys.OBLIGATIONS: "o/",
    keys.LEAVING: "o/~retention/",
    ObligationKey("crm:A", "kind", "crm", "7/8").text(): "o/crm:A/kind/crm/7/8",
    keys.obligations_prefix("crm:A", "kind"): "o/crm:A/kind/",
    keys.rollout_key(50): "o/~governance/rollout/-/50",
    keys.leaving_key(50): "o/~retention/leave/-/00000000000000000050",
    keys.burying_key(50): "o/~tombstones/due/-/00000000000000000050",
    keys.tombstone_key(50, "d1"): "t/50/d1",
    keys.HOLES: "h/",
    keys.KEPT: "k/",
    keys.kept_key(50, "b/x"): "k/50/b/x",
    keys.document_key("v1"): "v/v1",
    keys.process_key("crm:A"): "p/crm:A",
    keys.holes_prefix("crm:A"): "h/crm:A/",
    keys.past_hole_key("crm:A", "erp/customer", 7, "L"): "l/crm:A/erp/customer/7/L",
    keys.freezes_prefix("crm:A"): "f/crm:A/",
    keys.approval_key("c1"): "a/c1",
    keys.rejections_key("d1"): "n/d1",
    keys.drift_key("d1"): "d/d1",
}


@pytest.mark.parametrize(("made", "written"), AS_WRITTEN.items())
def test_each_is_found_where_it_was_written(made: str, written: str) -> None:
    assert made == written


def test_gates_of_no_kind_are_named_as_a_store_remembers_them() -> None:
    assert (AWAITS, GATE, LAST) == (("~awaits", ""), ("~governance", ""), ("~last", ""))


@pytest.mark.parametrize(
    ("key", "is_obligation", "is_rollout", "comes_last", "is_leaving"),
    [
        ("o/crm:A/kind/crm/7", True, False, False, False),
        ("o/~canary/canary/crm/0/5", True, False, False, False),
        (keys.rollout_key(50), False, True, False, False),
        (keys.leaving_key(50), False, False, True, True),
        (keys.burying_key(50), False, False, True, False),
        ("p/crm:A", False, False, False, False),
    ],
)
def test_what_is_due_is_told_apart(
    key: str, is_obligation: bool, is_rollout: bool, comes_last: bool, is_leaving: bool
) -> None:
    told = (keys.is_obligation(key), keys.is_rollout(key), keys.comes_last(key), keys.is_leaving(key))

    assert told == (is_obligation, is_rollout, comes_last, is_leaving)


def test_an_id_may_have_slashes_and_what_comes_last_comes_in_order() -> None:
    key = ObligationKey("crm:A", "kind", "crm", "7/8")

    assert ObligationKey.parse(key.text()) == key
    assert keys.parse_kept(keys.kept_key(50, "b/x/d1")) == (50, "b/x/d1")
    assert keys.rollout_begin(keys.rollout_key(50)) == 50
    assert sorted(keys.leaving_key(at) for at in (100, 9)) == [keys.leaving_key(9), keys.leaving_key(100)]
    assert [keys.instant_of(each(9)) for each in (keys.leaving_key, keys.burying_key)] == [9, 9]
