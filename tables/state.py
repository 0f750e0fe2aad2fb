"""State of one shard: RocksDB on disk, a write-back cache above it, one WriteBatch a commit.

Between commits nothing reaches RocksDB: dirty entries wait in the cache. A commit writes them together with the
progress record, after the transaction that holds the same records has committed (contracts 1)."""

from __future__ import annotations

import shutil
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson
from rocksdict import BlockBasedOptions, Cache, Options, Rdict, WriteBatch, WriteBufferManager
from sortedcontainers import SortedDict

from tables.view import LAST, Value, Writes

PROGRESS = "~progress"
_VERSION = b"\x01"
"""First byte of every stored value: the state version it was written by."""
_UPGRADES: dict[bytes, Any] = {_VERSION: orjson.loads}
"""State version -> how a value of it is read today."""

_MIB = 1024 * 1024
_BLOCK_CACHE = Cache(128 * _MIB)
_WRITE_BUFFERS = WriteBufferManager(96 * _MIB, False)
# One budget for all shards of the process, however many there are (reference A1.12).


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
    found.set_max_open_files(256)
    table = BlockBasedOptions()
    table.set_block_cache(_BLOCK_CACHE)
    table.set_bloom_filter(10, False)
    found.set_block_based_table_factory(table)
    return found


class RocksState:
    def __init__(self, folder: Path, *, cached_entries_max: int = 200_000) -> None:
        self._folder = folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Options must be named for the column family too: a reopened database forgets them otherwise (reference A1.11).
        self._db = Rdict(str(folder), options(), column_families={"default": options()})
        self._dirty: SortedDict[str, Value | None] = SortedDict()
        self._clean: OrderedDict[str, Value | None] = OrderedDict()
        self._cached_entries_max = cached_entries_max

    # -- what the core sees

    def get(self, key: str) -> Value | None:
        if key in self._dirty:
            written: Value | None = self._dirty[key]
            return written
        if key in self._clean:
            self._clean.move_to_end(key)
            return self._clean[key]
        data = self._db.get(key.encode())
        value = None if data is None else decode(data)
        self._remember(key, value)
        return value

    def range(self, prefix: str, limit: int) -> list[tuple[str, Value]]:
        own = {key: self._dirty[key] for key in self._dirty.irange(prefix, prefix + LAST)}
        found = list(self._stored(prefix, limit + len(own)))
        merged = {**dict(found), **own}
        return [(key, value) for key, value in sorted(merged.items()) if value is not None][:limit]

    def _stored(self, prefix: str, limit: int) -> Iterator[tuple[str, Value]]:
        start = prefix.encode()
        for count, (key, data) in enumerate(self._raw(start)):
            if count == limit or not key.startswith(start):
                return
            yield key.decode(), decode(data)

    def _raw(self, start: bytes | None = None) -> Iterator[tuple[bytes, bytes]]:
        """Raw mode: keys and values are bytes, whatever the library's types allow."""
        return self._db.items(from_key=start)  # type: ignore[return-value]

    # -- what the shell does

    def apply(self, writes: Writes) -> None:
        self._dirty.update(writes)

    def items(self) -> Iterator[tuple[str, Value]]:
        """Everything as committed; for rebuilding indexes at restore."""
        for key, data in self._raw():
            if not key.startswith(b"~"):
                yield key.decode(), decode(data)

    def pending(self) -> list[tuple[str, bytes | None]]:
        """What the next commit would write, encoded once for changelog and store."""
        return [(key, None if value is None else encode(value)) for key, value in self._dirty.items()]

    def commit(self, pending: Iterable[tuple[str, bytes | None]], progress: Value) -> None:
        """One WriteBatch with the records of the finished transaction and its progress record."""
        batch = WriteBatch(raw_mode=True)
        for key, data in pending:
            _put(batch, key, data)
        batch.put(PROGRESS.encode(), encode(progress))
        self._db.write(batch)
        for key, value in self._dirty.items():
            self._remember(key, value)
        self._dirty = SortedDict()

    def load(self, records: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Changelog records, in order, straight into the database."""
        batch = WriteBatch(raw_mode=True)
        for key, data in records:
            if data is None:
                batch.delete(key)
            else:
                batch.put(key, data)
        self._db.write(batch)
        self._clean.clear()

    def progress(self) -> Value | None:
        data = self._db.get(PROGRESS.encode())
        return None if data is None else decode(data)

    def rollback(self) -> None:
        self._dirty = SortedDict()

    def close(self) -> None:
        self._db.close()

    def _remember(self, key: str, value: Value | None) -> None:
        self._clean[key] = value
        if len(self._clean) > self._cached_entries_max:
            self._clean.popitem(last=False)


def _put(batch: WriteBatch, key: str, data: bytes | None) -> None:
    if data is None:
        batch.delete(key.encode())
    else:
        batch.put(key.encode(), data)


def destroy(folder: Path) -> None:
    """Discard a store that is stale or broken; it is restored in full from its changelog."""
    shutil.rmtree(folder, ignore_errors=True)
