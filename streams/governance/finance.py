"""What finance decides: currencies, tax codes, accounts, who sells where, how far amounts may differ."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field, field_validator

from streams.governance.base import CountryCode, CurrencyCode, Day, Governed

Exponent = Annotated[int, Field(ge=0, le=9)]


class TaxCode(Governed):
    country: CountryCode
    region: str | None = None
    """State or province; null: the whole country."""
    rate: Annotated[Decimal, Field(ge=0, le=1)]
    """0.19 is 19 percent."""
    reverse_charge: bool = False
    begins: Day | None = None
    ends: Day | None = None

    @property
    def treatment(self) -> tuple[object, ...]:
        """Codes that differ in nothing of it are two names of one thing."""
        return self.country, self.region, self.rate, self.reverse_charge

    def in_force(self, day: date) -> bool:
        return (self.begins is None or self.begins <= day) and (self.ends is None or day <= self.ends)


class Accounts(Governed):
    """Where a product's amounts go in the general ledger."""

    revenue: str
    deferred_revenue: str | None = None
    receivable: str | None = None


class Tolerances(Governed):
    """Tolerances of every kind that states none of its own."""

    absolute: Annotated[Decimal, Field(ge=0)] = Decimal(0)
    relative: Annotated[Decimal, Field(ge=0, le=1)] = Decimal(0)


class Finance(Governed):
    currencies: dict[CurrencyCode, Exponent] = Field(default_factory=dict)
    """Currency -> decimals of its smallest unit."""
    tax_codes: dict[str, TaxCode] = Field(default_factory=dict)
    product_to_gl: dict[str, Accounts] = Field(default_factory=dict)
    """Product code -> accounts; `*` for products without an entry of their own."""
    routing: dict[str, str] = Field(default_factory=dict)
    """COUNTRY, COUNTRY-REGION or `*` -> the legal entity that sells there."""
    tolerances: Tolerances = Tolerances()

    @field_validator("currencies", mode="before")
    @classmethod
    def _exponents(cls, currencies: object) -> object:
        for code, exponent in currencies.items() if isinstance(currencies, dict) else ():
            if isinstance(exponent, bool) or not isinstance(exponent, int):
                raise ValueError(f"{code} has no exponent: say how many decimals its smallest unit has, {code}: 2")
        return currencies

    def sells(self, country: str | None, region: str | None = None) -> str | None:
        """The legal entity that sells there; the narrowest entry decides."""
        places = (f"{country}-{region}" if region else None, country, "*")
        return next((self.routing[place] for place in places if place in self.routing), None)

    def accounts(self, product: str) -> Accounts | None:
        return self.product_to_gl.get(product, self.product_to_gl.get("*"))
