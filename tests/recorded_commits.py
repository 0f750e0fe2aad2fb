"""A recording with a clock: changelogs commit by commit, and when each record was produced; and what time does to it:
retention and compaction."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from schemas import topics
from schemas.instants import SECOND
from streams.driver import Driver, Place, Saved
from tables.state import PROGRESS, encode
from tests.recorded import DriverRecording


class Moment(NamedTuple):
    at_ms: int
    counts: Counter[Place]
    """Records of each partition by then."""
    saved: dict[Place, Saved]


class Clock:
    """Takes down what a driven topology has committed, whenever a test says so."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self.moments: list[Moment] = []

    def strikes(self, at: float) -> None:
        """Seconds: all that was written since the last time was written now."""
        counts = Counter({place: len(log) for place, log in self._driver.log.items()})
        for topic, records in self._driver.written.items():
            if not any(known == topic for known, _ in self._driver.log):
                counts.update((topic, written.partition) for written in records)
        self.moments.append(Moment(round(at * 1000), counts, dict(self._shards())))

    def _shards(self) -> list[tuple[Place, Saved]]:
        stages = {self._driver.stage_of(topic) for topic, _ in self._driver.log}
        numbers = range(self._driver.governance.partitions)
        return [((stage, number), self._driver.saved(stage, number)) for stage in stages for number in numbers]


class CommittedRecording(DriverRecording):
    def __init__(self, driver: Driver, clock: Clock) -> None:
        super().__init__(driver)
        for place, records in self.held.items():
            self.held[place] = [raw._replace(timestamp_ms=_at(clock, place, raw.offset)) for raw in records]
        self.held = {place: held for place, held in self.held.items() if not place[0].startswith(topics.CHANGELOG)}
        for moment, before in zip(clock.moments, [None, *clock.moments], strict=False):
            for place, saved in moment.saved.items():
                self._commit(saved, None if before is None else before.saved.get(place), moment.at_ms)

    def _commit(self, saved: Saved, before: Saved | None, at_ms: int) -> None:
        known = {} if before is None else before.state
        if before is not None and (saved.state, saved.positions) == (before.state, before.positions):
            return
        place = topics.CHANGELOG + saved.stage, saved.partition
        first = len(self.held.get(place, []))
        for key in sorted({*saved.state, *known}):
            value = saved.state.get(key)
            if value != known.get(key):
                self._append(*place, key, None if value is None else encode(value))
        self._append(*place, PROGRESS, encode({"offsets": dict(saved.positions)}))
        self.held[place][first:] = [raw._replace(timestamp_ms=at_ms) for raw in self.held[place][first:]]

    def expire(self, at: float, *names: str) -> None:
        """Retention: what was produced by then is gone in these topics."""
        for (topic, partition), records in self.held.items():
            if topic in names:
                old = sum(raw.timestamp_ms <= at * 1000 for raw in records)
                if old:
                    self.forget(topic, partition, old)

    def compact(self, at: float, *stages: str) -> None:
        """The cleaner: of what was produced by then, only the last under each key stays, in these changelogs."""
        for topic, partition in list(self.held):
            if topic.removeprefix(topics.CHANGELOG) in stages:
                end = sum(raw.timestamp_ms <= at * 1000 for raw in self.held[topic, partition])
                self.clean(topic, partition, end)

    def clean(self, topic: str, partition: int, end: int) -> None:
        """The same of the first so many records, wherever in a commit that is."""
        records = self.held[topic, partition]
        last = {raw.key: raw.offset for raw in records[:end]}
        self.held[topic, partition] = [r for r in records[:end] if last[r.key] == r.offset] + records[end:]


def micros(at: float) -> int:
    return round(at * SECOND)


def _at(clock: Clock, place: Place, offset: int) -> int:
    return next((moment.at_ms for moment in clock.moments if moment.counts[place] > offset), 0)
