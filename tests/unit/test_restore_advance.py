"""How far a restore has come, as metrics and watchdog see it from outside."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tables.changelog import Extent
from tables.recovery import Advance, RestoreCancelled, _replay

LOG = Extent("T1", 20, 100)


def read(offset: int) -> Any:
    return SimpleNamespace(offset=lambda: offset, error=lambda: None)


class Store:
    """Follows a changelog, and notes what outsiders saw before each batch."""

    is_empty = False
    folder = "judge-0"

    def __init__(self, advance: Advance) -> None:
        self.position: int | None = None
        self.seen: list[int | None] = []
        self._advance = advance

    def apply(self, messages: list[Any], *, logged: bool) -> None:
        self.seen.append(self._advance.remaining)
        self.position = messages[-1].offset() + 1


class Broker:
    """Sends these batches, then nothing; the restore has been called off by then."""

    def __init__(self, advance: Advance, *batches: list[Any]) -> None:
        self._advance, self._batches = advance, list(batches)

    def consume(self, count: int, timeout: float) -> list[Any]:
        if self._batches:
            return self._batches.pop(0)
        self._advance.cancelled = True
        return []


@pytest.mark.parametrize(("position", "remaining"), [(None, 80), (20, 80), (95, 5), (100, 0)])
def test_what_remains_is_counted_from_where_the_store_stands(position: int | None, remaining: int) -> None:
    advance = Advance()
    assert advance.remaining is None

    advance.begin(LOG, position)

    assert (advance.remaining, advance.records) == (remaining, 0)


def test_it_falls_with_each_batch_and_by_what_was_compacted_away_as_well() -> None:
    advance = Advance()
    advance.begin(LOG, None)
    store = Store(advance)

    with pytest.raises(RestoreCancelled):
        _replay(Broker(advance, [read(20), read(21)], [read(89)]), store, advance)  # type: ignore[arg-type]

    assert store.seen == [80, 78]
    assert (advance.remaining, advance.records) == (10, 3)


def test_what_came_behind_the_end_that_was_found_leaves_nothing_to_read() -> None:
    advance = Advance()
    advance.begin(LOG, 99)

    advance.moved(3, 102)

    assert advance.remaining == 0
