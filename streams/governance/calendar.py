"""The calendar of a legal entity: what a day is, and which days are worked. Pure: time is an argument."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Container
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from schemas.instants import ALWAYS, Instant, from_datetime, to_datetime
from streams.governance.legal import LegalEntity, public_holidays

ONE_DAY = timedelta(days=1)


class Calendar(NamedTuple):
    zone: tzinfo = UTC
    holidays: Container[date] = ()
    holidays_also: tuple[date, ...] = ()
    working_weekdays: tuple[int, ...] = (1, 2, 3, 4, 5)
    period_ends: tuple[date, ...] = ()
    monthly_periods: bool = False

    def day_of(self, instant: Instant) -> date:
        return to_datetime(instant).astimezone(self.zone).date()

    def begins(self, day: date) -> Instant:
        """The first instant of a day: midnight, or where clocks skip it, the moment they jump; of two midnights the
        first."""
        return from_datetime(datetime.combine(day, time.min, self.zone))

    def ends(self, day: date) -> Instant:
        """The first instant after a day, which has 23 to 25 hours where clocks change."""
        return ALWAYS if day == date.max else self.begins(day + ONE_DAY)

    def is_worked(self, day: date) -> bool:
        free = day in self.holidays or day in self.holidays_also
        return day.isoweekday() in self.working_weekdays and not free

    def after_business_days(self, instant: Instant, days: int) -> Instant:
        """The end of the n-th business day after the day of the instant, whether that day itself is worked or not."""
        try:
            day = self.day_of(instant)
            while days:
                day += ONE_DAY
                days -= self.is_worked(day)
            return self.ends(day)
        except OverflowError:  # beyond the year 9999: a date that stands for never
            return ALWAYS

    def period_end(self, day: date) -> date | None:
        """The last day of the accounting period that the day lies in; None where none is governed."""
        listed = min((end for end in self.period_ends if end >= day), default=None)
        if listed is None and self.monthly_periods:
            return day.replace(day=monthrange(day.year, day.month)[1])
        return listed


def calendar_of(entity: LegalEntity | None) -> Calendar:
    """The calendar of a company; one that is not governed has days in UTC, Monday to Friday."""
    if entity is None:
        return Calendar()
    country = entity.holidays_country
    return Calendar(
        zone=entity.zone_info,
        holidays=public_holidays(country, entity.holidays_subdivision) if country else (),
        holidays_also=entity.holidays_also,
        working_weekdays=entity.working_weekdays,
        period_ends=entity.period_ends,
        monthly_periods=entity.monthly_periods,
    )
