"""Who a customer is and what it buys: drawn once, used by every step of its journey."""

from __future__ import annotations

import calendar
import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

_FIRST = ("Aldgate", "Borealis", "Cobalt", "Dunmore", "Eastwind", "Fjord", "Granite", "Harbour", "Iris", "Juniper")
_SECOND = ("Analytics", "Bank", "Clinics", "Foods", "Freight", "Hotels", "Labs", "Media", "Power", "Software")
_HOMES = {
    # country -> (currency, selling company, suffix of legal names)
    "DE": ("EUR", "DE01", "GmbH"),
    "FR": ("EUR", "DE01", "SA"),
    "CH": ("CHF", "DE01", "AG"),
    "GB": ("GBP", "UK01", "Ltd"),
    "US": ("USD", "US01", "Inc"),
}
_PRICES = (Decimal("99.95"), Decimal("349.00"), Decimal("1250.00"), Decimal("4800.50"))
_CENT = Decimal("0.01")
TAX_RATE = Decimal("0.2")


@dataclass(frozen=True, slots=True)
class Profile:
    """Money is in `currency`; `contract_value` is net of tax and what all three systems should agree on."""

    number: int
    run: str
    name: str
    country: str
    currency: str
    company_code: str
    monthly: Decimal
    term_months: int
    starts_on: date
    today: date

    @property
    def seats(self) -> int:
        return 1 + self.number % 20

    @property
    def contract_value(self) -> Decimal:
        return self.monthly * self.term_months

    @property
    def ends_on(self) -> date:
        return last_day(self.starts_on, self.term_months)

    @property
    def tax(self) -> Decimal:
        """On a month."""
        return (self.monthly * TAX_RATE).quantize(_CENT)

    @property
    def tax_code(self) -> str:
        return f"{self.country}20"

    @property
    def tolerance(self) -> Decimal:
        """How far values may differ: 1.00 or 0.1 % of what billing carries, whichever is greater."""
        return max(Decimal(1), self.contract_value / 1000)

    @property
    def email(self) -> str:
        return f"billing@{self.domain}"

    @property
    def domain(self) -> str:
        return f"c{self.number}-{self.run}.example".lower()

    @property
    def tax_id(self) -> str:
        return f"{self.country}{self.run}{self.number:06d}".upper()

    def id(self, prefix: str, index: int = 0) -> str:
        """A native id or document number, unique in all runs of different seeds."""
        return f"{prefix}-{self.run}-{self.number:05d}" + (f"-{index}" if index else "")


def last_day(starts_on: date, months: int) -> date:
    """Of a service: the day before the one of the same number after so many months."""
    years, month = divmod(starts_on.month - 1 + months, 12)
    year, month = starts_on.year + years, month + 1
    return date(year, month, min(starts_on.day, calendar.monthrange(year, month)[1])) - timedelta(days=1)


def draw_profile(number: int, run: str, today: date, rng: random.Random, *, starts_later: bool = False) -> Profile:
    """A customer as the seed has it; `starts_later` puts its service start beyond the run."""
    country = rng.choice(list(_HOMES))
    currency, company_code, suffix = _HOMES[country]
    away = timedelta(days=30) if starts_later else -timedelta(days=rng.randint(1, 28))
    return Profile(
        number=number,
        run=run,
        name=f"{rng.choice(_FIRST)} {rng.choice(_SECOND)} {number} {suffix}",
        country=country,
        currency=currency,
        company_code=company_code,
        monthly=(rng.choice(_PRICES) * rng.randint(1, 12)).quantize(_CENT),
        term_months=rng.choice((12, 24, 36)),
        starts_on=today + away,
        today=today,
    )
