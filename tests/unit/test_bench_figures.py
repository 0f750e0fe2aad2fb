"""From samples and rows to ratios."""

from __future__ import annotations

from typing import Any

import pytest

from streams.bench.figures import medians, ratios, void_reason
from streams.bench.watch import Limits, Sample, window

LIMITS = Limits(warm_share=0.25, warm_seconds_max=20, measured_seconds_max=15, end_share=0.95)


def row(contestant: str, rate: float, *, distribution: str = "uniform", void: str | None = None) -> dict[str, Any]:
    return {"contestant": contestant, "distribution": distribution, "rate": rate, "void": void}


def test_the_median_of_the_rounds_counts() -> None:
    assert medians([row("ours", 10), row("ours", 90), row("ours", 30)], "rate") == {"uniform": {"ours": 30}}


def test_a_void_run_counts_for_nothing() -> None:
    assert medians([row("ours", 10), row("ours", 90, void="a bad day")], "rate") == {"uniform": {"ours": 10}}


def test_the_headline_is_the_worse_distribution_and_both_are_shown() -> None:
    rates = {"uniform": {"ours": 60.0, "quix": 20.0}, "zipf": {"ours": 50.0, "quix": 25.0}}

    found = ratios(rates, {"quix": ("ours", "quix")})

    assert found == {"quix": 2.0, "uniform": {"quix": 3.0}, "zipf": {"quix": 2.0}}


def test_a_ratio_without_its_peer_is_left_out() -> None:
    assert ratios({"uniform": {"ours": 60.0}}, {"quix": ("ours", "quix")}) == {"uniform": {}}


@pytest.mark.parametrize(
    ("rate", "usual", "wrong", "begins"),
    [
        (79, 100, None, "79 events/s, below 0.8"),
        (100, 100, "key 7 is missing", "wrong output: key 7"),
    ],
)
def test_a_slow_peer_and_a_wrong_output_are_void(rate: float, usual: float, wrong: str | None, begins: str) -> None:
    assert (void_reason(rate, usual, wrong) or "").startswith(begins)


@pytest.mark.parametrize(("rate", "usual"), [(80, 100), (500, 100), (1, None)])
def test_a_run_at_its_usual_rate_or_without_one_counts(rate: float, usual: float | None) -> None:
    assert void_reason(rate, usual, None) is None


def test_a_window_goes_from_the_first_warm_commit_to_the_last_before_the_tail() -> None:
    samples = [Sample(0, 0, 0), Sample(5, 200, 5), Sample(6, 300, 6), Sample(8, 900, 7.5), Sample(9, 1000, 8)]

    found = window(samples, 1000, LIMITS)

    assert (found.events, found.seconds, found.cpu_seconds, found.finished) == (600, 2, 1.5, True)
    assert found.rate == 300
    assert found.cpu_seconds_per_million == 2500


def test_a_slow_run_is_warm_after_a_while_and_ends_unfinished() -> None:
    samples = [Sample(t, t, t) for t in range(60)]

    found = window(samples, 1_000_000, LIMITS)

    assert (found.events, found.seconds, found.finished) == (38, 38, False)  # warm at 21: 20 s after the first commit


def test_a_run_in_one_commit_is_measured_from_its_start() -> None:
    assert window([Sample(0, 0, 0), Sample(2, 1000, 1)], 1000, LIMITS).rate == 500
