"""Facts about when a shard commits."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from streams.worker.pace import Pace

PACE = Pace(interval_seconds=0.1, gap_seconds=0.005)


def wait(
    since_last: float, *, pace: Pace = PACE, last_took: float = 0.0, more: bool = False, awaited: bool = True
) -> float:
    return pace.wait_seconds(since_last=since_last, last_took=last_took, more=more, awaited=awaited)


def commits(arrivals: Iterable[float], *, took: float = 0.004, awaited: bool = True) -> list[float]:
    """A shard with a clock of its own: when its commits end, for records that arrive then, none of them late."""
    ends, last = [], -1.0
    waiting = sorted(arrivals)
    while waiting:
        folded = waiting[0]  # the oldest that is not committed
        begin = max(folded, folded + wait(folded - last, last_took=took, awaited=awaited))
        waiting = [arrival for arrival in waiting if arrival > begin]
        last = begin + took
        ends.append(last)
    return ends


def test_the_first_change_after_a_pause_is_committed_at_once() -> None:
    assert wait(since_last=5.0) <= 0


def test_a_change_just_after_a_commit_waits_for_the_gap() -> None:
    assert wait(since_last=0.001) == PACE.gap_seconds - 0.001


def test_a_drip_shares_commits() -> None:
    drip = [n * 0.001 for n in range(1000)]  # one a millisecond
    ends = commits(drip)
    assert 90 <= len(ends) <= 120  # one each gap and commit, not one a record


def test_under_load_the_next_commit_is_an_interval_after_the_last() -> None:
    assert wait(since_last=0.03, more=True) == PACE.interval_seconds - 0.03
    assert wait(since_last=0.1, more=True) <= 0


def test_slow_commits_make_the_gap_longer() -> None:
    assert wait(since_last=0.0, last_took=0.04) == 0.04


def test_however_slow_commits_are_the_interval_is_the_longest_pause() -> None:
    assert wait(since_last=0.0, last_took=3.0) == PACE.interval_seconds


def test_what_nobody_waits_for_goes_along_with_the_next_commit() -> None:
    assert wait(since_last=0.05, awaited=False) > 0
    assert wait(since_last=0.05, awaited=True) <= 0


def test_markers_alone_are_committed_at_the_interval() -> None:
    markers = [n * 0.025 for n in range(40)]  # one second of them
    ends = commits(markers, awaited=False)
    gaps = [later - earlier for earlier, later in pairwise(ends)]
    assert len(ends) >= 9
    assert max(gaps) <= PACE.interval_seconds + 0.025 + 0.004


def test_a_gap_longer_than_the_interval_is_cut_to_it() -> None:
    assert wait(since_last=0.0, pace=Pace(interval_seconds=0.1, gap_seconds=1.0)) == 0.1
