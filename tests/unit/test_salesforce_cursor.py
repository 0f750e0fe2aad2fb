"""Where the CRM poller stands and what it asks next: no clock, no network."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.salesforce import cursor as cursors
from connectors.salesforce.cursor import Cursor, Position, Span
from connectors.salesforce.objects import PolledObject
from connectors.salesforce.pace import INTERVAL_SECONDS_MAX, interval_seconds
from connectors.salesforce.session import Allowance
from connectors.salesforce.simulator import query, soql
from connectors.salesforce.wire import instant_of
from schemas.instants import SECOND, to_datetime

NOON = instant_of("2026-03-02T12:00:00.000+0000")
LOOK_BACK = 600 * SECOND
ACCOUNT = PolledObject("Account", "Id", ("Name",))
FIELDS = ACCOUNT.selected
instants = st.integers(NOON - 10**12, NOON + 10**12)


def test_the_first_pass_reads_from_the_beginning_to_the_servers_present_second() -> None:
    span = cursors.span_of(Cursor(), NOON + 900_000, LOOK_BACK)

    assert span == Span(None, NOON + SECOND)


def test_a_later_pass_begins_a_look_back_before_the_end_of_the_last() -> None:
    assert cursors.span_of(Cursor(read_to=NOON), NOON + 5 * SECOND, LOOK_BACK).start == NOON - LOOK_BACK


@given(now=instants)
def test_no_pass_reaches_a_second_that_the_server_has_not_begun(now: int) -> None:
    span = cursors.span_of(Cursor(read_to=now - SECOND), now, LOOK_BACK)

    assert span.end - SECOND <= now < span.end


@given(now=instants, began=st.lists(instants, max_size=5), covered=instants)
def test_a_pass_is_complete_no_later_than_any_of_its_beginnings(now: int, began: list[int], covered: int) -> None:
    complete = cursors.complete_to(now, tuple(began), covered)

    assert complete <= min([now, covered, *began])
    assert complete % SECOND == 0


@given(st.lists(instants, min_size=1, max_size=10))
def test_a_cursor_never_moves_back(ends: list[int]) -> None:
    cursor, read_to = cursors.begin_poll(Cursor(), ends[0], FIELDS), []
    for end in ends:
        cursor = cursors.end_pass(cursor, end, end)
        read_to.append(cursor.read_to)

    assert read_to == sorted(read_to, key=lambda at: at or 0)
    assert cursor.deletions_read_to == max(ends[0], cursor.deletions_read_to or 0)


def test_only_a_streaming_cursor_promises_anything() -> None:
    snapshot = cursors.begin_poll(Cursor(), NOON, FIELDS)
    streaming = cursors.end_pass(snapshot, NOON, NOON)
    gap = cursors.enter_gap(streaming, NOON)

    promised = [cursors.watermark(cursor, LOOK_BACK) for cursor in (snapshot, streaming, gap)]

    assert promised == [None, NOON - LOOK_BACK, None]


def test_a_gap_is_a_new_epoch_that_reads_everything_again() -> None:
    gap = cursors.enter_gap(Cursor(epoch=3, phase="streaming", read_to=NOON), NOON)

    assert (gap.epoch, gap.phase) == (4, "gap")
    assert cursors.span_of(gap, NOON, LOOK_BACK).start is None


def test_a_field_that_was_not_asked_for_before_is_a_gap_that_trusts_the_deletion_log() -> None:
    before = Cursor(epoch=3, phase="streaming", read_to=NOON, deletions_read_to=NOON, fields=FIELDS)

    gap = cursors.begin_poll(before, NOON + SECOND, (*FIELDS, "Late__c"))

    assert (gap.epoch, gap.phase, gap.read_to) == (4, "gap", None)
    assert (gap.deletions_read_to, gap.fields) == (NOON, (*FIELDS, "Late__c"))


@pytest.mark.parametrize("fields", [FIELDS, FIELDS[:-1], FIELDS[::-1]])
def test_fewer_fields_or_another_order_are_no_reason_to_read_again(fields: tuple[str, ...]) -> None:
    before = Cursor(epoch=3, phase="streaming", read_to=NOON, deletions_read_to=NOON, fields=FIELDS)

    after = cursors.begin_poll(before, NOON + SECOND, fields)

    assert (after.epoch, after.phase, after.read_to) == (3, "streaming", NOON)


def test_a_first_pass_that_was_cut_short_stays_one_whatever_is_asked_for() -> None:
    assert cursors.begin_poll(Cursor(fields=FIELDS), NOON, (*FIELDS, "Late__c")).phase == "snapshot"


def test_a_cursor_survives_json_and_one_of_an_older_release_knows_no_fields() -> None:
    cursor = Cursor(epoch=3, phase="streaming", read_to=NOON, deletions_read_to=NOON, fields=FIELDS)
    kept = json.loads(json.dumps(cursor.to_json()))

    assert Cursor.from_json(kept) == cursor
    del kept["fields"]
    assert cursors.begin_poll(Cursor.from_json(kept), NOON, FIELDS).phase == "gap"


def test_a_deletion_log_that_begins_after_our_last_look_is_a_hole() -> None:
    cursor = Cursor(deletions_read_to=NOON)

    assert cursors.has_hole(cursor, NOON, NOON + SECOND)
    assert not cursors.has_hole(cursor, NOON, NOON - SECOND)


@given(read_to=instants, now=instants)
def test_the_deletion_log_is_asked_for_whole_minutes_at_least_one(read_to: int, now: int) -> None:
    asked_from, asked_to = cursors.deletions_span(Cursor(deletions_read_to=read_to), now)

    assert asked_to - asked_from >= cursors.MINUTE
    assert asked_from % cursors.MINUTE == asked_to % cursors.MINUTE == 0


def test_an_outage_longer_than_the_deletion_log_reaches_is_a_hole_and_asks_no_further_back() -> None:
    cursor, now = Cursor(deletions_read_to=NOON), NOON + 2 * cursors.DELETIONS_KEPT
    asked_from, asked_to = cursors.deletions_span(cursor, now)

    assert asked_to - asked_from == cursors.DELETIONS_KEPT
    assert cursors.has_hole(cursor, asked_from, earliest_available=0)


def test_the_first_query_names_both_bounds_and_the_order() -> None:
    text = cursors.page_query(ACCOUNT, Span(NOON, NOON + SECOND), None, 200)

    assert re.fullmatch(
        r"SELECT Id, SystemModstamp, IsDeleted, .*, Name FROM Account "
        r"WHERE SystemModstamp >= 2026-03-02T12:00:00Z AND SystemModstamp < 2026-03-02T12:00:01Z "
        r"ORDER BY SystemModstamp, Id LIMIT 200",
        text,
    )


rows_of_an_org = st.lists(st.integers(0, 4), max_size=40)


@given(seconds=rows_of_an_org, page_size=st.integers(1, 7), start=st.none() | st.integers(0, 4), end=st.integers(0, 6))
def test_keyset_pages_read_each_row_of_the_span_once_however_many_share_a_stamp(
    seconds: list[int], page_size: int, start: int | None, end: int
) -> None:
    stamps = [NOON + second * SECOND for second in seconds]
    system = dict.fromkeys(("IsDeleted", "CreatedDate", "LastModifiedDate", "LastModifiedById", "Name"))
    org = [
        {**system, "Id": f"001Hp{number:0>10}AAA", "SystemModstamp": to_datetime(stamp)}
        for number, stamp in enumerate(stamps)
    ]
    span = Span(None if start is None else NOON + start * SECOND, NOON + end * SECOND)

    read, after = [], None
    for _ in range(len(org) + 2):
        page = query.run(soql.parse(cursors.page_query(ACCOUNT, span, after, page_size)), org)
        read += [row["Id"] for row in page]
        if len(page) < page_size:
            break
        after = Position(instant_of(page[-1]["SystemModstamp"].isoformat()), page[-1]["Id"])
    else:
        pytest.fail("paging goes in circles")

    wanted = [row["Id"] for row, second in zip(org, seconds, strict=True) if (start or 0) <= second < end]
    assert sorted(read) == wanted


@pytest.mark.parametrize(
    ("used", "expected"),
    [(0, 10), (500, 10), (700, 20), (800, 40), (890, 400), (900, INTERVAL_SECONDS_MAX), (1000, INTERVAL_SECONDS_MAX)],
)
def test_polling_slows_down_as_the_allowance_shrinks(used: int, expected: float) -> None:
    assert interval_seconds(10, Allowance(used, 1000)) == pytest.approx(expected)


def test_an_interval_configured_above_the_slowest_stays() -> None:
    assert interval_seconds(7200, Allowance(999, 1000)) == 7200
    assert interval_seconds(30, None) == 30
