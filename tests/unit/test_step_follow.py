"""The window that a full step is measured in: from a warm commit to the very end."""

from __future__ import annotations

from streams.bench.step.follow import Bounds, window
from streams.bench.watch import Sample

BOUNDS = Bounds(warm_share=0.15)


def samples(*taken: tuple[float, int]) -> list[Sample]:
    return [Sample(at, done, at / 2) for at, done in taken]


def test_the_window_begins_with_the_first_warm_commit_and_ends_with_the_last():
    found = window(samples((0, 0), (1, 10), (2, 20), (5, 60), (10, 100)), 100, BOUNDS)

    assert (found.events, found.seconds, found.cpu_seconds) == (80, 8, 4.0)
    assert found.finished


def test_what_the_last_watermarks_release_lies_inside_the_window():
    """All inputs are committed at 5 s but for one, which stands for the verdicts still to be given."""
    found = window(samples((0, 0), (1, 20), (5, 99), (9, 100)), 100, BOUNDS)

    assert found.seconds == 8


def test_a_run_that_was_cut_off_is_measured_by_its_commits():
    found = window(samples((0, 0), (2, 20), (30, 50)), 100, BOUNDS)

    assert (found.events, found.seconds) == (30, 28)
    assert not found.finished
