"""One customer's process, kept by contributions: counts, stage, members, open drifts, conditions."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from schemas import topics
from schemas.source import ALL_OBJECTS
from streams.fleet.mass import CUSTOMERS
from streams.governance.model import Governance
from streams.judge.gates import needed_at_all
from streams.judge.keys import MARKS, process_key
from streams.judge.process import IDENTITY, PROCESS, contribute, count, publish_process, set_condition
from streams.kinds.table import BY_NAME
from tables.view import MemoryView, Workspace
from tables.watermarks import LINKS, heard, name
from tests.dossiers.model import Change
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import CUSTOMER, record, version_of

KIND = BY_NAME["invoice_not_posted"]


def governed() -> Governance:
    return five_systems().model_copy(update={"judged": (KIND.name,)})


class Process:
    def __init__(self) -> None:
        self.ws = Workspace(MemoryView())
        self._last: dict[tuple[str, str, str], Any] = {}

    def take(self, change: Change, **more: Any) -> Process:
        place = (change.entity, change.system, change.native_id)
        version = version_of(change) | more
        contribute(self.ws, governed(), CUSTOMER, place, self._last.get(place), version)
        self._last[place] = version
        return self

    def kept(self) -> dict[str, Any]:
        return self.ws.get(process_key(CUSTOMER)) or {}

    def published(self) -> dict[str, Any] | None:
        publish_process(self.ws, governed(), CUSTOMER)
        effect = self.ws.effects[-1]
        assert (effect.topic, effect.key, effect.record, effect.partition_key) == (
            topics.CORRECTED_STATE, f"{CUSTOMER}/process/{CUSTOMER}", "ProcessState", CUSTOMER,
        )  # fmt: skip
        return effect.value

    def condition(self, name: str = KIND.condition) -> Any:
        return next((c for c in (self.published() or {})["conditions"] if c["type"] == name), None)


GONE = {"op": "delete", "attrs": None}
DEAL = record("crm", "opportunity", "O", stage="won")
COUNTED = {
    # what: (record, the fact that it counts for)
    "a won deal": (DEAL, "deals_won"),
    "an open deal": (record("crm", "opportunity", "O", stage="open"), None),
    "an ERP customer": (record("erp", "customer", "E", status="active"), "erp_customers"),
    "an ERP customer that left": (record("erp", "customer", "E", status="churned"), "erp_customers"),
    "a billing account that left": (record("billing", "customer", "B", status="churned"), None),
    "an account that left": (record("crm", "customer", "A", status="churned"), "churned"),
    "an account": (record("crm", "customer", "A", status="active"), None),
    "a subscription": (record("billing", "subscription", "S", status="active"), "subscriptions_active"),
    "one that is drafted": (record("billing", "subscription", "S", status="draft"), "subscriptions_pending"),
    "one that waits": (record("billing", "subscription", "S", status="pending_activation"), "subscriptions_pending"),
    "one that ended": (record("billing", "subscription", "S", status="cancelled"), None),
    "a draft of another sort": (record("billing", "invoice", "I", status="draft"), None),
    "an ERP order": (record("erp", "order", "R", status="open"), None),
    "a contract": (record("erp", "contract", "C", status="active"), None),
    "a schedule": (record("erp", "revenue_schedule", "R", status="active"), None),
}


@pytest.mark.parametrize("what", COUNTED)
def test_a_record_counts_for_what_it_says_until_it_is_gone(what: str) -> None:
    change, fact = COUNTED[what]
    process = Process().take(change)

    assert process.kept()["facts"] == ({fact: 1} if fact else {})
    assert process.take(change, **GONE).kept()["facts"] == {}


def test_what_a_record_said_before_counts_no_more() -> None:
    process = Process().take(DEAL).take(DEAL._replace(native_id="Q"))
    assert process.kept()["facts"] == {"deals_won": 2}

    process.take(record("crm", "opportunity", "O", stage="open"))

    assert process.kept()["facts"] == {"deals_won": 1}


def test_customer_records_are_members_while_they_are_there() -> None:
    account, erp = record("crm", "customer", "A"), record("erp", "customer", "E")
    process = Process().take(erp).take(account).take(DEAL)

    assert process.kept()["members"] == ["crm:A", "erp:E"]
    assert process.take(erp, **GONE).kept()["members"] == ["crm:A"]


def test_a_customer_is_counted_once_and_what_changes_nothing_is_not_kept_again() -> None:
    process = Process().take(record("erp", "order", "R"))
    assert process.ws.get(CUSTOMERS) == {"count": 1}
    assert (process.kept()["revision"], process.ws.refreshed) == (1, [(PROCESS, CUSTOMER)])

    process.take(record("erp", "order", "R2"))
    assert process.kept()["revision"] == 1
    process.take(DEAL)

    assert process.ws.get(CUSTOMERS) == {"count": 1}
    assert (process.kept()["revision"], len(process.ws.refreshed)) == (2, 2)


STAGES = [
    ((), "prospect"),
    (("a won deal",), "won"),
    (("a won deal", "an ERP customer"), "provisioned"),
    (("a won deal", "an ERP customer", "a subscription"), "active"),
    (("a won deal", "an ERP customer", "a subscription", "an account that left"), "churned"),
]


@pytest.mark.parametrize(("records", "stage"), STAGES)
def test_the_stage_is_the_furthest_that_something_counts_for(records: tuple[str, ...], stage: str) -> None:
    process = Process().take(record("billing", "customer", "B"))
    for what in records:
        process.take(COUNTED[what][0])

    value = process.published()
    assert value is not None
    assert (value["stage"], value["canonical_id"], value["revision"]) == (stage, CUSTOMER, process.kept()["revision"])


@pytest.mark.parametrize("left", ["member", "fact", "drift"])
def test_a_process_is_told_as_long_as_anything_is_left_of_it(left: str) -> None:
    process = Process()
    if left == "member":
        process.take(record("billing", "customer", "B"))
    elif left == "fact":
        process.take(DEAL)
    else:
        count(process.ws, CUSTOMER, KIND, +1, 5)

    assert process.published() is not None


def test_then_it_is_taken_away() -> None:
    assert Process().published() is None
    assert Process().take(DEAL).take(DEAL, **GONE).published() is None


def test_a_process_says_how_far_every_source_was_heard_that_a_verdict_waits_for() -> None:
    process = Process().take(DEAL)
    assert (process.published() or {})["complete_until"] is None

    waited_for = {system: 9 for system, _ in needed_at_all(governed())} | {"billing": 7}
    for system, until in waited_for.items():
        for of, partition in product((ALL_OBJECTS, LINKS), range(governed().partitions)):
            marks = process.ws.get(MARKS) or {}
            process.ws.put(MARKS, heard(marks, name(system, of), partition, 0, "streaming", until))

    assert (process.published() or {})["complete_until"] == 7


def test_a_condition_says_since_when_nothing_or_something_of_its_kind_is_open() -> None:
    process = Process().take(DEAL)
    unknown = {"type": KIND.condition, "status": "Unknown", "reason": "NothingSettledYet", "last_transition_at": None}
    assert process.condition() == unknown

    newly = [count(process.ws, CUSTOMER, KIND, +1, 5), count(process.ws, CUSTOMER, KIND, +1, 7)]
    violated = {"type": KIND.condition, "status": "False", "reason": "InvoiceNotPosted", "last_transition_at": 5}
    assert (newly, process.kept()["open"], process.condition()) == ([True, False], {KIND.name: 2}, violated)

    newly = [count(process.ws, CUSTOMER, KIND, -1, 8), count(process.ws, CUSTOMER, KIND, -1, 9)]
    in_order = {"type": KIND.condition, "status": "True", "reason": "AsExpected", "last_transition_at": 9}
    assert (newly, process.kept()["open"], process.condition()) == ([False, False], {}, in_order)


def test_who_a_customer_is_is_told_once_it_was_in_doubt() -> None:
    process = Process().take(DEAL)
    assert process.condition(IDENTITY) is None

    for at, status in ((5, "False"), (6, "False"), (7, "True")):
        set_condition(process.ws, CUSTOMER, IDENTITY, status, f"since {at}", at)

    told = {"type": "IdentityCertain", "status": "True", "reason": "since 7", "last_transition_at": 7}
    assert process.condition(IDENTITY) == told
    assert process.kept()["facts"] == {"deals_won": 1}
    assert process.kept()["revision"] == 3


def test_a_customer_of_whom_only_that_is_known_counts_too() -> None:
    process = Process()

    set_condition(process.ws, CUSTOMER, IDENTITY, "False", "TwoAccounts", 5)
    set_condition(process.ws, CUSTOMER, IDENTITY, "True", "AsExpected", 6)

    assert process.ws.get(CUSTOMERS) == {"count": 1}
