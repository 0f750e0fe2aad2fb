"""When to commit: at once when input is idle, at the interval under load, and in between with a pause (contracts 1).

A commit costs its shard some milliseconds and the broker a transaction, whatever is in it. So two commits of a shard
are separated by a pause as long as the last one took: where machine or broker are slow, commits get fewer and larger.

- Progress (a watermark to send on) waits half that pause, because verdicts and whole stages wait for it.
- A commit just before a marker helps no verdict, so frequent changes wait a little for a marker that is about to come.
- What another shard of this worker hands over has already waited there, so it waits half the pause and for nothing
  else.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from math import inf

_GATHER_SECONDS = 0.002
"""Markers of one instant come on several topics: how long the first one waits for the others."""
_COMPANION_SECONDS = 0.008
"""The same for a topic whose marker mostly comes with it. One that missed this commit would have to wait for all of it,
and for the next."""
_HOLD_SECONDS = 0.025
"""The longest that changes wait for a marker."""
_LATE_SECONDS = 0.012
"""How long past its expected instant changes still wait for a marker."""
_LEARNT = 0.1
"""Weight of the last commit in the moving average of which topics bring progress together."""
_SHARE = 0.2
"""Weight of the last interval in the moving average from which the next marker is expected."""


@dataclass(frozen=True)
class Pace:
    interval_seconds: float
    """Longest wait: under load, and for bookkeeping that nobody waits for."""
    gap_seconds: float
    """Shortest pause between two commits, for changes without progress."""

    def wait_seconds(
        self,
        *,
        since_last: float,
        last_took: float,
        more: bool,
        outgoing: bool,
        handed: bool,
        progress_since: float | None,
        gather_seconds: float = _GATHER_SECONDS,
        until_marker: float = inf,
    ) -> float:
        """How long to put off committing what was folded; 0 or less: commit now.

        - `since_last`: since the end of the last commit. `last_took`: how long that took.
        - `more`: further input waits; folding it comes first.
        - `outgoing`: there are changes to pass on.
        - `progress_since`: since progress was folded; None: there is none. Without outgoing changes and progress there
          is only bookkeeping, such as a marker that opens no gate, which goes with the next commit.
        - `gather_seconds`: how long progress waits for more of it.
        - `handed`: another shard has handed some of this over.
        - `until_marker`: until progress is expected."""
        if more or (progress_since is None and not outgoing):
            return self.interval_seconds - since_last
        half = min(last_took / 2, self.interval_seconds) - since_last
        if handed:
            return half
        if progress_since is not None:
            return max(half, gather_seconds - progress_since)
        due = min(max(self.gap_seconds, last_took), self.interval_seconds) - since_last  # long past if input is idle
        with_marker = until_marker + _LATE_SECONDS
        return with_marker if due < with_marker <= due + _HOLD_SECONDS else due


@dataclass
class Rhythm:
    """How regularly progress comes: a moving average, in seconds of one clock."""

    last: float = -inf
    every: float = inf

    def came(self, now: float) -> None:
        """Progress has come, for the first time since a commit."""
        took = now - self.last
        self.every = took if self.every == inf else (1 - _SHARE) * self.every + _SHARE * took
        self.last = now

    def until_next(self, now: float) -> float:
        return inf if self.every == inf else self.last + self.every - now


@dataclass
class Companions:
    """Which topics bring progress together. A topic that only answers progress, as the crosswalk answers identify,
    comes in a later commit, so it is not waited for."""

    _shares: dict[str, dict[str, float]] = field(default_factory=dict)
    """Topic -> another topic -> of the last commits with progress of the one, the share that also had some of the
    other.
    """

    def gather_seconds(self, heard: Set[str]) -> float:
        """How long progress waits for more, once these topics have brought some."""
        known = (self._shares.get(topic, {}) for topic in heard)
        regular = {other for shares in known for other, share in shares.items() if share > 0.5}
        if not regular <= heard:
            return _COMPANION_SECONDS
        return 0.0 if regular else _GATHER_SECONDS

    def committed(self, heard: Set[str]) -> None:
        """A commit had progress of these topics."""
        for topic in heard:
            shares = self._shares.setdefault(topic, {})
            for other in (shares.keys() | heard) - {topic}:
                before = shares.get(other, 0.0)
                shares[other] = (1 - _LEARNT) * before + _LEARNT * (other in heard)
