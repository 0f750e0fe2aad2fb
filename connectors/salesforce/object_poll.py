"""One poll of one object: the deletion log first, then the rows, then what both say about deletions."""

import logging
from collections.abc import Iterator

from connectors.salesforce import cursor as cursors
from connectors.salesforce import rows
from connectors.salesforce.client import Deletions, Page, SalesforceClient
from connectors.salesforce.cursor import Cursor, Position
from connectors.salesforce.objects import PolledObject
from connectors.salesforce.outbox import Outbox
from connectors.salesforce.rows import Known, Row, Step
from schemas.instants import SECOND, Instant

logger = logging.getLogger(__name__)


class ObjectPoll:
    """Reads what is new of one object into the outbox; flushes it page by page where there is much."""

    def __init__(
        self, client: SalesforceClient, polled: PolledObject, outbox: Outbox, *, look_back_seconds: int, page_size: int
    ) -> None:
        self._client, self._polled, self._outbox = client, polled, outbox
        self._look_back, self._page_size = look_back_seconds * SECOND, page_size
        self._known: dict[str, Known] = outbox.memory.rows.setdefault(polled.name, {})
        self._seen: set[str] = set()
        self._began: list[Instant] = []
        self._cursor = Cursor()

    def run(self) -> None:
        """One poll. Raises what the client raises; what was read until then stays valid and may be flushed."""
        asked_at = self._client.server_now()
        before = self._outbox.memory.cursors.get(self._polled.name, Cursor())
        self._move(cursors.begin_poll(before, asked_at, self._polled.selected))
        if self._cursor.epoch > before.epoch:
            logger.warning("%s: fields are asked for that were not before; reading everything", self._polled.name)
        asked_from, asked_to = cursors.deletions_span(self._cursor, asked_at)
        deletions = self._client.deleted(self._polled.name, asked_from, asked_to)
        now = self._client.server_now()
        if cursors.has_hole(self._cursor, asked_from, deletions.earliest_available):
            logger.warning("%s: the deletion log has a hole; reading everything again", self._polled.name)
            self._move(cursors.enter_gap(self._cursor, now))
        if self._cursor.phase != "streaming":
            self._outbox.progress(self._polled.name, self._cursor)
        self._read_rows(now)
        self._apply(deletions)
        if self._cursor.phase == "gap":
            self._presume_deleted(now)
        began = (deletions.began_at, *self._began)
        complete_to = cursors.complete_to(now, began, deletions.latest_covered)
        self._move(cursors.end_pass(self._cursor, complete_to, deletions.latest_covered))
        self._outbox.progress(self._polled.name, self._cursor)

    def _move(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._outbox.remember_cursor(self._polled.name, cursor)

    def _read_rows(self, now: Instant) -> None:
        span = cursors.span_of(self._cursor, now, self._look_back)
        after: Position | None = None
        while True:
            query = cursors.page_query(self._polled, span, after, self._page_size)
            page = [rows.row_of(self._polled, record) for record in self._records(self._client.query_all(query))]
            for row in page:
                self._take(row)
            if len(page) < self._page_size:
                return
            after = Position(page[-1].modified_at, page[-1].id)
            if len(self._outbox) >= self._page_size:
                self._outbox.flush()

    def _records(self, pages: Iterator[Page]) -> Iterator[dict[str, object]]:
        for page in pages:
            self._began.append(page.began_at)
            yield from page.records

    def _take(self, row: Row) -> None:
        self._seen.add(row.id)
        steps = rows.steps_for(row, self._known.get(row.id))
        for step in steps:
            self._produce(row.id, step, row.modified_at, row.changed_by, row.fields)
        if steps:
            self._outbox.remember_row(self._polled.name, row.id, rows.known_after(row))

    def _apply(self, deletions: Deletions) -> None:
        for row_id, deleted_at in deletions.deleted_at.items():
            self._forget(row_id, "delete", deleted_at)

    def _presume_deleted(self, now: Instant) -> None:
        for row_id in self._known.keys() - self._seen:
            self._forget(row_id, "presumed_deleted", cursors.whole_second(now))

    def _forget(self, row_id: str, operation: rows.Operation, at: Instant) -> None:
        known = self._known.get(row_id)
        gone = rows.forgotten(known, at) if known else None
        if gone is not None:
            self._produce(row_id, Step(operation, gone.customer), at, None, {})
            self._outbox.remember_row(self._polled.name, row_id, gone)

    def _produce(
        self, row_id: str, step: Step, at: Instant, changed_by: str | None, fields: dict[str, str | None]
    ) -> None:
        content = {
            "modified_at": at,
            "poll": self._cursor.poll,
            "snapshot": self._cursor.phase == "snapshot",
            "changed_by": changed_by,
            "fields": fields,
        }
        self._outbox.row(self._polled.name, row_id, step, content)
