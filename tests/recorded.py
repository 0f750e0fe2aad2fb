"""What a driven topology left in its topics, as verification reads it; and ways to damage it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from schemas import topics
from schemas.codec import Codec
from schemas.records import all_records
from schemas.registry import DictRegistry
from streams.driver import Driver
from streams.letters import Raw
from streams.suspects.table import compared
from streams.verify.recording import Bounds
from tables.state import PROGRESS, decode, encode
from tests.look import STAGES
from tests.releases import Field, defaulted, kept_before, said, without, written_by

Value = dict[str, Any]
_SCHEMAS = all_records()


class DriverRecording:
    """Lists of records, a topic and partition each; a test may change them."""

    def __init__(self, driver: Driver) -> None:
        self.registry = DictRegistry()
        self._codec = Codec(self.registry)
        self._partitions = driver.governance.partitions
        self._firsts: dict[tuple[str, int], int] = {}
        """Below these, retention took everything."""
        self.held: dict[tuple[str, int], list[Raw]] = {place: list(log) for place, log in driver.log.items()}
        for topic, records in driver.written.items():
            if not any(known == topic for known, _ in driver.log):
                for written in records:
                    self.append(topic, written.partition, written.key, written.record, written.value)
        for stage in (*STAGES, *(("suspects",) if compared(driver.governance) else ())):
            for partition in range(self._partitions):
                self._changelog(driver, stage, partition)

    # -- as verification reads it

    def bounds(self, topic: str) -> Mapping[int, Bounds]:
        count = 1 if topic in topics.SINGLE_PARTITION else self._partitions
        return {partition: self._bounds(topic, partition) for partition in range(count)}

    def records(self, topic: str, partition: int, first: int = 0) -> Iterator[Raw]:
        yield from (raw for raw in self.held.get((topic, partition), []) if raw.offset >= first)

    def await_transactions(self, names: Iterable[str]) -> None:
        """All that is held is committed."""

    # -- ways to change it

    def append(self, topic: str, partition: int, key: str, record: str, value: Value | None) -> None:
        data = None if value is None else self._codec.encode(topic, record, value)
        self._append(topic, partition, key, data)

    def drop(self, topic: str, which: Callable[[str, Value], bool]) -> None:
        """Take the first record away that is so; the offset stays, as that of a record that was never committed."""
        place, raw = next(self._found(topic, which))
        self.held[place].remove(raw)

    def repeat(self, topic: str, which: Callable[[str, Value], bool], **fields: Any) -> None:
        """Write the last record that is so once more, with these fields changed."""
        *_, (place, raw) = self._found(topic, which)
        self.held[place].append(self._with(raw, fields)._replace(offset=self.held[place][-1].offset + 1))

    def alter(self, topic: str, which: Callable[[str, Value], bool], **fields: Any) -> None:
        """Change the last record that is so."""
        *_, (place, raw) = self._found(topic, which)
        self.held[place][self.held[place].index(raw)] = self._with(raw, fields)

    def _with(self, raw: Raw, fields: Value) -> Raw:
        record, value = self._codec.decode(raw.value or b"")
        return raw._replace(value=self._codec.encode(raw.topic, record, value | fields))

    def alter_state(self, stage: str, prefix: str, change: Callable[[Value], Value | None]) -> None:
        """Change what the changelog says last of the first key with this prefix."""
        for partition in range(self._partitions):
            place = (topics.CHANGELOG + stage, partition)
            for raw in self.held.get(place, []):
                if (raw.key or b"").startswith(prefix.encode()) and raw.value is not None:
                    altered = change(decode(raw.value))
                    self._append(*place, (raw.key or b"").decode(), None if altered is None else encode(altered))
                    return
        raise AssertionError(f"{stage} has no key {prefix}")

    def forget(self, topic: str, partition: int, count: int) -> None:
        """As retention does: the oldest records are gone."""
        taken, self.held[topic, partition] = self.held[topic, partition][:count], self.held[topic, partition][count:]
        self._firsts[topic, partition] = taken[-1].offset + 1

    def age(self) -> dict[str, list[Field]]:
        """Make it that of a release which had none of the fields that say nothing here. Returns them, by record."""
        ours = [place for place in self.held if not place[0].startswith(topics.CHANGELOG)]
        read = [(place, raw, *self._codec.decode(raw.value)) for place in ours for raw in self.held[place] if raw.value]
        telling: dict[str, set[Field]] = {}
        for _, _, record, value in read:
            telling.setdefault(record, set()).update(said(_SCHEMAS[record], value))
        gone = {record: [f for f in defaulted(_SCHEMAS[record]) if f not in telling[record]] for record in telling}
        for place, raw, record, value in read:
            data = written_by(self.registry, without(_SCHEMAS[record], gone[record]), value)
            self.held[place][self.held[place].index(raw)] = raw._replace(value=data)
        for place in self.held.keys() - ours:
            self.held[place] = [_kept_before(raw) for raw in self.held[place]]
        return gone

    def _found(self, topic: str, which: Callable[[str, Value], bool]) -> Iterator[tuple[tuple[str, int], Raw]]:
        for place, records in self.held.items():
            for raw in records if place[0] == topic else ():
                if raw.value is not None and which(*self._codec.decode(raw.value)):
                    yield place, raw

    def _changelog(self, driver: Driver, stage: str, partition: int) -> None:
        saved = driver.saved(stage, partition)
        for key, value in saved.state.items():
            self._append(topics.CHANGELOG + stage, partition, key, encode(value))
        self._append(topics.CHANGELOG + stage, partition, PROGRESS, encode({"offsets": dict(saved.positions)}))

    def _append(self, topic: str, partition: int, key: str, data: bytes | None) -> None:
        held = self.held.setdefault((topic, partition), [])
        held.append(Raw(topic, partition, len(held), 0, key.encode(), data, {}))

    def _bounds(self, topic: str, partition: int) -> Bounds:
        held, first = self.held.get((topic, partition), []), self._firsts.get((topic, partition), 0)
        return Bounds(first, held[-1].offset + 1 if held else first)


def _kept_before(raw: Raw) -> Raw:
    return raw._replace(value=encode(kept_before(decode(raw.value or b""))))
