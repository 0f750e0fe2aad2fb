"""The executor: performs the commands for one target system, idempotently, and reports a result for each.

- Each target has a consumer group of its own, so one that does not answer, or whose budget is spent, holds up no other.
- Commands for one subject (a command's key) are serial, because one consumer reads a partition in order.
- First it looks at what drifts say now (`streams.asked`). A command whose drift has ended, whose customer is in
  conflict, or whose breaker is open, is withheld. One that comes too late has expired; if its drift still stands it is
  issued again.
- Commands beyond the target's budget a minute wait, in order.
- It looks at the target before every write, so a command that is delivered again finds its own effect.
- A result says what the target answered. A correction counts as successful only when the target's change comes back
  through capture.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Any, NamedTuple

import psycopg
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer

from connectors.errors import Retry, Stop
from connectors.outcome import FAILED, REJECTED, Outcome
from schemas import topics
from schemas.codec import Codec, Unreadable
from schemas.instants import Instant, iso
from schemas.registry import HttpRegistry
from streams.asked import Asked
from streams.budget import Budget
from streams.fleet.corrections import EXPIRED, WITHHELD
from streams.following import CannotFollow, Following
from streams.governance.model import Governance
from streams.settings import Settings
from streams.targets import EXECUTORS, Command, Targets

log = logging.getLogger(__name__)
ATTEMPTS_MAX = 5
PAUSE_SECONDS = (0.2, 1.0, 3.0, 9.0)
"""Between attempts; a command that fails them all stays an open drift."""
SHOWS_WITHIN_SECONDS = 10.0
"""A drift and its command are written in one transaction, but a reader may see the command's partition first."""
_ROUND_SECONDS = 0.2


Headers = list[tuple[str, str | bytes | None]]


class Performed(NamedTuple):
    outcome: Outcome
    attempt: int


class Executor:
    def __init__(self, settings: Settings, governance: Governance, targets: Targets, system: str) -> None:
        self._governance, self._targets, self.system = governance, targets, system
        self._codec = Codec(HttpRegistry(settings.registry_url, settings.registry_client))
        self._codec.prepare(dict.fromkeys((topics.COMMAND_RESULTS, topics.PROGRESS), ("CommandResult",)))
        self._consumer = Consumer(
            settings.client
            | {
                "group.id": f"{settings.application}-execute-{system}",
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "session.timeout.ms": 10_000,
                "fetch.wait.max.ms": 50,
            }
        )
        self._drifts = Following(settings, topics.DRIFTS, governance.partitions)
        self._asked = Asked()
        self._refused: KafkaError | None = None
        self._producer = Producer(settings.client | {"enable.idempotence": True, "linger.ms": 0})
        self._budget = Budget(time.monotonic)

    def __enter__(self) -> Executor:
        self._consumer.subscribe([topics.COMMANDS])
        return self

    def __exit__(self, *_: object) -> None:
        self._producer.flush(5)
        self._consumer.close()
        self._drifts.close()

    def run(self, stop: threading.Event, on_round: Callable[[], None] = lambda: None) -> None:
        """Until told to stop. A command's offset is committed after its result has been written."""
        log.info("performing commands for %s", self.system)

        def goes_on() -> bool:
            on_round()
            return not stop.wait(_ROUND_SECONDS)

        while not stop.is_set():
            on_round()
            message = self._consumer.poll(_ROUND_SECONDS)
            if message is None or message.error():
                continue
            if not self._handle(message, goes_on):
                return
            if self._producer.flush(10) or self._refused:
                reason = self._refused or "no answer"
                raise Stop(f"the broker does not take command results: {reason}; a restart resumes at the last command")
            self._commit(message)

    def _commit(self, message: Message) -> None:
        """Commit the offset. This may fail after a rebalance: then the command comes again, and is found done."""
        try:
            self._consumer.commit(message=message, asynchronous=False)
        except KafkaException as problem:
            log.warning("offset %s not committed: %s", message.offset(), problem)

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        self._refused = self._refused or error

    def _handle(self, message: Message, goes_on: Callable[[], bool]) -> bool:
        """Returns whether the command is done with. It is not if `goes_on` ended the wait for the budget."""
        try:
            command = self._codec.decode(message.value() or b"").value
        except Unreadable as problem:
            log.error("command at %s@%s cannot be read: %s", message.topic(), message.offset(), problem)
            return True
        if not self._may_run(command):
            return True
        if not self._is_affordable(goes_on):
            return False
        refusal = self._refusal(command, message.timestamp()[1])
        expired = _expired(command, time.time_ns() // 1_000)
        if refusal or expired:
            performed = Performed(Outcome(WITHHELD, refusal) if refusal else Outcome(EXPIRED, expired), 0)
        else:
            performed = self._perform(command)
        log.info("%s %s: %s %s", command["type"], command["target_id"], *performed.outcome.__dict__.values())
        if performed.attempt:
            self._budget.spend()
        self._produce(message.key() or b"", command, performed, _correlation(message))
        return True

    def _is_affordable(self, goes_on: Callable[[], bool]) -> bool:
        """Wait for the budget. What drifts say is looked up after that."""
        governed = self._governance.systems.get(self.system)
        per_minute_max = governed.corrections_per_minute_max if governed else None
        if (wait_seconds := self._budget.wait_seconds(per_minute_max)) > 0:
            log.info("%s corrections a minute at %s: the next one in %.0f s", per_minute_max, self.system, wait_seconds)
        while self._budget.wait_seconds(per_minute_max) > 0:
            if not goes_on():
                return False
        return True

    def _may_run(self, command: Command) -> bool:
        """Only what is for our target, was meant to be executed, can be, and is still switched on, or was approved
        (promise 6)."""
        if command["target_system"] != self.system:
            return False
        if command["mode"] != "execute" or command["type"] not in EXECUTORS:
            return False
        rules = self._governance.kinds.get(command["kind"])
        return rules is not None and (rules.is_performed or (bool(command["approved_by"]) and rules.mode != "alert"))

    def _refusal(self, command: Command, issued_ms: int) -> str:
        """Why it is not performed, by what drifts say now; empty: it is. The drift of a command that was just issued
        may not show yet, so it is looked for again; at least twice, because clocks differ."""
        looks = 0
        while True:
            self._look()
            refusal, looks = self._asked.refusal(command), looks + 1
            if not refusal or (looks > 1 and time.time() - issued_ms / 1_000 > SHOWS_WITHIN_SECONDS):
                return refusal
            time.sleep(PAUSE_SECONDS[0])

    def _look(self) -> None:
        try:
            for message in self._drifts.news():
                value, key = message.value(), (message.key() or b"").decode()
                self._asked.take(message.partition() or 0, key, self._codec.decode(value).value if value else None)
        except (CannotFollow, Unreadable) as problem:
            raise Stop(f"what drifts ask for is not known: {problem}; a restart resumes at the last command") from None

    def _perform(self, command: Command) -> Performed:
        attempt = 1
        while True:
            try:
                return Performed(EXECUTORS[command["type"]](command, self._targets, self._governance), attempt)
            except (Retry, psycopg.OperationalError) as problem:
                log.warning("%s attempt %d: %s", command["type"], attempt, problem)
                if attempt == ATTEMPTS_MAX:
                    return Performed(Outcome(FAILED, type(problem).__name__), attempt)
            except (ValueError, LookupError, StopIteration) as problem:
                return Performed(Outcome(REJECTED, f"cannot be addressed: {problem!r}"), attempt)
            time.sleep(PAUSE_SECONDS[attempt - 1])
            attempt += 1

    def _produce(self, key: bytes, command: Command, performed: Performed, headers: Headers) -> None:
        value = {
            "command_id": command["command_id"],
            "drift_id": command["drift_id"],
            "type": command["type"],
            "target_system": command["target_system"],
            "status": performed.outcome.status,
            "reason": performed.outcome.reason,
            "native_id": performed.outcome.native_id,
            "attempt": performed.attempt,
            "finished_at": time.time_ns() // 1000,
        }
        partition = topics.partition_for(key.decode(), self._governance.partitions)
        data = self._codec.encode(topics.COMMAND_RESULTS, "CommandResult", value)
        self._producer.produce(
            topics.COMMAND_RESULTS, data, key, partition, on_delivery=self._delivered, headers=headers
        )
        told = self._codec.encode(topics.PROGRESS, "CommandResult", value)  # the fleet stage waits for its effect
        self._producer.produce(topics.PROGRESS, told, command["drift_id"].encode(), 0, on_delivery=self._delivered)


def _correlation(message: Message) -> Headers:
    """A result belongs to the business transaction of its command."""
    carried: Iterable[tuple[str, Any]] = message.headers() or ()  # type: ignore[assignment]
    return [(name, value) for name, value in carried if name == topics.CORRELATION_HEADER]


def _expired(command: Command, now: Instant) -> str:
    """Says until when it could have been performed, if that is over; else empty."""
    not_after = command["not_after"]
    return f"not after {iso(not_after)}" if not_after is not None and now > not_after else ""


def run_all(executors: Sequence[tuple[Executor, Callable[[], None]]], stop: threading.Event) -> None:
    """Run each executor in a thread of its own, until told to stop or until one of them ends."""
    with ThreadPoolExecutor(len(executors), thread_name_prefix="execute") as pool:
        running = [pool.submit(each.run, stop, on_round) for each, on_round in executors]
        wait(running, return_when=FIRST_COMPLETED)
        stop.set()
    for each in running:
        each.result()
