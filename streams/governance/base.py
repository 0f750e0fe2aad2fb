"""What every governed value has in common."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

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

    model_config = ConfigDict(extra="forbid", frozen=True)
