"""A record that causes what the broker does not take is diverted with none of its effects; the shard goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import orjson
import pytest
from confluent_kafka import KafkaError, KafkaException

from schemas import topics
from schemas.codec import Decoded
from streams.inputs import Due, Input, WithoutDeadlines
from streams.letters import NO_RECORD
from streams.shard import SLICE
from streams.worker.outbox import CommitFailed, Outbox, Outgoing
from streams.worker.pace import Pace
from streams.worker.runner import Runner
from streams.worker.sizes import RECORD_BYTES_MAX, Unwritable
from tables.view import Emit, Place, Workspace
from tests.unit.test_runner_commits import fail, records, running, until

HUGE = "x" * (RECORD_BYTES_MAX + 1)
ALL_AT_ONCE = Pace(0.05, 0.0)


class Swells(WithoutDeadlines):
    """A small word may cause something huge: an effect, a state record, what is published of a place, a verdict."""

    name = "swells"
    waits_under: tuple[str, ...] = ("o/",)
    settled_before = frozenset({"late"})

    def step(self, ws: Workspace, partition: int, record: Input) -> str:
        word = record.value["text"]
        ws.put(f"w/{record.key}", {"text": HUGE if word == "state" else word})
        ws.put("count", {"words": (ws.get("count") or {"words": 0})["words"] + 1})
        ws.emit(Emit("out", record.key, "Word", {"text": HUGE if word == "effect" else word}))
        ws.refresh((word,))
        if word.startswith("wait"):
            ws.put(f"o/{record.key}", {"due": word != "wait", "says": word})
        return word.partition(" ")[0]

    def diverted(self, ws: Workspace, partition: int, letter: dict[str, Any]) -> None:
        ws.put(f"h/{letter['offset']}", {"reason": letter["reason"]})

    def project(self, ws: Workspace, place: Place) -> None:
        (word,) = place
        ws.emit(Emit("latest", word, "Word", {"text": HUGE if word == "place" else word}))

    def flush(self, ws: Workspace, partition: int) -> None: ...

    def wake(self, key: str, value: dict[str, Any] | None) -> tuple[tuple[str, ...], int] | None:
        return (("gate",), 1) if value and value["due"] else (("shut",), 1) if value else None

    def gates(self, ws: Workspace) -> Mapping[tuple[str, ...], int]:
        return {("gate",): 1}

    def settle(self, ws: Workspace, due: Due) -> None:
        value = ws.get(due.key) or {}
        ws.put(due.key, {**value, "due": False})
        said = HUGE if value["says"] == "wait and see" else value["says"]
        ws.emit(Emit("verdicts", due.key, "Word", {"text": said}))

    def put_aside(self, ws: Workspace, key: str, letter_id: str) -> Emit | None:
        value = ws.get(key) or {}
        ws.put(key, {**value, "due": False, "held": letter_id})
        return Emit("in", key, "Word", {"text": "wake up", "entity": "word"})


class JsonCodec:
    def decode(self, data: bytes) -> Decoded:
        return Decoded("Word", {"text": data.decode()})

    def encode(self, topic: str, record: str, value: dict[str, Any]) -> bytes:
        return orjson.dumps(value, default=bytes.decode)


class Said(NamedTuple):
    topic: str
    key: str
    value: dict[str, Any]


class Broker:
    """An outbox: what was committed. It has a limit of its own for words."""

    def __init__(self) -> None:
        self.said: list[Said] = []
        self.commits = 0

    def commit(self, outgoing: Iterable[Outgoing], changelog: Iterable[Outgoing], *_: Any) -> int:
        list(changelog)
        said = [Said(topic, key.decode(), orjson.loads(value or b"null")) for topic, _, key, value, _ in outgoing]
        if any(s.value.get("text") == "refused by the broker" for s in said):
            raise Unwritable("Broker: Message size too large")
        self.said += said
        self.commits += 1
        return self.commits

    def close(self) -> None: ...

    def told(self, topic: str) -> list[str]:
        return [said.value["text"] for said in self.said if said.topic == topic]

    @property
    def letters(self) -> list[tuple[int, str]]:
        return [(s.value["offset"], s.value["reason"]) for s in self.said if s.topic == topics.DEAD_LETTERS]


def fold(
    folder: Path,
    words: list[str],
    look: Callable[[Runner], None] = lambda _: None,
    crash: Callable[[BaseException], None] = fail,
    done: Callable[[Runner], bool] | None = None,
    broker: Broker | None = None,
) -> Broker:
    """Fold the words in one batch, look at the shard once all are committed."""

    async def main() -> Broker:
        outbox = broker or Broker()
        async with running(folder, ALL_AT_ONCE, outbox, Swells(), JsonCodec(), crash) as runner:  # type: ignore[arg-type]
            runner.submit(records(words))
            await until(lambda: done(runner) if done else runner.positions == {"in": len(words)})
            look(runner)
        return outbox

    return asyncio.run(main())


@pytest.mark.parametrize("culprit", ["effect", "state", "place", "refused by the broker"])
@pytest.mark.parametrize("position", [0, 3, 9])
def test_the_record_that_causes_it_is_diverted_with_none_of_its_effects(
    tmp_path: Path, culprit: str, position: int
) -> None:
    words = [f"word {n}" for n in range(10)]
    words[position] = culprit
    others = [word for word in words if word != culprit]

    def look(runner: Runner) -> None:
        assert runner.shard.state.get(f"w/{position}") is None
        assert runner.shard.state.get(f"h/{position}") == {"reason": "too_large"}
        assert runner.shard.state.get("count") == {"words": 9}

    broker = fold(tmp_path, words, look)

    assert broker.letters == [(position, "too_large")]
    assert broker.told("out") == others
    assert sorted(broker.told("latest")) == others


def test_several_causes_are_all_found_in_their_order(tmp_path: Path) -> None:
    broker = fold(tmp_path, ["effect", "a", "state", "place", "b", "refused by the broker"])

    assert [offset for offset, _ in broker.letters] == [0, 2, 3, 5]
    assert broker.told("out") == ["a", "b"]


def test_one_cause_among_many_costs_few_commits(tmp_path: Path) -> None:
    words = [f"word {n}" for n in range(1000)]
    words[600] = "state"

    broker = fold(tmp_path, words)

    assert broker.told("out") == [word for word in words if word != "state"]
    assert broker.commits < 20


def test_what_waited_before_still_waits(tmp_path: Path) -> None:
    def look(runner: Runner) -> None:
        assert [key for _, _, key in runner.shard.deadlines.waiting(0, 1)] == ["o/0", "o/2"]

    fold(tmp_path, ["wait", "state", "wait", "effect"], look)


class Refusing:
    """A client library's producer, whose broker takes everything but one word."""

    def __init__(self, word: bytes, code: int, *, at_once: bool) -> None:
        self._word, self._error, self._at_once = word, KafkaException(KafkaError(code)), at_once
        self.calls: list[str] = []
        self._spoilt = False

    def begin_transaction(self) -> None:
        self.calls.append("begin")
        self._spoilt = False

    def produce(self, topic: str, value: bytes, key: bytes, partition: int, **callback: Any) -> None:
        self._spoilt = self._spoilt or value == self._word
        if self._spoilt and self._at_once:
            raise self._error
        if "on_delivery" in callback:
            callback["on_delivery"](None, SimpleNamespace(offset=lambda: 6))

    def commit_transaction(self, timeout: float) -> None:
        if self._spoilt:
            raise self._error
        self.calls.append("commit")

    def abort_transaction(self, timeout: float) -> None:
        self.calls.append("abort")


@pytest.mark.parametrize(
    "code", [KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE, KafkaError.INVALID_RECORD]
)
@pytest.mark.parametrize("at_once", [True, False])
def test_a_transaction_that_the_broker_never_takes_is_aborted_and_the_next_one_may_follow(
    monkeypatch: pytest.MonkeyPatch, code: int, at_once: bool
) -> None:
    producer = Refusing(b"huge", code, at_once=at_once)
    monkeypatch.setattr("streams.worker.outbox.Producer", lambda config: producer)
    outbox, progress = Outbox({}, "app-judge-0"), ("log", 0, b"~progress", b"{}", ())

    with pytest.raises(Unwritable, match="app-judge-0"):
        outbox.commit([("out", 0, b"k", b"huge", ())], [], progress)
    end = outbox.commit([("out", 0, b"k", b"small", ())], [], progress)

    assert (end, producer.calls) == (7, ["begin", "abort", "begin", "commit"])


def test_a_transaction_that_the_broker_did_not_take_this_time_stops_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    producer = Refusing(b"huge", KafkaError.TOPIC_AUTHORIZATION_FAILED, at_once=False)
    monkeypatch.setattr("streams.worker.outbox.Producer", lambda config: producer)

    with pytest.raises(CommitFailed):
        Outbox({}, "app-judge-0").commit([("out", 0, b"k", b"huge", ())], [], ("log", 0, b"p", b"{}", ()))


def test_a_flood_of_causes_pauses_the_shard(tmp_path: Path) -> None:
    broker = fold(tmp_path, ["state"] * 20, done=lambda runner: runner.paused is not None)

    assert [offset for offset, _ in broker.letters] == list(range(10))


def test_letters_are_not_counted_twice_when_their_neighbours_are_folded_again(tmp_path: Path) -> None:
    words = [w for n in range(5) for w in ("effect", "state")]

    assert len(fold(tmp_path, words).letters) == 10


@pytest.mark.parametrize("words", [["a", "wait and see", "b", "wait, small"], ["wait, small", "wait and see", "state"]])
def test_a_verdict_that_is_too_large_is_no_records_fault_and_waits_for_its_letter(
    tmp_path: Path, words: list[str]
) -> None:
    def look(runner: Runner) -> None:
        (held,) = [v["held"] for _, v in runner.shard.state.range("o/", 9) if "held" in v]
        (letter,) = [x for x in letters if x["offset"] == NO_RECORD]
        assert (letter["letter_id"], letter["topic"], letter["original_key"]) == (held, "in", "o/1")
        assert "wake up" in letter["original_value"]

    letters: list[dict[str, Any]] = []

    def done(runner: Runner) -> bool:
        said = cast("Broker", runner._outbox).said
        letters[:] = [s.value for s in said if s.topic == topics.DEAD_LETTERS]
        return any(x["offset"] == NO_RECORD for x in letters) and not runner.shard.has_due()

    broker = fold(tmp_path, words, look, done=done)

    assert broker.told("out") == [word for word in words if word != "state"]
    assert broker.told("verdicts") == ["wait, small"]


def test_a_flood_of_such_verdicts_pauses_the_shard(tmp_path: Path) -> None:
    broker = fold(tmp_path, ["wait and see"] * 20, done=lambda runner: runner.paused is not None)

    assert [offset for offset, _ in broker.letters] == [NO_RECORD] * 10


def test_what_cannot_be_written_and_cannot_be_put_aside_stops_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Swells, "put_aside", WithoutDeadlines.put_aside)
    problems: list[BaseException] = []

    broker = fold(tmp_path, ["a", "wait and see", "b"], crash=problems.append, done=lambda _: bool(problems))

    assert isinstance(problems[0], Unwritable)
    assert (broker.letters, broker.told("out")) == ([], ["a", "wait and see", "b"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["a", "wait and see", "late 1", "b", "wait, small", "late 2"], ["wait, small"]),
        (["wait and see", "late state", "state", "late 1"], []),
        (["late 1", "wait, small", "late 2"], ["wait, small"]),
    ],
)
def test_what_cannot_be_written_of_what_was_due_before_late_evidence_is_not_its_fault(
    tmp_path: Path, words: list[str], told: list[str]
) -> None:
    def done(runner: Runner) -> bool:
        return runner.positions == {"in": len(words)} and not runner.shard.has_due()

    broker = fold(tmp_path, words, done=done)

    refused = [offset for offset, _ in broker.letters]
    assert refused.count(NO_RECORD) == words.count("wait and see")
    assert {offset for offset in refused if offset != NO_RECORD} == {n for n, w in enumerate(words) if w == "state"}
    assert broker.told("out") == [word for word in words if word != "state"]
    assert broker.told("verdicts") == told


def test_before_late_evidence_no_more_is_settled_in_one_commit_than_else(tmp_path: Path) -> None:
    """Words from 0 on wait; the last is late, and a verdict is told of each that waited."""
    words = [f"wait {n}" for n in range(3 * SLICE)] + ["late", "word"]

    def look(runner: Runner) -> None:
        assert max(verdicts) <= SLICE

    verdicts: list[int] = []

    class Counting(Broker):
        def commit(self, outgoing: Iterable[Outgoing], changelog: Iterable[Outgoing], *_: Any) -> int:
            told = list(outgoing)
            verdicts.append(sum(topic == "verdicts" for topic, *_ in told))
            return super().commit(told, changelog)

    broker = fold(tmp_path, words, look, broker=Counting())

    assert broker.told("out") == words
    assert len(broker.told("verdicts")) == sum(verdicts) == 3 * SLICE
