"""Our own companies: what they are, and the calendar that each keeps."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import holidays
from pydantic import Field, field_validator, model_validator

from streams.governance.base import CountryCode, CurrencyCode, Day, Governed
from streams.governance.words import did_you_mean


class Span(Governed):
    """A span of whole days, first and last included, by the entity's calendar."""

    begins: Day
    ends: Day

    @model_validator(mode="after")
    def _forwards(self) -> Span:
        if self.ends < self.begins:
            raise ValueError(f"ends {self.ends}, before it begins {self.begins}; exchange the two")
        return self


class LegalEntity(Governed):
    """A company of ours that sells and keeps books; its key in the file is its number, the company code."""

    name: str = ""
    country: CountryCode
    currency: CurrencyCode
    """Currency of its books."""
    zone: str
    """IANA time zone: a date without time is the whole day there."""
    holidays_country: CountryCode | None = None
    """Whose public holidays it keeps; null: none but those listed."""
    holidays_subdivision: str | None = None
    """State or province, as the `holidays` library names it."""
    holidays_also: tuple[Day, ...] = ()
    working_weekdays: tuple[int, ...] = Field(default=(1, 2, 3, 4, 5))
    """ISO numbers: Monday is 1."""
    period_ends: tuple[Day, ...] = ()
    """Last days of accounting periods, in order. What belongs into one is due before it ends."""
    monthly_periods: bool = False
    """Beyond those that are listed, a period ends with every month; otherwise none does."""
    posting_window: Span | None = None
    """Days that may be posted to; null: no limit. On others what posts is proposed, and performed once they begin."""
    close_freezes: tuple[Span, ...] = ()
    """While books are being closed, corrections to them are proposed, and performed once that is over."""

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str) -> str:
        if zone not in _zones():
            raise ValueError(f"{zone!r} is no IANA time zone{did_you_mean(zone, _zones())}")
        return zone

    @field_validator("working_weekdays")
    @classmethod
    def _week(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        if not days or not set(days) <= set(range(1, 8)):
            raise ValueError("names the days of the week that are worked, Monday as 1 to Sunday as 7")
        return days

    @field_validator("period_ends")
    @classmethod
    def _in_order(cls, days: tuple[date, ...]) -> tuple[date, ...]:
        for day, following in pairwise(days):
            if following <= day:
                raise ValueError(f"{following} stands behind {day}: list each day once, the earliest first")
        return days

    @model_validator(mode="after")
    def _holidays(self) -> LegalEntity:
        if self.holidays_country is not None:
            public_holidays(self.holidays_country, self.holidays_subdivision)
        return self

    @property
    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def has_periods(self) -> bool:
        return bool(self.period_ends) or self.monthly_periods

    @property
    def closes_books(self) -> bool:
        """On some days."""
        return bool(self.close_freezes) or self.posting_window is not None

    def frozen_to(self, day: date) -> date | None:
        """The last day on end on which its books are being closed; None: on this day they are not."""
        last = max((span.ends for span in self.close_freezes if span.begins <= day <= span.ends), default=None)
        if last is None or last == date.max:
            return last
        return self.frozen_to(last + timedelta(days=1)) or last


@cache
def _zones() -> set[str]:
    """Read once: it searches the machine's zone files."""
    return available_timezones()


def public_holidays(country: str, subdivision: str | None) -> holidays.HolidayBase:
    """Filled in year by year as it is asked; raises ValueError for a country or subdivision the library lacks."""
    try:
        known = holidays.country_holidays(country)
    except NotImplementedError:
        raise ValueError(f"no public holidays are known of {country!r}: list them in holidays_also") from None
    if subdivision is not None and subdivision not in known.subdivisions:
        hint = did_you_mean(subdivision, known.subdivisions)
        named = ", ".join(known.subdivisions)
        raise ValueError(f"{country} has no subdivision {subdivision!r}{hint}; it has: {named}")
    return holidays.country_holidays(country, subdiv=subdivision)
