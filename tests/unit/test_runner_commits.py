"""Facts about a running shard and its commits, with an outbox that only takes notes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from schemas.codec import Codec, Decoded
from streams.inputs import Input, Stage, WithoutDeadlines
from streams.shard import Shard
from streams.worker.outbox import Outbox, Outgoing
from streams.worker.pace import Pace
from streams.worker.runner import Runner
from tables.deadlines import Deadlines
from tables.recovery import Restored
from tables.state import RocksState
from tables.view import Emit, Workspace

NEVER_SECONDS = 60.0


class Echo(WithoutDeadlines):
    """Answers a word; a silent one only changes the state."""

    name = "echo"

    def step(self, ws: Workspace, partition: int, record: Input) -> str:
        ws.put("w/" + record.key, record.value)
        if record.record == "Word":
            ws.emit(Emit("out", record.key, "Word", record.value))
        return "word"

    def diverted(self, ws: Workspace, partition: int, letter: dict[str, Any]) -> None: ...

    def flush(self, ws: Workspace, partition: int) -> None: ...


class PlainCodec:
    """Bytes as they are; a leading question mark makes them silent, a leading tilde slow."""

    def decode(self, data: bytes) -> Decoded:
        if data.startswith(b"~"):
            time.sleep(0.001)
        return Decoded("Silent" if data.startswith(b"?") else "Word", {"text": data.decode()})

    def encode(self, topic: str, record: str, value: dict[str, Any]) -> bytes:
        return str(value["text"]).encode()


class Notes:
    """An outbox: what each transaction held, and when it ended."""

    def __init__(self, took_seconds: float = 0.0) -> None:
        self.commits: list[tuple[float, list[bytes | None]]] = []
        self.took_seconds = took_seconds

    def commit(self, outgoing: Iterable[Outgoing], changelog: Iterable[Outgoing], *_: Any) -> int:
        said = [value for _, _, _, value, _ in outgoing]
        list(changelog)
        time.sleep(self.took_seconds)  # the broker
        self.commits.append((time.monotonic(), said))
        return len(self.commits)

    def close(self) -> None: ...

    @property
    def said(self) -> list[bytes | None]:
        return [value for _, values in self.commits for value in values]


def fail(problem: BaseException) -> None:
    raise AssertionError(problem)


@asynccontextmanager
async def running(
    folder: Path,
    pace: Pace,
    notes: Notes,
    stage: Stage | None = None,
    codec: Any = None,
    crash: Callable[[BaseException], None] = fail,
) -> AsyncIterator[Runner]:
    state = RocksState(folder / "state")
    runner = Runner(
        Shard(stage or Echo(), 0, state, Deadlines()),
        Restored(state, 0, 0.0, "id", Deadlines()),
        cast(Outbox, notes),
        cast(Codec, codec or PlainCodec()),
        partitions=1,
        pace=pace,
        flood=10,
        crash=crash,
    )
    runner.start()
    try:
        yield runner
    finally:
        await runner.stop()


def records(texts: Iterable[str], first: int = 0) -> list[Any]:
    return [
        SimpleNamespace(
            topic="in",
            partition=0,
            offset=offset,
            key=str(offset).encode(),
            value=text.encode(),
            headers=(),
            timestamp=0,
        )
        for offset, text in enumerate(texts, first)
    ]


async def until(condition: Callable[[], bool], within_seconds: float = 10.0) -> None:
    deadline = time.monotonic() + within_seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.001)


def test_an_idle_shard_commits_at_once(tmp_path: Path) -> None:
    async def main() -> None:
        notes = Notes()
        async with running(tmp_path, Pace(NEVER_SECONDS, 0.0), notes) as runner:
            runner.submit(records(["a"]))
            await until(lambda: notes.said == [b"a"])

    asyncio.run(main())


def test_what_nobody_waits_for_goes_along_with_what_somebody_does(tmp_path: Path) -> None:
    async def main() -> None:
        notes = Notes()
        async with running(tmp_path, Pace(NEVER_SECONDS, 0.0), notes) as runner:
            runner.submit(records(["?"]))
            await until(lambda: runner.counters.records == 1)
            assert notes.commits == []
            runner.submit(records(["b"], first=1))
            await until(lambda: runner.positions == {"in": 2})
            assert len(notes.commits) == 1

    asyncio.run(main())


def test_what_nobody_waits_for_is_committed_at_the_interval_all_the_same(tmp_path: Path) -> None:
    async def main() -> None:
        notes = Notes()
        async with running(tmp_path, Pace(0.05, 0.0), notes) as runner:
            runner.submit(records(["?"]))
            await until(lambda: runner.positions == {"in": 1})

    asyncio.run(main())


def test_a_drip_shares_commits_while_one_is_under_way(tmp_path: Path) -> None:
    async def main() -> None:
        notes = Notes(took_seconds=0.02)
        async with running(tmp_path, Pace(NEVER_SECONDS, 0.0), notes) as runner:
            for number in range(100):
                runner.submit(records([str(number)], first=number))
                await asyncio.sleep(0.001)
            await until(lambda: runner.positions == {"in": 100})
            assert notes.said == [str(number).encode() for number in range(100)]
            assert len(notes.commits) < 20

    asyncio.run(main())


def test_others_get_their_turn_while_a_long_batch_is_folded(tmp_path: Path) -> None:
    """500 records of judge are 200 ms, and the commits of all other shards wait for the event loop."""

    async def main() -> None:
        async with running(tmp_path, Pace(NEVER_SECONDS, 0.0), Notes()) as runner:
            runner.submit(records(["~"] * 400))
            turns = 0
            while runner.counters.records < 400:
                await asyncio.sleep(0)
                turns += 1
            assert turns > 5

    asyncio.run(main())


def test_a_held_shard_commits_nothing_until_it_goes_on(tmp_path: Path) -> None:
    async def main() -> None:
        notes = Notes()
        async with running(tmp_path, Pace(NEVER_SECONDS, 0.0), notes) as runner:
            await runner.hold()
            runner.submit(records(["a"]))
            await until(lambda: runner.counters.records == 1)
            assert notes.commits == []
            runner.go_on()
            await until(lambda: notes.said == [b"a"])

    asyncio.run(main())
