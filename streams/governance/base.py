"""What every governed value has in common."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

_NUMBER = re.compile(r"[+-]?[\d.]+")


def _no_flag(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(f"{str(value).lower()} is no number of seconds")
    return value


def _no_number(value: object) -> object:
    """Seconds since 1970, to pydantic: who writes 2026 or 20260301 means a day."""
    if isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise ValueError(f"{value} is no instant: write it with time and offset, 2026-03-01T00:00:00Z")
    return value


Role = Literal["crm", "billing", "processor", "erp", "entitlement"]
Mode = Literal["execute", "propose", "alert"]
Severity = Literal["S1", "S2", "S3", "S4"]
Seconds = Annotated[float, BeforeValidator(_no_flag), Field(ge=0)]
Moment = Annotated[AwareDatetime, BeforeValidator(_no_number)]
BusinessDays = Annotated[int, Field(ge=1, le=260)]
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Day = date


class Governed(BaseModel):
    """Immutable, and a key that nobody reads is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy without values cached on the original, which may differ in the copy."""
        copied = super().model_copy(update=update, deep=deep)
        for computed in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[computed]
        return copied
