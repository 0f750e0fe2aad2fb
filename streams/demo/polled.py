"""What a poll can show of a system: between two polls only the last change of a record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from streams.demo.journal import Entry
from streams.demo.steps import Native

Shown = Collection[tuple[str, str]]
"""(native id, version) of what was there when somebody looked."""


def as_polled(entries: Iterable[Entry], system: str, shown: Shown) -> list[Entry]:
    """The journal, of a polled system only what its polls could meet: what was changed again before anybody looked is
    part of the change that was met. A record's last version is kept: if nobody has looked yet, somebody will."""
    rows: dict[str, list[Entry]] = defaultdict(list)
    others: list[Entry] = []
    for entry in entries:
        (rows[entry.native_id] if entry.system == system else others).append(entry)
    return [*others, *(met for row in rows.values() for met in _met(row, shown))]


def _met(row: list[Entry], shown: Shown) -> Iterator[Entry]:
    # Stable: changes of one second keep the order in which they were made.
    row = sorted(row, key=lambda entry: entry.committed_at)
    behind: dict[str, Native] = {}
    for entry in row:
        if (entry.native_id, entry.native_version) in shown or entry.committed_at == row[-1].committed_at:
            yield entry._replace(values={**behind, **entry.values})
            behind = {}
        else:
            behind |= entry.values
