"""The store of a shard, before any changelog is read: what is trusted, what is discarded, what stops the worker."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rocksdict import Rdict

from tables.broken import REMEDIES, StoreUnusable, condemn, explained, is_broken
from tables.changelog import ChangelogUnusable, Extent
from tables.deadlines import COMPLETE, COPY, Wake
from tables.replica import STALE_AFTER_SECONDS, Replica
from tables.state import PROGRESS, RocksState, UnknownStateVersion
from tables.view import Value, Writes

GATE = ("invoice_not_posted", "billing")
PROGRESSED: dict[str, Any] = {"changelog_id": "T1", "changelog_offset": 7}


class Waits:
    """Entries under o/ wait for the instant that they name."""

    waits_under: tuple[str, ...] = ("o/",)

    def __init__(self) -> None:
        self.asked = 0

    def wake(self, key: str, value: Value | None) -> Wake | None:
        self.asked += 1
        return (GATE, value["next"]) if key.startswith("o/") and value and "next" in value else None


def make(folder: Path, entries: Writes, **progress: Any) -> None:
    """A store as a worker leaves it: committed, its deadlines beside it, closed."""
    replica = Replica(folder, Waits())
    for key, value in entries.items():
        replica.deadlines.put(key, Waits().wake(key, value))
    replica.state.apply(entries)
    local = replica.deadlines.changes()
    progressed = PROGRESSED | {"committed_at_seconds": time.time()} | progress
    replica.state.commit([*replica.state.pending(), *local], progressed)
    replica.state.flush()
    replica.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "judge-0"
    entries: Writes = {f"e/{n:04d}": {"n": n, "rest": "x" * 500} for n in range(2000)}
    make(found, entries | {"o/a": {"next": 5}, "o/b": {}})
    return found


def opened(folder: Path, waits: Waits | None = None) -> tuple[bool, dict[str, Value], int]:
    """Whether it is empty, what it holds, and how many of its entries wait."""
    replica = Replica(folder, waits or Waits())
    try:
        return replica.is_empty, dict(replica.state.items()), len(replica.deadlines)
    finally:
        replica.close()


def test_an_intact_store_stands_where_it_stood(folder: Path) -> None:
    replica = Replica(folder, Waits())

    assert (replica.changelog_id, replica.position) == ("T1", 7)
    assert replica.deadlines.due(GATE, 9, 9) == ["o/a"]
    replica.close()


def test_what_waits_is_read_from_its_copy_and_no_entry_is_asked(folder: Path) -> None:
    waits = Waits()
    opened(folder, waits)

    assert waits.asked == 0


def test_a_store_of_a_release_without_the_copy_gets_one(folder: Path) -> None:
    state = RocksState(folder)
    state.load([(COMPLETE, None), (COPY + b"o/a", None)])
    state.close()

    first, second = Waits(), Waits()
    assert opened(folder, first)[2] == opened(folder, second)[2] == 1
    assert (first.asked, second.asked) == (2, 0)


def truncated(name: str) -> Callable[[Path], None]:
    def harm(folder: Path) -> None:
        for file in folder.glob(name):
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])

    return harm


def gone(name: str) -> Callable[[Path], None]:
    def harm(folder: Path) -> None:
        for file in folder.glob(name):
            file.unlink()

    return harm


HARMS = {
    "CURRENT is cut": truncated("CURRENT"),
    "CURRENT is empty": lambda folder: (folder / "CURRENT").write_bytes(b""),
    "CURRENT is gone": gone("CURRENT"),
    "the manifest is gone": gone("MANIFEST-*"),
    "the manifest is cut": truncated("MANIFEST-*"),
    "a table is gone": gone("*.sst"),
    "a table is cut": truncated("*.sst"),
    "it was found broken while it was open": condemn,
}


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS.keys())
def test_a_broken_store_is_discarded_and_begun_anew(folder: Path, harm: Callable[[Path], None]) -> None:
    harm(folder)

    assert opened(folder) == (True, {}, 0)
    assert opened(folder) == (True, {}, 0)


def test_a_damaged_block_is_known_as_damage_when_it_is_read(folder: Path) -> None:
    (table,) = folder.glob("*.sst")
    content = bytearray(table.read_bytes())
    for at in range(100, len(content) // 2, 50):
        content[at] ^= 0xFF
    table.write_bytes(bytes(content))
    state = RocksState(folder)

    with pytest.raises(Exception, match="Corruption") as caught:
        dict(state.items())
    state.close()
    assert is_broken(caught.value)


def test_a_store_older_than_tombstones_are_kept_is_begun_anew(tmp_path: Path) -> None:
    make(tmp_path / "s", {"a": {}}, committed_at_seconds=time.time() - STALE_AFTER_SECONDS - 1)

    assert opened(tmp_path / "s") == (True, {}, 0)


def test_a_store_of_a_newer_release_is_kept_and_stops_the_worker(folder: Path) -> None:
    db = Rdict(str(folder))
    db.close()
    state = RocksState(folder)
    state.load([(PROGRESS.encode(), b"\x7f{}")])
    state.close()

    with pytest.raises(UnknownStateVersion, match="7f"):
        Replica(folder, Waits())
    assert list(folder.glob("*.sst"))


def test_a_folder_in_use_stops_the_worker_with_a_remedy(folder: Path) -> None:
    first = Replica(folder, Waits())

    with pytest.raises(StoreUnusable, match="another worker is using this folder"):
        Replica(folder, Waits())
    assert not first.is_empty
    first.close()


def test_a_folder_that_cannot_be_made_stops_the_worker(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(OSError, match="file"):
        Replica(tmp_path / "file" / "judge-0", Waits())


@pytest.mark.parametrize("words", REMEDIES)
def test_trouble_of_the_machine_names_folder_and_remedy_and_is_no_damage(words: str) -> None:
    problem = Exception(f"IO error: {words}: While appending to file: 000012.log")

    assert not is_broken(problem)
    text = str(explained(Path("data/judge-0"), problem))
    assert "data/judge-0" in text
    assert REMEDIES[words] in text


def test_only_what_rocksdb_says_counts_as_damage() -> None:
    assert not is_broken(FileNotFoundError("No such file or directory: 'governance.yaml'"))


# -- the changelog it is to follow


def fitted(folder: Path, changelog_id: str, low: int, high: int) -> int | None:
    replica = Replica(folder, Waits())
    try:
        replica.fit(Extent(changelog_id, low, high), "q2c.changelog.judge-0")
        return replica.position
    finally:
        replica.close()


def test_a_store_within_its_changelog_goes_on_from_there(folder: Path) -> None:
    assert fitted(folder, "T1", 0, 9) == 7


@pytest.mark.parametrize(("changelog_id", "low", "high"), [("T2", 0, 9), ("T1", 0, 6), ("T1", 8, 9)])
def test_a_store_outside_of_its_changelog_begins_anew(folder: Path, changelog_id: str, low: int, high: int) -> None:
    """The topic was recreated, cut at its end, or at its beginning."""
    assert fitted(folder, changelog_id, low, high) is None
    assert opened(folder)[0]


def test_a_store_is_not_given_up_for_an_empty_changelog(folder: Path) -> None:
    """It may be the only copy."""
    with pytest.raises(ChangelogUnusable, match="delete the folder"):
        fitted(folder, "T2", 0, 0)
    assert not opened(folder)[0]
