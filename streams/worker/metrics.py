"""The Prometheus metrics of a worker, computed from its counters at each scrape."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from schemas.instants import NEVER
from streams import canary
from streams.governance.model import Governance
from streams.identify.stage import Identify
from streams.judge.keys import ObligationKey, is_obligation
from streams.judge.stage import Judge
from streams.worker.counters import Buckets
from streams.worker.runner import Runner
from streams.worker.shards import Shards
from tables.view import Workspace
from tables.watermarks import watermark

METRICS: dict[str, str] = {
    # name: meaning
    "driftwise_records_total": "Input records by stage, outcome: `late` evidence amends verdicts, `too_late` cannot.",
    "driftwise_effects_total": "Records written by topic.",
    "driftwise_consumer_lag_records": "Records between the end of an input partition and our last commit.",
    "driftwise_watermark_age_seconds": "Wall clock minus watermark of a source object, worst shard.",
    "driftwise_obligations_unknown": "Obligations due by wall clock and undecided, by the source object they wait for.",
    "driftwise_canary_age_seconds": "For how long nothing that was broken on purpose has drifted, worst partition.",
    "driftwise_canary_bound_seconds": "A canary older than this says that detection itself is dead: alert on it.",
    "driftwise_drifts_total": "Drift transitions by kind and state.",
    "driftwise_dead_letters_total": "Records diverted, by stage.",
    "driftwise_shard_paused": "1 while a shard stands still because of a flood of dead letters.",
    "driftwise_restore_remaining_records": "Changelog records, at most, until a shard that is taken over is restored.",
    "driftwise_standby_lag_records": "Changelog records that a warm copy of another worker's shard is behind.",
    "driftwise_rules_overruled": "Differences between the worker's folders and what was published and is in force.",
    "driftwise_batch_seconds": "Time to fold one batch.",
    "driftwise_commit_seconds": "Time of one commit: transaction and store.",
    "driftwise_end_to_end_seconds": "Source commit to committed judgement.",
}


class WorkerCollector(Collector):
    def __init__(self, app: Any, governance: Governance) -> None:
        self._app, self._governance = app, governance

    def collect(self) -> Iterator[Any]:
        shards: Shards = self._app.shards
        runners = dict(shards.runners)
        yield from _counts(runners)
        yield self._lag(runners)
        yield self._watermark_age(runners)
        yield self._unknown(runners)
        yield from self._canary(runners)
        yield _overruled(runners)
        yield _paused(runners)
        yield _restores(shards)
        yield _standby_lag(shards)
        for name, attribute in (
            ("driftwise_batch_seconds", "batch_seconds"),
            ("driftwise_commit_seconds", "commit_seconds"),
            ("driftwise_end_to_end_seconds", "latency_seconds"),
        ):
            yield _histogram(name, attribute, runners)

    def _lag(self, runners: dict[tuple[str, int], Runner]) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            "driftwise_consumer_lag_records", METRICS["driftwise_consumer_lag_records"], labels=["topic", "partition"]
        )
        for tp in self._app.consumer.assignment() if runners else ():
            end = self._app.consumer.highwater(tp)
            if end is not None and self._app.shards.has(tp):
                position = self._app.shards.runner(tp).positions.get(tp.topic, 0)
                family.add_metric([tp.topic, str(tp.partition)], max(0, end - position))
        return family

    def _watermark_age(self, runners: dict[tuple[str, int], Runner]) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            "driftwise_watermark_age_seconds", METRICS["driftwise_watermark_age_seconds"], labels=["system", "object"]
        )
        now, oldest = time.time_ns() // 1000, dict[str, int]()
        for (stage, _), runner in runners.items():
            marks = runner.shard.state.get("~marks") or {} if stage == "judge" else {}
            for name in marks:
                oldest[name] = min(oldest.get(name, now), watermark(marks, name, self._governance.partitions))
        for name, mark in oldest.items():
            if mark > NEVER:
                family.add_metric(name.split("/", 1), (now - mark) / 1_000_000)
        return family

    def _unknown(self, runners: dict[tuple[str, int], Runner]) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            "driftwise_obligations_unknown", METRICS["driftwise_obligations_unknown"], labels=["source", "kind"]
        )
        found: Counter[tuple[str, str]] = Counter()
        now = time.time_ns() // 1000
        for runner in runners.values():
            stage = runner.shard.stage
            if isinstance(stage, Judge):
                view = Workspace(runner.shard.state)
                gates = set(stage.gates(view))  # of a system that has gone nobody waits for more
                for gate, _, key in runner.shard.deadlines.waiting(0, now):
                    if gate in gates and is_obligation(key) and not canary.is_canary(key):
                        found[stage.holding_back(view, gate), ObligationKey.parse(key).kind] += 1
        for (source, kind), number in found.items():
            family.add_metric([source, kind], number)
        return family

    def _canary(self, runners: dict[tuple[str, int], Runner]) -> Iterator[GaugeMetricFamily]:
        age, bound = (
            GaugeMetricFamily(name, METRICS[name], labels=["system"])
            for name in ("driftwise_canary_age_seconds", "driftwise_canary_bound_seconds")
        )
        views = [Workspace(runner.shard.state) for (stage, _), runner in runners.items() if stage == "fleet"]
        for view, system in product(views, self._governance.systems):
            bound.add_metric([system], canary.bound(self._governance, system) / 1_000_000)
            since = canary.age(view, system, time.time_ns() // 1000)
            if since is not None:
                age.add_metric([system], since / 1_000_000)
        yield from (age, bound)


def _counts(runners: dict[tuple[str, int], Runner]) -> Iterator[CounterMetricFamily]:
    records = CounterMetricFamily("driftwise_records", METRICS["driftwise_records_total"], labels=["stage", "outcome"])
    letters = CounterMetricFamily("driftwise_dead_letters", METRICS["driftwise_dead_letters_total"], labels=["stage"])
    effects = CounterMetricFamily("driftwise_effects", METRICS["driftwise_effects_total"], labels=["topic"])
    drifts = CounterMetricFamily("driftwise_drifts", METRICS["driftwise_drifts_total"], labels=["kind", "state"])
    outcomes: Counter[tuple[str, str]] = Counter()
    written: Counter[str] = Counter()
    transitions: Counter[tuple[str, str]] = Counter()
    for (stage, _), runner in runners.items():
        for outcome, number in runner.shard.outcomes.items():
            outcomes[stage, outcome] += number
        written.update(runner.counters.effects)
        transitions.update(runner.counters.drifts)
    for (stage, outcome), number in outcomes.items():
        records.add_metric([stage, outcome], number)
        if outcome == "diverted":
            letters.add_metric([stage], number)
    for topic, number in written.items():
        effects.add_metric([topic], number)
    for labels, number in transitions.items():
        drifts.add_metric(list(labels), number)
    yield from (records, letters, effects, drifts)


def _overruled(runners: dict[tuple[str, int], Runner]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "driftwise_rules_overruled", METRICS["driftwise_rules_overruled"], labels=["stage", "partition"]
    )
    for (name, partition), runner in runners.items():
        stage = runner.shard.stage
        if isinstance(stage, Judge | Identify):
            family.add_metric([name, str(partition)], len(stage.overruled(Workspace(runner.shard.state))))
    return family


def _paused(runners: dict[tuple[str, int], Runner]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "driftwise_shard_paused", METRICS["driftwise_shard_paused"], labels=["stage", "partition"]
    )
    for (stage, partition), runner in runners.items():
        family.add_metric([stage, str(partition)], int(runner.paused is not None))
    return family


def _restores(shards: Shards) -> GaugeMetricFamily:
    name = "driftwise_restore_remaining_records"
    family = GaugeMetricFamily(name, METRICS[name], labels=["stage", "partition"])
    for (stage, partition), opening in list(shards.openings.items()):
        if (remaining := opening.advance.remaining) is not None:
            family.add_metric([stage, str(partition)], remaining)
    return family


def _standby_lag(shards: Shards) -> GaugeMetricFamily:
    name = "driftwise_standby_lag_records"
    family = GaugeMetricFamily(name, METRICS[name], labels=["stage", "partition"])
    for (stage, partition), behind in shards.standby_lag().items():
        family.add_metric([stage, str(partition)], behind)
    return family


def _histogram(name: str, attribute: str, runners: dict[tuple[str, int], Runner]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, METRICS[name], labels=["stage"])
    stages = sorted({stage for stage, _ in runners})
    for stage in stages:
        parts: list[Buckets] = [getattr(r.counters, attribute) for (s, _), r in runners.items() if s == stage]
        total = Buckets(parts[0].bounds)
        for part in parts:
            total.counts = [a + b for a, b in zip(total.counts, part.counts, strict=True)]
            total.sum += part.sum
        family.add_metric([stage], total.cumulative(), total.sum)
    return family
