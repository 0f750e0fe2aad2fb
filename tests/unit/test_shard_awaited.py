"""Facts about what somebody waits for: it is committed soon; bookkeeping goes along with a later commit."""

from __future__ import annotations

from schemas import topics
from schemas.instants import SECOND
from tests.topology import Company, hear


def folded(company: Company, topic: str, partition: int) -> bool:
    """Fold what waits in one partition, without a commit; is any of it awaited?"""
    stage = company.driver.stage_of(topic)
    while company.driver.queues[topic, partition]:
        company.driver.fold((topic, partition))
    return company.driver.shard(stage, partition).awaited()


def settled() -> Company:
    company = Company()
    company.row("crm", "Account", "A", 1)
    company.row("erp", "customer", "E", 1)
    company.heard(20)
    return company


def partition_of(company: Company, key: str) -> int:
    return topics.partition_for(key, company.governance.partitions)


def test_progress_that_identify_has_to_send_on_is_awaited() -> None:
    company = settled()
    hear(company.driver, "crm", 21 * SECOND)
    assert folded(company, "src.crm", 0)


def test_progress_heard_before_is_not() -> None:
    company = settled()
    hear(company.driver, "crm", 20 * SECOND)
    assert not folded(company, "src.crm", 0)


def test_a_change_is_awaited_by_the_corrected_state() -> None:
    company = settled()
    company.row("crm", "Account", "A", 21, Name="Other", run=False)
    source = partition_of(company, "A")
    while company.driver.queues["src.crm", source]:
        company.driver.run_one(("src.crm", source))
    (waiting,) = [p for (topic, p), queue in company.driver.queues.items() if topic == topics.CHANGES and queue]
    assert folded(company, topics.CHANGES, waiting)


def test_a_watermark_that_releases_no_verdict_is_bookkeeping() -> None:
    company = settled()
    hear(company.driver, "crm", 21 * SECOND)
    company.driver.run_one(("src.crm", 0))  # one upstream partition of four: no minimum has moved
    for partition in range(company.governance.partitions):
        assert not folded(company, topics.CHANGES, partition)


def test_the_watermark_that_releases_a_verdict_is_awaited() -> None:
    company = Company()
    company.row("crm", "Account", "A", 1)
    company.row("crm", "Opportunity", "O", 2, "A", StageName="Closed Won")
    company.heard(5)
    released = []
    for system in company.governance.systems:
        hear(company.driver, system, 30 * SECOND)
    while any(company.driver.queues.values()):
        for place in [place for place, queue in company.driver.queues.items() if queue]:
            if place[0] == topics.CHANGES:
                released.append(folded(company, *place))
                company.driver.commit(company.driver.stage_of(place[0]), place[1])
            else:
                company.driver.run_one(place)
    assert any(released)
    assert company.open("won_without_erp_customer")
