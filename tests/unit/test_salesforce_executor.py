"""Writing a cross-reference into the simulated CRM: once, never over a foreign value, never blindly again."""

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.outcome import Outcome
from connectors.salesforce.executor import write_external_ref
from connectors.salesforce.simulator import DRIFTWISE_USER_ID, SALES_USER_ID
from tests.unit.salesforce_org import Org, simulated_org

FIELD = "ERP_Customer_Id__c"


@pytest.fixture
def org() -> Iterator[Org]:
    with simulated_org() as running:
        running.client.server_now()
        yield running


def account(org: Org, current: str | None = None) -> str:
    return org.simulator.store.create("Account", {"Name": "Acme", FIELD: current}, SALES_USER_ID)


def write(org: Org, account_id: str, value: str = "C-1", expected_current: str | None = None) -> Outcome:
    return write_external_ref(org.client, account_id, FIELD, value, expected_current, sleep=org.pauses.append)


def stored(org: Org, account_id: str) -> tuple[Any, Any]:
    row = org.simulator.store.get("Account", account_id)
    return row[FIELD], row["LastModifiedById"]


@pytest.mark.parametrize("current", [None, "C-0"])
def test_an_expected_value_is_replaced(org: Org, current: str | None) -> None:
    account_id = account(org, current)

    assert write(org, account_id, expected_current=current) == Outcome("applied", "written", account_id)
    assert stored(org, account_id) == ("C-1", DRIFTWISE_USER_ID)


def test_a_value_that_is_right_already_is_left_alone(org: Org) -> None:
    account_id = account(org, "C-1")

    assert write(org, account_id).status == "noop_already_right"
    assert stored(org, account_id) == ("C-1", SALES_USER_ID)


def test_a_value_that_somebody_changed_meanwhile_is_left_alone(org: Org) -> None:
    account_id = account(org, "C-9")

    assert write(org, account_id).status == "fenced"
    assert stored(org, account_id) == ("C-9", SALES_USER_ID)


def test_an_account_that_is_gone_is_rejected(org: Org) -> None:
    account_id = account(org)
    org.simulator.store.delete("Account", account_id, SALES_USER_ID)

    assert write(org, account_id).status == "rejected"


def test_a_value_that_the_org_does_not_take_is_rejected_with_its_word(org: Org) -> None:
    outcome = write(org, account(org), value="C" * 300)

    assert (outcome.status, outcome.reason) == ("rejected", "STRING_TOO_LONG")


def test_a_field_that_the_org_does_not_have_is_rejected(org: Org) -> None:
    outcome = write_external_ref(org.client, account(org), "Nonsense__c", "C-1", None)

    assert (outcome.status, outcome.reason) == ("rejected", "no_such_field")


def test_a_locked_row_is_tried_again(org: Org) -> None:
    account_id = account(org)
    org.simulator.faults.lock_errors = 2

    assert write(org, account_id).status == "applied"
    assert org.pauses == [0.5, 1]


def test_a_row_that_stays_locked_fails_without_a_write(org: Org) -> None:
    account_id = account(org)
    org.simulator.faults.lock_errors = 100

    assert write(org, account_id).status == "failed"
    assert stored(org, account_id) == (None, SALES_USER_ID)


def test_a_write_whose_answer_was_lost_is_found_done_and_not_repeated(org: Org) -> None:
    account_id = account(org)
    org.simulator.faults.lost_responses = 1
    calls_before = org.simulator.org.allowance.used()

    outcome = write(org, account_id)

    assert (outcome.status, outcome.reason) == ("applied", "found_after_lost_answer")
    assert org.simulator.org.allowance.used() - calls_before == 3  # look, write, look


def test_a_timed_out_write_is_looked_at_before_anything_else() -> None:
    with simulated_org(timeout_seconds=0.3) as org:
        account_id = account(org)
        org.client.server_now()

        def wake(_seconds: float) -> None:
            org.simulator.faults.slow_seconds = 0

        slow = org.client.update

        def slowly(object_name: str, record_id: str, fields: dict[str, Any]) -> None:
            org.simulator.faults.slow_seconds = 1
            slow(object_name, record_id, fields)

        org.client.update = slowly  # type: ignore[method-assign]
        outcome = write_external_ref(org.client, account_id, FIELD, "C-1", None, sleep=wake)

        assert (outcome.status, outcome.reason) == ("applied", "found_after_lost_answer")


def test_a_foreign_value_found_after_a_lost_answer_is_not_overwritten(org: Org) -> None:
    account_id = account(org)
    org.simulator.faults.lost_responses = 1

    def meddle(_seconds: float) -> None:
        org.simulator.store.update("Account", account_id, {FIELD: "C-7"}, SALES_USER_ID)

    outcome = write_external_ref(org.client, account_id, FIELD, "C-1", None, sleep=meddle)

    assert outcome.status == "fenced"
    assert stored(org, account_id) == ("C-7", SALES_USER_ID)


def test_an_outage_fails_and_says_that_nothing_was_written(org: Org) -> None:
    account_id = account(org)
    org.simulator.faults.outage = True

    outcome = write(org, account_id)

    assert (outcome.status, outcome.reason) == ("failed", "unreachable")
