"""Joins the parts of a deployment: stages to topics, readers to vendors, records to topics; and creates the topics.

A worker meets connectors here and nowhere else."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigEntry, ConfigResource  # type: ignore[attr-defined]
from confluent_kafka.cimpl import NewTopic

from connectors.debezium.reader import reader as debezium_reader
from connectors.salesforce.objects import PolledObject
from connectors.salesforce.reader import reader as salesforce_reader
from schemas import topics
from schemas.codec import Codec
from schemas.entities import ENTITIES
from schemas.errors import OperatorError
from schemas.instants import seconds
from schemas.patience import said_if_slow
from schemas.records import change_record_name
from schemas.registry import HttpRegistry
from schemas.source import Probed, Reader, SourceEvent
from streams import topology
from streams.governance.model import Governance
from streams.governance.problem import BadGovernance
from streams.governance.words import did_you_mean
from streams.identify import again, mappings
from streams.identify.letters import DISMISSAL
from streams.inputs import Stage
from streams.settings import Settings
from streams.worker import topic_settings

log = logging.getLogger(__name__)
Columns = dict[str, tuple[str, str]]


def columns(governance: Governance, system: str) -> Columns:
    """Table -> (id column, native customer column), from the governed mapping."""
    return {name: (m.id, m.customer) for name, m in governance.mappings[system].items()}


def polled(governance: Governance, system: str) -> tuple[PolledObject, ...]:
    """The objects that governance maps, with the fields that it reads or keeps."""
    return tuple(
        PolledObject(name, m.customer, tuple(m.kept), f"mappings/{system}.yaml: {name}", m.kept)
        for name, m in governance.mappings[system].items()
    )


def _postgresql(governance: Governance, system: str) -> Reader:
    slack = seconds(governance.systems[system].commit_time_slack_seconds)
    epoch = governance.systems[system].epoch
    return debezium_reader(system, columns(governance, system), slack_micros=slack, epoch=epoch)


READERS: dict[str, Callable[[Governance, str], Reader]] = {
    # vendor: how its captured records are read
    "postgresql": _postgresql,
    "salesforce": lambda governance, system: salesforce_reader(system),
}
POLLED = frozenset({"salesforce"})
"""Vendors whose connector polls and keeps a cursor topic."""


def readers(governance: Governance) -> dict[str, Reader]:
    if unread := unread_vendors(governance):
        raise BadGovernance("\n".join(unread))
    return {name: _probed(READERS[system.vendor](governance, name)) for name, system in governance.systems.items()}


def unread_vendors(governance: Governance) -> list[str]:
    """Systems that no connector captures, each with the remedy: a backtest can judge them, and a worker cannot."""
    known = ", ".join(READERS)
    return [
        f"systems.yaml: systems.{name}.vendor: nothing here captures {system.vendor!r}"
        f"{did_you_mean(system.vendor, READERS)}; known: {known}"
        for name, system in governance.systems.items()
        if system.vendor not in READERS
    ]


def _probed(reader: Reader) -> Reader:
    """The reader, which also understands our own probes: they lie in the source topics of all vendors."""

    def read(record: str, value: dict[str, Any], headers: dict[str, bytes]) -> SourceEvent:
        if record == "SourceProbe":
            return Probed(value["system"], value["observed_at"])
        return reader(record, value, headers)

    return read


def stages(governance: Governance) -> dict[str, Stage]:
    """Input topic -> stage, with the readers of the vendors governed."""
    return topology.stages(governance, readers(governance))


WRITTEN: dict[str, tuple[str, ...]] = {
    # topic: the records written to it
    topics.LINKS: ("LinkAsserted", "ParentAsserted", "Watermarks"),
    topics.CROSSWALK: ("RouteAssigned", "Watermarks"),
    topics.BUSINESS_KEYS: ("BusinessKeyAsserted", "Watermarks"),
    topics.PROGRESS: (
        "Watermarks",
        "SourceObserved",
        "CanaryDrifted",
        "LetterWritten",
        "LetterResolved",
        "CorrectionAsked",
        "DriftEnded",
        "KindSurged",
        "HaltAsked",
        "CommandResult",
    ),
    topics.CHANGES: (
        "Watermarks",
        "EntityMoved",
        "CanaryBroken",
        "CustomerFrozen",
        "BreakerTurned",
        "CorrectionReleased",
        "CorrectionApproved",
        "CorrectionRejected",
        "GovernancePublished",
        "HoleOpened",
        "HoleClosed",
        *(change_record_name(entity) for entity in ENTITIES),
    ),
    topics.CORRECTED_STATE: ("CorrectedEntity", "ProcessState"),
    topics.DRIFTS: ("Drift",),
    topics.COMMANDS: ("Command",),
    topics.COMMAND_RESULTS: ("CommandResult",),
    topics.AUDIT: ("ObligationSettled", "LetterDismissed", "CorrectionDecided"),
    topics.DEAD_LETTERS: ("DeadLetter",),
}


OURS = ("SourceProbe", mappings.RECORD, again.RECORD, DISMISSAL)
"""Records that driftwise itself puts into every source topic."""


def prepare(codec: Codec, governance: Governance) -> None:
    """Register every record for its topic; a start-up step."""
    sources = {
        topics.source_topic(name): (*OURS, *(("PolledRow", "SourceProgress") if s.vendor in POLLED else ()))
        for name, s in governance.systems.items()
    }
    codec.prepare(WRITTEN | sources)


def all_topics(governance: Governance) -> tuple[topics.Topic, ...]:
    polled = tuple(name for name, s in governance.systems.items() if s.vendor in POLLED)
    kept = {key: getattr(governance, key) for key in topics.KEPT}
    return topics.topics(tuple(governance.systems), polled, kept)


def register(settings: Settings, governance: Governance) -> None:
    """Register every record and make its subject FULL_TRANSITIVE; once a deployment, beside the topics."""
    registry = HttpRegistry(settings.registry_url, settings.registry_client, constrain=True)
    prepare(Codec(registry), governance)


ANSWER_SECONDS = KNOWN_SECONDS = 15.0
_FORBIDDEN = (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED)


class TopicMismatch(OperatorError):
    """Stop: the broker's topics are not what governance says; the text names topic and remedy."""


def create_topics(settings: Settings, governance: Governance, *, replication: int = 1) -> list[str]:
    """Create what is missing; returns the names created. Existing topics are checked, never altered."""
    admin = AdminClient(settings.client)
    with said_if_slow(f"Kafka at {settings.kafka_bootstrap}"):
        known = admin.list_topics(timeout=ANSWER_SECONDS).topics
    missing = [t for t in all_topics(governance) if t.name not in known]
    made = [NewTopic(t.name, t.partitions or governance.partitions, replication, config=t.config()) for t in missing]
    for future in admin.create_topics(made).values() if made else ():
        future.result()
    _wait_until_known(admin, {t.name for t in missing})
    check_topics(settings, governance)
    return [t.name for t in missing]


def _wait_until_known(admin: AdminClient, names: set[str]) -> None:
    """The controller has made them; the broker that we ask learns of it a moment later."""
    deadline = time.monotonic() + KNOWN_SECONDS
    while names - admin.list_topics(timeout=ANSWER_SECONDS).topics.keys() and time.monotonic() < deadline:
        time.sleep(0.05)


def check_topics(settings: Settings, governance: Governance) -> None:
    """Every topic must exist with the governed number of partitions, and must lose nothing that is to be kept."""
    admin = AdminClient(settings.client)
    with said_if_slow(f"Kafka at {settings.kafka_bootstrap}"):
        known = admin.list_topics(timeout=ANSWER_SECONDS).topics
    for topic in all_topics(governance):
        wanted = topic.partitions or governance.partitions
        if topic.name not in known:
            raise TopicMismatch(f"topic {topic.name} does not exist: run `driftwise topics`")
        found = len(known[topic.name].partitions)
        if found != wanted:
            raise TopicMismatch(
                f"topic {topic.name} has {found} partitions, governance says {wanted}: keys would not meet; set "
                f"`partitions` in systems.yaml to {found}, or move to a new set of topics"
            )
    _check_kept(admin, all_topics(governance))


def _check_kept(admin: AdminClient, wanted: tuple[topics.Topic, ...]) -> None:
    """One that is kept for another time than is governed is only told."""
    resources = [ConfigResource(ConfigResource.Type.TOPIC, topic.name) for topic in wanted]
    asked = admin.describe_configs(resources, request_timeout=ANSWER_SECONDS)
    answers = {resource.name: answer for resource, answer in asked.items()}
    losing: list[str] = []
    for topic in wanted:
        found = _config(topic.name, answers[topic.name])
        losing += topic_settings.losing(topic, found)
        for remark in topic_settings.otherwise(topic, found):
            log.warning("%s", remark)
    if losing:
        raise TopicMismatch("\n".join(losing))


def _config(topic: str, answer: Future[dict[str, ConfigEntry]]) -> dict[str, str]:
    """Empty where we may not ask."""
    try:
        return {entry.name: entry.value for entry in answer.result().values() if entry.value is not None}
    except KafkaException as problem:
        error = problem.args[0]
        if error.code() not in _FORBIDDEN:
            raise
        remedy = "allow this user to describe configs of topics"
        log.warning("whether %s is kept as long as it must be is not known (%s): %s", topic, error.str(), remedy)
        return {}
