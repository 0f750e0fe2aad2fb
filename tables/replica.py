"""A shard's store that follows its changelog: state, deadline index, and the position reached.

An owner restores it to the end of the changelog and works on from there. A standby keeps it close to the end."""

from __future__ import annotations

import logging
import time
from itertools import chain
from pathlib import Path
from typing import Any

from confluent_kafka import Message

from tables.broken import explained, is_broken, is_condemned
from tables.changelog import ChangelogUnusable, Extent
from tables.deadlines import COMPLETE, COPY, Deadlines, Waits
from tables.state import PROGRESS, Record, RocksState, decode, destroy, encode

log = logging.getLogger(__name__)
STALE_AFTER_SECONDS = 3.5 * 24 * 3600
"""Half of the changelogs' delete.retention.ms: a tombstone that this store never saw may be gone by then."""
_PROGRESS = PROGRESS.encode()


class Replica:
    def __init__(self, folder: Path, waits: Waits) -> None:
        """Open the store; begin an empty one if it is broken or too old. `waits`: the stage, which knows what of its
        state waits for an instant. Raises StoreUnusable if the folder cannot be used."""
        self.folder, self._waits = folder, waits
        self._under = tuple(under.encode() for under in waits.waits_under)
        self.state, self.deadlines = _opened(folder, waits)
        progress = self.state.progress() or {}
        self.changelog_id: str | None = progress.get("changelog_id")
        self.position: int | None = progress.get("changelog_offset")
        """The changelog's next offset; None: at its beginning."""

    @property
    def is_empty(self) -> bool:
        return self.position is None

    def fit(self, changelog: Extent, name: str) -> None:
        """Begin an empty store if this one does not belong to this changelog. Raises ChangelogUnusable if that would
        lose the state, because the changelog is empty."""
        known, self.changelog_id = self.changelog_id, changelog.topic_id
        if self.position is None:
            return
        if known == changelog.topic_id and changelog.low <= self.position <= changelog.high:
            return
        if changelog.low == changelog.high:
            raise ChangelogUnusable(
                f"{name} is empty, but {self.folder} holds state that came from it: the topic was recreated or emptied."
                f" Bring it back; or delete the folder, and the state is made anew from what the input still holds"
            )
        log.warning("%s does not fit its changelog %s any more; restoring in full", self.folder, name)
        self.state.close()
        destroy(self.folder)
        self.state, self.deadlines = _opened(self.folder, self._waits)
        self.position = None

    def apply(self, messages: list[Message], *, logged: bool = True) -> None:
        """Apply changelog records, in order. Not `logged`: faster, but a crash goes back to an earlier position."""
        records: list[Record] = [(message.key() or b"", message.value()) for message in messages]
        self._note_waits(records)
        records += self.deadlines.changes()
        # The last progress record among them is written once more, with its own offset in the changelog.
        last = next((message for message in reversed(messages) if message.key() == _PROGRESS), None)
        if last is not None:
            records.append((_PROGRESS, _with_offset(last)))
        try:
            self.state.load(records, logged=logged)
        except Exception as problem:
            raise explained(self.folder, problem) from problem
        self.position = (messages[-1].offset() or 0) + 1

    def _note_waits(self, records: list[Record]) -> None:
        for key, data in records if self._under else ():
            if key.startswith(self._under):
                entry = key.decode()
                self.deadlines.put(entry, self._waits.wake(entry, None if data is None else decode(data)))

    def close(self) -> None:
        self.state.close()


def _with_offset(progress: Message) -> bytes:
    """The progress record with its changelog offset, as an owner writes it after a commit."""
    value: dict[str, Any] = decode(progress.value() or b"")
    return encode({**value, "changelog_offset": (progress.offset() or 0) + 1})


def _opened(folder: Path, waits: Waits) -> tuple[RocksState, Deadlines]:
    if is_condemned(folder):
        log.warning("%s was found broken; restoring in full", folder)
        destroy(folder)
    try:
        return _open(folder, waits)
    except Exception as problem:
        if not is_broken(problem):
            raise explained(folder, problem) from problem
        log.warning("%s is broken (%s); restoring in full", folder, problem)
        destroy(folder)
        return _open(folder, waits)


def _open(folder: Path, waits: Waits) -> tuple[RocksState, Deadlines]:
    state = RocksState(folder)
    try:
        progress = state.progress()
        if progress and time.time() - progress["committed_at_seconds"] > STALE_AFTER_SECONDS:
            log.warning("%s is older than tombstones are kept; restoring in full", folder)
            state.close()
            destroy(folder)
            state = RocksState(folder)
        return state, deadlines_of(state, waits)
    except BaseException:
        state.close()
        raise


def deadlines_of(state: RocksState, waits: Waits) -> Deadlines:
    """As of the last commit."""
    if not waits.waits_under:
        return Deadlines()
    if next(state.scan(COMPLETE, COMPLETE), None) is not None:
        return Deadlines.stored(state.scan(COPY, COPY))
    scanned = (state.scan(under.encode(), under.encode()) for under in waits.waits_under)
    entries = ((key.decode(), decode(data)) for key, data in chain.from_iterable(scanned))
    found = Deadlines.found(entries, waits.wake)
    state.load([*found.changes(), (COMPLETE, b"")])
    return found
