"""One population at work, in a process of its own: a line `EVENTS` in, a line of JSON out, until the input ends.

Measured is what a worker does for a change, but for the broker: decode, process, settle, publish, encode what it says
and what it remembers, write the commit. Drawing the changes is not.

Before each round the files are read through once: some kernels take back within a minute what nobody touches (DAMON),
and a population whose turn it was not would then pay the disk for what any other keeps in memory. What had to come from
the disk all the same is told beside the cost."""

from __future__ import annotations

import json
import sys
import time
from contextlib import suppress
from pathlib import Path

import click
import psutil

from streams.bench.state.population import Events, Population
from streams.bench.state.templates import templates
from streams.bench.step.inprocess import Loop
from streams.bench.step.log import codec, governance
from streams.judge.stage import Judge
from streams.shard import Shard
from streams.worker import interpreter
from tables.deadlines import Deadlines
from tables.state import RocksState

_READ_BYTES = 4 * 2**20
COMMIT_EVERY = 10_000
"""Changes between two commits of all shards: about a second's."""


@click.command()
@click.option("--folder", required=True, type=click.Path(path_type=Path))
@click.option("--customers", required=True, type=int)
@click.option("--documents", type=int)
@click.option("--templates", "wanted", required=True, type=int)
def main(folder: Path, customers: int, documents: int | None, wanted: int) -> None:
    """Open the stores, then work off as many changes as each line asks for."""
    governed, one = governance(), codec()
    population, judge = Population(customers, documents), Judge(governed)
    events = Events(population, templates(governed, wanted))
    stores = [RocksState(folder / f"judge-{n}") for n in range(population.shards(governed.partitions))]
    loops = [Loop(Shard(judge, n, store, Deadlines()), one) for n, store in enumerate(stores)]
    interpreter.tune()
    process = psutil.Process()
    for line in sys.stdin:
        _read_through(folder)
        read_before = process.io_counters().read_bytes
        seconds, done = 0.0, 0
        while done < int(line):
            wanted_now = min(COMMIT_EVERY, int(line) - done)
            seconds += _round(loops, stores, events, wanted_now)
            done += wanted_now
        found = {
            "microseconds": seconds / done * 1e6,
            "resident_gib": process.memory_info().rss / 2**30,
            "read_mib": (process.io_counters().read_bytes - read_before) / 2**20,
        }
        print(json.dumps(found), flush=True)  # noqa: T201
    for store in stores:
        store.close()


def _read_through(folder: Path) -> None:
    for path in folder.rglob("*.sst"):
        with suppress(FileNotFoundError), path.open("rb", buffering=0) as file:  # compacted away meanwhile
            while file.read(_READ_BYTES):
                pass


def _round(loops: list[Loop], stores: list[RocksState], events: Events, wanted: int) -> float:
    batch = events.batch(wanted)
    started = time.perf_counter()
    for shard, records in batch.items():
        loop, store = loops[shard], stores[shard]
        loop.fold(records)
        loop.commit()
        store.commit([*store.pending(), *loop.shard.deadlines.changes()], {"offsets": {}})
        interpreter.committed()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
