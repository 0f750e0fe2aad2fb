"""`driftwise bench state`: what a change costs with many customers and with few, with many documents and with few."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from streams.bench import machine
from streams.bench.state.population import Population, build
from streams.bench.state.templates import templates
from streams.bench.step.log import governance
from streams.bench.table import Bench

TEMPLATES = 6
ROUNDS = 5


class Size(NamedTuple):
    populations: Mapping[str, Population]
    events: int
    """Of one round of one population."""


SIZE = Size(
    {
        "customers_many": Population(1_000_000),
        "customers_few": Population(10_000),
        "documents_many": Population(1, 50_000),
        "documents_few": Population(10_000, 5),
    },
    events=20_000,
)
QUICK = Size(
    {
        "customers_many": Population(2_000),
        "customers_few": Population(200),
        "documents_many": Population(1, 200),
        "documents_few": Population(40, 5),
    },
    events=1_000,
)
RATIOS = {
    # ratio: whose cost over whose
    "ratio_customers": ("customers_many", "customers_few"),
    "ratio_documents": ("documents_many", "documents_few"),
}


class Failed(Exception):
    """Stop: a population's process ended; what it said is on standard error."""


class Worked:
    """The process of a population, waiting for rounds."""

    def __init__(self, name: str, population: Population, folder: Path) -> None:
        self.name = name
        documents = [] if population.documents is None else ["--documents", str(population.documents)]
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "streams.bench.state.measured",
                "--folder",
                str(folder),
                "--customers",
                str(population.customers),
                "--templates",
                str(TEMPLATES),
                *documents,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def round(self, events: int) -> dict[str, float]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{events}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise Failed(f"{self.name} ended with code {self.process.wait()}")
        found: dict[str, float] = json.loads(answer)
        return found


def run(bench: Bench) -> dict[str, Any]:
    """`ratio_customers`: the cost of a change at 1,000,000 customers over that at 10,000; `ratio_documents`: at one
    customer with 50,000 invoices over that at 10,000 with 5 each, as many documents in all; `resident_gib`: the process
    with the 1,000,000 customers after it worked on them; `microseconds` a change by population, all as medians;
    `read_mib` of each round: what the process had from the disk in it."""
    size, described = QUICK if bench.quick else SIZE, machine.describe()
    taking = {name: each for name, each in size.populations.items() if bench.takes(name)}
    for name, population in taking.items():
        bench.progress(f"{name}: filling its stores ...")
        records = _fill(population, bench.folder / name)
        bench.progress(f"{name}: {records:,} records of {population.customers:,} customers")
    with _working(taking, bench.folder) as working:
        rows = list(_rounds(bench, working, size.events))
    return _document(rows, described, size)


def _fill(population: Population, folder: Path) -> int:
    governed = governance()
    made, partitions = templates(governed, TEMPLATES), governed.partitions
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        filling = [
            pool.submit(build, population, made, folder / f"judge-{shard}", shard, partitions)
            for shard in range(population.shards(partitions))
        ]
        return sum(each.result() for each in filling)


@contextmanager
def _working(taking: Mapping[str, Population], folder: Path) -> Iterator[list[Worked]]:
    working = [Worked(name, population, folder / name) for name, population in taking.items()]
    try:
        yield working
    finally:
        for each in working:
            each.process.kill()
            each.process.wait()


def _rounds(bench: Bench, working: list[Worked], events: int) -> Iterator[dict[str, Any]]:
    """A round to warm up, which does not count, then alternating ones; every other begins at the other end."""
    for each in working:
        each.round(events)
    for number in range(1, (bench.rounds or (1 if bench.quick else ROUNDS)) + 1):
        for each in working if number % 2 else reversed(working):
            found = each.round(events)
            bench.progress(f"round {number} {each.name:<15} {found['microseconds']:.1f} us a change")
            yield {"round": number, "population": each.name, **{name: round(v, 3) for name, v in found.items()}}


def _document(rows: list[dict[str, Any]], described: dict[str, Any], size: Size) -> dict[str, Any]:
    names = dict.fromkeys(row["population"] for row in rows)
    cost = {name: median(row["microseconds"] for row in rows if row["population"] == name) for name in names}
    resident = [row["resident_gib"] for row in rows if row["population"] == "customers_many"]
    return {
        "bench": "state",
        **{ratio: round(cost[a] / cost[b], 3) for ratio, (a, b) in RATIOS.items() if a in cost and b in cost},
        "resident_gib": max(resident, default=None),
        "microseconds": cost,
        "sizes": {
            **{name: asdict(each) for name, each in size.populations.items()},
            "events_a_round": size.events,
        },
        "machine": described,
        "rounds": rows,
    }
