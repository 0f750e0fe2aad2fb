"""While it is in conflict who a customer is (kind 48), no command about it is issued."""

from __future__ import annotations

import random
from collections import deque
from typing import Any

import pytest

from schemas.instants import SECOND
from schemas.topics import partition_for
from streams.governance import Governance
from streams.judge.process import IDENTITY
from streams.look.pages import command
from streams.look.why import explain
from streams.suspects.table import CONFLICT
from tests.topology import Company, governance, seconds_of
from tests.unit.test_identity_conflict import ALL_NAME_EACH_OTHER

KIND = "won_without_erp_customer"


def governed(**updates: Any) -> Governance:
    """Deals are due after 10 s, conflicts open at once."""
    base = governance()
    kinds = {**base.kinds, CONFLICT: base.kinds[CONFLICT].model_copy(update={"sla_seconds": 0})}
    systems = {name: s.model_copy(update={"links": ALL_NAME_EACH_OTHER[name]}) for name, s in base.systems.items()}
    judged = (KIND, "correction_ineffective", CONFLICT)
    return base.model_copy(update={"kinds": kinds, "systems": systems, "judged": judged, **updates})


@pytest.fixture
def company() -> Company:
    return Company(governed())


def in_conflict(company: Company, *, since: float = 5, run: bool = True) -> Company:
    """Two accounts name one billing account; the first has a won deal, due at 12 s, that the ERP does not know."""
    company.row("crm", "Account", "A1", 1, Billing_Account_Id__c="B", run=run)
    company.row("crm", "Account", "A2", since, Billing_Account_Id__c="B", run=run)
    company.row("crm", "Opportunity", "O", 2, "A1", StageName="Closed Won", run=run)
    return company


def part(company: Company, at: float, *, run: bool = True) -> Company:
    company.row("crm", "Account", "A2", at, Billing_Account_Id__c=None, run=run)
    return company


def asked(company: Company) -> list[str]:
    return [c["type"] for c in company.commands() if c["kind"] == KIND]


def drift_of(company: Company) -> dict[str, Any]:
    (drift,) = company.drifts(KIND)
    return drift


def test_a_drift_of_a_customer_in_conflict_opens_and_its_command_is_held(company: Company) -> None:
    in_conflict(company).heard(30)

    drift = drift_of(company)
    assert (drift["status"], drift["command_id"], drift["restraint"]) == ("open", None, "identity_conflict")
    assert command(drift) == "held: identity conflict"
    assert asked(company) == []


def test_the_end_of_the_conflict_issues_it(company: Company) -> None:
    in_conflict(company).heard(30)
    part(company, 40).heard(60)

    drift = drift_of(company)
    (issued,) = [c for c in company.commands() if c["kind"] == KIND]
    assert (drift["status"], drift["command_id"], drift["restraint"]) == ("open", issued["command_id"], "")
    assert (seconds_of(drift["opened_at"]), seconds_of(drift["released_at"])) == (12, 40)
    assert (issued["mode"], issued["canonical_id"]) == ("execute", "crm:A1")


def test_its_effect_is_awaited_from_then_on(company: Company) -> None:
    in_conflict(company).heard(30)
    asked_of = [w.value for w in company.driver.written["q2c.progress"] if w.record == "CorrectionAsked"]
    assert asked_of == []

    part(company, 40).heard(60)

    (told,) = [w.value for w in company.driver.written["q2c.progress"] if w.record == "CorrectionAsked" and w.value]
    assert told["drift_id"] == drift_of(company)["drift_id"]


def test_what_was_put_right_meanwhile_is_not_asked_for(company: Company) -> None:
    in_conflict(company).heard(30)
    company.row("erp", "customer", "E", 35, external_id="A1")
    part(company, 40).heard(60)

    assert (drift_of(company)["status"], drift_of(company)["how"]) == ("closed", "self_healed")
    assert asked(company) == []


def test_nor_while_it_is_only_held_open() -> None:
    base = governed()
    held = base.kinds[KIND].model_copy(update={"hold_down_seconds": 100})
    company = Company(base.model_copy(update={"kinds": {**base.kinds, KIND: held}}))
    in_conflict(company).heard(30)
    company.row("erp", "customer", "E", 35, external_id="A1")
    part(company, 40).heard(60)

    assert (drift_of(company)["status"], drift_of(company)["restraint"]) == ("open", "identity_conflict")
    assert asked(company) == []


def test_a_command_asks_for_what_is_right_when_it_is_issued(company: Company) -> None:
    in_conflict(company).heard(30)
    company.row("crm", "Account", "A1", 35, Billing_Account_Id__c="B", Name="Acme Holding")
    part(company, 40).heard(60)

    (issued,) = [c for c in company.commands() if c["kind"] == KIND]
    assert issued["desired"]["name"] == "Acme Holding"


def test_a_drift_that_opens_after_the_conflict_is_not_held(company: Company) -> None:
    part(in_conflict(company), 11.999).heard(30)

    assert (drift_of(company)["restraint"], drift_of(company)["released_at"]) == ("", None)
    assert asked(company) == ["erp.customer.upsert"]


def test_one_that_opens_before_it_was_commanded_already_and_is_recalled(company: Company) -> None:
    in_conflict(company, since=12.001).heard(30)

    drift = drift_of(company)
    assert asked(company) == ["erp.customer.upsert"]
    assert (drift["status"], drift["command_id"], command(drift)) == ("open", None, "held: identity conflict")
    assert (seconds_of(drift["opened_at"]), seconds_of(drift["recalled_at"])) == (12, 12.001)


def test_what_was_recalled_may_have_been_performed_so_the_fleet_hears_of_its_end(company: Company) -> None:
    in_conflict(company, since=12.001).heard(30)
    company.row("erp", "customer", "E", 35, external_id="A1")
    company.heard(60)

    told = [w.record for w in company.driver.written["q2c.progress"] if w.record in ("CorrectionAsked", "DriftEnded")]
    assert told == ["CorrectionAsked", "DriftEnded"]


def test_what_nothing_is_asked_for_about_is_not_recalled() -> None:
    base = governed()
    alert = base.kinds[KIND].model_copy(update={"mode": "alert"})
    company = Company(base.model_copy(update={"kinds": {**base.kinds, KIND: alert}}))
    in_conflict(company, since=20).heard(30)

    drift = drift_of(company)
    assert (drift["status"], drift["restraint"], drift["recalled_at"]) == ("open", "", None)


def test_what_was_recalled_is_asked_for_again_when_the_conflict_has_ended(company: Company) -> None:
    in_conflict(company, since=20).heard(30)
    part(company, 40).heard(60)

    drift, issued = drift_of(company), [c for c in company.commands() if c["kind"] == KIND]
    assert [c["command_id"] for c in issued] == [drift["command_id"]] * 2
    assert issued[1] == issued[0] | {"not_after": issued[0]["not_after"] + (40 - 12) * SECOND}
    assert [seconds_of(drift[name]) for name in ("opened_at", "recalled_at", "released_at")] == [12, 20, 40]


def test_what_was_put_right_before_the_conflict_is_not_recalled(company: Company) -> None:
    in_conflict(company, since=20)
    company.row("erp", "customer", "E", 15, external_id="A1")
    company.heard(30)

    assert (drift_of(company)["status"], drift_of(company)["recalled_at"]) == ("closed", None)


def test_a_conflict_whose_grace_runs_when_the_drift_opens_recalls_its_command_then() -> None:
    base = governed()
    kinds = {**base.kinds, CONFLICT: base.kinds[CONFLICT].model_copy(update={"sla_seconds": 10})}
    company = in_conflict(Company(base.model_copy(update={"kinds": kinds})), since=8)
    company.heard(30)

    assert seconds_of(drift_of(company)["recalled_at"]) == 18


def test_a_conflict_that_begins_at_the_instant_of_the_verdict_holds(company: Company) -> None:
    in_conflict(company, since=12).heard(30)

    assert drift_of(company)["restraint"] == "identity_conflict"


def test_other_customers_are_served(company: Company) -> None:
    in_conflict(company)
    company.row("crm", "Account", "Z", 1)
    company.row("crm", "Opportunity", "OZ", 2, "Z", StageName="Closed Won")
    company.heard(30)

    assert [(c["canonical_id"]) for c in company.commands() if c["kind"] == KIND] == ["crm:Z"]


def test_as_long_as_one_of_two_conflicts_stands_it_is_held(company: Company) -> None:
    in_conflict(company)
    company.row("crm", "Account", "A3", 6, Billing_Account_Id__c="B")
    company.heard(30)
    part(company, 40).heard(50)
    assert asked(company) == []

    company.row("crm", "Account", "A3", 60, Billing_Account_Id__c=None)
    company.heard(70)

    assert asked(company) == ["erp.customer.upsert"]
    assert seconds_of(drift_of(company)["released_at"]) == 60


def test_a_conflict_of_day_one_holds_too() -> None:
    """It is listed without a command of its own; who the customer is, is in doubt all the same."""
    company = Company(governed())
    company.row("crm", "Account", "A1", 1, Billing_Account_Id__c="B", snapshot=True)
    company.row("crm", "Account", "A2", 1, Billing_Account_Id__c="B", snapshot=True)
    company.row("crm", "Opportunity", "O", 2, "A1", StageName="Closed Won")
    company.heard(30)

    assert drift_of(company)["restraint"] == "identity_conflict"


def test_a_deployment_that_does_not_judge_conflicts_holds_nothing() -> None:
    company = Company(governed(judged=(KIND,)))
    in_conflict(company).heard(30)

    assert asked(company) == ["erp.customer.upsert"]


def test_why_says_so(company: Company) -> None:
    in_conflict(company).heard(30)
    view = company.driver.state("judge", partition_for("crm:A1", company.governance.partitions))

    (told,) = [e for e in explain(view, company.governance, "crm:A1", 30 * SECOND) if e.kind == KIND]
    assert (told.outcome, told.native_id) == ("open", "O")
    assert told.because.endswith("; its command is held: identity conflict")


def test_the_state_of_the_customer_says_so(company: Company) -> None:
    def condition() -> dict[str, Any]:
        (process,) = [
            v for v in company.driver.latest("q2c.corrected-state") if v["canonical_id"] == "crm:A1" and "stage" in v
        ]
        (found,) = [c for c in process["conditions"] if c["type"] == IDENTITY]
        return found

    in_conflict(company).heard(30)
    assert (condition()["status"], condition()["reason"]) == ("False", "IdentityConflict")

    part(company, 40).heard(60)
    assert (condition()["status"], seconds_of(condition()["last_transition_at"])) == ("True", 40)


@pytest.mark.law
@pytest.mark.parametrize("since", [5, 20])
@pytest.mark.parametrize("seed", range(12))
def test_any_interleaving_duplication_and_restart_issue_the_same_commands(seed: int, since: float) -> None:
    def played(rng: random.Random | None) -> Any:
        company = Company(governed())
        part(in_conflict(company, since=since, run=False), 40, run=False)
        company.row("crm", "Account", "A2", 70, Billing_Account_Id__c="B", run=False)
        company.row("crm", "Opportunity", "O2", 65, "A2", StageName="Closed Won", run=False)
        company.heard(100, run=False)
        if rng is None:
            company.driver.run()
        else:
            shuffle(company, rng)
        drifts = {d["drift_id"]: {**d, "watermarks": None} for d in company.drifts(KIND)}
        return drifts, {c["command_id"]: c["canonical_id"] for c in company.commands() if c["kind"] == KIND}

    assert played(random.Random(seed)) == played(None)


def shuffle(company: Company, rng: random.Random) -> None:
    """Sources interleaved in any way that keeps the order of each, some records twice, with crashes in between."""
    driver = company.driver
    waiting = {place: deque(queue) for place, queue in driver.queues.items() if queue}
    for place in waiting:
        driver.queues[place].clear()
    while any(waiting.values()) or any(driver.queues.values()):
        feeds = [("source", place) for place, queue in waiting.items() if queue]
        what, place = rng.choice(sorted(feeds + [("work", place) for place, queue in driver.queues.items() if queue]))
        if what == "work":
            driver.run_one(place)
        else:
            raw = waiting[place].popleft()
            for _ in range(1 + (rng.random() < 0.15)):
                driver.pipe_raw(raw.topic, raw.key, raw.value, raw.partition, raw.headers)
        if rng.random() < 0.1:
            driver.crash()


def test_what_is_released_goes_by_the_mode_governed_by_then(company: Company) -> None:
    in_conflict(company).heard(30)
    kinds = company.governance.kinds
    proposing = {**kinds, KIND: kinds[KIND].model_copy(update={"mode": "propose"})}
    company.driver.publish(company.governance.model_copy(update={"kinds": proposing}), 35_000_000)
    company.driver.run()
    part(company, 40).heard(60)

    (issued,) = [c for c in company.commands() if c["kind"] == KIND]
    assert (drift_of(company)["mode"], issued["mode"]) == ("propose", "propose")
