"""The watchdog: nothing that should move may stand still for ever; it ends in an exit that a restart mends."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from streams.worker.health import REBALANCE_SECONDS_MAX, WorkerHealth
from tables.recovery import Advance, RestoreCancelled, RestoreStalled, _replay

STUCK_AFTER = 60.0


def ago(seconds: float) -> float:
    return time.monotonic() - seconds


def runner(busy: float | None = None, committed: float = 0.0) -> Any:
    since = None if busy is None else ago(busy)
    return SimpleNamespace(busy_since=since, last_commit=ago(committed), paused=None)


def opening(moved: float) -> Any:
    return SimpleNamespace(advance=Advance(moved_at=ago(moved)))


def health(
    runner: Any = None,
    opening: Any = None,
    *,
    undecided: float | None = None,
    rebalancing: bool = False,
    connected: bool = True,
    began: float = STUCK_AFTER + 5,
    crash: BaseException | None = None,
) -> WorkerHealth:
    """Of a worker with at most one shard that runs and one that is being opened."""
    shards = SimpleNamespace(
        runners={("judge", 3): runner} if runner else {}, openings={("judge", 4): opening} if opening else {}
    )
    app = SimpleNamespace(shards=shards, rebalancing=rebalancing, connected=connected, joined=True)
    app.crashed, app.crash_reason, app.bootstrap = crash is not None, crash, "kafka:9092"
    found = WorkerHealth(app, STUCK_AFTER)
    found._began = ago(began)
    found._undecided_since = None if undecided is None else ago(undecided)
    return found


CALM: dict[str, Callable[[], WorkerHealth]] = {
    "idle": lambda: health(runner(busy=None, committed=999)),
    "commits": lambda: health(runner(busy=999, committed=1)),
    "has just begun": lambda: health(runner(busy=1, committed=999)),
    "connects": lambda: health(connected=False, began=STUCK_AFTER - 5),
    "restores": lambda: health(opening=opening(moved=STUCK_AFTER - 5)),
    "rebalances": lambda: health(undecided=REBALANCE_SECONDS_MAX + STUCK_AFTER - 5),
}


@pytest.mark.parametrize("calm", CALM.values(), ids=CALM.keys())
def test_a_worker_that_moves_is_alive(calm: Callable[[], WorkerHealth]) -> None:
    assert calm().alive() is None


@pytest.mark.parametrize(
    ("stuck", "words"),
    [
        (lambda: health(runner(busy=70, committed=65)), r"judge-3 has had input waiting without a commit for \d+ s"),
        (lambda: health(opening=opening(moved=61)), r"judge-4 has been restored no further for \d+ s"),
        (
            lambda: health(connected=False),
            r"the broker at kafka:9092 has not let us in for \d+ s: check that it is up and reachable",
        ),
        (
            lambda: health(undecided=121),
            r"the group has not said for \d+ s who owns which partition: check the broker at kafka:9092 and the other "
            "workers",
        ),
        (lambda: health(runner(), crash=KeyError("src.crm")), r"Faust crashed: KeyError\('src.crm'\)"),
    ],
    ids=[
        "a commit that never comes",
        "a restore that stands still",
        "a broker that never answers",
        "an assignment that never comes",
        "a crash inside Faust",
    ],
)
def test_what_stands_still_ends_the_process_and_says_what(stuck: Callable[[], WorkerHealth], words: str) -> None:
    assert re.fullmatch(words, stuck().alive() or "")


def test_a_shard_that_waits_its_turn_to_be_restored_is_not_stuck() -> None:
    found = health(opening=opening(moved=61))
    found._app.shards.openings["judge", 5] = opening(moved=1)

    assert found.alive() is None


def test_the_watchdog_ends_with_what_stands_still() -> None:
    assert re.match(r"judge-4 has been restored no further", asyncio.run(health(opening=opening(moved=61)).tick()))


def test_a_worker_that_restores_is_not_ready_and_says_what_it_restores() -> None:
    assert health(runner(), opening(1)).ready() == "restoring judge-4"
    assert health(runner(), rebalancing=True).ready() == "rebalancing"
    assert health(runner()).ready() is None


class Silent:
    """A consumer whose broker sends nothing, not even that this is the end."""

    def consume(self, count: int, timeout: float) -> list[Any]:
        return []


def empty_store() -> Any:
    return SimpleNamespace(is_empty=True, folder=SimpleNamespace(name="judge-0"))


def test_a_restore_of_a_broker_that_says_nothing_stops_the_worker() -> None:
    with pytest.raises(RestoreStalled, match="no changelog record of judge-0 for 30 s after 5; check the broker"):
        _replay(Silent(), empty_store(), Advance(records=5, moved_at=ago(31)))  # type: ignore[arg-type]


def test_a_restore_whose_shard_has_gone_elsewhere_ends() -> None:
    with pytest.raises(RestoreCancelled):
        _replay(Silent(), empty_store(), Advance(cancelled=True))  # type: ignore[arg-type]
