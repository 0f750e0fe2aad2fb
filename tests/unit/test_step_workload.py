"""The workload of the full step: the same for a seed, readable, in order, and with drifts that the step finds."""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import islice

import pytest

from schemas import topics
from streams.bench.step.inprocess import Loop, by_partition
from streams.bench.step.log import Record, codec, governance, records
from streams.demo.flaws import FAULTS
from streams.judge.stage import Judge
from streams.shard import Shard
from tables.view import Emit, MemoryView

pytestmark = pytest.mark.law

EVENTS = 12_000


@cache
def workload() -> list[Record]:
    return list(records(1, EVENTS, governance()))


@cache
def decoded() -> list[tuple[str, dict]]:
    decode = codec().decode
    return [tuple(decode(record.value)) for record in workload()]


def test_the_same_seed_gives_the_same_bytes():
    assert list(records(1, EVENTS, governance())) == workload()


def test_another_seed_gives_others():
    assert list(islice(records(2, EVENTS, governance()), 100)) != workload()[:100]


def test_more_events_continue_the_same_log():
    longer = list(islice(records(1, EVENTS + 999, governance()), EVENTS))

    assert longer == workload()[:EVENTS]


def test_there_are_as_many_changes_as_asked_for():
    assert sum(bool(record.key) for record in workload()) == EVENTS


def test_a_change_lies_in_the_partition_of_its_customer():
    assert all(r.partition == topics.partition_for(r.key.decode(), 4) for r in workload() if r.key)


def test_every_entity_of_the_process_occurs():
    seen = {record for record, _ in decoded()}

    assert seen >= {
        "CustomerChanged", "OpportunityChanged", "SubscriptionChanged", "ContractChanged", "InvoiceChanged",
        "LedgerPostingChanged", "CreditMemoChanged", "Watermarks",
    }  # fmt: skip


def test_no_change_is_late():
    heard: dict[str, int] = {}
    for record, value in decoded():
        if record == "Watermarks":
            heard |= {mark["system"]: mark["watermark"] for mark in value["watermarks"]}
        else:
            assert value["committed_at"] > heard.get(value["system"], 0)


@cache
def effects() -> list[Emit]:
    governed, one, found = governance(), codec(), []

    class Kept(Loop):
        def _encode(self, effects):
            found.extend(effects)

    for partition, waiting in enumerate(by_partition(workload(), governed.partitions)):
        loop = Kept(Shard(Judge(governed), partition, MemoryView(through_json=False)), one)
        loop.fold(waiting)
        loop.commit()
    return found


def test_a_small_share_of_customers_drifts_and_with_the_kinds_governed():
    drifts = {emit.key: emit.value for emit in effects() if emit.topic == topics.DRIFTS and emit.value}
    customers = {record.key for record in workload() if record.key}
    kinds = Counter(drift["kind"] for drift in drifts.values())

    assert 0 < len({drift["canonical_id"] for drift in drifts.values()}) < len(customers) / 5
    assert set(kinds) <= {flaw.kind for flaw in FAULTS}


@pytest.mark.parametrize("topic", [topics.CORRECTED_STATE, topics.AUDIT])
def test_healthy_customers_leave_corrected_state_and_audit(topic: str):
    assert sum(emit.topic == topic for emit in effects()) > EVENTS / 10
