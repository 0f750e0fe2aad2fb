"""When to commit: at once when input is idle, a drip shares commits, at the interval under load (contracts 1).

A commit costs its shard some milliseconds and the broker a transaction, whatever is in it. So there is a pause between
two of one shard, as long as the last one took: where machine or broker are slow, commits get fewer and larger by
themselves. Progress waits half of that: a watermark to send on, behind which verdicts and whole stages wait. A commit
just before a marker helps no verdict, so frequent changes wait a little for one that is about to come. What another
shard of this worker hands over has waited so there: it waits half the pause, and for nothing more to come."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from math import inf

_GATHER_SECONDS = 0.002
"""Markers of one instant come on several topics: so long the first one waits for whatever comes with it."""
_COMPANION_SECONDS = 0.008
"""And so long for one that does so mostly: behind it, it would have to wait for this whole commit, and the next."""
_HOLD_SECONDS = 0.025
"""The longest that changes wait for a marker."""
_LATE_SECONDS = 0.012
"""Behind the instant at which it is expected."""
_LEARNT = 0.1
"""Of the last commit in who comes together."""
_SHARE = 0.2
"""Of the last interval in what is expected of the next."""


@dataclass(frozen=True)
class Pace:
    interval_seconds: float
    """Upper bound under load, and for what nobody waits for."""
    gap_seconds: float
    """Lower bound between the end of one commit and the beginning of the next, for changes without progress."""

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
        """How long to put off committing what was folded; not above 0: now. All in seconds.

        `since_last`, `last_took`: since the end of the last commit, and how long it took. `more`: further input is
        there, folding it comes first. `outgoing`: changes are to be passed on. `progress_since`: since progress was
        folded; None: there is none. Without either it is only bookkeeping, such as a marker that opens no gate, and
        goes with the next commit. `gather_seconds`: how long progress waits for more. `handed`: by another shard, some
        of it. `until_marker`: until progress is expected."""
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
    """How regularly progress comes. Seconds of one clock."""

    last: float = -inf
    every: float = inf

    def came(self, now: float) -> None:
        """The first since a commit."""
        took = now - self.last
        self.every = took if self.every == inf else (1 - _SHARE) * self.every + _SHARE * took
        self.last = now

    def until_next(self, now: float) -> float:
        return inf if self.every == inf else self.last + self.every - now


@dataclass
class Companions:
    """Whose progress comes together. What only answers progress comes behind it, however regularly: crosswalk to
    identify, say."""

    _shares: dict[str, dict[str, float]] = field(default_factory=dict)
    """Topic -> another -> the share of the last commits with progress of the one that had some of the other."""

    def gather_seconds(self, heard: Set[str]) -> float:
        """How long the first progress waits, where these topics have brought some."""
        known = (self._shares.get(topic, {}) for topic in heard)
        regular = {other for shares in known for other, share in shares.items() if share > 0.5}
        if not regular <= heard:
            return _COMPANION_SECONDS
        return 0.0 if regular else _GATHER_SECONDS

    def committed(self, heard: Set[str]) -> None:
        """What was committed had progress of these."""
        for topic in heard:
            shares = self._shares.setdefault(topic, {})
            for other in (shares.keys() | heard) - {topic}:
                before = shares.get(other, 0.0)
                shares[other] = (1 - _LEARNT) * before + _LEARNT * (other in heard)
