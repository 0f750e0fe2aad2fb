"""The schema registry, through its Confluent-compatible API."""

from __future__ import annotations

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

_NOT_FOUND = 404


class HttpRegistry:
    """Schemas by id and registration, cached by the client.

    `constrain`: also set every subject registered to FULL_TRANSITIVE; done once a deployment, by `driftwise topics`.
    Errors: LookupError for an unknown id; SchemaRegistryError where the registry refuses or cannot be reached."""

    def __init__(self, url: str, *, constrain: bool = False) -> None:
        self._client = SchemaRegistryClient({"url": url})
        self._constrain = constrain
        self._constrained: set[str] = set()

    def schema_text(self, schema_id: int) -> str:
        try:
            text: str | None = self._client.get_schema(schema_id).schema_str
        except SchemaRegistryError as problem:
            if problem.http_status_code == _NOT_FOUND:
                raise LookupError(schema_id) from None
            raise
        if text is None:
            raise LookupError(schema_id)
        return text

    def register(self, subject: str, schema: str) -> int:
        schema_id = int(self._client.register_schema(subject, Schema(schema, "AVRO")))
        if self._constrain and subject not in self._constrained:
            self._constrained.add(subject)
            self._client.set_compatibility(subject_name=subject, level="FULL_TRANSITIVE")
        return schema_id


class DictRegistry:
    """A registry in memory: for tests and for `backtest`, which have no registry."""

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}

    def schema_text(self, schema_id: int) -> str:
        return self._texts[schema_id]

    def register(self, subject: str, schema: str) -> int:
        for known, text in self._texts.items():
            if text == schema:
                return known
        self._texts[len(self._texts) + 1] = schema
        return len(self._texts)
