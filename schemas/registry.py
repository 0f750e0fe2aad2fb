"""The schema registry, through its Confluent-compatible API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from urllib.parse import urlsplit
from zlib import crc32

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from schemas.errors import OperatorError
from schemas.patience import said_if_slow
from schemas.records import record_texts

_NOT_FOUND = 404
_SHOWN = 500
"""Characters of what a registry says: another server answers with a page."""
ANSWER_SECONDS = 10
"""The client's own default is to wait for ever, and a registry was seen to leave one request unanswered while it served
others; after a time-out the client asks again."""


class NoRegistry(OperatorError):
    """Stop: the registry did not answer, or refused; the text says which, what was asked of it, and the remedy."""


class HttpRegistry:
    """Schemas by id and registration, cached by the client.

    `client`: further settings of the registry client, such as `basic.auth.user.info` or `ssl.ca.location`.
    `constrain`: also set every subject registered to FULL_TRANSITIVE; done once a deployment, by `driftwise topics`.
    Errors: LookupError for an unknown id; NoRegistry where the registry refuses or cannot be reached."""

    def __init__(self, url: str, client: Mapping[str, str] | None = None, *, constrain: bool = False) -> None:
        self._url = without_password(url)
        if not url.startswith(("http://", "https://")):
            raise NoRegistry(f"{self._url!r} is no address of a schema registry: set DRIFTWISE_REGISTRY_URL")
        try:
            self._client = SchemaRegistryClient({"url": url, "timeout": ANSWER_SECONDS, **(client or {})})
        except (ValueError, OSError) as problem:
            raise NoRegistry(
                f"the client of the schema registry at {self._url} cannot be made ({problem}): correct the "
                "DRIFTWISE_REGISTRY__* variables"
            ) from None
        self._constrain = constrain
        self._constrained: set[str] = set()

    def schema_text(self, schema_id: int) -> str:
        with self._asked(f"schema {schema_id}"):
            try:
                text: str | None = self._client.get_schema(schema_id).schema_str
            except SchemaRegistryError as problem:
                if problem.http_status_code != _NOT_FOUND:
                    raise
                text = None
        if text is None:
            raise LookupError(schema_id)
        return text

    def register(self, subject: str, schema: str) -> int:
        with self._asked(f"to register {subject}"):
            schema_id = int(self._client.register_schema(subject, Schema(schema, "AVRO")))
            if self._constrain and subject not in self._constrained:
                self._constrained.add(subject)
                self._client.set_compatibility(subject_name=subject, level="FULL_TRANSITIVE")
        return schema_id

    @contextmanager
    def _asked(self, what: str) -> Iterator[None]:
        try:
            with said_if_slow(f"the schema registry at {self._url}"):
                yield
        except SchemaRegistryError as problem:
            said = str(problem) if len(str(problem)) <= _SHOWN else f"{problem!s:.{_SHOWN}} ..."
            raise NoRegistry(
                f"the schema registry at {self._url} was asked {what} and refuses: {said}; check that it is that of "
                "this deployment, that it lets us in, and that no later release has registered there"
            ) from None
        except Exception as problem:  # noqa: BLE001 - the client raises errors of whichever HTTP library it found
            raise NoRegistry(
                f"no schema registry answers at {self._url} ({problem}), asked {what}: check that it is up and "
                "reachable, and that DRIFTWISE_REGISTRY_URL names it; of our own stack, `driftwise stack status` tells"
            ) from None


def without_password(url: str) -> str:
    """For messages: an address may hold who asks, `https://user:password@registry`."""
    parts = urlsplit(url)
    _, at, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"***@{host}").geturl() if at else url


class DictRegistry:
    """A registry in memory that knows all our records: for the test driver, which has no registry."""

    def __init__(self) -> None:
        self._texts = {_id(text): text for text in record_texts().values()}

    def schema_text(self, schema_id: int) -> str:
        return self._texts[schema_id]

    def register(self, subject: str, schema: str) -> int:
        """The id follows from the text, so that bytes written with one such registry are read with another."""
        schema_id = _id(schema)
        self._texts[schema_id] = schema
        return schema_id


@lru_cache(maxsize=1024)  # a registry is made for every driver
def _id(text: str) -> int:
    return crc32(text.encode())
