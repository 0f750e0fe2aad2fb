"""Mischief: what a run does to the pipeline while the companies work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import LiteralString

import psycopg

from schemas.instants import Instant
from streams.demo.beyond_truth import Gap
from streams.demo.cluster import Cluster
from streams.demo.truth import Outage

PAUSED = "billing"
DELETE_AT, TRUNCATE_AT, PAUSE_AT, RESUME_AT, KILL_AT = 0.25, 0.28, 0.35, 0.50, 0.65
"""Shares of the plan's events: where a table is emptied row by row, where at once, where a source falls silent, where
it may speak again, where the worker is killed."""
_METERED: LiteralString = """INSERT INTO usage (id, account_id, product_code, quantity)
    SELECT 'U-' || id, id, 'CALL', 7 FROM account ORDER BY id LIMIT 20"""
Show = Callable[[str], None]


class Mischief:
    """A table is emptied, a source is paused, the worker is killed; placed by event count and carried out beside the
    clerks."""

    def __init__(self, cluster: Cluster, events: int, show: Show, *, empties: bool = False) -> None:
        """`empties`: a table too; otherwise what is done is the pause and the kill."""
        self._empties = empties
        self._cluster, self._events, self._show = cluster, events, show
        self.count = 0
        self.outages: list[Outage] = []
        self.gaps: list[Gap] = []
        self._pause_seconds = cluster.governance.systems[PAUSED].stale_after_seconds + 4
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mischief", daemon=True)
        self._failure: Exception | None = None

    def __enter__(self) -> Mischief:
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self._over.set()
        self._thread.join()
        if self._failure is not None and kind is None:
            raise self._failure

    def on_step(self, count: int) -> None:
        self.count = max(self.count, count)

    def _run(self) -> None:
        try:
            if self._empties:
                self._purge()
            self._pause()
            self._kill()
        except Exception as problem:  # noqa: BLE001 - raised again by whoever waits for us
            self._failure = problem

    def _purge(self) -> None:
        """Usage that has been rated is done away with: row by row, of which a source tells, and then by TRUNCATE, after
        which nobody knows of any row what became of it."""
        for share, empty in ((DELETE_AT, "DELETE FROM usage"), (TRUNCATE_AT, "TRUNCATE usage")):
            if not self._wait(share):
                return
            with psycopg.connect(self._cluster.access().databases[PAUSED], autocommit=True) as connection:
                connection.execute(_METERED)
                at = _now()
                connection.execute(empty)
        self.gaps.append(Gap(PAUSED, at))
        self._show(f"{PAUSED} empties a table by TRUNCATE")

    def _pause(self) -> None:
        if not self._wait(PAUSE_AT):
            return
        begun_at = _now()
        self._cluster.pause(PAUSED)
        self._show(f"{PAUSED} falls silent")
        self._over.wait(self._pause_seconds)
        self._wait(RESUME_AT)
        self._cluster.resume(PAUSED)
        self.outages.append(Outage(PAUSED, begun_at, _now()))
        self._show(f"{PAUSED} speaks again")

    def _kill(self) -> None:
        if self._wait(KILL_AT):
            self._cluster.kill("worker")
            self._cluster.start("worker")
            self._show("worker killed with SIGKILL and started again")

    def _wait(self, share: float) -> bool:
        while self.count < share * self._events:
            if self._over.wait(0.02):
                return False
        return True


def _now() -> Instant:
    return time.time_ns() // 1000
