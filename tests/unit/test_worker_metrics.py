"""The worker's metrics: every one that is documented is exported, named as Prometheus wants it, and counts right."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from schemas.instants import SECOND
from streams.backtest.canonical import read
from streams.fleet import Fleet
from streams.identify.stage import Identify
from streams.judge.stage import Judge
from streams.shard import Shard
from streams.worker.counters import SHORT, Buckets, Counters
from streams.worker.metrics import METRICS, WorkerCollector
from tables.recovery import Advance
from tables.view import MemoryView
from tests.stack import ROOT
from tests.topology import Company, links_that_wait
from tests.unit.governance_folder import without

COUNTER = "_total"
COUNTED = ("driftwise_obligations_unknown", "driftwise_rules_overruled", "driftwise_shard_paused")
"""Without a unit."""
OPENED, LATE = 1, 12
"""A deal won at 1 s is due at 11 s and decided at 12 s."""


def runner(shard: Shard, *, paused: str | None = None, positions: dict[str, int] | None = None) -> Any:
    return SimpleNamespace(shard=shard, counters=Counters(), paused=paused, positions=positions or {})


def opening(*, remaining: int | None) -> Any:
    return SimpleNamespace(advance=Advance(remaining=remaining))


def collector(runners: dict[tuple[str, int], Any], ends: dict[TP, int | None]) -> WorkerCollector:
    """Over a worker that owns these shards, at a broker whose partitions end there."""
    consumer = SimpleNamespace(assignment=lambda: set(ends), highwater=ends.get)
    by_partition = {partition: found for (_, partition), found in runners.items()}
    shards = SimpleNamespace(
        runners=runners,
        has=lambda tp: tp.partition in by_partition,
        runner=lambda tp: by_partition[tp.partition],
        openings={("judge", 4): opening(remaining=70), ("judge", 5): opening(remaining=None)},
        standby_lag=lambda: {("judge", 3): 4},
    )
    app: Any = SimpleNamespace(shards=shards, consumer=consumer)
    return WorkerCollector(app, Company().governance)


def judged(until: float, *further: str) -> Shard:
    """The judge shard of a company with a deal that was won without a customer in the ERP; some systems were heard of
    far beyond the deadline."""
    company = Company()
    company.row("crm", "Account", "A", OPENED)
    company.row("crm", "Opportunity", "O", OPENED, "A", StageName="Closed Won")
    company.heard(until)
    if further:
        company.heard(1000, *further)
    stage = company.driver._stages["q2c.changes"]
    partition = next(d.partition for d in company.driver.written["q2c.changes"] if d.key == "crm:A")
    return company.driver.shard(stage, partition)


@pytest.fixture
def worker() -> WorkerCollector:
    """Two shards with something of everything."""
    judge = runner(judged(LATE), positions={"q2c.changes": 90})
    judge.counters.effects["q2c.drifts"] += 2
    judge.counters.drifts["won_without_erp_customer", "open"] += 1
    for seconds in (0.002, 0.3):
        judge.counters.batch_seconds.observe(seconds)
        judge.counters.commit_seconds.observe(seconds)
        judge.counters.latency_seconds.observe(seconds)
    identify = runner(judged(LATE), paused="flooded")
    identify.shard = Shard(Identify(Company().governance, {"erp": read}), 1, identify.shard.state)
    identify.shard.outcomes["diverted"] += 3
    ends = {TP("q2c.changes", judge.shard.partition): 100, TP("q2c.progress", judge.shard.partition): None}
    runners = {("judge", judge.shard.partition): judge, ("identify", 9): identify, ("fleet", 0): fleet()}
    return collector(runners, ends)


def fleet() -> Any:
    """The ERP was first heard of in two partitions a minute ago; in one of them a canary has drifted since."""
    shard = Shard(Fleet(Company().governance), 0, MemoryView())
    now = time.time_ns() // 1_000
    shard.state.apply({"y/erp": {"0": now - 60 * SECOND, "1": now - SECOND}})
    return runner(shard)


def families(found: WorkerCollector) -> dict[str, Any]:
    """As a scrape reads it: family -> its samples."""
    registry = CollectorRegistry()
    registry.register(found)
    return {family.name: family for family in text_string_to_metric_families(generate_latest(registry).decode())}


def samples(found: WorkerCollector, name: str) -> dict[tuple[str, ...], float]:
    """Label values, in the order of their names -> value of one metric."""
    family = families(found)[name.removesuffix(COUNTER)]
    return {tuple(v for _, v in sorted(s.labels.items())): s.value for s in family.samples if s.name == name}


def exported(found: Iterable[Any]) -> dict[str, str]:
    return {family.name + (COUNTER if family.type == "counter" else ""): family.documentation for family in found}


def test_every_metric_is_exported_with_its_meaning_and_no_other(worker: WorkerCollector) -> None:
    assert exported(families(worker).values()) == METRICS


def test_a_worker_without_shards_exports_them_too() -> None:
    assert exported(families(collector({}, {})).values()) == METRICS


def test_every_metric_has_a_sample(worker: WorkerCollector) -> None:
    waiting = {"driftwise_obligations_unknown"}  # nothing is, once every source has been heard

    assert {name for name, family in families(worker).items() if not family.samples} == waiting


def test_the_canary_is_as_old_as_in_its_worst_partition(worker: WorkerCollector) -> None:
    age = samples(worker, "driftwise_canary_age_seconds")

    assert age == {("erp",): pytest.approx(60, abs=5)}
    assert set(samples(worker, "driftwise_canary_bound_seconds")) == {("crm",), ("billing",), ("erp",)}


def test_it_tells_how_much_of_the_folders_was_overruled() -> None:
    company, kind = Company(), "invoice_not_posted"
    found = collector({("judge", 0): runner(company.driver.shard("judge", 0))}, {})
    assert samples(found, "driftwise_rules_overruled") == {("0", "judge"): 0}

    other = company.governance.kinds[kind].model_copy(update={"severity": "S4", "owner_team": "somebody"})
    kinds = {**company.governance.kinds, kind: other}
    company.driver.publish(company.governance.model_copy(update={"kinds": kinds}), 30 * SECOND)
    company.heard(40)

    assert samples(found, "driftwise_rules_overruled") == {("0", "judge"): 2}


def test_names_follow_prometheus(worker: WorkerCollector) -> None:
    units = ("_seconds", "_records", COUNTER)
    for family in families(worker).values():
        name = family.name + (COUNTER if family.type == "counter" else "")
        assert re.fullmatch(r"driftwise(_[a-z]+)+", name)
        assert (family.type == "counter") == name.endswith(COUNTER)
        assert family.type != "histogram" or name.endswith("_seconds")
        assert name.endswith(units) or name in COUNTED
        labels = {label for sample in family.samples for label in sample.labels}
        assert all(re.fullmatch(r"[a-z]+", label) for label in labels)


def test_the_page_of_operations_names_the_labels_of_each_metric(worker: WorkerCollector) -> None:
    page = (ROOT / "ops/operating.md").read_text()
    rows = re.findall(r"^\| ((?:`driftwise_\w+`(?:, )?)+) \| ([^|]*) \|", page, re.MULTILINE)
    words = [(re.findall(r"`(\w+)`", names), set(re.findall(r"`(\w+)`", labels))) for names, labels in rows]
    told = {name: labels for names, labels in words for name in names}

    labels = {f.name + (COUNTER if f.type == "counter" else ""): set(f._labelnames) for f in worker.collect()}
    assert told == labels


def test_no_metric_carries_a_customer(worker: WorkerCollector) -> None:
    values = {v for f in families(worker).values() for s in f.samples for v in s.labels.values()}

    assert not any(value.startswith(("crm:", "erp:", "billing:")) for value in values)


def test_lag_is_from_our_last_commit_to_the_end_of_the_partition(worker: WorkerCollector) -> None:
    (lag,) = samples(worker, "driftwise_consumer_lag_records").values()

    assert lag == 10


def test_a_warm_copy_says_how_far_it_is_behind(worker: WorkerCollector) -> None:
    assert samples(worker, "driftwise_standby_lag_records") == {("3", "judge"): 4}


def test_a_shard_that_is_taken_over_says_what_it_has_still_to_read_once_that_is_known(worker: WorkerCollector) -> None:
    assert samples(worker, "driftwise_restore_remaining_records") == {("4", "judge"): 70}


def test_dead_letters_and_floods_are_told_by_shard(worker: WorkerCollector) -> None:
    assert samples(worker, "driftwise_dead_letters_total") == {("identify",): 3}
    assert samples(worker, "driftwise_shard_paused")["9", "identify"] == 1
    assert sorted(samples(worker, "driftwise_shard_paused").values()) == [0, 0, 1]


def test_drifts_and_effects_are_counted_as_they_were_committed(worker: WorkerCollector) -> None:
    assert samples(worker, "driftwise_drifts_total") == {("won_without_erp_customer", "open"): 1}
    assert samples(worker, "driftwise_effects_total") == {("q2c.drifts",): 2}


def test_a_watermark_ages_by_the_wall_clock(worker: WorkerCollector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.worker.metrics.time.time_ns", lambda: 42 * SECOND * 1000)

    assert samples(worker, "driftwise_watermark_age_seconds")["*", "erp"] == 42 - LATE


def test_what_is_due_and_undecided_names_the_source_it_waits_for() -> None:
    shard = judged(5, "crm", "billing")

    waiting = samples(collector({("judge", 0): runner(shard)}, {}), "driftwise_obligations_unknown")

    assert [(kind, source.split("/")[0], number) for (kind, source), number in waiting.items()] == [
        ("won_without_erp_customer", "erp", 1)
    ]


def test_where_links_wait_for_one_another_it_names_the_source_that_they_wait_for() -> None:
    """The kind looks at CRM and billing alone; links of billing wait until the ERP has been heard as well."""
    company = Company(links_that_wait())
    company.row("crm", "Account", "A", OPENED)
    company.row("crm", "Opportunity", "O", OPENED, "A", StageName="Closed Won")
    company.heard(5)
    company.heard(1000, "crm", "billing")
    shards = (company.driver.shard("judge", number) for number in range(company.governance.partitions))
    runners = {("judge", shard.partition): runner(shard) for shard in shards}

    waiting = samples(collector(runners, {}), "driftwise_obligations_unknown")

    assert waiting == {("won_without_subscription", "erp/*"): 1}


def test_for_what_is_due_in_a_system_that_has_gone_nobody_waits() -> None:
    shard, governed = judged(5, "crm", "billing"), without(Company().governance, "crm")
    left = Shard(Judge(governed), shard.partition, shard.state)

    assert len(left.deadlines) == len(shard.deadlines)
    assert samples(collector({("judge", 0): runner(left)}, {}), "driftwise_obligations_unknown") == {}


@pytest.mark.parametrize(
    "metric", ["driftwise_batch_seconds", "driftwise_commit_seconds", "driftwise_end_to_end_seconds"]
)
def test_a_histogram_adds_up_over_the_shards_of_a_stage(metric: str) -> None:
    shards = {("judge", number): runner(judged(5)) for number in range(2)}
    for found in shards.values():
        for buckets in (found.counters.batch_seconds, found.counters.commit_seconds, found.counters.latency_seconds):
            buckets.observe(0.3)
    family = families(collector(shards, {}))[metric]

    by_name = {s.name.removeprefix(metric): s.value for s in family.samples if "le" not in s.labels}
    assert by_name == {"_count": 2, "_sum": 0.6}


def test_an_observation_on_a_bound_lies_below_it() -> None:
    buckets = Buckets((0.1, 1.0))
    for seconds in (0.1, 0.2, 1.0, 99.0):
        buckets.observe(seconds)

    assert buckets.cumulative() == [("0.1", 1), ("1.0", 3), ("+Inf", 4)]


@given(st.lists(st.floats(0, 1000)))
def test_buckets_agree_with_plain_counting(observed: list[float]) -> None:
    buckets = Buckets(SHORT)
    for seconds in observed:
        buckets.observe(seconds)

    expected = [sum(o <= bound for o in observed) for bound in SHORT]
    assert [count for _, count in buckets.cumulative()] == [*expected, len(observed)]
