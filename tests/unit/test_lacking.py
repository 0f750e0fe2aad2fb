"""Of which instants a record is lacking here; times are plain numbers."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.instants import ALWAYS
from streams.judge.lacking import ends, left, opened, stands, until

Hole = dict[str, Any]
HOLE: Hole = {"at": 3}


def away(*spans: tuple[int, int]) -> Hole:
    return {**HOLE, "away": [list(span) for span in spans]}


LEFT, CAME_BACK, WENT_AGAIN = away((40, ALWAYS)), away((40, 60)), away((40, 60), (70, ALWAYS))


@pytest.mark.parametrize(
    ("hole", "instants"),
    [
        (HOLE, [4, 39, 40, 59, 60, 99]),
        (LEFT, [4, 39]),
        (CAME_BACK, [4, 39, 60, 99]),
        (WENT_AGAIN, [4, 39, 60]),
    ],
)
def test_it_is_lacking_behind_what_is_complete_while_its_customer_is_here(hole: Hole, instants: list[int]) -> None:
    assert [at for at in (2, 3, 4, 39, 40, 59, 60, 99) if stands(hole, at)] == instants


@pytest.mark.parametrize(
    ("hole", "instant", "ends_at"),
    [(HOLE, 5, ALWAYS), (LEFT, 5, 40), (CAME_BACK, 39, 40), (CAME_BACK, 60, ALWAYS), (WENT_AGAIN, 5, 40)],
)
def test_it_is_lacking_until_its_customer_goes(hole: Hole, instant: int, ends_at: int) -> None:
    assert ends(hole, instant) == ends_at


@pytest.mark.parametrize(("hole", "ends_at"), [(HOLE, ALWAYS), (LEFT, 40), (CAME_BACK, ALWAYS), (WENT_AGAIN, 70)])
def test_it_is_lacking_of_nothing_any_more_once_its_customer_is_gone_for_good(hole: Hole, ends_at: int) -> None:
    assert until(hole) == ends_at


@pytest.mark.parametrize(
    ("hole", "at", "after"),
    [
        (None, 3, HOLE),
        (HOLE, 3, HOLE),
        (HOLE, 9, HOLE),  # refused again
        (LEFT, 59, CAME_BACK),
        (LEFT, 40, away((40, 41))),
        (LEFT, 39, HOLE),  # at the instant at which it went
        (LEFT, 38, LEFT),
        (LEFT, 3, LEFT),  # told again
        (CAME_BACK, 59, CAME_BACK),
        (CAME_BACK, 69, CAME_BACK),
        (WENT_AGAIN, 79, away((40, 60), (70, 80))),
        (WENT_AGAIN, 69, CAME_BACK),
    ],
)
def test_it_opens_and_opens_again_where_its_customer_comes_back(hole: Hole | None, at: int, after: Hole) -> None:
    assert opened(hole, at) == after


@pytest.mark.parametrize(
    ("hole", "at", "after"),
    [
        (HOLE, 40, LEFT),
        (HOLE, 5, away((5, ALWAYS))),
        (HOLE, 4, None),
        (HOLE, 1, None),
        (LEFT, 40, LEFT),  # told again
        (LEFT, 30, away((30, ALWAYS))),
        (CAME_BACK, 70, WENT_AGAIN),
        (CAME_BACK, 60, LEFT),
        (CAME_BACK, 50, LEFT),  # by a link that is told late
        (CAME_BACK, 30, away((30, ALWAYS))),
        (away((40, 60), (70, 80)), 55, LEFT),
    ],
)
def test_of_instants_before_its_customer_went_it_is_lacking_still(hole: Hole, at: int, after: Hole | None) -> None:
    assert left(hole, at) == after


def test_nothing_that_is_kept_is_changed_in_place() -> None:
    hole = away((40, ALWAYS))
    opened(hole, 59)
    left(hole, 30)

    assert hole == LEFT
