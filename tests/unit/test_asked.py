"""What drifts ask for: which commands an executor still performs."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import topics
from streams.asked import Asked
from streams.fleet.corrections import WITHHELD
from tests.look import drift
from tests.topology import Company
from tests.unit.test_frozen_customers import KIND, governed, in_conflict, part

COMMAND = {"command_id": "c", "drift_id": "d", "kind": KIND, "target_system": "erp"}


def asking(**fields: Any) -> dict[str, Any]:
    return drift("d", mode="execute", command_id="c", **fields)


def conflict(**fields: Any) -> dict[str, Any]:
    return drift("x", kind="identity_conflict", **fields)


def told(*drifts: tuple[int, dict[str, Any]]) -> Asked:
    asked = Asked()
    for partition, one in drifts:
        asked.take(partition, one["drift_id"], one)
    return asked


def test_what_an_open_drift_asks_for_is_performed() -> None:
    assert told((0, asking())).refusal(COMMAND) == ""


def test_nobody_asks_for_what_no_drift_tells_of() -> None:
    assert told().refusal(COMMAND) == "drift_unknown"


def test_nothing_is_asked_for_once_the_drift_has_ended() -> None:
    assert told((0, asking()), (0, asking(status="closed"))).refusal(COMMAND) == "drift_ended"


def test_another_command_of_the_drift_takes_the_place_of_the_first() -> None:
    assert told((0, asking()), (0, asking() | {"command_id": "c2"})).refusal(COMMAND) == "superseded"


def test_what_is_only_proposed_by_now_is_not_performed() -> None:
    proposed = {**asking(), "mode": "propose"}

    assert told((0, asking()), (0, proposed)).refusal(COMMAND) == "only_proposed"
    assert told((0, asking()), (0, {**proposed, "restraint": "breaker"})).refusal(COMMAND) == "breaker"


def test_a_recalled_command_is_refused_by_what_recalled_it() -> None:
    recalled = asking() | {"command_id": None, "restraint": "identity_conflict"}

    assert told((0, asking()), (0, recalled)).refusal(COMMAND) == "identity_conflict"


@pytest.mark.parametrize("status", ["open", "baseline"])
def test_a_customer_in_conflict_is_served_by_no_command(status: str) -> None:
    assert told((0, asking()), (0, conflict(status=status))).refusal(COMMAND) == "identity_conflict"
    assert told((0, asking()), (0, conflict(canonical_id="crm:Z"))).refusal(COMMAND) == ""


def test_the_end_of_the_conflict_frees_it() -> None:
    assert told((0, asking()), (0, conflict()), (0, conflict(status="closed"))).refusal(COMMAND) == ""


def test_a_drift_that_moved_is_asked_of_its_new_customer() -> None:
    there = asking(canonical_id="crm:Z")
    moved = told((0, asking()), (0, asking(status="closed")), (1, there))

    assert moved.refusal(COMMAND) == ""
    moved.take(1, "x", conflict(canonical_id="crm:Z"))
    assert moved.refusal(COMMAND) == "identity_conflict"


@pytest.mark.parametrize(
    ("kind", "stopped"),
    [
        ("correction_breaker", "system/erp"),
        ("correction_breaker", f"kind/{KIND}"),
        ("mass_drift", KIND),
    ],
)
def test_an_open_breaker_and_a_mass_drift_halt_it(kind: str, stopped: str) -> None:
    stop = drift("x", kind=kind, mode="propose", canonical_id="system:driftwise", native_id=stopped)

    assert told((0, asking()), (1, stop)).refusal(COMMAND) == "halted"
    assert told((0, asking()), (1, stop), (1, {**stop, "status": "closed"})).refusal(COMMAND) == ""
    assert told((0, asking()), (1, {**stop, "mode": "alert"})).refusal(COMMAND) == ""
    assert told((0, asking()), (1, {**stop, "native_id": "system/crm"})).refusal(COMMAND) == ""


def test_a_tombstone_forgets_the_drift() -> None:
    asked = told((0, asking()), (0, asking(status="closed")))
    asked.take(0, "d", None)

    assert asked.refusal(COMMAND) == "drift_unknown"


# -- as judge tells it


def asked_of(company: Company) -> Asked:
    asked = Asked()
    for written in company.driver.written[topics.DRIFTS]:
        asked.take(written.partition, written.key, written.value)
    return asked


def commands(company: Company) -> list[dict[str, Any]]:
    return [c for c in company.commands() if c["kind"] == KIND]


def test_a_command_is_withheld_while_a_conflict_stands_that_came_after_it() -> None:
    company = in_conflict(Company(governed()), since=20)
    company.heard(15)
    (command,) = commands(company)
    assert asked_of(company).refusal(command) == ""

    company.heard(30)
    assert asked_of(company).refusal(command) == "identity_conflict"

    part(company, 40).heard(60)
    assert asked_of(company).refusal(commands(company)[-1]) == ""


def test_of_a_withheld_command_no_effect_is_awaited() -> None:
    company = in_conflict(Company(governed()), since=50)
    company.heard(30)
    (command,) = commands(company)
    named = {name: command[name] for name in ("command_id", "drift_id", "type", "target_system")}
    result = {**named, "status": WITHHELD, "reason": "identity_conflict", "attempt": 0, "finished_at": 31_000_000}
    company.driver.pipe(topics.PROGRESS, command["drift_id"], "CommandResult", result, partition=0)
    company.driver.run()

    (entry,) = [value for key, value in company.driver.state("fleet", 0).items() if key.startswith("k/")]
    assert entry["result"] is None
