"""The law with drifts that are forgotten (streams/judge/lives.py): any interleaving, duplication, commit, crash and
replay leave the same records in q2c.drifts and the same lives in judge's state; what is open is never removed, and of
what is removed nothing is left."""

from __future__ import annotations

import random
from collections import defaultdict
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas import topics
from schemas.instants import SECOND
from streams.driver import Driver
from streams.governance import Governance
from streams.judge.lives import forgotten_at
from streams.verify.report import EQUAL
from tests.depth import cases
from tests.dossiers.model import Dossier
from tests.dossiers.table import DOSSIERS
from tests.recorded import DriverRecording
from tests.topology import governance
from tests.unit.test_replay_from_any_commit import ONE_INPUT, Restless, outcome
from tests.unit.test_the_law import ENDS_AFTER_IT_MOVED, GOES_AND_COMES_BACK, histories, inputs
from tests.unit.test_verify import verified
from tests.unit.test_where_commits_fall import DEADLINE, GRACE, each, every, never
from tests.wanderers import governed, history, judged, told_to_judge
from tests.wandering_dossiers import played

ENDS = 100
"""Second up to which all is heard."""
SPANS = (3, 10, 20)
"""Seconds: shorter and longer than what is open, or elsewhere, stays so."""


@cache
def forgetful(span: float) -> Governance:
    return governance().model_copy(update={"ended_drift_retention_seconds": span})


def last_words(driver: Driver) -> dict[tuple[int, str], dict[str, Any] | None]:
    """(partition, drift) -> what stands there. What is open is never removed."""
    held: dict[tuple[int, str], dict[str, Any] | None] = {}
    for written in driver.written[topics.DRIFTS]:
        before = held.get((written.partition, written.key))
        assert written.value is not None or before is None or before["status"] == "closed"
        held[written.partition, written.key] = written.value
    return held


def lives(driver: Driver) -> dict[str, Any]:
    """What the state holds of them. Of what is forgotten it names nothing."""
    held, removed = {}, defaultdict(set)
    for (partition, drift_id), drift in last_words(driver).items():
        if drift is None:
            removed[partition].add(drift_id)
    for partition in range(driver.governance.partitions):
        for key, value in driver.state("judge", partition).items():
            assert not any(drift_id in key or drift_id in repr(value) for drift_id in removed[partition])
            if key.startswith(("d/", "t/")):
                held[f"{partition}/{key}"] = value
    return held


def calm(sources: dict[tuple[str, int], list[Any]], span: float) -> Restless:
    made = Restless(sources, random.Random(0), (), forgetful(span))
    for records in sources.values():
        for raw in records:
            made.driver.pipe_raw(raw.topic, raw.key, raw.value, raw.partition, raw.headers)
    made.driver.run()
    return made


@example(GOES_AND_COMES_BACK, 0, 3, ())
@example(ENDS_AFTER_IT_MOVED, 0, 3, ONE_INPUT)
@given(histories(), st.integers(0, 2**32), st.sampled_from(SPANS), st.sampled_from([(), ONE_INPUT]))
def test_commits_crashes_and_replays_anywhere_leave_the_same(
    told: Any, seed: int, span: float, restored: tuple[str, ...]
) -> None:
    sources = inputs(told)
    undisturbed, restless = calm(sources, span), Restless(sources, random.Random(seed), restored, forgetful(span)).run()

    assert outcome(restless.company) == outcome(undisturbed.company)
    assert lives(restless.driver) == lives(undisturbed.driver)


@pytest.mark.parametrize("kinds", [GRACE, DEADLINE], ids=["grace", "deadline"])
@given(seed=st.integers(0, 2**32), span=st.sampled_from((6, 10, 20)))
def test_of_drifts_that_move_and_come_back_the_same_is_left_wherever_commits_fall(
    kinds: tuple[str, ...], seed: int, span: float
) -> None:
    rng, rules = random.Random(seed), governed(5, *kinds, forgotten_after=span)
    log = told_to_judge(rules, history(rng), rng)
    once_each = judged(rules, log, each, never)

    assert judged(rules, log, never, never) == once_each
    assert judged(rules, log, every(rng.randint(2, 40)), never) == once_each
    assert judged(rules, log, lambda: rng.random() < 0.1, lambda: rng.random() < 0.02) == once_each


@given(dossier=st.sampled_from(DOSSIERS), seed=st.integers(0, 2**32), span=st.integers(6, 20))
@settings(max_examples=cases(10, thorough=200))
def test_of_drifts_of_any_kind_the_same_is_left_wherever_commits_fall(dossier: Dossier, seed: int, span: int) -> None:
    rng = random.Random(seed)
    play, log = played(dossier, rng)
    rules = play.governance.model_copy(update={"late_retention_seconds": 5, "ended_drift_retention_seconds": span})
    once_each = judged(rules, log, each, never)

    assert judged(rules, log, never, never) == once_each
    assert judged(rules, log, lambda: rng.random() < 0.1, lambda: rng.random() < 0.02) == once_each


@given(histories())
def test_what_stands_is_what_would_stand_without_but_for_what_ended_long_ago(told: Any) -> None:
    sources = inputs(told)
    everything, left = (last_words(calm(sources, span).driver) for span in (1_000, 20))

    assert left == {place: None if is_past(drift, 20) else drift for place, drift in everything.items()}


def is_past(drift: dict[str, Any] | None, span: float) -> bool:
    """It ended so long before the last that is heard."""
    assert drift is not None
    forgotten = None if drift["closed_at"] is None else forgotten_at(forgetful(span), drift["closed_at"])
    return forgotten is not None and forgotten <= ENDS * SECOND


@settings(max_examples=8)
@given(histories(), st.integers(0, 2**32), st.integers(10, 400), st.sampled_from(SPANS))
def test_wherever_commits_crashes_and_the_end_fell_a_deployment_is_verified(
    told: Any, seed: int, steps: int, span: float
) -> None:
    restless = Restless(inputs(told), random.Random(seed), (), forgetful(span))
    for _ in range(steps):
        restless.act_once()

    report = verified(DriverRecording(restless.driver), restless.company)

    assert (report.code, report.differences) == (EQUAL, [])


def test_the_histories_do_remove_what_ended_and_leave_what_is_open() -> None:
    told: Any = {
        "crm": [],
        "billing": [(1, "account", "A", False), (2, "invoice", "Posted", False)],
        "erp": [
            (1, "customer", "A", False),
            (1, "credit_memo", "Posted", False),
            (30, "ledger_posting", "Posted", False),
        ],
    }
    words = list(last_words(calm(inputs(told), 10).driver).values())

    assert None in words
    assert any(drift is not None and drift["status"] == "open" for drift in words)
