"""`driftwise bench recovery --json`: restores, restarts, and one of two workers killed under load."""

from __future__ import annotations

import statistics
from typing import Any

from streams.bench import machine
from streams.bench.cluster import Cluster
from streams.bench.recovery import restoring
from streams.bench.recovery.deployment import Deployment, Size
from streams.bench.table import Bench

SIZE = Size(1_200_000, 50_000, 1_000_000, 20_000, 0.5, 90.0, 3)
QUICK = Size(40_000, 500, 4_000, 10_000, 0.05, 90.0, 1)


def run(bench: Bench) -> dict[str, Any]:
    """The document of `bench recovery --json`."""
    size, described = QUICK if bench.quick else SIZE, machine.describe()
    rounds = bench.rounds or size.rounds
    with bench.broker() as bootstrap:
        cluster = Cluster(bootstrap)
        rates = _restores(bench, cluster, size.restored, rounds)
        restarts: dict[str, float] = {}
        gaps: dict[str, float | None] = {}
        detail: dict[str, Any] = {}
        for customers in (size.few, size.customers):
            deployment = Deployment(bench, cluster, customers, size)
            try:
                restarts[str(customers)] = deployment.restart()
                if customers == size.customers:
                    gaps = deployment.gaps()
                detail[str(customers)] = deployment.said
            finally:
                deployment.end()
    return {
        "bench": "recovery",
        "restore_records_per_second": round(statistics.median(rates)),
        "restart_seconds": restarts,
        "verdict_gap_seconds": gaps,
        "sizes": {"restored": size.restored, "value_bytes": restoring.VALUE_BYTES, "deployments": detail},
        "machine": described,
        "rounds": [{"restore_records_per_second": round(rate)} for rate in rates],
    }


def _restores(bench: Bench, cluster: Cluster, count: int, rounds: int) -> list[float]:
    bench.progress(f"writing {count:,} changelog records of {restoring.VALUE_BYTES} bytes")
    topic = restoring.fill(cluster, "restored", count)
    rates = []
    for number in range(1, rounds + 1):
        rates.append(restoring.measure(cluster.bootstrap, topic, count, bench.folder / "restored"))
        bench.progress(f"restore, round {number}: {rates[-1]:,.0f} records/s")
    cluster.delete(topic)
    return rates
