"""What late evidence amended follows from the order in which judge was told of it, which its topic holds: so that is
verified as all else. What another order of the sources would have given does not follow, and is left out; as is what is
forgotten later where a record is missing, and hangs on where commits fall."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from schemas import topics
from schemas.instants import SECOND
from streams.verify.report import DIFFERENT, EQUAL
from tests.intervening import Stands, freeze, lack, turned
from tests.recorded import DriverRecording
from tests.topology import Company
from tests.unit.test_verify import Damage, any_of, compared, found, verified
from tests.unit.test_where_commits_fall import tell_of_an_invoice
from tests.wanderers import governed

LAW = "whole topology: lives of drifts and their commands"


def missed(retention: float) -> Company:
    """An invoice that was due in the books at 14, as far as is known at 20."""
    company = Company(governed(retention, "invoice_not_posted"))
    tell_of_an_invoice(company)
    company.driver.run()
    company.heard(20)
    return company


def posted_late(company: Company) -> None:
    company.row("erp", "ledger_posting", "P", 12, "E")
    company.heard(30)


def posted_in_a_gap(company: Company) -> None:
    company.heard(20, "erp", phase="gap", epoch=1)
    company.row("erp", "ledger_posting", "P", 12, "E")
    company.heard(30, epoch=1)


TOLD: dict[str, tuple[float, Callable[[Company], None], str]] = {
    # for how many seconds it amends, how it comes: how the drift ends
    "in time to amend": (60, posted_late, "retracted"),
    "too late to amend": (0, posted_late, "self_healed"),
    "while the source was lost": (60, posted_in_a_gap, "retracted"),
}


@pytest.mark.parametrize("told", TOLD)
def test_a_deployment_that_was_told_late_is_equal(told: str) -> None:
    retention, tell, how = TOLD[told]
    company = missed(retention)
    tell(company)
    (drift,) = company.drifts()

    report = verified(DriverRecording(company.driver), company)

    assert drift["how"] == how
    assert (report.code, report.differences) == (EQUAL, [])
    for what in ("judge: drifts", "judge: audit", "judge: obligations", "judge: lives of drifts"):
        assert compared(report, what) > 0, what
    assert compared(report, LAW) == 0
    assert any("another order of the sources" in note for note in report.notes)


DAMAGES: dict[str, tuple[str, Damage]] = {
    "a drift is gone": ("judge: drifts", lambda r: r.drop(topics.DRIFTS, any_of("Drift", status="closed"))),
    "a command is gone": ("judge: commands", lambda r: r.drop(topics.COMMANDS, any_of("Command"))),
    "what amended a result is gone": (
        "judge: audit",
        lambda r: r.drop(topics.AUDIT, any_of("ObligationSettled", result="retracted")),
    ),
    "an obligation was forgotten": ("judge: obligations", lambda r: r.alter_state("judge", "o/crm:A", lambda v: None)),
    "a process has no members": (
        "judge: process facts",
        lambda r: r.alter_state("judge", "p/crm:A", lambda v: v | {"members": []}),
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damage_of_what_late_evidence_amended_is_found(damage: str) -> None:
    company = missed(60)
    posted_late(company)
    recording = DriverRecording(company.driver)
    check, inflict = DAMAGES[damage]
    inflict(recording)

    report = verified(recording, company)

    assert (report.code, found(report)) == (DIFFERENT, {check})


def test_what_is_forgotten_once_no_record_is_missing_is_no_difference() -> None:
    """A halt and a conflict are over and forgotten; a replay comes to that when a record is missing that was not."""
    company = missed(5)
    halted: Stands = {}
    frozen: Stands = {}
    for at in (22, 24):
        turned(company.driver, halted, "invoice_not_posted", at * SECOND)
        freeze(company.driver, frozen, "A2", at * SECOND)
        company.heard(at)
    company.heard(60)
    lack(company.driver, {}, "crm:A2", "erp", "contract", 62 * SECOND)
    company.heard(90)

    report = verified(DriverRecording(company.driver), company)

    assert (report.code, report.differences) == (EQUAL, [])


def test_what_stops_corrections_and_stands_is_compared() -> None:
    company = missed(5)
    turned(company.driver, {}, "invoice_not_posted", 22 * SECOND)
    freeze(company.driver, {}, "A2", 22 * SECOND)
    company.heard(24)
    recording = DriverRecording(company.driver)
    recording.alter_state("judge", "b/", lambda v: None)
    recording.alter_state("judge", "f/", lambda v: None)

    assert found(verified(recording, company)) == {"judge: what stops corrections", "judge: frozen customers"}
