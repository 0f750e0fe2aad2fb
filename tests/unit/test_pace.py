"""Facts about when a shard commits."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from math import inf
from typing import Any

from streams.worker.pace import Companions, Pace, Rhythm

PACE = Pace(interval_seconds=0.1, gap_seconds=0.005)


WAITING: dict[str, Any] = {
    "last_took": 0.0,
    "more": False,
    "outgoing": True,
    "handed": False,
    "progress_since": None,
}
"""Changes and nothing else."""


def wait(since_last: float, *, pace: Pace = PACE, **given: Any) -> float:
    return pace.wait_seconds(since_last=since_last, **(WAITING | given))


def commits(arrivals: Iterable[float], *, took: float = 0.004, outgoing: bool = True) -> list[float]:
    """A shard with a clock of its own: when its commits end, for records that arrive then, none of them late."""
    ends, last = [], -1.0
    waiting = sorted(arrivals)
    while waiting:
        folded = waiting[0]  # the oldest that is not committed
        begin = max(folded, folded + wait(folded - last, last_took=took, outgoing=outgoing))
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
    assert wait(since_last=0.05, outgoing=False) > 0
    assert wait(since_last=0.05, outgoing=True) <= 0
    assert wait(since_last=0.05, outgoing=False, progress_since=0.01) <= 0


def test_markers_alone_are_committed_at_the_interval() -> None:
    markers = [n * 0.025 for n in range(40)]  # one second of them
    ends = commits(markers, outgoing=False)
    gaps = [later - earlier for earlier, later in pairwise(ends)]
    assert len(ends) >= 9
    assert max(gaps) <= PACE.interval_seconds + 0.025 + 0.004


def test_what_was_handed_over_waits_half_the_pause_and_for_nothing_more_to_come() -> None:
    assert wait(since_last=0.005, last_took=0.02, handed=True, until_marker=0.01) == 0.01 - 0.005
    assert wait(since_last=0.01, last_took=0.02, handed=True, until_marker=0.01) <= 0
    assert wait(since_last=0.01, last_took=0.02, handed=True, progress_since=0.0) <= 0
    assert wait(since_last=0.01, last_took=0.02, until_marker=0.01) > 0
    assert wait(since_last=0.01, last_took=0.02, progress_since=0.0) > 0


def test_handed_over_or_not_bookkeeping_waits_for_the_interval() -> None:
    assert wait(since_last=0.03, outgoing=False, handed=True) == PACE.interval_seconds - 0.03


def test_a_gap_longer_than_the_interval_is_cut_to_it() -> None:
    assert wait(since_last=0.0, pace=Pace(interval_seconds=0.1, gap_seconds=1.0)) == 0.1


def test_progress_waits_half_as_long_as_the_last_commit_took() -> None:
    assert wait(since_last=0.0, last_took=0.04, progress_since=0.03) == 0.02


def test_a_marker_waits_a_moment_for_those_of_the_same_instant() -> None:
    assert 0 < wait(since_last=5.0, progress_since=0.0) <= 0.003
    assert wait(since_last=5.0, progress_since=0.003) <= 0


def test_changes_wait_for_a_marker_that_is_about_to_come() -> None:
    assert wait(since_last=0.005, until_marker=0.01) > 0.01


def test_changes_do_not_wait_for_a_marker_that_is_far_off() -> None:
    assert wait(since_last=0.005, until_marker=0.5) <= 0


def test_a_change_of_an_idle_input_waits_for_no_marker() -> None:
    assert wait(since_last=1.0, until_marker=0.01) <= 0


def test_changes_wait_for_a_late_marker_and_not_for_one_that_does_not_come() -> None:
    assert wait(since_last=0.006, until_marker=-0.005) > 0
    assert wait(since_last=0.006, until_marker=-0.05) <= 0


def test_where_markers_are_regular_each_takes_the_changes_before_it_along() -> None:
    """A change every 2 ms, a marker every 25: with commits of 6 ms each."""
    marks = set(range(25, 5000, 25))
    rhythm, ends, last, pending, marked = Rhythm(), 0, -1.0, False, None
    for millisecond in range(5000):
        now = millisecond / 1000
        if last > now:
            continue  # a commit is under way
        came = [at for at in marks if at <= millisecond]
        pending = pending or millisecond % 2 == 0
        if came:
            marks.difference_update(came)
            if marked is None:
                marked = now
                rhythm.came(now)
        if not pending and marked is None:
            continue
        since = None if marked is None else now - marked
        due = wait(now - last, last_took=0.006, progress_since=since, until_marker=rhythm.until_next(now))
        if due <= 0:
            ends, last, pending, marked = ends + 1, now + 0.006, False, None
    assert 190 <= ends <= 240  # one a marker, and hardly any between two


def test_without_regular_markers_no_next_one_is_expected() -> None:
    rhythm = Rhythm()
    assert rhythm.until_next(7.0) == inf
    rhythm.came(7.0)
    assert rhythm.until_next(7.5) == inf
    rhythm.came(8.0)
    rhythm.came(9.0)
    assert rhythm.until_next(9.25) == 0.75


def companions(*commits: set[str]) -> Companions:
    known = Companions()
    for heard in commits:
        known.committed(heard)
    return known


def test_progress_waits_longer_for_that_which_mostly_comes_with_it_and_not_once_it_is_there() -> None:
    known = companions(*[{"src.billing", "src.erp"}] * 10)
    waiting = {"last_took": 0.0, "progress_since": 0.005}

    assert wait(0.03, **waiting, gather_seconds=known.gather_seconds({"src.billing"})) > 0
    assert wait(0.03, **waiting, gather_seconds=known.gather_seconds({"src.erp"})) > 0
    assert wait(0.03, **waiting | {"progress_since": 0.02}, gather_seconds=known.gather_seconds({"src.erp"})) <= 0
    assert known.gather_seconds({"src.billing", "src.erp"}) == 0.0


def test_where_all_progress_comes_on_one_topic_nobody_knows_whether_more_comes() -> None:
    known = companions(*[{"q2c.changes"}] * 10)

    assert wait(0.03, progress_since=0.0, gather_seconds=known.gather_seconds({"q2c.changes"})) > 0
    assert wait(0.03, progress_since=0.005, gather_seconds=known.gather_seconds({"q2c.changes"})) <= 0


def test_who_comes_seldom_or_no_more_is_not_waited_for() -> None:
    together = [{"src.billing", "src.erp"}]
    seldom = companions(*(together + [{"src.billing"}] * 3) * 10)
    gone = companions(*together * 30, *[{"src.billing"}] * 7)
    silent = companions(*together * 10, *[set[str]()] * 30)

    for known in (seldom, gone):
        assert wait(0.03, progress_since=0.005, gather_seconds=known.gather_seconds({"src.billing"})) <= 0
    assert silent.gather_seconds({"src.billing"}) > 0.005


def test_an_answer_to_progress_is_not_waited_for_before_that_is_sent_on() -> None:
    """Identify hears of links once it has sent on up to when their sources were heard: each in a commit of its own."""
    known = companions(*[{"src.billing", "src.erp"}, {"q2c.crosswalk"}] * 10)

    assert known.gather_seconds({"src.billing"}) > 0.005
    assert known.gather_seconds({"src.billing", "src.erp"}) == 0.0
    assert wait(0.03, progress_since=0.005, gather_seconds=known.gather_seconds({"q2c.crosswalk"})) <= 0


def test_what_others_wait_for_without_progress_waits_for_none() -> None:
    known = companions(*[{"q2c.changes"}] * 10)

    assert wait(0.03, progress_since=0.005, gather_seconds=known.gather_seconds(set())) <= 0
