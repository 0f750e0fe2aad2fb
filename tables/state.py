"""State of one shard: RocksDB on disk, a write-back cache above it, one WriteBatch a commit.

Between commits nothing reaches RocksDB: dirty entries wait in the cache. A commit writes them together with the
progress record, after the transaction that holds the same records has committed (contracts 1)."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson
from rocksdict import BlockBasedOptions, Cache, Options, Rdict, WriteBatch, WriteBufferManager, WriteOptions
from sortedcontainers import SortedList

from tables.recent import ENTRIES_MAX, UNKNOWN, Recent
from tables.view import LAST, Value, Writes

PROGRESS = "~progress"
Record = tuple[bytes, bytes | None]
"""Key and value as changelog and store hold them; None: deleted."""
FAMILY = 2
"""Keys with the same first characters, this many of them, are of one sort: `e/`, `o/`, ..."""
_VERSION = b"\x01"
"""First byte of every stored value: the version of the state's format."""
_UPGRADES: dict[bytes, Any] = {_VERSION: orjson.loads}
"""Version of the format -> how a value in it is read."""

_MIB = 1024 * 1024
# One budget for all shards of the process, however many there are (reference A1.12).
_BLOCK_CACHE = Cache(128 * _MIB)
_WRITE_BUFFERS = WriteBufferManager(96 * _MIB, False)
_LOGGED, _UNLOGGED = WriteOptions(), WriteOptions()
_UNLOGGED.disable_wal = True  # type: ignore[method-assign,assignment]  # a property in its stub


class UnknownStateVersion(Exception):
    """Stop: a newer release wrote this state. Run that release, or delete the folder to restore from the changelog."""


def encode(value: Value) -> bytes:
    return _VERSION + orjson.dumps(value)


def decode(data: bytes) -> Value:
    read = _UPGRADES.get(data[:1])
    if read is None:
        raise UnknownStateVersion(f"state version {data[:1].hex()} is unknown to this release")
    value: Value = read(data[1:])
    return value


def options() -> Options:
    found = Options(raw_mode=True)
    found.create_if_missing(True)
    found.set_write_buffer_manager(_WRITE_BUFFERS)
    found.set_write_buffer_size(16 * _MIB)
    # Most keys that are asked for are in no memtable; the bloom filter saves searching its skip list for them.
    found.set_memtable_whole_key_filtering(True)
    found.set_memtable_prefix_bloom_ratio(0.02)
    found.set_max_open_files(256)
    table = BlockBasedOptions()
    table.set_block_cache(_BLOCK_CACHE)
    table.set_bloom_filter(10, False)
    found.set_block_based_table_factory(table)
    return found


class RocksState:
    def __init__(self, folder: Path, *, cached_entries_max: int = ENTRIES_MAX) -> None:
        self._folder = folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        # The column family needs the options too: otherwise a reopened database forgets them (reference A1.11).
        self._db = Rdict(str(folder), options(), column_families={"default": options()})
        self._dirty: Writes = {}
        self._dirty_keys: SortedList[str] = SortedList()
        self._unsorted: list[str] = []
        """Dirty keys that no range has asked for yet: sorted only when one does."""
        self._dirty_families: set[str] = set()
        self._stored_families: dict[str, bool] = {}
        """First characters of keys -> whether the store holds any such key. Most customers have no hole in their
        evidence, and asking RocksDB for one would cost more than the verdict."""
        self._recent = Recent(cached_entries_max)

    # -- what the core sees

    def get(self, key: str) -> Value | None:
        value: Value | None = self._dirty.get(key, UNKNOWN)
        if value is UNKNOWN:
            value = self._recent.get(key)
        if value is UNKNOWN:
            data = self._db.get(key.encode())
            value = None if data is None else decode(data)
            self._recent.put(key, value)
        return value

    def range(self, prefix: str, limit: int, after: str = "") -> list[tuple[str, Value]]:
        family = prefix[:FAMILY]
        own = self._dirty_range(prefix, after) if family in self._dirty_families or len(prefix) < FAMILY else {}
        found = self._stored(prefix, limit + len(own), after) if self._holds(family) else ()
        if not own:
            return list(found)
        merged = {**dict(found), **own}
        return [(key, value) for key, value in sorted(merged.items()) if value is not None][:limit]

    def _holds(self, family: str) -> bool:
        known = self._stored_families.get(family)
        if known is None or len(family) < FAMILY:
            known = self._stored_families[family] = any(self._stored(family, 1))
        return known

    def _dirty_range(self, prefix: str, after: str) -> Writes:
        if self._unsorted:
            self._dirty_keys.update(self._unsorted)
            self._unsorted = []
        behind = self._dirty_keys.irange(max(prefix, after), prefix + LAST, (after < prefix, True))
        return {key: self._dirty[key] for key in behind}

    def _stored(self, prefix: str, limit: int, after: str = "") -> Iterator[tuple[str, Value]]:
        start = prefix.encode()
        for count, (key, data) in enumerate(self._raw(max(start, _following(after)))):
            if count == limit or not key.startswith(start):
                return
            yield key.decode(), decode(data)

    def _raw(self, start: bytes | None = None) -> Iterator[tuple[bytes, bytes]]:
        """Raw mode: keys and values are bytes, whatever the library's types allow."""
        last = start
        for last, data in self._db.items(from_key=start):  # type: ignore[assignment]
            yield last, data  # type: ignore[misc]
        self._check_end(last)

    def _check_end(self, last: bytes | None) -> None:
        """Raise if the last scan ended at a damaged block: the library's iterator just stops there, as at the end."""
        iterator = self._db.iter()
        if last is None:
            iterator.seek_to_first()
        else:
            iterator.seek(last)
        if iterator.valid():
            iterator.next()
        iterator.status()

    # -- what the shell does

    def apply(self, writes: Writes) -> None:
        for key in writes:
            if key not in self._dirty:
                self._unsorted.append(key)
                self._dirty_families.add(key[:FAMILY])
        self._dirty.update(writes)

    def items(self) -> Iterator[tuple[str, Value]]:
        """All committed entries; to rebuild indexes."""
        for key, data in self._raw():
            if not key.startswith(b"~"):
                yield key.decode(), decode(data)

    def pending(self) -> list[Record]:
        """The records of the next commit, encoded once for changelog and store."""
        return [(key.encode(), None if value is None else encode(value)) for key, value in self._dirty.items()]

    def commit(self, pending: Iterable[Record], progress: Value) -> None:
        """One WriteBatch with the records of the finished transaction and its progress record."""
        self._write([*pending, (PROGRESS.encode(), encode(progress))])
        self._recent.update(self._dirty)
        self._stored_families |= dict.fromkeys(self._dirty_families, True)
        self.rollback()

    def _write(self, records: Iterable[Record], how: WriteOptions = _LOGGED) -> None:
        batch = WriteBatch(raw_mode=True)
        for key, data in records:
            if data is None:
                batch.delete(key)
            else:
                batch.put(key, data)
        self._db.write(batch, how)

    def load(self, records: Iterable[Record], *, logged: bool = True) -> None:
        """Write changelog records, in order, straight into the database. Not `logged`: without RocksDB's own log, so a
        crash before `flush` loses the latest of them."""
        self._write(records, _LOGGED if logged else _UNLOGGED)
        self._recent.clear()
        self._stored_families.clear()

    def flush(self) -> None:
        """Make records that were loaded without a log survive a crash."""
        self._db.flush(wait=True)

    def scan(self, start: bytes, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Stored bytes in key order from `start` on, as long as keys have the prefix."""
        for key, data in self._raw(start):
            if not key.startswith(prefix):
                return
            yield key, data

    def progress(self) -> Value | None:
        data = self._db.get(PROGRESS.encode())
        return None if data is None else decode(data)

    def rollback(self) -> None:
        """Drop what was not committed."""
        self._dirty = {}
        self._dirty_keys = SortedList()
        self._dirty_families = set()
        self._unsorted = []

    def close(self) -> None:
        self._recent.close()
        self._db.close()


def _following(key: str) -> bytes:
    """The first possible key after this one."""
    return key.encode() + b"\0" if key else b""


def destroy(folder: Path) -> None:
    """Discard a store that is stale or broken; it is restored in full from its changelog."""
    shutil.rmtree(folder, ignore_errors=True)
