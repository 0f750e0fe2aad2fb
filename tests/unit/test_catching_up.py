"""A shard that catches up folds much input before it settles: verdicts still see the records as they were."""

from __future__ import annotations

from schemas import topics
from tests.topology import Company

BEFORE_JUDGE = "identify", "crosswalk"


def run_up_to_judge(company: Company) -> list[tuple[str, int]]:
    """All input has come to judge; returns where it waits."""
    driver = company.driver
    while waiting := [p for p, queue in driver.queues.items() if queue and driver.stage_of(p[0]) in BEFORE_JUDGE]:
        for place in waiting:
            driver.run_one(place)
    return [place for place, queue in driver.queues.items() if queue and place[0] == topics.CHANGES]


def catch_up(company: Company) -> None:
    """Judge reads all that waits for it, and only then gives its verdicts."""
    for place in run_up_to_judge(company):
        while company.driver.queues[place]:
            company.driver.fold(place)
        while company.driver.commit("judge", place[1]):
            pass
    company.driver.run()


def test_a_command_holds_what_its_source_said_when_the_deadline_passed() -> None:
    company = Company()
    company.row("crm", "Account", "A", 1, Name="Then", run=False)
    company.row("crm", "Opportunity", "O", 1, "A", StageName="Closed Won", run=False)
    company.heard(2, run=False)
    company.row("crm", "Account", "A", 20, Name="Later", run=False)
    company.heard(30, run=False)
    run_up_to_judge(company)
    company.row("crm", "Account", "A", 31, Name="Now", run=False)
    catch_up(company)

    (command,) = company.commands()
    assert command["desired"]["name"] == "Then"
