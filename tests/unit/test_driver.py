"""Facts about the test driver: what a caller may rely on when a topology is driven without a broker."""

from __future__ import annotations

import doctest

import pytest

from schemas import topics
from streams import driver as module
from streams.backtest.canonical import read
from streams.driver import Driver, Place
from tests.topology import Company, governance

CHANGE = "InvoiceChanged"


def one_waiting() -> tuple[Company, Place]:
    """An invoice that nobody has looked at yet, and where it waits."""
    company = Company()
    company.row("billing", "account", "B", 1)
    company.row("billing", "invoice", "I", 2, "B", status="Posted", run=False)
    (place,) = [place for place, queue in company.driver.queues.items() if queue]
    return company, place


def changes(driver: Driver) -> list[str]:
    return [written.record for written in driver.written[topics.CHANGES] if written.record == CHANGE]


def test_the_example_in_its_documentation_runs() -> None:
    failed, tried = doctest.testmod(module)

    assert (failed, tried > 10) == (0, True)


def test_nobody_sees_what_was_folded_before_it_is_committed() -> None:
    company, place = one_waiting()
    company.driver.fold(place)

    assert changes(company.driver) == []
    company.driver.commit("identify", place[1])
    assert changes(company.driver) == [CHANGE]


def test_a_crash_loses_what_was_not_committed_and_its_input_is_read_again() -> None:
    company, place = one_waiting()
    before = dict(company.driver.state("identify", place[1]).items())
    company.driver.fold(place)
    company.driver.crash()

    assert dict(company.driver.state("identify", place[1]).items()) == before
    assert len(company.driver.queues[place]) == 1
    company.driver.run()
    assert changes(company.driver) == [CHANGE]


def test_a_crash_of_one_shard_leaves_the_others_alone() -> None:
    company, place = one_waiting()
    company.driver.fold(place)
    company.driver.crash("judge")

    company.driver.commit("identify", place[1])
    assert changes(company.driver) == [CHANGE]


def run_up_to_judge(driver: Driver) -> None:
    while waiting := [p for p, queue in driver.queues.items() if queue and p[0] != topics.CHANGES]:
        driver.run_one(waiting[0])


def test_a_commit_works_off_a_slice_of_what_is_due_and_says_that_there_is_more() -> None:
    company = Company()
    company.row("billing", "account", "B", 1, crm_account_id=None)
    for number in ("I-1", "I-2", "I-3"):
        company.row("billing", "invoice", number, 2, "B", status="Posted", number=number)
    company.heard(20, run=False)
    driver, partition = company.driver, topics.partition_for("billing:B", company.governance.partitions)
    run_up_to_judge(driver)
    while driver.queues[topics.CHANGES, partition]:
        driver.fold((topics.CHANGES, partition))

    assert driver.commit("judge", partition, deadlines=1)
    assert len(company.open("invoice_not_posted")) < 3
    while driver.commit("judge", partition, deadlines=1):
        pass
    assert len(company.open("invoice_not_posted")) == 3


def test_a_restored_shard_reads_again_from_the_offsets_of_its_commit() -> None:
    company, place = one_waiting()
    saved = company.driver.saved("identify", place[1])
    company.driver.run()
    company.driver.restore(saved)

    assert [raw.offset for raw in company.driver.queues[place]] == [saved.positions[place[0]]]
    company.driver.run()
    assert changes(company.driver) == [CHANGE, CHANGE]


def test_a_driver_that_keeps_no_input_cannot_go_back_and_says_so() -> None:
    driver = Driver(governance(), dict.fromkeys(governance().systems, read), keep=False)

    with pytest.raises(ValueError, match="keep=True"):
        driver.restore(driver.saved("judge", 0))


def test_what_was_read_is_not_held_any_longer() -> None:
    company, _ = one_waiting()
    company.driver.run()

    assert CHANGE in [written.record for written in company.driver.read(topics.CHANGES)]
    assert company.driver.read(topics.CHANGES) == []


def test_a_tombstone_in_an_input_topic_means_nothing() -> None:
    company, place = one_waiting()
    company.driver.pipe_raw(place[0], b"B", None, place[1], {})
    company.driver.run()

    assert company.driver.written[topics.DEAD_LETTERS] == []
