"""The bare loop (contracts 12): `consume`, decode, the same stage over a dictionary, effects encoded and thrown away.

What it leaves out is what an engine is for: membership, transactions, a changelog, state that outlives the process.
What the worker says once a commit (verdicts, corrected state) it says as seldom, so that both do the same work."""

from __future__ import annotations

import json
import signal
import time
from collections import defaultdict
from pathlib import Path

import click
from confluent_kafka import Consumer, TopicPartition

from schemas import topics
from streams.bench.step.inprocess import KeyAndValue, Loop
from streams.bench.step.log import codec, governance
from streams.judge.stage import Judge
from streams.shard import Shard
from streams.worker import interpreter
from tables.view import MemoryView

BATCH = 2_000
FIGURES_FILE = "figures.json"
_TELL_SECONDS = 0.1


@click.command()
@click.option("--bootstrap", required=True)
@click.option("--folder", required=True, type=click.Path(path_type=Path))
@click.option("--total", required=True, type=int)
@click.option("--done-file", required=True, type=click.Path(path_type=Path))
@click.option("--commit-interval-seconds", type=float, default=1.0)
def main(bootstrap: str, folder: Path, total: int, done_file: Path, commit_interval_seconds: float) -> None:
    """Judge the whole topic, say how far, then wait to be told to stop."""
    governed, one = governance(), codec()
    judge = Judge(governed)
    loops = [
        Loop(Shard(judge, partition, MemoryView(through_json=False)), one) for partition in range(governed.partitions)
    ]
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench-bare", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topics.CHANGES, partition, 0) for partition in range(governed.partitions)])
    interpreter.tune()
    done, told, committed = 0, 0.0, time.monotonic()
    while done < total:
        batches: dict[int, list[KeyAndValue]] = defaultdict(list)
        for message in consumer.consume(BATCH, timeout=1.0):
            batches[message.partition() or 0].append((message.key() or b"", message.value() or b""))
        for partition, batch in batches.items():
            loops[partition].fold(batch)
            done += len(batch)
        now = time.monotonic()
        if now - committed > commit_interval_seconds or done == total:
            for loop in loops:
                loop.commit()
            committed = now
            interpreter.committed()
        if now - told > _TELL_SECONDS or done == total:
            done_file.write_text(str(done))
            told = now
    (folder / FIGURES_FILE).write_text(json.dumps(_figures(loops)))
    consumer.close()
    signal.pause()


def _figures(loops: list[Loop]) -> dict[str, float]:
    events = sum(loop.events for loop in loops)
    return {
        "events": events,
        "effects": sum(loop.effects for loop in loops),
        "step_microseconds": round(sum(loop.step_seconds for loop in loops) / events * 1e6, 2),
    }


if __name__ == "__main__":
    main()
