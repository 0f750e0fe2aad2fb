"""What was really committed: every row version with the source's own commit time and version, and what held when."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple

from schemas.instants import Instant
from streams.demo.steps import Native

DRIFTWISE = "driftwise"


class Entry(NamedTuple):
    """A row created or changed. `values` are the native columns written; the others stay as they were."""

    customer: int
    system: str
    entity: str
    native_id: str
    native_version: str
    """Transaction id (PostgreSQL) or SystemModstamp as sent (Salesforce)."""
    committed_at: Instant
    values: Mapping[str, Native]
    by: str


class Version(NamedTuple):
    at: Instant
    native_version: str
    values: Mapping[str, Native]
    by: str = ""


@dataclass
class Record:
    """A row with all its versions, oldest first; of versions at one instant the last one stands."""

    system: str
    entity: str
    native_id: str
    versions: list[Version] = field(default_factory=list)

    @property
    def name(self) -> tuple[str, str, str]:
        return self.system, self.entity, self.native_id

    @property
    def times(self) -> list[Instant]:
        return [version.at for version in self.versions]

    def as_of(self, instant: Instant) -> Version | None:
        found = bisect_right(self.versions, instant, key=attrgetter("at"))
        return self.versions[found - 1] if found else None

    def value(self, column: str, instant: Instant) -> Native:
        """The column's value then; None also where the row did not exist yet."""
        version = self.as_of(instant)
        return version.values.get(column) if version else None

    def first_time(self, holds: Callable[[Mapping[str, Native]], bool]) -> Instant | None:
        """When the first version in which it held was committed."""
        return next((version.at for version in self.versions if holds(version.values)), None)


class History:
    """All records of one customer."""

    def __init__(self, customer: int, entries: Iterable[Entry]) -> None:
        self.customer = customer
        self.beside: History | None = None
        """Of who is told of with this customer, and is one by itself: the group that it belongs to, or a second record
        that nobody linked."""
        self._records: dict[tuple[str, str], dict[str, Record]] = defaultdict(dict)
        # Stable: entries of one instant keep the order in which they were made.
        for entry in sorted(entries, key=lambda e: e.committed_at):
            self._add(entry)

    def _add(self, entry: Entry) -> None:
        rows = self._records[entry.system, entry.entity]
        record = rows.setdefault(entry.native_id, Record(entry.system, entry.entity, entry.native_id))
        before = record.versions[-1].values if record.versions else {}
        record.versions.append(Version(entry.committed_at, entry.native_version, {**before, **entry.values}, entry.by))

    def records(self, system: str, entity: str) -> list[Record]:
        return list(self._records.get((system, entity), {}).values())

    def everything(self) -> Iterator[Record]:
        return (record for rows in self._records.values() for record in rows.values())

    def only(self, system: str, entity: str) -> Record | None:
        found = self.records(system, entity)
        return found[0] if len(found) == 1 else None

    def find(self, system: str, entity: str, native_id: Native) -> Record | None:
        return self._records.get((system, entity), {}).get(str(native_id))


def histories(entries: Iterable[Entry]) -> list[History]:
    """The journal by customer; who is told of with a customer has its number, negative."""
    by_customer: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_customer[entry.customer].append(entry)
    known = {customer: History(customer, found) for customer, found in sorted(by_customer.items())}
    for customer, history in known.items():
        history.beside = known.get(-customer) if customer > 0 else None
    return list(known.values())
