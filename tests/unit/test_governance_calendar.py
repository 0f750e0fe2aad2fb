"""Calendars of legal entities: local days of 23 to 25 hours, business days, and deadlines that end with them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from schemas.instants import ALWAYS, SECOND, Instant, from_datetime, iso
from streams.governance import load
from streams.governance.calendar import Calendar, calendar_of
from streams.governance.legal import LegalEntity
from streams.governance.model import Segment
from streams.kinds.shared import day_begins
from tests.dossiers.payment_unmatched import payment
from tests.dossiers.stage import THE_END
from tests.topology import default_governance
from tests.unit.governed_company import account, any_order, company, invoice, opened_at, play_of

HOUR = 3600 * SECOND


def in_zone(zone: str, **more: Any) -> Calendar:
    return calendar_of(LegalEntity(country="DE", currency="EUR", zone=zone, **more))


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0, zone: str = "UTC") -> Instant:
    return from_datetime(datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone)).astimezone(UTC))


BERLIN = in_zone("Europe/Berlin", holidays_country="DE")


def test_a_date_is_the_whole_day_of_the_company() -> None:
    for zone, begins in (
        ("Europe/Berlin", "2026-07-01T22:00:00.000Z"),
        ("America/New_York", "2026-07-02T04:00:00.000Z"),
        ("Pacific/Auckland", "2026-07-01T12:00:00.000Z"),
    ):
        assert iso(day_begins("2026-07-02", in_zone(zone))) == begins, zone


def test_without_a_company_a_date_is_the_whole_day_in_utc() -> None:
    assert iso(day_begins("2026-07-02")) == "2026-07-02T00:00:00.000Z"
    assert day_begins(None) == 0


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)], ids=str
)
def test_a_day_has_23_to_25_hours(day: date, hours: int) -> None:
    assert (BERLIN.ends(day) - BERLIN.begins(day)) / HOUR == hours


def test_a_day_whose_midnight_is_skipped_begins_when_clocks_jump() -> None:
    cairo = in_zone("Africa/Cairo")  # from 00:00 to 01:00 on 24 April 2026

    assert iso(cairo.begins(date(2026, 4, 24))) == "2026-04-23T22:00:00.000Z"
    assert cairo.day_of(cairo.begins(date(2026, 4, 24))) == date(2026, 4, 24)
    assert cairo.day_of(cairo.begins(date(2026, 4, 24)) - 1) == date(2026, 4, 23)


def test_every_instant_lies_in_its_day_for_a_whole_year_of_changing_clocks() -> None:
    for zone in ("Europe/Berlin", "Africa/Cairo", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu"):
        calendar = in_zone(zone)
        for hour in range(0, 366 * 24, 5):
            instant = at(2026, 1, 1) + hour * HOUR
            day = calendar.day_of(instant)
            assert calendar.begins(day) <= instant < calendar.ends(day), (zone, iso(instant))


BUSINESS_DAYS = {
    # from -> the end of so many business days after, in Berlin
    "within a week": (at(2026, 6, 8, 10, zone="Europe/Berlin"), 2, at(2026, 6, 11, zone="Europe/Berlin")),
    "over a weekend": (at(2026, 6, 12, 10, zone="Europe/Berlin"), 1, at(2026, 6, 16, zone="Europe/Berlin")),
    "from a Saturday": (at(2026, 6, 13, 10, zone="Europe/Berlin"), 1, at(2026, 6, 16, zone="Europe/Berlin")),
    "over Good Friday and Easter Monday": (
        at(2026, 4, 2, 10, zone="Europe/Berlin"), 1, at(2026, 4, 8, zone="Europe/Berlin"),
    ),
    "over the change to summer time": (
        at(2026, 3, 27, 10, zone="Europe/Berlin"), 1, at(2026, 3, 30, 22),  # 23 hours shorter than it looks by one
    ),
    "over the change to winter time": (at(2026, 10, 23, 10, zone="Europe/Berlin"), 1, at(2026, 10, 26, 23)),
    "from late in the evening, when it is the next day in UTC": (
        at(2026, 6, 8, 23, 59, zone="Europe/Berlin"), 1, at(2026, 6, 10, zone="Europe/Berlin"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BUSINESS_DAYS)
def test_business_days_end_with_the_local_day(what: str) -> None:
    began, days, ends = BUSINESS_DAYS[what]

    assert iso(BERLIN.after_business_days(began, days)) == iso(ends)


def test_holidays_are_those_of_country_state_and_company() -> None:
    bavaria = in_zone("Europe/Berlin", holidays_country="DE", holidays_subdivision="BY")
    closed = in_zone("Europe/Berlin", holidays_also=(date(2026, 12, 24),))

    worked = [
        (calendar.is_worked(date(2026, 1, 6)), calendar.is_worked(date(2026, 12, 24)))
        for calendar in (BERLIN, bavaria, closed)
    ]

    assert worked == [(True, True), (False, True), (True, False)]


def test_a_week_may_begin_on_sunday() -> None:
    calendar = in_zone("Asia/Riyadh", working_weekdays=(7, 1, 2, 3, 4))

    assert [calendar.is_worked(date(2026, 6, day)) for day in (11, 12, 13, 14)] == [True, False, False, True]


def test_a_date_that_stands_for_never_is_never_due() -> None:
    assert BERLIN.after_business_days(at(9999, 12, 30), 5) == ALWAYS


def test_periods_end_as_listed_and_beyond_that_with_the_month_where_that_is_governed() -> None:
    listed = {"period_ends": (date(2026, 1, 25), date(2026, 2, 22))}
    days = (date(2026, 1, 25), date(2026, 1, 26), date(2026, 2, 23))

    ends = {
        months: [in_zone("Europe/Berlin", monthly_periods=months, **listed).period_end(day) for day in days]
        for months in (False, True)
    }

    assert ends[False] == [date(2026, 1, 25), date(2026, 2, 22), None]
    assert ends[True] == [date(2026, 1, 25), date(2026, 2, 22), date(2026, 2, 28)]
    assert BERLIN.period_end(date(2026, 1, 1)) is None


def test_the_companies_that_ship_keep_their_own_days() -> None:
    governed = load()

    zones = [str(governed.calendar(code).zone) for code in ("DE01", "UK01", "US01", "nobody", None)]

    assert zones == ["Europe/Berlin", "Europe/London", "America/New_York", "UTC", "UTC"]


TRIGGERED = at(2026, 3, 27, 12) / SECOND
"""A Friday; clocks go forward on Sunday in Berlin, and have done so in New York."""
END_OF_MONDAY = {
    "DE01": at(2026, 3, 30, 22),
    "US01": at(2026, 3, 31, 4),
    "UK01": at(2026, 3, 30, 23),
    "?": at(2026, 3, 31),
}


@pytest.mark.parametrize("code", END_OF_MONDAY)
def test_a_deadline_in_business_days_ends_with_the_local_day_over_a_daylight_saving_change(code: str) -> None:
    play = company((account(2, legal_entity=code), invoice(TRIGGERED)), sla_business_days=1)
    end = END_OF_MONDAY[code]
    play.heard(end / SECOND - 0.001).run()
    assert play.drifts() == []

    play.heard(end / SECOND + 1).run()

    assert [iso(drift["opened_at"]) for drift in play.drifts()] == [iso(end)]


def test_by_default_a_payment_is_matched_within_one_business_day_of_its_company() -> None:
    """Settled on the Thursday before Easter: Friday and Monday are holidays in Germany."""
    settled, end = at(2026, 4, 2, 12) / SECOND, at(2026, 4, 7, 22)
    ours = default_governance().kinds["payment_unmatched"].sla_business_days
    play = play_of("payment_unmatched", (account(2, legal_entity="DE01"), payment(settled)), sla_business_days=ours)
    play.heard(end / SECOND - 0.001).run()
    assert play.drifts() == []

    play.heard(end / SECOND).run()

    assert [iso(drift["opened_at"]) for drift in play.drifts()] == [iso(end)]


def test_a_deadline_in_seconds_does_not_care_what_clocks_show() -> None:
    began = at(2026, 3, 29, 0, 59) / SECOND  # one minute before clocks in Berlin go from 2:00 to 3:00
    play = company((account(2, legal_entity="DE01"), invoice(began)), sla_seconds=3600)
    play.heard(began + 3601).run()

    assert [drift["opened_at"] / SECOND - began for drift in play.drifts()] == [3600]


@pytest.mark.law
@pytest.mark.parametrize("seed", range(8))
def test_any_order_gives_the_same_deadline_though_the_company_changes(seed: int) -> None:
    story = (account(2, legal_entity="DE01"), invoice(3), account(5, legal_entity="US01"))

    def play() -> Any:
        segments = {"small": Segment(sla_seconds=20)}
        return company((*story, account(7, segment="small"), invoice(8, "draft"), invoice(9)), sla_business_days=1,
                       segments=segments)  # fmt: skip

    assert opened_at(play()) == [29]
    expected = play().heard(THE_END).run()
    assert any_order(play(), seed) == expected.lives()
