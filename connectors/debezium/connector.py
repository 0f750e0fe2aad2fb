"""The configuration of a Debezium PostgreSQL connector: one topic a system, keyed by native customer.

Options: https://debezium.io/documentation/reference/3.4/connectors/postgresql.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from connectors.debezium.capture import EPOCH_HEADER, MARKER_TABLE, Capture
from schemas.topics import source_topic

_REFERENCE = re.compile(r"\$\{[^}]+\}")

_ALWAYS = {
    "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
    "tasks.max": "1",
    "plugin.name": "pgoutput",
    "publication.autocreate.mode": "disabled",  # `database.prepare` made it; the connector's role owns no table
    "slot.drop.on.stop": "false",
    "offset.mismatch.strategy": "trust_offset",  # a slot that ran ahead of our offset is loss: fail, do not skip
    "snapshot.mode": "initial",
    "tombstones.on.delete": "false",
    "skipped.operations": "none",  # truncates too
    "decimal.handling.mode": "precise",
    "time.precision.mode": "adaptive_time_microseconds",
    "interval.handling.mode": "string",
    "binary.handling.mode": "bytes",
    "schema.name.adjustment.mode": "avro",
    "field.name.adjustment.mode": "avro",
    "provide.transaction.metadata": "false",
    "extended.headers.enabled": "false",  # four more headers a record, all of them the connector's own name
    # Nothing is dropped: what cannot be converted stops the task, visibly. Rows stay out of Connect's log.
    "errors.tolerance": "none",
    "errors.log.enable": "true",
    "errors.log.include.messages": "false",
    "errors.max.retries": "-1",  # a database that is away comes back; until then the watermark stands still
    "retriable.restart.connector.wait.ms": "1000",
    "slot.max.retries": "60",
    "slot.retry.delay.ms": "1000",  # after a crash the server holds the slot for the dead session a while
    "producer.override.linger.ms": "3",  # a produce request for each change would cost broker and worker more
    "producer.override.acks": "all",
    "producer.override.enable.idempotence": "true",  # a resent batch is not written twice
    "producer.override.max.in.flight.requests.per.connection": "1",
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "header.converter": "org.apache.kafka.connect.storage.SimpleHeaderConverter",
}

_APICURIO = {
    # Of Apicurio Registry's Connect converter; as Confluent wire format, with the schema id before the body.
    "value.converter": "io.apicurio.registry.utils.converter.AvroConverter",
    "value.converter.apicurio.registry.auto-register": "true",
    "value.converter.apicurio.registry.as-confluent": "true",
    "value.converter.apicurio.registry.headers.enabled": "false",
    "value.converter.apicurio.registry.use-id": "contentId",
    "value.converter.apicurio.registry.artifact-resolver-strategy": (
        "io.apicurio.registry.serde.avro.strategy.TopicRecordIdStrategy"
    ),
}


@dataclass(frozen=True)
class Database:
    """Where the database is, as seen from Kafka Connect.

    `password` is a reference that Connect resolves (`${file:...}`, `${env:...}`), never the password itself: Connect
    keeps configurations in a topic and shows them to everybody who asks. None where the server needs no password."""

    host: str
    port: int
    name: str
    user: str
    password: str | None = None

    def __post_init__(self) -> None:
        if self.password is not None and not _REFERENCE.fullmatch(self.password):
            raise ValueError(
                f"The password of database {self.name!r} must be a reference such as ${{env:BILLING_PASSWORD}} that a "
                "config provider of Kafka Connect resolves; the value given is no reference (not shown)."
            )

    def settings(self) -> dict[str, str]:
        settings = {
            "database.hostname": self.host,
            "database.port": str(self.port),
            "database.dbname": self.name,
            "database.user": self.user,
        }
        return settings if self.password is None else settings | {"database.password": self.password}


def connector_config(
    capture: Capture,
    database: Database,
    *,
    registry_url: str | None = None,
    heartbeat_interval_ms: int = 100,
    epoch: int = 0,
) -> dict[str, str]:
    """Configuration for `PUT /connectors/{name}/config`.

    `registry_url` is Apicurio's own API (`.../apis/registry/v2`) as seen from Connect; None leaves values to the
    converter of the Connect workers. `epoch`: number of the snapshot with which the capture begins; 0 is the first.
    Records of later epochs carry it in a header."""
    return (
        _ALWAYS
        | database.settings()
        | _converter(registry_url)
        | _tables(capture)
        | _transforms(capture, epoch)
        | {
            # The task waits this long for a full batch, and spins through the last millisecond of each wait: at 5 ms
            # that takes a tenth of a core, busy or idle. A batch of one ends the wait at once; the producer batches.
            "poll.interval.ms": "10",
            "max.batch.size": "1",
            "heartbeat.interval.ms": str(heartbeat_interval_ms),
            # One statement, so that the markers of all partitions share one commit.
            "heartbeat.action.query": f"UPDATE {capture.qualified(MARKER_TABLE)} SET beat = now(), truncated = NULL",  # noqa: S608 - validated
        }
    )


def epoch_of(config: Mapping[str, str]) -> int:
    """The epoch in the records of a connector with this configuration."""
    return int(config.get("transforms.epoch.value.literal", 0))


def _converter(registry_url: str | None) -> dict[str, str]:
    return {} if registry_url is None else _APICURIO | {"value.converter.apicurio.registry.url": registry_url}


def _tables(capture: Capture) -> dict[str, str]:
    keyed = {_regex(capture.qualified(table)): column for table, column in capture.key_columns.items()}
    return {
        "topic.prefix": capture.system,
        "slot.name": capture.slot,
        "publication.name": capture.publication,
        "schema.include.list": capture.schema,
        "table.include.list": ",".join(keyed),
        "message.key.columns": ";".join(f"{table}:{column}" for table, column in keyed.items()),
    }


def _transforms(capture: Capture, epoch: int) -> dict[str, str]:
    """Drop records that are not rows of captured tables, take the key out of its struct, and send all to one topic.

    The predicates look at the topic name of the table, so the router comes last."""
    groups = _tables_by_key(capture)
    transforms = {
        "rows": {"type": "org.apache.kafka.connect.transforms.Filter", "predicate": "captured", "negate": "true"},
        **{
            f"key_{column}": {
                "type": "org.apache.kafka.connect.transforms.ExtractField$Key",
                "field": column,
                "predicate": f"keyed_{column}",
            }
            for column in groups
        },
        **({"epoch": _header(EPOCH_HEADER, epoch)} if epoch else {}),
        "route": {
            "type": "org.apache.kafka.connect.transforms.RegexRouter",
            "regex": ".*",
            "replacement": source_topic(capture.system),
        },
    }
    patterns = {"captured": list(capture.key_columns)} | {f"keyed_{column}": group for column, group in groups.items()}
    predicates = {
        name: {
            "type": "org.apache.kafka.connect.transforms.predicates.TopicNameMatches",
            "pattern": _topic_pattern(capture, tables),
        }
        for name, tables in patterns.items()
    }
    return _listed("transforms", transforms) | _listed("predicates", predicates)


def _header(name: str, value: int) -> dict[str, str]:
    return {
        "type": "org.apache.kafka.connect.transforms.InsertHeader",
        "header": name,
        "value.literal": str(value),
    }


def _tables_by_key(capture: Capture) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for table, column in capture.key_columns.items():
        groups.setdefault(column, []).append(table)
    return groups


def _topic_pattern(capture: Capture, tables: list[str]) -> str:
    return _regex(f"{capture.system}.{capture.schema}.") + f"({'|'.join(tables)})"


def _regex(name: str) -> str:
    return name.replace(".", r"\.")


def _listed(kind: str, entries: dict[str, dict[str, str]]) -> dict[str, str]:
    """Connect's flat form: the names in one property, then `kind.name.option` for each."""
    flat = {f"{kind}.{name}.{option}": value for name, entry in entries.items() for option, value in entry.items()}
    return {kind: ",".join(entries)} | flat
