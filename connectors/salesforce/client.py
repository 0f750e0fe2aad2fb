"""Salesforce's REST API for one org: query, read, write.

Paths, answers and errors follow the vendor's REST API guide (resources query, queryAll, sobject, upsert, getDeleted).
Every method may raise `Retry`, `Refused` or `Stop`; a write may also raise `LookFirst`: its outcome is unknown.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from pydantic import SecretStr

from connectors.errors import Refused
from connectors.salesforce.session import Allowance, Answer, Session
from connectors.salesforce.wire import instant_of, soql_datetime
from schemas.instants import Instant

Record = dict[str, Any]
Metadata = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """Records of one answer; `began_at` is a lower bound of the server's time when the request began."""

    records: list[Record]
    began_at: Instant


@dataclass(frozen=True)
class Deletions:
    """Ids deleted in a span with their times, and the span that the log really covers."""

    deleted_at: dict[str, Instant]
    earliest_available: Instant
    latest_covered: Instant
    began_at: Instant


class SalesforceClient:
    """A client of one org. Not for several threads at once."""

    def __init__(
        self,
        base_url: str,
        client_id: str,
        client_secret: SecretStr,
        *,
        api_version: str = "62.0",
        batch_size: int = 2000,
        timeout_seconds: float = 30.0,
        verify: Any = True,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._session = Session(
            base_url, client_id, client_secret, timeout_seconds=timeout_seconds, verify=verify, sleep=sleep
        )
        self._data = f"/services/data/v{api_version}"
        self._options = {"Sforce-Query-Options": f"batchSize={batch_size}"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._session.close()

    @property
    def allowance(self) -> Allowance | None:
        """What the last answer said about the day's API calls."""
        return self._session.allowance

    def server_now(self) -> Instant:
        """A lower bound of the server's clock, from the last Date header; logs in if nothing was asked yet."""
        now = self._session.clock.now(time.monotonic())
        if now is None:
            self._session.login()
            now = self._session.clock.now(time.monotonic())
        assert now is not None, "a login is an answer, and every answer carries the server's date"
        return now

    def query_all(self, soql: str) -> Iterator[Page]:
        """Runs SOQL over all records, the recycle bin included, and yields its pages."""
        answer = self._session.read(f"{self._data}/queryAll", {"q": soql}, self._options)
        yield _page(answer)
        while not answer.body["done"]:
            answer = self._session.read(answer.body["nextRecordsUrl"], headers=self._options)
            yield _page(answer)

    def deleted(self, object_name: str, start: Instant, end: Instant) -> Deletions:
        """The deletion log of an object between two times; the API looks at whole minutes only."""
        span = {"start": soql_datetime(start), "end": soql_datetime(end)}
        answer = self._session.read(f"{self._data}/sobjects/{object_name}/deleted", span)
        return Deletions(
            {row["id"]: instant_of(row["deletedDate"]) for row in answer.body["deletedRecords"]},
            instant_of(answer.body["earliestDateAvailable"]),
            instant_of(answer.body["latestDateCovered"]),
            answer.began_at,
        )

    def describe(self, object_name: str) -> Metadata | None:
        """What the org says of an object and its fields; None if it has none of that name, or hides it from us."""
        answer = self._find(f"{self._data}/sobjects/{quote(object_name, safe='')}/describe")
        return answer.body if answer else None

    def get(self, object_name: str, record_id: str) -> Record | None:
        """The record as it is now, None if there is none or it was deleted."""
        answer = self._find(self._record(object_name, record_id))
        return _plain(answer.body) if answer else None

    def create(self, object_name: str, fields: Mapping[str, Any]) -> str:
        """Creates a record and returns its id."""
        answer = self._session.write("POST", f"{self._data}/sobjects/{object_name}", dict(fields))
        return str(answer.body["id"])

    def update(self, object_name: str, record_id: str, fields: Mapping[str, Any]) -> None:
        self._session.write("PATCH", self._record(object_name, record_id), dict(fields))

    def upsert(self, object_name: str, key_field: str, key: str, fields: Mapping[str, Any]) -> tuple[str, bool]:
        """Creates or updates by external id; returns the record's id and whether it is new."""
        path = f"{self._data}/sobjects/{object_name}/{key_field}/{quote(key, safe='')}"
        answer = self._session.write("PATCH", path, dict(fields))
        return str(answer.body["id"]), bool(answer.body["created"])

    def delete(self, object_name: str, record_id: str) -> None:
        self._session.write("DELETE", self._record(object_name, record_id))

    def _find(self, path: str) -> Answer | None:
        try:
            return self._session.read(path)
        except Refused as error:
            if error.status == 404:
                return None
            raise

    def _record(self, object_name: str, record_id: str) -> str:
        return f"{self._data}/sobjects/{object_name}/{quote(record_id, safe='')}"


def _plain(record: Record) -> Record:
    return {name: value for name, value in record.items() if name != "attributes"}


def _page(answer: Answer) -> Page:
    return Page([_plain(record) for record in answer.body["records"]], answer.began_at)
