"""The rate of a full restore: one partition of 200-byte values, from the broker into an empty store."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from schemas import topics
from streams.bench.cluster import QUIET, Cluster
from streams.bench.recovery.preload import produce
from streams.bench.step.log import governance
from streams.judge.keys import OBLIGATIONS
from streams.judge.stage import Judge
from tables import changelog
from tables.recovery import restore
from tables.state import PROGRESS, decode, encode

VALUE_BYTES = 200
OBLIGATION_EVERY = 5
"""As many entries of judge's state are obligations; each is looked at for an instant it may wait for."""
WAITING_EVERY = 20
"""As many of those do wait."""
_WAIT_SECONDS = 60


def fill(cluster: Cluster, name: str, count: int) -> str:
    """Write `count` records to partition 0 of a new changelog; returns its name."""
    topic = topics.CHANGELOG + name
    cluster.create([topic], {"cleanup.policy": "compact"})
    producer = Producer({**QUIET, "bootstrap.servers": cluster.bootstrap, "compression.type": "lz4", "linger.ms": 50})
    for number in range(count):
        produce(producer, topic, *_entry(number), 0)
    progress: dict[str, Any] = {"offsets": {}, "committed_at_seconds": time.time()}
    progress["changelog_id"] = changelog.extent({"bootstrap.servers": cluster.bootstrap}, topic, 0).topic_id
    produce(producer, topic, PROGRESS.encode(), encode(progress), 0)
    if producer.flush(_WAIT_SECONDS):
        raise TimeoutError(f"{topic} was not filled in {_WAIT_SECONDS} s: is the broker up?")
    return topic


def _entry(number: int) -> tuple[bytes, bytes]:
    customer = f"crm:{number * 7919 % 1_000_003:018d}"
    if number % OBLIGATION_EVERY:
        return f"e/{customer}/invoice/billing/I-{number:09d}".encode(), _sized({"versions": [], "last": number})
    waits = {"next": 1_790_000_000_000_000 + number} if number % (OBLIGATION_EVERY * WAITING_EVERY) == 0 else {}
    key = f"{OBLIGATIONS}{customer}/invoice_not_posted/billing/I-{number:09d}"
    return key.encode(), _sized({"status": "armed", "settled": number, **waits})


def _sized(value: dict[str, Any]) -> bytes:
    missing = VALUE_BYTES - len(encode(value | {"rest": ""}))
    return encode(value | {"rest": "x" * missing})


def measure(bootstrap: str, topic: str, count: int, folder: Path) -> float:
    """Records a second of one restore into a new store, which is checked and thrown away."""
    restored = restore(folder, {"bootstrap.servers": bootstrap}, topic, 0, Judge(governance()))
    try:
        key, value = _entry(count - 1)
        if restored.records != count + 1 or restored.state.get(key.decode()) != decode(value):
            raise AssertionError(f"{topic}: {restored.records} records restored of {count + 1}, or wrong ones")
        expected = -(-count // (OBLIGATION_EVERY * WAITING_EVERY))
        if len(restored.deadlines) != expected:
            raise AssertionError(f"{topic}: {len(restored.deadlines)} entries wait, not {expected}")
        return restored.records / restored.seconds
    finally:
        restored.state.close()
        shutil.rmtree(folder, ignore_errors=True)
