"""`python -m streams.bench.step.profile`: where the time of a change goes, without broker or event loop.

Runs the shards one after another over the workload of the full step: decode, process, settle, encode; with a store
also what a commit writes to it."""

from __future__ import annotations

import cProfile
import pstats
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from streams.bench.step.inprocess import KeyAndValue, Loop, by_partition
from streams.bench.step.log import codec, governance, records
from streams.judge.stage import Judge
from streams.shard import Shard
from tables.state import RocksState
from tables.view import MemoryView


@click.command()
@click.option("--events", default=50_000, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--state", type=click.Choice(["memory", "rocks"]), default="memory", show_default=True)
@click.option("--commit-every", default=2_000, show_default=True, help="Records of a shard between two commits.")
@click.option("--sort", default="tottime", show_default=True, help="As pstats names it: tottime, cumulative, ...")
@click.option("--lines", default=40, show_default=True)
@click.option("--all-kinds", is_flag=True, help="Judge all kinds, not only the demo's first.")
@click.option("--plain", is_flag=True, help="Only the clock: a profile makes calls look dearer than they are.")
def profile(
    events: int, seed: int, state: str, commit_every: int, sort: str, lines: int, all_kinds: bool, plain: bool
) -> None:
    """Profile the in-process path."""
    governed = governance(all_kinds=all_kinds)
    work = by_partition(records(seed, events, governed), governed.partitions)
    profiler = cProfile.Profile()
    with TemporaryDirectory() as folder:
        stores = [_store(state, Path(folder) / str(partition)) for partition in range(governed.partitions)]
        judge, one = Judge(governed), codec()
        loops = [Loop(Shard(judge, partition, store), one) for partition, store in enumerate(stores)]
        started = time.perf_counter()
        if not plain:
            profiler.enable()
        for loop, store, waiting in zip(loops, stores, work, strict=True):
            _run(loop, store, waiting, commit_every)
        profiler.disable()
        seconds = time.perf_counter() - started
        for store in stores:
            if isinstance(store, RocksState):
                store.close()
    if not plain:
        pstats.Stats(profiler).sort_stats(sort).print_stats(lines)
    done, effects = sum(loop.events for loop in loops), sum(loop.effects for loop in loops)
    step = sum(loop.step_seconds for loop in loops)
    click.echo(
        f"{done} records, {effects} effects, {seconds:.2f} s, {done / seconds:,.0f} records/s; "
        f"step {step / done * 1e6:.1f} us a record"
    )


def _store(state: str, folder: Path) -> MemoryView | RocksState:
    return RocksState(folder) if state == "rocks" else MemoryView(through_json=False)


def _run(loop: Loop, store: MemoryView | RocksState, waiting: list[KeyAndValue], commit_every: int) -> None:
    for start in range(0, len(waiting), commit_every):
        loop.fold(waiting[start : start + commit_every])
        loop.commit()
        if isinstance(store, RocksState):
            store.commit([*store.pending(), *loop.shard.deadlines.changes()], {"offsets": {}})


if __name__ == "__main__":
    profile()
