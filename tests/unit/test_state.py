"""The state of a shard: what is dirty, what is stored, and what a restart finds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rocksdict import Rdict

from tables import state as module
from tables.state import RocksState, UnknownStateVersion, decode, destroy, encode, options
from tables.view import MemoryView, Workspace, Writes

PROGRESS: dict[str, Any] = {"offsets": {"q2c.changes": 7}}


def commit(state: RocksState, progress: dict[str, Any] = PROGRESS) -> None:
    state.commit(state.pending(), progress)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[RocksState]:
    opened = RocksState(tmp_path / "judge-0")
    yield opened
    opened.close()


def test_what_was_written_is_seen_before_it_is_stored(state: RocksState) -> None:
    state.apply({"a": {"n": 1}})

    assert state.get("a") == {"n": 1}
    assert state.range("a", 9) == [("a", {"n": 1})]
    assert list(state.items()) == []


def test_a_range_shows_what_is_dirty_over_what_is_stored(state: RocksState) -> None:
    state.apply({"p/1": {"n": 1}, "p/2": {"n": 2}, "p/3": {"n": 3}, "q/1": {}})
    commit(state)
    state.apply({"p/2": {"n": 20}, "p/3": None, "p/4": {"n": 4}})

    assert state.range("p/", 9) == [("p/1", {"n": 1}), ("p/2", {"n": 20}), ("p/4", {"n": 4})]


def test_entries_deleted_but_not_yet_stored_do_not_shorten_a_range(state: RocksState) -> None:
    state.apply({f"p/{n}": {"n": n} for n in range(6)})
    commit(state)
    state.apply({"p/0": None, "p/1": None, "p/2": None})

    assert [key for key, _ in state.range("p/", 2)] == ["p/3", "p/4"]


def test_a_deleted_entry_is_gone_whether_dirty_or_stored(state: RocksState) -> None:
    state.apply({"a": {"n": 1}})
    commit(state)
    state.apply({"a": None})
    assert state.get("a") is None

    commit(state)
    assert state.get("a") is None
    assert list(state.items()) == []


def test_a_rollback_forgets_what_was_not_committed(state: RocksState) -> None:
    state.apply({"a": {"n": 1}})
    commit(state)
    state.apply({"a": {"n": 2}, "b": {}})
    state.rollback()

    assert (state.get("a"), state.get("b"), state.pending()) == ({"n": 1}, None, [])


def test_what_is_pending_is_what_changelog_and_store_are_given(state: RocksState) -> None:
    state.apply({"b": None, "a": {"n": 1}})

    assert sorted(state.pending()) == [(b"a", encode({"n": 1})), (b"b", None)]


def test_a_restart_finds_what_was_committed_with_its_progress(tmp_path: Path) -> None:
    before = RocksState(tmp_path / "s")
    assert before.progress() is None
    before.apply({"a": {"n": 1}})
    commit(before)
    before.apply({"a": {"n": 2}})
    before.close()

    after = RocksState(tmp_path / "s")
    assert (after.get("a"), after.progress()) == ({"n": 1}, PROGRESS)
    assert list(after.items()) == [("a", {"n": 1})], "the progress record is no entry"
    after.close()


def test_a_reopened_store_keeps_its_cache_and_its_bloom_filter(tmp_path: Path) -> None:
    def settings_of(db: Any) -> tuple[int, bool]:
        newest = max((tmp_path / "s").glob("OPTIONS-*"))
        return int(db.property_value("rocksdb.block-cache-capacity")), "bloomfilter" in newest.read_text()

    RocksState(tmp_path / "s").close()
    again = RocksState(tmp_path / "s")
    assert settings_of(again._db) == (128 * 1024 * 1024, True)
    again.close()

    # Why options are named for the column family too: without, the library forgets them silently.
    naive = Rdict(str(tmp_path / "s"), options())
    assert settings_of(naive) == (8 * 1024 * 1024, False)
    naive.close()


def test_a_store_is_opened_by_one_owner_at_a_time(state: RocksState, tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"(?i)lock"):
        RocksState(tmp_path / "judge-0")


def test_state_of_a_newer_release_is_refused_with_the_remedy(state: RocksState) -> None:
    state.load([(b"a", b"\x7f{}")])

    with pytest.raises(UnknownStateVersion, match="7f"):
        state.get("a")


def test_an_older_state_version_is_upgraded_as_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module._UPGRADES, b"\x00", lambda data: {"upgraded": data.decode()})

    assert decode(b"\x00old") == {"upgraded": "old"}
    assert decode(encode({"n": 1})) == {"n": 1}


def test_changelog_records_go_straight_into_the_store(state: RocksState) -> None:
    state.apply({"a": {"n": 1}, "b": {}})
    commit(state)
    assert state.get("a") == {"n": 1}

    state.load([(b"a", encode({"n": 5})), (b"b", None), (b"c", encode({})), (b"c", None)])

    assert [state.get(key) for key in "abc"] == [{"n": 5}, None, None]


def test_the_cache_is_bounded_and_loses_nothing(tmp_path: Path) -> None:
    state = RocksState(tmp_path / "s", cached_entries_max=3)
    state.apply({f"k{n}": {"n": n} for n in range(10)})
    commit(state)

    assert [state.get(f"k{n}") for n in range(10)] == [{"n": n} for n in range(10)]
    assert len(state._recent) <= 3
    state.close()


def test_a_destroyed_store_begins_empty(tmp_path: Path) -> None:
    state = RocksState(tmp_path / "s")
    state.apply({"a": {}})
    commit(state)
    state.close()
    destroy(tmp_path / "s")

    again = RocksState(tmp_path / "s")
    assert (again.get("a"), again.progress()) == (None, None)
    again.close()


keys = st.sampled_from(["a", "p/1", "p/2", "p/\N{MONEY BAG}", "p/\uffff", "q"])
values = st.none() | st.integers(0, 9).map(lambda n: {"n": n})
steps = st.dictionaries(keys, values, max_size=4) | st.just("commit")


@given(st.lists(steps, max_size=12), st.sampled_from(["p/", "p", "q"]), st.integers(1, 5), keys | st.just(""))
def test_a_store_answers_as_memory_does_wherever_the_commits_fall(
    actions: list[Writes | str], prefix: str, limit: int, after: str
) -> None:
    memory = MemoryView()
    with TemporaryDirectory() as folder:
        state = RocksState(Path(folder) / "s", cached_entries_max=2)
        for action in actions:
            if isinstance(action, str):
                commit(state)
            else:
                state.apply(action)
                memory.apply(action)
            state.get("a")
        own: Writes = {"p/1": None, "p/5": {"n": 5}}
        overlaid, expected = Workspace(state), Workspace(memory)
        overlaid.writes = expected.writes = own

        behind = [(key, value) for key, value in memory.items() if key.startswith(prefix) and key > after]
        assert memory.range(prefix, limit, after) == behind[:limit]
        assert state.range(prefix, limit, after) == memory.range(prefix, limit, after)
        assert overlaid.range(prefix, limit, after) == expected.range(prefix, limit, after)
        assert [state.get(key) for key in ("a", "p/1", "q")] == [memory.get(key) for key in ("a", "p/1", "q")]
        state.close()
