"""Facts about what verdicts look up: they share it for as long as nothing can have changed it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from schemas.instants import ALWAYS, Instant
from streams import shard as shards
from streams.inputs import Due, Input
from streams.shard import Behind, Shard
from tables.deadlines import LAST, Deadlines, Gate
from tables.view import MemoryView, Workspace

OTHERS: Gate = ("others", "")


class Looking:
    """A stage that looks up one more thing with each entry, and tells what it found looked up."""

    name = "looking"
    waits_under: tuple[str, ...] = ("o/",)
    settled_before = frozenset({"amended"})

    def __init__(self) -> None:
        self.found: list[int] = []
        self.folded: list[str] = []

    def step(self, ws: Workspace, partition: int, record: Input) -> str:
        for key in record.value["waiting"]:
            ws.put(key, {})
        self.folded.append(record.record)
        return "amended" if record.record == "Late" else "folded"

    def flush(self, ws: Workspace, partition: int) -> None: ...

    def wake(self, key: str, value: dict[str, Any] | None) -> tuple[Gate, Instant] | None:
        return None if value is None else (LAST if "last" in key else OTHERS, 1)

    def gates(self, ws: Workspace) -> Mapping[Gate, Instant]:
        return {OTHERS: ALWAYS, LAST: ALWAYS}

    def settle(self, ws: Workspace, due: Due) -> None:
        self.found.append(len(ws.looked_up))
        self.folded.append(due.key)
        ws.looked_up[due.key] = True
        ws.delete(due.key)
        if "last" in due.key:
            ws.put("o/after", {})


def settled(*batches: str) -> list[int]:
    """How much was looked up before each entry, where each batch of them is folded by one record."""
    stage: Any = Looking()
    shard = Shard(stage, 0, MemoryView(), Deadlines())
    for offset, batch in enumerate(batches):
        shard.process(Input("t", 0, offset, "", "R", {"waiting": [f"o/{name}" for name in batch.split()]}, {}))
        while shard.has_due():
            shard.settle(limit=2)
    found: list[int] = stage.found
    return found


def test_until_a_record_is_folded() -> None:
    assert settled("a b c", "d e") == [0, 1, 2, 0, 1]


def test_until_something_leaves() -> None:
    assert settled("a b last") == [0, 1, 0, 1]


def test_until_it_is_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "REMEMBERED", 3)
    assert settled("a b c d e f g") == [0, 1, 2, 3, 0, 1, 2]


def folded(*records: str) -> tuple[Shard, list[str]]:
    """Records, each of which has an entry wait that is due at once, and no commit between them."""
    stage: Any = Looking()
    shard = Shard(stage, 0, MemoryView(), Deadlines())
    for offset, name in enumerate(records):
        shard.process(Input("t", 0, offset, "", name, {"waiting": [f"o/{offset}"]}, {}))
    return shard, stage.folded


def test_what_is_due_is_settled_before_a_record_that_amends_it() -> None:
    shard, found = folded("On time", "On time", "Late", "On time")

    # The first time it was found late, and nothing of that counts.
    assert found == ["On time", "On time", "Late", "o/0", "o/1", "Late", "On time"]
    assert shard.outcomes == {"folded": 3, "amended": 1}
    assert [key for key, _ in shard.state.range("o/", 9)] == ["o/2", "o/3"]


def test_where_nothing_is_due_nothing_is_settled_before_it() -> None:
    assert folded("Late")[1] == ["Late"]


def test_whoever_commits_in_between_is_told_that_it_is_not_folded_yet() -> None:
    shard, _ = folded("On time")
    late = Input("t", 0, 1, "", "Late", {"waiting": ["o/late"]}, {})

    with pytest.raises(Behind):
        shard.fold(late)
    assert (shard.state.get("o/late"), shard.outcomes["amended"]) == (None, 0)
    shard.settle()
    shard.fold(late)
    assert (shard.state.get("o/late"), shard.outcomes["amended"]) == ({}, 1)
