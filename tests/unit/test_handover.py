"""The shard that reads a topic takes what another committed before a consumer brings it: each record once, in order."""

from __future__ import annotations

import asyncio
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import topics
from streams.worker import handover
from streams.worker.handover import Committed, Handover, Span, callbacks
from streams.worker.inbox import Inbox
from streams.worker.outbox import BY_KEY, Outgoing
from streams.worker.pace import Pace
from tests.unit.test_runner_commits import NEVER_SECONDS, Notes, records, running, until

TOPIC, PARTITION = "in", 0


class Reader:
    """A shard that reads the topic, as far as it takes something in."""

    paused: str | None = None

    def __init__(self) -> None:
        self.inbox = Inbox({})

    @property
    def backlog(self) -> int:
        return self.inbox.backlog

    def submit_behind(self, marker: int, batch: list[Any]) -> None:
        self.inbox.take_behind(marker, batch)

    @property
    def taken(self) -> list[tuple[int, bytes]]:
        return [(record.offset, record.value) for batch in self.inbox.waiting for record in batch]


class Topic:
    """One partition, with transactions: offset -> what lies there; of a marker, whose transaction it ends."""

    def __init__(self) -> None:
        self.log: list[bytes | None] = []
        self.undecided: dict[str, list[int]] = {}
        """Who writes -> the offsets of a transaction without its marker."""
        self.aborted: set[int] = set()

    def write(self, who: str, values: list[bytes]) -> list[int]:
        offsets = list(range(len(self.log), len(self.log) + len(values)))
        self.log += values
        self.undecided.setdefault(who, []).extend(offsets)
        return offsets

    def end(self, who: str, *, aborted: bool = False) -> None:
        """Its marker is written."""
        if offsets := self.undecided.pop(who, []):
            self.log.append(None)
            self.aborted |= set(offsets) if aborted else set()

    def committed(self, start: int = 0) -> list[Any]:
        """From there on, as far as a reader of committed records may see."""
        end = min((offset for offsets in self.undecided.values() for offset in offsets), default=len(self.log))
        return [
            SimpleNamespace(topic=TOPIC, offset=offset, value=self.log[offset])
            for offset in range(start, end)
            if self.log[offset] is not None and offset not in self.aborted
        ]


class Writer:
    """A shard of this worker that writes to the topic."""

    def __init__(self, topic: Topic, reader: Reader, who: str) -> None:
        self._topic, self._who = topic, who
        self._handover = Handover(lambda topic, partition: reader, [TOPIC], 1)

    def commit(self, parts: list[list[bytes]], between: Any = lambda: None, *, aborted: bool = False) -> None:
        """Each part is written at once, and `between` is what others do meanwhile; the marker comes last of all."""
        outgoing = [record(value) for part in parts for value in part]
        spans = self._handover.spans(outgoing)
        told, number = callbacks(spans), 0
        self._topic.end(self._who)
        for part in parts:
            for offset in self._topic.write(self._who, part):
                if number in told:
                    told[number](None, delivery(offset))
                number += 1
            between()
        if aborted:
            self._topic.end(self._who, aborted=True)
        else:
            self._handover.hand_over(spans)

    def end(self) -> None:
        self._topic.end(self._who)


def record(value: bytes, topic: str = TOPIC, partition: int = PARTITION) -> Outgoing:
    return topic, partition, b"key", value, ()


WRITTEN_AT = 1_700_000_000_000


def delivery(offset: int | None, partition: int = PARTITION) -> Any:
    return SimpleNamespace(partition=lambda: partition, offset=lambda: offset, timestamp=lambda: (1, WRITTEN_AT))


def begun() -> tuple[Topic, Reader, Writer]:
    """The first transaction was committed, and a consumer brought it."""
    topic, reader = Topic(), Reader()
    writer = Writer(topic, reader, "ours")
    writer.commit([[b"0"]])
    writer.end()
    reader.inbox.take(topic.committed())
    assert reader.taken == [(0, b"0")]
    return topic, reader, writer


def test_a_committed_transaction_is_there_before_its_marker_is() -> None:
    topic, reader, writer = begun()

    writer.commit([[b"2", b"3"]])
    writer.commit([[b"5"]])

    assert topic.committed()[-1].offset == 3
    assert reader.taken[1:] == [(2, b"2"), (3, b"3"), (5, b"5")]


def test_what_a_consumer_brings_once_more_is_dropped() -> None:
    topic, reader, writer = begun()
    writer.commit([[b"2", b"3"]])
    writer.end()

    assert not reader.inbox.take(topic.committed())
    writer.commit([[b"5"]])
    writer.end()
    topic.write("another", [b"7"])
    topic.end("another")
    assert reader.inbox.take(topic.committed(start=3))

    assert reader.taken == [(0, b"0"), (2, b"2"), (3, b"3"), (5, b"5"), (7, b"7")]


def test_nothing_is_handed_over_what_others_wrote_before_it() -> None:
    topic, reader, writer = begun()
    topic.write("another", [b"2"])
    topic.end("another")

    writer.commit([[b"4"]])

    assert reader.taken == [(0, b"0")]


def test_nothing_is_handed_over_what_others_wrote_amid_it() -> None:
    topic, reader, writer = begun()

    writer.commit([[b"2"], [b"4"]], between=lambda: topic.write("another", [b"x"]))

    assert reader.taken == [(0, b"0")]


def test_nothing_is_handed_to_a_shard_that_the_consumer_has_not_brought_what_was_before() -> None:
    topic, reader = Topic(), Reader()
    writer = Writer(topic, reader, "ours")

    writer.commit([[b"0"]])
    writer.commit([[b"2"]])

    assert reader.taken == []


def test_a_backlog_is_fetched_at_the_reader_s_own_speed(monkeypatch: Any) -> None:
    _, reader, writer = begun()
    monkeypatch.setattr(handover, "BACKLOG_LOW", 1)

    writer.commit([[b"2"]])

    assert reader.taken == [(0, b"0")]


def test_nothing_is_handed_to_a_shard_that_stands_still() -> None:
    _, reader, writer = begun()
    reader.paused = "a flood of dead letters"

    writer.commit([[b"2"]])

    assert reader.taken == [(0, b"0")]


@pytest.mark.parametrize(("size", "taken"), [(2, [(0, b"0"), (2, b"r"), (3, b"r")]), (3, [(0, b"0")])])
def test_a_large_commit_is_left_to_the_consumer(size: int, taken: list[Any], monkeypatch: Any) -> None:
    _, reader, writer = begun()
    monkeypatch.setattr(handover, "RECORDS_MAX", 2)

    writer.commit([[b"r"] * size])

    assert reader.taken == taken


def test_what_no_shard_of_this_worker_reads_is_handed_to_nobody() -> None:
    asked = list[tuple[str, int]]()
    out = Handover(lambda topic, partition: asked.append((topic, partition)), [TOPIC], 1)

    for offset in (0, 2):
        spans = out.spans([record(b"a")])
        spans[TOPIC, PARTITION].delivered(None, delivery(offset))
        out.hand_over(spans)

    assert asked == [(TOPIC, PARTITION)] * 2


def test_what_does_not_follow_on_what_came_is_not_taken() -> None:
    inbox = Inbox({TOPIC: 4})
    here = [SimpleNamespace(topic=TOPIC, offset=offset) for offset in (5, 6)]

    assert not inbox.take_behind(4, [])
    assert not inbox.take_behind(5, here[1:])
    assert not inbox.take_behind(3, here)
    assert inbox.take_behind(4, here)
    assert not inbox.take_behind(4, here)
    assert inbox.backlog == 2


def test_only_topics_that_are_read_here_are_asked_about_and_by_partition() -> None:
    out = Handover(lambda topic, partition: None, ["changes"], 4)
    outgoing = [
        record(b"", "out", 0),
        record(b"a", "changes", 1),
        record(b"b", "changes", 3),
        record(b"c", "changes", 1),
        record(b"d", "changes", 1),
    ]

    spans = out.spans(outgoing)

    assert {place: [value for _, _, _, value, _ in span.written] for place, span in spans.items()} == {
        ("changes", 1): [b"a", b"c", b"d"],
        ("changes", 3): [b"b"],
    }
    assert sorted(callbacks(spans)) == [1, 2, 4]


@pytest.mark.parametrize(
    ("topic", "partitions", "asked"), [("changes", 1, [0]), ("changes", 4, []), (topics.LINKS, 4, [0])]
)
def test_of_what_goes_by_key_it_is_asked_where_there_is_one_partition(
    topic: str, partitions: int, asked: list[int]
) -> None:
    out = Handover(lambda topic, partition: None, [topic], partitions)

    assert list(out.spans([record(b"a", topic, BY_KEY)])) == [(topic, partition) for partition in asked]


def told(*answers: tuple[Any, Any], values: tuple[bytes, ...] = (b"a", b"b")) -> list[Committed]:
    """What is known of a span once its first and last were answered."""
    span = Span(TOPIC, PARTITION, 0)
    span.written += map(record, values)
    for error, message in answers:
        span.delivered(error, message)
    return span.records()


def test_a_record_is_as_a_consumer_would_bring_it() -> None:
    a = Committed(TOPIC, PARTITION, 4, WRITTEN_AT, b"key", b"a", ())

    assert told((None, delivery(4)), (None, delivery(5))) == [a, a._replace(offset=5, value=b"b")]


def test_where_the_broker_does_not_say_where_it_lies_nothing_is_handed_over() -> None:
    assert told() == []
    assert told(values=(b"a",)) == []
    assert told((None, delivery(4))) == []
    assert told((None, delivery(None)), values=(b"a",)) == []
    assert told((None, delivery(None)), (None, delivery(None))) == []
    assert told((None, delivery(4)), ("lost", delivery(5))) == []
    assert told((None, delivery(4)), (None, delivery(5, partition=1))) == []


_SIZES = st.lists(st.integers(1, 3), min_size=1, max_size=2)
_SELDOM = st.sampled_from([False] * 7 + [True])
_TURNS = st.lists(
    st.one_of(
        st.tuples(st.just("ours"), _SIZES, _SELDOM, st.booleans()),
        st.tuples(st.just("fetch"), st.integers(1, 9)),
        st.tuples(st.sampled_from(["ours", "ours too", "another"]), _SIZES, _SELDOM, st.booleans()),
    ),
    max_size=40,
)


@given(_TURNS)
def test_whoever_writes_and_however_slowly_it_is_fetched_each_record_comes_once_and_in_order(turns: list[Any]) -> None:
    """A turn is a transaction {who, sizes of its parts, aborted, whether its marker comes at once}, or a fetch."""
    topic, reader, writer = begun()
    ours = {"ours": writer, "ours too": Writer(topic, reader, "ours too")}
    fetched, values = 1, count()

    def write(who: str, sizes: list[int], aborted: bool, marked: bool) -> None:
        parts = [[b"%d" % next(values) for _ in range(size)] for size in sizes]
        if who in ours:
            ours[who].commit(parts, aborted=aborted)
        else:
            topic.end(who)
            for part in parts:
                topic.write(who, part)
        if marked:
            topic.end(who, aborted=aborted)

    for who, *turn in turns:
        if who == "fetch":
            batch = topic.committed(fetched)[: turn[0]]
            reader.inbox.take(batch)
            fetched = batch[-1].offset + 1 if batch else fetched
        else:
            write(who, *turn)
    for who in (*ours, "another"):
        topic.end(who)
    reader.inbox.take(topic.committed(fetched))

    assert reader.taken == [(record.offset, record.value) for record in topic.committed()]


def test_a_shard_folds_at_once_what_the_one_before_it_committed(tmp_path: Path) -> None:
    async def main() -> None:
        notes = Notes()
        async with running(tmp_path, Pace(NEVER_SECONDS, 0.0), notes) as runner:
            runner.submit(records(["a"]))
            await until(lambda: notes.said == [b"a"])
            runner.submit_behind(1, records(["b"], first=2))
            await until(lambda: notes.said == [b"a", b"b"])
            runner.submit(records(["b", "c"], first=2))
            await until(lambda: notes.said == [b"a", b"b", b"c"])

    asyncio.run(main())
