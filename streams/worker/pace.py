"""When to commit: at once when input is idle, a drip shares commits, at the interval under load (contracts 1).

A commit costs its shard some milliseconds and the broker a transaction, whatever is in it. So there is a pause between
two of one shard, at least as long as the last one took: where machine or broker are slow, commits get fewer and larger
by themselves, and a shard never spends more than half its time in them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    interval_seconds: float
    """Upper bound under load, and for what nobody waits for."""
    gap_seconds: float
    """Lower bound between the end of one commit and the beginning of the next."""

    def wait_seconds(self, *, since_last: float, last_took: float, more: bool, awaited: bool) -> float:
        """How long to put off committing what was folded; not above 0: now.

        `since_last`, `last_took`: seconds since the end of the last commit, and how long it took. `more`: further input
        is there, folding it comes first. `awaited`: somebody waits for what was folded; else it is only bookkeeping,
        such as a marker that opens no gate, and goes with the next commit."""
        if more or not awaited:
            return self.interval_seconds - since_last
        return min(max(self.gap_seconds, last_took), self.interval_seconds) - since_last
