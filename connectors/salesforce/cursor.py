"""Where the poller stands in one object, and what it asks next. Pure: the server's time is an argument.

A pass reads a span of SystemModstamp in keyset pages, (SystemModstamp, Id) ascending, so that any number of rows may
share one stamp. It begins a look-back before the last pass, because Salesforce shows some rows late, and ends at the
server's present second, never later: a boundary in the future would skip what is written before it.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, NamedTuple

from connectors.salesforce.objects import PolledObject
from connectors.salesforce.wire import soql_datetime, soql_string
from schemas.instants import SECOND, Instant

SORTED_BY = ("SystemModstamp", "Id")
Phase = Literal["snapshot", "streaming", "gap"]

MINUTE: Instant = 60 * SECOND
DELETIONS_KEPT: Instant = 15 * 24 * 60 * MINUTE  # how far back the deletion log may be asked


@dataclass(frozen=True)
class Cursor:
    """What survives a restart. `read_to` is None until a full pass has ended; `poll` numbers the polls begun."""

    epoch: int = 1
    phase: Phase = "snapshot"
    poll: int = 0
    read_to: Instant | None = None
    deletions_read_to: Instant | None = None
    fields: tuple[str, ...] = ()
    """What the rows read in this epoch were asked for."""

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Cursor":
        return cls(**{**content, "fields": tuple(content.get("fields", ()))})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Span(NamedTuple):
    """SystemModstamp from `start` (None: from the beginning) up to, not including, `end`."""

    start: Instant | None
    end: Instant


class Position(NamedTuple):
    """The last row read: the next page begins right behind it."""

    modified_at: Instant
    row_id: str


def begin_poll(cursor: Cursor, server_now: Instant, fields: tuple[str, ...]) -> Cursor:
    """The cursor of the next poll; from its first poll on, no deletion goes unasked for. Rows that were read without a
    field that is asked for now are read again: of those that nobody changes it would stay unknown."""
    if cursor.phase == "streaming" and not set(fields) <= set(cursor.fields):
        cursor = replace(cursor, epoch=cursor.epoch + 1, phase="gap", read_to=None)
    started = whole_second(server_now) if cursor.deletions_read_to is None else cursor.deletions_read_to
    return replace(cursor, poll=cursor.poll + 1, deletions_read_to=started, fields=fields)


def span_of(cursor: Cursor, server_now: Instant, look_back: Instant) -> Span:
    """What to read now: the present second counts, for its rows may be there already; the next pass reads it again."""
    start = None if cursor.read_to is None else cursor.read_to - look_back
    return Span(start, whole_second(server_now) + SECOND)


def page_query(polled: PolledObject, span: Span, after: Position | None, rows_max: int) -> str:
    """The SOQL of one page."""
    terms = [f"SystemModstamp < {soql_datetime(span.end)}"]
    if after is not None:
        stamp = soql_datetime(after.modified_at)
        beyond = f"(SystemModstamp = {stamp} AND Id > {soql_string(after.row_id)})"
        terms.insert(0, f"(SystemModstamp > {stamp} OR {beyond})")
    elif span.start is not None:
        terms.insert(0, f"SystemModstamp >= {soql_datetime(span.start)}")
    selected = ", ".join(polled.selected)
    where = " AND ".join(terms)
    order = ", ".join(SORTED_BY)
    return f"SELECT {selected} FROM {polled.name} WHERE {where} ORDER BY {order} LIMIT {rows_max}"  # noqa: S608 - settings, quoted ids


def deletions_span(cursor: Cursor, server_now: Instant) -> tuple[Instant, Instant]:
    """What to ask the deletion log: whole minutes, the running one included; the answer says how far it is good for."""
    assert cursor.deletions_read_to is not None, "begin_poll sets it"
    end = _whole_minute(max(server_now, cursor.deletions_read_to)) + MINUTE
    return max(_whole_minute(cursor.deletions_read_to), end - DELETIONS_KEPT), end


def has_hole(cursor: Cursor, asked_from: Instant, earliest_available: Instant) -> bool:
    """Whether the deletion log no longer reaches back to where we stopped: deletions may have gone unseen."""
    assert cursor.deletions_read_to is not None, "begin_poll sets it"
    return max(asked_from, earliest_available) > cursor.deletions_read_to


def enter_gap(cursor: Cursor, server_now: Instant) -> Cursor:
    """Withdraws what was promised: a new epoch, in which everything is read again."""
    started = whole_second(server_now)
    return replace(cursor, epoch=cursor.epoch + 1, phase="gap", read_to=None, deletions_read_to=started)


def end_pass(cursor: Cursor, complete_to: Instant, deletions_read_to: Instant) -> Cursor:
    """The cursor after a full pass; it never moves back, whatever the server's clock does."""
    assert cursor.deletions_read_to is not None, "begin_poll sets it"
    return replace(
        cursor,
        phase="streaming",
        read_to=max(complete_to, cursor.read_to or complete_to),
        deletions_read_to=max(deletions_read_to, cursor.deletions_read_to),
    )


def complete_to(server_now: Instant, requests_began: tuple[Instant, ...], deletions_covered: Instant) -> Instant:
    """The instant up to which a pass is complete but for late rows: no later than any of its beginnings."""
    return whole_second(min(server_now, deletions_covered, *requests_began))


def watermark(cursor: Cursor, look_back: Instant) -> Instant | None:
    """What downstream may rely on; only a streaming cursor promises anything."""
    if cursor.phase != "streaming" or cursor.read_to is None:
        return None
    return cursor.read_to - look_back


def whole_second(at: Instant) -> Instant:
    return at - at % SECOND


def _whole_minute(at: Instant) -> Instant:
    return at - at % MINUTE
