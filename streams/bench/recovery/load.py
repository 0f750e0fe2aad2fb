"""A steady load: records written at a given rate, and how old the oldest one is that is not committed yet."""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from confluent_kafka import Producer

from streams.bench.cluster import QUIET
from streams.bench.recovery.preload import produce
from streams.bench.step.log import Record
from streams.bench.workload import PARTITIONS

_TICK_SECONDS = 0.02


class Load:
    """Writes to an input topic that nobody else writes to, so that offsets are counts."""

    def __init__(self, bootstrap: str, topic: str, records: Iterable[Record]) -> None:
        self._topic, self._records = topic, iter(records)
        self._ready: deque[Record] = deque()
        self._producer = Producer({**QUIET, "bootstrap.servers": bootstrap, "linger.ms": 5, "compression.type": "lz4"})
        self._written: list[list[int]] = [[0] for _ in range(PARTITIONS)]
        """By partition: how many records were written after each tick; the same length as the times."""
        self._times: list[float] = [time.monotonic()]
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self.exhausted = False

    @property
    def written(self) -> int:
        return sum(counts[-1] for counts in self._written)

    def prepare(self, count: int) -> None:
        """Have so many records made, so that making them costs nothing while something is measured."""
        self._ready.extend(islice(self._records, max(count - len(self._ready), 0)))

    def burst(self, count: int) -> None:
        """As many at once."""
        self.prepare(count)
        self._tick(self._take(count))
        self._producer.flush(60)

    def start(self, rate: float) -> None:
        """So many a second, until stopped."""
        self._ending.clear()
        self.exhausted = False
        self._thread = threading.Thread(target=self._run, args=(rate,), name="load", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
        self._producer.flush(60)

    def age_seconds(self, positions: Mapping[int, int]) -> float:
        """Since when the oldest record waits that no commit covers; a partition that nobody has waits from where it
        was last seen."""
        now = time.monotonic()
        ages = [0.0]
        for partition, counts in enumerate(self._written):
            tick = bisect_right(counts, positions.get(partition, 0))
            if tick < len(counts):
                ages.append(now - self._times[tick])
        return max(ages)

    def _run(self, rate: float) -> None:
        started, done = time.monotonic(), 0
        while not self._ending.wait(_TICK_SECONDS):
            due = int((time.monotonic() - started) * rate)
            self._tick(self._take(due - done))
            done = due

    def _take(self, count: int) -> Iterator[Record]:
        for _ in range(count):
            if not self._ready:
                self.exhausted = True
                return
            yield self._ready.popleft()

    def _tick(self, records: Iterable[Record]) -> None:
        counts = [each[-1] for each in self._written]
        for record in records:
            produce(self._producer, self._topic, record.key, record.value, record.partition)
            counts[record.partition] += 1
        self._producer.poll(0)
        self._times.append(time.monotonic())
        for each, count in zip(self._written, counts, strict=True):
            each.append(count)
