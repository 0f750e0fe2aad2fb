"""What a run found: the latest record of each drift on disk, however many; counts in memory."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from schemas import topics
from streams.look.shown import jsonable
from tables.view import Emit

DIVERTED_MAX = 1_000
"""So many diverted lines are kept one by one; all are counted."""
_TABLE = """CREATE TABLE drift (
    id TEXT PRIMARY KEY, kind TEXT, status TEXT, severity TEXT, amount REAL, opened_at INTEGER, record BLOB
) WITHOUT ROWID"""
_WORST_FIRST = "SELECT record FROM drift ORDER BY severity, amount DESC, opened_at, id LIMIT ?"


class Diverted(NamedTuple):
    line: int
    reason: str
    detail: str


class Findings:
    def __init__(self) -> None:
        self.commands = 0
        self.diverted: list[Diverted] = []
        self.diverted_count = 0
        self._db = sqlite3.connect("")  # a temporary file, once it has outgrown the page cache
        self._db.execute(_TABLE)

    def take(self, effect: Emit) -> None:
        """Take in one record that left the topology."""
        if effect.topic == topics.DRIFTS and effect.value is not None:
            self._keep(effect.value)
        elif effect.topic == topics.COMMANDS:
            self.commands += 1

    def _keep(self, drift: dict[str, Any]) -> None:
        money = drift["amount_at_stake"]
        amount = abs(float(money["amount"])) if money else 0.0  # to sort by
        columns = ("drift_id", "kind", "status", "severity")
        row = (*(drift[c] for c in columns), amount, drift["opened_at"], orjson.dumps(jsonable(drift)))
        self._db.execute("INSERT OR REPLACE INTO drift VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def divert(self, line: int, reason: str, detail: str) -> None:
        self.diverted_count += 1
        if len(self.diverted) < DIVERTED_MAX:
            self.diverted.append(Diverted(line, reason, detail))

    def drifts(self, limit: int = -1) -> Iterator[bytes]:
        """Drifts as JSON, worst first: by severity, then amount, then age."""
        for (record,) in self._db.execute(_WORST_FIRST, (limit,)):
            yield record

    def count(self) -> dict[str, Counter[str]]:
        """Kind -> status (open, closed, baseline) -> number of drifts."""
        counted: dict[str, Counter[str]] = {}
        for kind, status, number in self._db.execute("SELECT kind, status, count(*) FROM drift GROUP BY kind, status"):
            counted.setdefault(kind, Counter())[status] = number
        return counted

    def close(self) -> None:
        self._db.close()
