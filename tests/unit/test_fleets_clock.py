"""The fleet's clock is that of the worker which observes. It was next year for a while: what waited since waits no
longer than it would have, and nothing is late that is not."""

from __future__ import annotations

import pytest

from schemas.instants import SECOND
from streams.fleet.table import CLOCKS_APART, clock
from tests.unit.test_fleet_kinds import ASKED, LIMIT, Stage, letter, performed
from tests.unit.test_graves import ENDED, FORGOTTEN
from tests.unit.test_graves import stage as of_short_memory

NEXT_YEAR = 365 * 86_400
APART = CLOCKS_APART / SECOND


@pytest.fixture
def stage() -> Stage:
    found = Stage()
    found.clock(1)
    return found


def shows(stage: Stage) -> float:
    return clock(stage.shard.state) / SECOND


def test_it_runs_on_with_whoever_is_ahead_by_little_and_back_only_if_it_was_wrong(stage: Stage) -> None:
    for said, then in ((400, 400), (401, 401), (399, 401), (401 - APART, 401), (401 - APART - 0.1, 401 - APART - 0.1)):
        stage.clock(said)
        assert shows(stage) == pytest.approx(then)


def test_a_letter_from_then_is_late_when_it_is_late(stage: Stage) -> None:
    stage.clock(NEXT_YEAR)
    stage.take("LetterWritten", **letter(at=6))

    assert stage.clock(8) == stage.clock(6 + LIMIT - 0.1) == []
    assert stage.clock(6 + LIMIT) == ["open"]


def test_so_is_a_correction_also_one_that_was_looked_at_already(stage: Stage) -> None:
    stage.clock(NEXT_YEAR, judged_until=5)
    stage.take("CorrectionAsked", **ASKED)
    performed(stage, 5)

    assert stage.clock(NEXT_YEAR + 1, judged_until=5) == []
    assert stage.clock(8) == stage.clock(5 + LIMIT - 0.1) == []
    assert stage.clock(5 + LIMIT) == ["open"]


def test_what_was_due_then_is_looked_at_now(stage: Stage) -> None:
    stage.clock(NEXT_YEAR)
    stage.take("LetterWritten", **letter(at=6))

    assert stage.clock(600) == ["open"]


def test_what_ended_then_is_remembered_as_long_as_ever() -> None:
    fleet = of_short_memory()
    fleet.observe(60, mark=1)
    fleet.observe(NEXT_YEAR, mark=NEXT_YEAR, system="crm")
    assert fleet.observe(ENDED + 60, mark=ENDED + 60) == ["closed"]
    fleet.clock(FORGOTTEN + 59)
    assert fleet.buried == []
    fleet.clock(FORGOTTEN + 61)
    assert fleet.buried == [fleet.told[0]["drift_id"]]
