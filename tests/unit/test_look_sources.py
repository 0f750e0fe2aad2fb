"""Sources and check: who holds verdicts back, what waits, and who may say that all is well."""

from __future__ import annotations

from decimal import Decimal

import pytest

from schemas import topics
from schemas.instants import SECOND
from streams.look.health import CANNOT_TELL, CLEAN, DRIFT, verdict
from streams.look.progress import Progress, read_progress
from streams.look.sources import Source, sources, waiting
from tests.look import DriverCluster, drift, micros
from tests.topology import Company


def progress(company: Company, reported_at: float) -> Progress:
    found = Progress()
    for written in company.driver.written[topics.PROGRESS]:
        if written.record == "Watermarks" and written.value:
            found.add(written.value, micros(reported_at))
    return found


def listed(company: Company, now: float, reported_at: float | None = None) -> list[Source]:
    waits = [
        wait
        for partition in range(company.governance.partitions)
        for wait in waiting(company.driver.state("judge", partition), company.governance, micros(now))
    ]
    found = progress(company, now if reported_at is None else reported_at)
    return sources(found, company.governance, waits, micros(now))


def of(found: list[Source], name: str) -> Source:
    (source,) = [s for s in found if s.source == name]
    return source


def lagging() -> Company:
    """Two won deals, due at 11; the ERP has been heard only up to 5."""
    company = Company()
    company.row("crm", "Account", "A", 1)
    company.row("crm", "Opportunity", "O", 1, "A", StageName="Closed Won")
    company.row("crm", "Opportunity", "P", 1, "A", StageName="Closed Won", Amount="0.50")
    company.heard(5)
    company.heard(30, "crm", "billing")
    return company


def test_a_source_that_holds_verdicts_back_comes_first_with_their_number_and_money() -> None:
    worst = listed(lagging(), 31)[0]

    assert (worst.source, worst.obligations, worst.amounts) == ("erp/*", 2, {"EUR": Decimal("1200.50")})
    assert worst.watermark == micros(5)


def test_a_verdict_that_is_not_due_waits_for_nobody() -> None:
    assert [s.obligations for s in listed(lagging(), 10)] == [0] * len(listed(lagging(), 10))


def test_a_settled_obligation_waits_for_nobody() -> None:
    company = lagging()
    company.heard(30)

    assert sum(s.obligations for s in listed(company, 31)) == 0


def test_what_a_hole_holds_does_not_count_against_a_source() -> None:
    company = Company()
    company.row("crm", "Account", "A", 1, Billing_Account_Id__c="B", ERP_Customer_Id__c="E")
    company.row("billing", "account", "B", 1)
    company.row("erp", "customer", "E", 1)
    company.row("billing", "invoice", "I", 2, "B", status="Posted")
    company.row("erp", "ledger_posting", "P", 3, "E", status="Odd")
    company.heard(30)

    assert sum(s.obligations for s in listed(company, 31)) == 0


def test_a_silent_source_is_told_from_one_that_lags() -> None:
    silent = of(listed(lagging(), 31, reported_at=6), "erp/*")
    behind = of(listed(lagging(), 31, reported_at=31), "erp/*")

    assert silent.why.startswith("no report")
    assert behind.why.startswith("it reports, but lags")


def test_a_source_heard_within_its_limit_is_not_stale() -> None:
    crm = of(listed(lagging(), 31), "crm/*")

    assert (crm.stale, crm.phase) == (False, "streaming")


def test_a_source_of_which_one_partition_is_missing_was_never_heard() -> None:
    company = lagging()
    found = progress(company, 31)
    found.marks = {**found.marks, "erp/*": {p: m for p, m in found.marks["erp/*"].items() if p != "2"}}

    erp = of(sources(found, company.governance, [], micros(31)), "erp/*")

    assert (erp.phase, erp.watermark, erp.stale) == ("never", None, True)


@pytest.mark.parametrize("phase", ["snapshot", "gap"])
def test_a_withdrawn_watermark_is_a_gap_whatever_ends_it(phase: str) -> None:
    """A snapshot of what was heard before ends one: what happened in between was not seen."""
    company = lagging()
    company.heard(0, "erp", phase=phase, epoch=1)

    erp = of(listed(company, 31), "erp/*")

    assert (erp.phase, erp.watermark, erp.stale) == ("gap", None, True)


def test_a_source_that_is_read_for_the_first_time_is_in_its_snapshot() -> None:
    company = Company()
    company.heard(0, "erp", phase="snapshot")

    erp = of(listed(company, 31), "erp/*")

    assert (erp.phase, erp.watermark, erp.stale) == ("snapshot", None, True)


def test_a_system_without_any_report_is_listed() -> None:
    company = Company()
    company.heard(30, "crm")

    assert of(listed(company, 31), "erp/*").phase == "never"


def test_check_is_clean_only_if_nothing_is_open_and_all_are_heard() -> None:
    company = Company()
    company.heard(30)

    found = verdict(
        [drift("1", status="closed"), drift("2", status="baseline")],
        progress(company, 30),
        company.governance,
        micros(31),
    )

    assert found.code == CLEAN


def test_check_cannot_tell_while_a_source_is_stale() -> None:
    company = lagging()

    found = verdict([], progress(company, 31), company.governance, micros(31))

    assert found.code == CANNOT_TELL
    assert "erp has been heard only up to 1970-01-01T00:00:05.000Z, 26 s ago" in found.why


def test_check_cannot_tell_before_every_source_was_heard() -> None:
    company = Company()
    company.heard(30, "crm", "billing")

    found = verdict([], progress(company, 30), company.governance, micros(31))

    assert (found.code, "erp has not been heard in full" in found.why) == (CANNOT_TELL, True)


def test_an_open_drift_is_certain_even_if_a_source_is_stale() -> None:
    company = lagging()

    assert verdict([drift("1")], progress(company, 31), company.governance, micros(31)).code == DRIFT


def test_a_source_that_is_still_called_stale_is_no_clean_bill() -> None:
    company = Company()
    company.heard(30)
    stale = drift("1", kind="source_stale", native_id="erp")

    found = verdict([stale], progress(company, 30), company.governance, micros(31))

    assert (found.code, "erp was stale" in found.why) == (CANNOT_TELL, True)


def test_recent_progress_is_enough_where_it_tells_of_every_source() -> None:
    company = Company()
    company.heard(30)
    cluster = DriverCluster(company.driver, produced_at=micros(30))

    found = read_progress(cluster, company.governance, micros(31))

    assert found.complete_until(company.governance, "erp") == micros(30)
    assert len(cluster.asked) == 1


def test_where_recent_progress_is_silent_all_of_it_is_read() -> None:
    company = Company()
    company.heard(30)
    cluster = DriverCluster(company.driver, produced_at=micros(30))

    found = read_progress(cluster, company.governance, micros(1_000))

    assert found.complete_until(company.governance, "erp") == micros(30)
    assert [since for _, since in cluster.asked] == [micros(1_000) - 70 * SECOND, None]
