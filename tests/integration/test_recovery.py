"""Stores restored from real changelogs: whatever the log or the store looks like, it ends in the state of the last
commit or in a message with a remedy."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.stack import Endpoints
from tables import changelog
from tables.changelog import ChangelogUnusable
from tables.recovery import Restored, restore
from tables.standby import Followed, Place, Standbys
from tables.state import RocksState
from tables.view import Value
from tests.integration.changelogs import COMPACTING, Changelog, look_often
from tests.unit.test_replica import GATE, Waits

KILLED = 9


@pytest.fixture
def log(stack: Endpoints) -> Changelog:
    return Changelog(stack.kafka_bootstrap)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "judge-0"


def restored(log: Changelog, store: Any) -> Restored:
    log.fence()
    return restore(store, log.client, log.topic, 0, Waits())


def seen(log: Changelog, store: Any) -> tuple[int, dict[str, Value]]:
    """How many records were replayed, and what the store holds then; closed again."""
    found = restored(log, store)
    try:
        assert (found.state.progress() or {}).get("offsets") in ({"q2c.changes": log.commits}, None)
        return found.records, dict(found.state.items())
    finally:
        found.state.close()


def test_the_last_commit_is_restored_although_the_log_ends_with_markers(log: Changelog, folder: Path) -> None:
    for number in range(5):
        log.commit({"a": {"n": number}, f"e/{number}": {}})
    log.commit({"e/0": None})

    assert seen(log, folder) == (17, {"a": {"n": 4}, **{f"e/{n}": {} for n in range(1, 5)}})


def test_an_empty_changelog_gives_an_empty_store_at_once(log: Changelog, folder: Path) -> None:
    found = restored(log, folder)

    assert (found.records, dict(found.state.items()), found.state.progress()) == (0, {}, None)
    assert found.seconds < 5
    found.state.close()


def test_nothing_of_an_aborted_or_unfinished_commit_is_restored(log: Changelog, folder: Path) -> None:
    log.commit({"a": {"n": 1}})
    log.leave_open({"a": {"n": 3}, "c": {}})

    assert seen(log, folder) == (2, {"a": {"n": 1}})


def test_a_restart_replays_only_the_tail(log: Changelog, folder: Path) -> None:
    log.commit({f"e/{n}": {} for n in range(500)})
    assert seen(log, folder)[0] == 501
    assert seen(log, folder)[0] == 0

    log.commit({"e/0": {"n": 1}})
    records, entries = seen(log, folder)
    assert (records, entries["e/0"], len(entries)) == (2, {"n": 1}, 500)


def test_what_waits_is_found_again_after_a_restore_and_after_a_restart(log: Changelog, folder: Path) -> None:
    log.commit({"o/a": {"next": 5}, "o/b": {"next": 3}, "o/c": {"next": 4}, "e/a": {"next": 1}})
    log.commit({"o/a": {"next": 2}, "o/b": None, "o/d": {}})
    for _ in ("in full", "from the store"):
        found = restored(log, folder)
        assert found.deadlines.due(GATE, 9, 9) == ["o/a", "o/c"]
        found.state.close()


def test_a_compacted_changelog_is_restored_across_its_gaps(stack: Endpoints, folder: Path) -> None:
    look_often(stack.kafka_bootstrap)
    log = Changelog(stack.kafka_bootstrap, **COMPACTING)
    for number in range(60):
        log.commit({f"e/{number % 3}": {"n": number}})
    until(lambda: replayed(log, folder) < 60, "compacted", timeout_seconds=120)

    assert seen(log, folder)[1] == {f"e/{number % 3}": {"n": number} for number in (57, 58, 59)}


def replayed(log: Changelog, folder: Path) -> int:
    """Records of a restore in full; the cleaner leaves the last segment alone, so another one is begun first."""
    log.commit({})
    found = restored(log, folder.with_name(f"full-{time.time_ns()}"))
    found.state.close()
    return found.records


def test_a_killed_restore_is_taken_up_again(log: Changelog, folder: Path) -> None:
    for number in range(40):
        log.commit({f"e/{number}/{n}": {"rest": "x" * 200} for n in range(500)})
    code = f"""
import os
from pathlib import Path
from tables import recovery
from tables.state import RocksState
from tests.unit.test_replica import Waits
RocksState.flush = lambda self: os._exit({KILLED})
recovery.restore(Path({str(folder)!r}), {log.client!r}, {log.topic!r}, 0, Waits())
"""
    log.fence()
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == KILLED

    _, entries = seen(log, folder)
    assert len(entries) == 40 * 500


# -- a changelog that is not what it was


def test_a_recreated_changelog_that_was_filled_again_is_restored_in_full(log: Changelog, folder: Path) -> None:
    log.commit({"old": {}})
    seen(log, folder)
    again = log.recreated()
    again.commit({"new": {}})

    assert seen(again, folder) == (2, {"new": {}})


def test_a_recreated_changelog_that_is_empty_stops_the_worker_and_spares_the_store(
    log: Changelog, folder: Path
) -> None:
    log.commit({"old": {}})
    seen(log, folder)
    again = log.recreated()

    with pytest.raises(ChangelogUnusable, match=r"was recreated or emptied.*delete the folder"):
        restored(again, folder)
    again.commit({"made by": {"another": "worker"}})
    assert seen(again, folder)[0] == 2


def test_a_changelog_that_is_missing_stops_the_worker_with_a_remedy(log: Changelog, folder: Path) -> None:
    log.delete()

    with pytest.raises(ChangelogUnusable, match=f"{log.topic}.*driftwise topics"):
        restore(folder, log.client, log.topic, 0, Waits())


def test_a_partition_that_is_missing_stops_the_worker_with_a_remedy(log: Changelog, folder: Path) -> None:
    with pytest.raises(ChangelogUnusable, match=f"{log.topic}.*driftwise topics"):
        restore(folder, log.client, log.topic, 7, Waits())


def test_a_store_found_broken_while_it_is_brought_on_is_restored_in_full_the_next_time(
    log: Changelog, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.commit({"a": {}})
    seen(log, folder)
    log.commit({"b": {}})

    def damaged(self: RocksState, records: Any, **how: Any) -> None:
        raise Exception("Corruption: block checksum mismatch in 000012.sst")

    with monkeypatch.context() as patched:
        patched.setattr(RocksState, "load", damaged)
        with pytest.raises(Exception, match="Corruption"):
            restored(log, folder)
    assert seen(log, folder) == (4, {"a": {}, "b": {}})


# -- standbys


@pytest.fixture
def followed(log: Changelog, folder: Path) -> Any:
    standbys = Standbys(log.client)
    standbys.follow({Place(log.topic, 0): Followed(folder, Waits())})
    yield standbys
    standbys.close()


def until(condition: Callable[[], bool], what: str, timeout_seconds: float = 30) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, f"not {what} after {timeout_seconds} s"
        time.sleep(0.05)


def caught_up(followed: Standbys, log: Changelog) -> None:
    log.fence()
    end = changelog.extent(log.client, log.topic, 0).high
    place = Place(log.topic, 0)
    until(lambda: followed._replicas[place].position == end, f"at {end}")


def test_a_standby_follows_and_says_how_far_it_is_behind(log: Changelog, followed: Standbys) -> None:
    log.commit({f"e/{n}": {} for n in range(3000)})
    caught_up(followed, log)

    assert followed.lag() == {Place(log.topic, 0): 0}


def test_the_new_owner_takes_the_warm_store_and_replays_only_what_is_missing(
    log: Changelog, followed: Standbys
) -> None:
    log.commit({"o/a": {"next": 5}, **{f"e/{n}": {} for n in range(3000)}})
    caught_up(followed, log)
    warm = followed.take([Place(log.topic, 0), Place("no.such.changelog", 0)])[Place(log.topic, 0)]
    log.commit({"o/b": {"next": 3}})

    found = restored(log, warm)
    assert (found.records, found.deadlines.due(GATE, 9, 9)) == (2, ["o/b", "o/a"])
    assert len(dict(found.state.items())) == 3002
    assert followed.lag() == {}
    found.state.close()


def test_a_standby_that_is_stopped_goes_on_from_its_store(log: Changelog, followed: Standbys, folder: Path) -> None:
    log.commit({f"e/{n}": {} for n in range(3000)})
    caught_up(followed, log)
    followed.close()

    assert seen(log, folder)[0] == 0


def test_a_standby_that_cannot_be_followed_leaves_the_others_alone(
    log: Changelog, followed: Standbys, tmp_path: Path
) -> None:
    missing = Followed(tmp_path / "missing", Waits())
    mine = Followed(tmp_path / "judge-0", Waits())
    followed.follow({Place("no.such.changelog", 0): missing, Place(log.topic, 0): mine})
    log.commit({"a": {}})
    caught_up(followed, log)

    assert set(followed.lag()) == {Place(log.topic, 0)}
