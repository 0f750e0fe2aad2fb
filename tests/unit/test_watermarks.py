"""Watermarks: when has everything up to an instant been heard?"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.instants import NEVER
from tables.watermarks import Marks, heard, lowest, object_watermark, watermark

KEY = "erp/*"


def said(*reports: tuple[Any, ...], marks: Marks | None = None) -> Marks:
    """(partition, epoch, phase, watermark) one after the other."""
    marks = marks or {}
    for partition, epoch, phase, mark in reports:
        marks = heard(marks, KEY, partition, epoch, phase, mark)
    return marks


def test_it_is_the_lowest_over_all_upstream_partitions() -> None:
    assert watermark(said((0, 0, "streaming", 30), (1, 0, "streaming", 20)), KEY, 2) == 20


def test_a_partition_that_was_never_heard_holds_everything_back() -> None:
    assert watermark(said((0, 0, "streaming", 30)), KEY, 2) == NEVER
    assert watermark({}, KEY, 1) == NEVER


@pytest.mark.parametrize("phase", ["snapshot", "gap"])
def test_only_a_streaming_source_has_a_watermark(phase: str) -> None:
    assert watermark(said((0, 0, phase, 30)), KEY, 1) == NEVER


def test_within_an_epoch_it_never_falls() -> None:
    marks = said((0, 0, "streaming", 30))

    assert watermark(said((0, 0, "streaming", 20), marks=marks), KEY, 1) == 30
    assert watermark(said((0, 0, "streaming", None), marks=marks), KEY, 1) == 30


def test_a_gap_withdraws_it() -> None:
    assert watermark(said((0, 0, "streaming", 30), (0, 0, "gap", None)), KEY, 1) == NEVER


def test_after_a_gap_it_may_begin_lower() -> None:
    assert watermark(said((0, 0, "streaming", 30), (0, 0, "gap", None), (0, 0, "streaming", 20)), KEY, 1) == 20


def test_a_later_epoch_begins_anew() -> None:
    assert watermark(said((0, 0, "streaming", 30), (0, 1, "streaming", 20)), KEY, 1) == 20


def test_a_report_of_an_earlier_epoch_says_nothing() -> None:
    marks = said((0, 1, "streaming", 20))

    assert said((0, 0, "streaming", 99), (0, 0, "gap", None), marks=marks) is marks


def test_what_says_nothing_new_leaves_the_very_same_marks() -> None:
    """So that a commit writes marks only when they moved."""
    marks = said((0, 0, "streaming", 20))

    assert said((0, 0, "streaming", 20), (0, 0, "streaming", 10), marks=marks) is marks


def test_marks_are_never_changed_in_place() -> None:
    before = said((0, 0, "streaming", 20))
    said((0, 0, "streaming", 30), (1, 0, "streaming", 30), marks=before)

    assert before == {KEY: {"0": [0, "streaming", 20]}}


def test_a_source_reports_each_object_or_all_at_once() -> None:
    marks = {"crm/customer": {"0": [0, "streaming", 10]}, "erp/*": {"0": [0, "streaming", 20]}}

    assert object_watermark(marks, "crm", "customer", 1) == 10
    assert object_watermark(marks, "crm", "opportunity", 1) == NEVER
    assert object_watermark(marks, "erp", "customer", 1) == object_watermark(marks, "erp", "contract", 1) == 20


def test_a_verdict_waits_for_the_slowest_it_needs_and_names_it() -> None:
    marks = {"crm/*": {"0": [0, "streaming", 10]}, "erp/*": {"0": [0, "streaming", 20]}}

    assert lowest(marks, [("erp", "customer"), ("crm", "customer")], 1) == (10, "crm/customer")
    assert lowest(marks, [("erp", "customer"), ("billing", "invoice")], 1) == (NEVER, "billing/invoice")
    assert lowest(marks, [], 1) == (NEVER, "")


streaming = st.tuples(st.integers(0, 2), st.just(0), st.just("streaming"), st.integers(0, 50))


@given(st.lists(streaming, max_size=12), st.randoms(use_true_random=False))
def test_within_an_epoch_the_order_and_number_of_reports_do_not_matter(reports: list[Any], rng: Any) -> None:
    again = reports * 2
    rng.shuffle(again)

    assert said(*again) == said(*reports)
