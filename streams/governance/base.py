"""What every governed value has in common."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

Role = Literal["crm", "billing", "processor", "erp", "entitlement"]
Mode = Literal["execute", "propose", "alert"]
Severity = Literal["S1", "S2", "S3", "S4"]
Seconds = Annotated[float, Field(ge=0)]
BusinessDays = Annotated[int, Field(ge=1, le=260)]
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Day = date


class Governed(BaseModel):
    """Immutable, and a key that nobody reads is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Without what was computed from the original: the copy may decide otherwise."""
        copied = super().model_copy(update=update, deep=deep)
        for computed in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[computed]
        return copied
