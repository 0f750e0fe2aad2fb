"""The truth about what is there twice: a company, a number, a month that is charged; and about what came too early."""

from datetime import UTC, date, datetime
from functools import cache

from schemas.instants import from_datetime, seconds
from streams.demo.beyond import SHARED_NUMBER, SUSPECTED_TWICE
from streams.demo.further import BEFORE_CUSTOMER, CHARGED_TWICE
from streams.demo.journal import History, histories
from streams.demo.scenario import Plan, plan
from streams.demo.stories import SLA_SECONDS, story_of
from streams.demo.truth import ExpectedDrift, expected_drifts
from tests.unit.ideal_companies import IdealCompanies

STARTED_AT = from_datetime(datetime(2026, 11, 24, 12, tzinfo=UTC))
LATER = STARTED_AT + seconds(3600)
KINDS = (SUSPECTED_TWICE, SHARED_NUMBER, CHARGED_TWICE, BEFORE_CUSTOMER)


@cache
def run() -> tuple[Plan, dict[int, History], list[ExpectedDrift]]:
    planned = plan(5, date(2026, 11, 24), story=story_of(",".join(KINDS)))
    journal = IdealCompanies(STARTED_AT).run(planned, SLA_SECONDS)
    slas = {kind: SLA_SECONDS[kind] for kind in KINDS}
    known = {history.customer: history for history in histories(journal)}
    return planned, known, expected_drifts(planned, journal, slas, LATER)


def of(kind: str) -> list[ExpectedDrift]:
    return [drift for drift in run()[2] if drift.kind == kind]


def history_of(drift: ExpectedDrift) -> History:
    assert drift.customer is not None
    return run()[1][drift.customer]


def ends(found: list[ExpectedDrift]) -> list[str]:
    return sorted(how for drift in found for how in drift.ended)


def test_each_fault_is_one_drift_and_no_near_miss_is_any() -> None:
    planned, _, found = run()

    assert sorted((drift.customer, drift.kind) for drift in found) == sorted(
        (customer, flaw.kind) for customer, flaw in planned.faults.items()
    )


def test_a_record_that_nobody_linked_is_suspected_beside_the_account_in_billing_until_it_is_closed() -> None:
    found = of(SUSPECTED_TWICE)

    assert {(d.system, d.owner_system, d.owner_team) for d in found} == {
        (system, system, "customer-master") for system in ("erp", "billing")
    }
    assert ends(found) == ["open"] * 3 + ["self_healed"] * 2
    for drift in found:
        account = history_of(drift).only("billing", "customer")
        assert account is not None
        assert drift.evidence == {(drift.system, "customer", drift.native_id): "", account.name: ""}
        assert (drift.amount, drift.currency) == (None, None)


def test_an_invoice_that_its_group_is_shown_later_is_the_duplicate_and_at_stake_until_it_is_voided_there() -> None:
    found = of(SHARED_NUMBER)

    assert ends(found) == ["open"] * 3 + ["self_healed"] * 2
    for drift in found:
        history = history_of(drift)
        own, billed = history.only("crm", "invoice"), history.only("billing", "invoice")
        assert own is not None
        assert billed is not None
        assert own.name in drift.evidence
        assert drift.native_id != own.native_id
        assert (drift.amount, drift.owner_team) == (billed.value("total_amount", LATER), "finance-systems")


def test_the_later_of_two_invoices_for_a_month_is_charged_twice_and_over_once_it_is_voided() -> None:
    found = of(CHARGED_TWICE)

    assert ends(found) == ["open"] * 3 + ["withdrawn"] * 2
    for drift in found:
        first, second = history_of(drift).records("billing", "invoice")
        assert (drift.native_id, drift.amount) == (second.native_id, second.value("total_amount", LATER))
        assert drift.evidence.keys() == {first.name, second.name}


def test_an_invoice_is_too_early_from_when_its_customer_is_set_up() -> None:
    found = of(BEFORE_CUSTOMER)

    assert {(d.system, d.entity) for d in found} == {("billing", "invoice"), ("erp", "ledger_posting")}
    assert ends(found) == ["open"] * 5
    for drift in found:
        customer = history_of(drift).only(drift.system, "customer")
        assert customer is not None
        assert drift.opened_at == customer.first_time(lambda values: values["status"] == "Active")
        assert customer.name in drift.evidence
