"""The executor: performs commands for real, idempotently, and says what became of each.

Serial per subject (a command's key), because one consumer reads a partition in order. A command is looked up at its
target before every write, so a redelivery finds what is there. Success is only ever claimed by the target's own change
coming back through capture; a result says what the target answered. Before that, what drifts say by now is looked up:
a command whose drift has ended, whose customer is in conflict or whose breaker is open is withheld; its result says so.
No more are performed a minute than the target system's budget allows; the others wait, in order.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import psycopg
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer
from pydantic import SecretStr

from connectors.erp.executor import upsert_customer
from connectors.errors import Retry, Stop
from connectors.outcome import FAILED, REJECTED, Outcome
from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.executor import write_external_ref
from connectors.salesforce.settings import CRM_SETTINGS, crm_setting
from connectors.variables import variable
from schemas import topics
from schemas.codec import Codec, Unreadable
from schemas.registry import HttpRegistry
from streams.asked import Asked
from streams.budget import Budget
from streams.fleet.corrections import WITHHELD
from streams.following import CannotFollow, Following
from streams.governance.model import Governance
from streams.kinds.table import KINDS
from streams.settings import Settings

log = logging.getLogger(__name__)
ATTEMPTS_MAX = 5
PAUSE_SECONDS = (0.2, 1.0, 3.0, 9.0)
"""Between attempts; a command that fails them all stays an open drift."""
SHOWS_WITHIN_SECONDS = 10.0
"""A drift and its command are written at once, and yet each partition shows its part when it comes to it."""
_ROUND_SECONDS = 0.2
Command = dict[str, Any]


class Targets:
    """Connections to the systems that commands are for, opened when first needed and after a failure anew."""

    def __init__(self, dsns: Mapping[str, str], environment: Mapping[str, str]) -> None:
        self._dsns, self._environment = dsns, environment
        self._databases: dict[str, psycopg.Connection[Any]] = {}
        self._clients: dict[str, SalesforceClient] = {}

    def database(self, system: str) -> psycopg.Connection[Any]:
        connection = self._databases.get(system)
        if connection is None or connection.closed or connection.broken:
            connection = psycopg.connect(self._dsns[system], autocommit=True)
            self._databases[system] = connection
        return connection

    def salesforce(self, system: str) -> SalesforceClient:
        if system not in self._clients:
            url, client_id, secret = (crm_setting(self._environment, system, name) for name in CRM_SETTINGS)
            self._clients[system] = SalesforceClient(url, client_id, SecretStr(secret))
        return self._clients[system]

    def require(self, governance: Governance) -> None:
        """Raises Stop where a system cannot be reached to which commands may go: each would be rejected."""
        missing = dict.fromkeys(what for system in targeted(governance) if (what := self._lacks(governance, system)))
        if missing:
            raise Stop(f"governance has corrections executed, and their targets are not known: {'; '.join(missing)}")

    def _lacks(self, governance: Governance, system: str) -> str:
        if governance.systems[system].vendor != "salesforce":
            return "" if self._dsns.get(system) else f"set {variable(system, 'DSN')}"
        try:
            for setting in CRM_SETTINGS:
                crm_setting(self._environment, system, setting)
        except ValueError as problem:
            return str(problem)
        return ""

    def close(self) -> None:
        for connection in self._databases.values():
            connection.close()
        for client in self._clients.values():
            client.close()


def native_fields(governance: Governance, system: str, entity: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Canonical attribute -> value becomes the vendor's field -> value, by the same mapping that capture reads with."""
    mapping = next(m for m in governance.mappings[system].values() if m.entity == entity)
    found = {}
    for name, value in values.items():
        source = mapping.attributes[name]
        if not isinstance(source, str):
            raise ValueError(f"{system} {entity}.{name} is no plain field; a command cannot set it")
        found[source] = value
    return found


def _upsert_customer(command: Command, targets: Targets, governance: Governance) -> Outcome:
    desired = native_fields(governance, command["target_system"], "customer", command["desired"])
    return upsert_customer(targets.database(command["target_system"]), desired, command["idempotency_key"])


def _write_external_ref(command: Command, targets: Targets, governance: Governance) -> Outcome:
    system = command["target_system"]
    desired = native_fields(governance, system, "customer", command["desired"])
    expected = native_fields(governance, system, "customer", command["expected"])
    ((field, value),) = desired.items()
    return write_external_ref(targets.salesforce(system), command["target_id"], field, value, expected.get(field))


EXECUTORS: dict[str, Callable[[Command, Targets, Governance], Outcome]] = {
    # command type: how it is performed; every other type stays a proposal for people
    "erp.customer.upsert": _upsert_customer,
    "crm.external_ref.write": _write_external_ref,
}


def targeted(governance: Governance) -> list[str]:
    """Systems to which a command may go: of the role that it names first, of kinds that are switched on."""
    kinds = (kind for kind in KINDS if kind.command in EXECUTORS and governance.kinds[kind.name].is_performed)
    roles = dict.fromkeys(kind.command.partition(".")[0] for kind in kinds)
    return [system for role in roles for system in governance.in_role(role)]


class Performed(NamedTuple):
    outcome: Outcome
    attempt: int


class Executor:
    def __init__(self, settings: Settings, governance: Governance, targets: Targets) -> None:
        self._governance, self._targets = governance, targets
        self._codec = Codec(HttpRegistry(settings.registry_url, settings.registry_client))
        self._codec.prepare(dict.fromkeys((topics.COMMAND_RESULTS, topics.PROGRESS), ("CommandResult",)))
        self._consumer = Consumer(
            settings.client
            | {
                "group.id": f"{settings.application}-execute",
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
        self._targets.close()

    def run(self, stop: threading.Event, on_round: Callable[[], None] = lambda: None) -> None:
        """Until told to stop. A command's offset is committed after its result has been written."""
        log.info("executing %s", ", ".join(EXECUTORS))

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
        """A hint: after a rebalance it fails, the command comes again, and the look before the write finds it done."""
        try:
            self._consumer.commit(message=message, asynchronous=False)
        except KafkaException as problem:
            log.warning("offset %s not committed: %s", message.offset(), problem)

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        self._refused = self._refused or error

    def _handle(self, message: Message, goes_on: Callable[[], bool]) -> bool:
        """Whether it is done with; not so where `goes_on` ended the wait for the budget."""
        try:
            command = self._codec.decode(message.value() or b"").value
        except Unreadable as problem:
            log.error("command at %s@%s cannot be read: %s", message.topic(), message.offset(), problem)
            return True
        if not self._may_run(command):
            return True
        if not self._is_affordable(command["target_system"], goes_on):
            return False
        refusal = self._refusal(command, message.timestamp()[1])
        performed = Performed(Outcome(WITHHELD, refusal), 0) if refusal else self._perform(command)
        log.info("%s %s: %s %s", command["type"], command["target_id"], *performed.outcome.__dict__.values())
        if not refusal:
            self._budget.spend(command["target_system"])
        self._produce(message.key() or b"", command, performed)
        return True

    def _is_affordable(self, system: str, goes_on: Callable[[], bool]) -> bool:
        """Waited for; what drifts say by then is looked up after that."""
        governed = self._governance.systems.get(system)
        per_minute_max = governed.corrections_per_minute_max if governed else None
        if (wait_seconds := self._budget.wait_seconds(system, per_minute_max)) > 0:
            log.info("%s corrections a minute at %s: the next one in %.0f s", per_minute_max, system, wait_seconds)
        while self._budget.wait_seconds(system, per_minute_max) > 0:
            if not goes_on():
                return False
        return True

    def _may_run(self, command: Command) -> bool:
        """Only what was meant to be executed, can be, and is still switched on, or was approved (promise 6)."""
        if command["mode"] != "execute" or command["type"] not in EXECUTORS:
            return False
        rules = self._governance.kinds.get(command["kind"])
        return rules is not None and (rules.is_performed or (bool(command["approved_by"]) and rules.mode != "alert"))

    def _refusal(self, command: Command, issued_ms: int) -> str:
        """Why it is not performed, by what drifts say now. Of a command just issued that may not show yet: it is looked
        for twice at least, for clocks differ."""
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

    def _produce(self, key: bytes, command: Command, performed: Performed) -> None:
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
        self._producer.produce(topics.COMMAND_RESULTS, data, key, partition, on_delivery=self._delivered)
        told = self._codec.encode(topics.PROGRESS, "CommandResult", value)  # the fleet stage waits for its effect
        self._producer.produce(topics.PROGRESS, told, command["drift_id"].encode(), 0, on_delivery=self._delivered)
