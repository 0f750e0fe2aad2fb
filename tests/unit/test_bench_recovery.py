"""The workload of `bench recovery`: a past made in bulk, records of a known size, and the age of what waits."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from schemas import topics
from streams.bench.recovery import load as module
from streams.bench.recovery.load import Load
from streams.bench.recovery.preload import clones, templates
from streams.bench.recovery.restoring import OBLIGATION_EVERY, VALUE_BYTES, WAITING_EVERY, _entry
from streams.bench.step.log import Record, governance
from streams.bench.workload import PARTITIONS
from streams.judge.stage import Judge
from tables.state import decode

CUSTOMERS = 500


@pytest.fixture(scope="module")
def past() -> dict[str, list[tuple[int, str, dict[str, Any]]]]:
    """Customer -> (partition, key, value) of its entries."""
    found: dict[str, list[tuple[int, str, dict[str, Any]]]] = defaultdict(list)
    for partition, (key, data) in clones(CUSTOMERS):
        text = key.decode()
        found[text.split("/")[1]].append((partition, text, decode(data)))
    return found


@pytest.mark.law
def test_every_clone_is_a_customer_of_its_own_in_the_partition_of_its_id(past: Any) -> None:
    assert len(past) == CUSTOMERS
    for customer, entries in past.items():
        assert {partition for partition, *_ in entries} == {topics.partition_for(customer, PARTITIONS)}
    keys = [key for entries in past.values() for _, key, _ in entries]
    assert len(keys) == len(set(keys))


@pytest.mark.law
def test_a_clone_has_the_values_of_its_template_and_nothing_of_its_id(past: Any) -> None:
    (original, entries), *_ = templates(waiting=True)
    clone = past[f"crm:{0:018d}"]

    assert [(key, value) for _, key, value in clone] == [
        (key.replace(original, b"crm:%018d" % 0).decode(), decode(data.replace(original, b"crm:%018d" % 0)))
        for key, data in entries
    ]
    assert original.decode() not in str(clone)


@pytest.mark.law
def test_a_customer_has_its_master_records_what_they_demand_and_its_process(past: Any) -> None:
    first = {key[0] for entries in past.values() for _, key, _ in entries}

    assert set("eop") <= first
    assert 4 <= sum(map(len, past.values())) / CUSTOMERS <= 8


@pytest.mark.law
def test_a_few_of_the_customers_still_wait(past: Any) -> None:
    wake = Judge(governance()).wake
    waiting = {customer for customer, entries in past.items() for _, key, value in entries if wake(key, value)}

    assert 0 < len(waiting) <= CUSTOMERS / 20


def test_restored_values_have_the_promised_size_and_some_wait() -> None:
    entries = [_entry(number) for number in range(OBLIGATION_EVERY * WAITING_EVERY * 3)]
    wake = Judge(governance()).wake

    assert {len(data) for _, data in entries} == {VALUE_BYTES}
    assert len({key for key, _ in entries}) == len(entries)
    assert sum(wake(key.decode(), decode(data)) is not None for key, data in entries) == 3


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(module, "time", found)
    monkeypatch.setattr(module, "produce", lambda *record: None)
    return found


def written(clock: Clock, *partitions: int) -> Load:
    """A second between any two records."""
    load = Load("localhost:1", "changes", (Record(partition, b"", b"") for partition in partitions))
    load._producer = type("Silent", (), {"poll": lambda *_: 0, "flush": lambda *_: 0})()
    for _ in partitions:
        clock.now += 1
        load.burst(1)
    return load


def test_what_is_committed_has_no_age(clock: Clock) -> None:
    load = written(clock, 0, 0, 1)
    clock.now += 50

    assert load.age_seconds({0: 2, 1: 1}) == 0


def test_the_age_is_that_of_the_oldest_record_no_commit_covers(clock: Clock) -> None:
    load = written(clock, 0, 0, 1)  # at 101, 102, 103

    assert load.age_seconds({0: 1, 1: 0}) == 1
    assert load.age_seconds({0: 2, 1: 0}) == 0
    clock.now += 5
    assert load.age_seconds({1: 1}) == 7


def test_a_load_that_has_run_out_says_so(clock: Clock) -> None:
    load = written(clock, 0)
    assert not load.exhausted
    load.burst(1)
    assert load.exhausted


def test_a_load_takes_what_was_made_before_and_makes_only_the_rest(clock: Clock) -> None:
    made: list[int] = []
    load = Load("localhost:1", "changes", (made.append(number) or Record(number, b"", b"") for number in range(9)))
    load.prepare(4)
    written = [record.partition for record in load._take(1)]
    load.prepare(5)
    written += [record.partition for record in load._take(5)]

    assert written == made == list(range(6))
