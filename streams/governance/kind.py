"""What is governed about a kind of drift, and what differs for a segment of customers."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from schemas.instants import Instant, seconds
from streams.governance.base import BusinessDays, CurrencyCode, Governed, Mode, Seconds, Severity

Limits = dict[CurrencyCode, Annotated[Decimal, Field(ge=0)]]


class Segment(Governed):
    """What differs for customers of one segment; null: as for everyone."""

    sla_seconds: Seconds | None = None
    sla_business_days: BusinessDays | None = None
    severity: Severity | None = None
    finance_impacting: bool | None = None
    mode: Mode | None = None
    tolerance_absolute: Decimal | None = None
    tolerance_relative: Decimal | None = None
    execute_up_to: Limits | None = None


class Kind(Governed):
    sla_seconds: Seconds
    """Deadline after the trigger, or grace through which a mismatch must persist."""
    sla_business_days: BusinessDays | None = None
    """Instead of `sla_seconds`: due at the end of that many business days after the day of the trigger, by the calendar
    of the customer's legal entity. A folder that states `sla_seconds` takes it away."""
    severity: Severity
    finance_impacting: bool
    owner_team: str
    mode: Mode
    tolerance_absolute: Decimal = Decimal(0)
    tolerance_relative: Decimal = Decimal(0)
    hold_down_seconds: Seconds = 0
    """How long it must have held clean before it counts as closed."""
    after_days: Annotated[int, Field(ge=0)] = 0
    """For kinds that begin with a date: how many whole days after it, such as days overdue before a customer is
    delinquent."""
    execute_up_to: Limits | None = None
    """Currency -> the amount at stake up to which a correction is performed; above it, in another currency, or where no
    amount is known, it is proposed. Null: no limit."""
    command_valid_seconds: Seconds | None = 7 * 86400
    """How long behind the instant for which it is issued a correction may still be performed; null: for ever."""
    segments: dict[str, Segment] = Field(default_factory=dict)

    @property
    def sla(self) -> Instant:
        return seconds(self.sla_seconds)

    @property
    def counts_business_days(self) -> bool:
        """Whether the deadline is in business days, for anyone or for a segment."""
        return bool(self.sla_business_days) or any(s.sla_business_days for s in self.segments.values())

    @property
    def is_performed(self) -> bool:
        """Its correction, for anyone."""
        return "execute" in (self.mode, *(segment.mode for segment in self.segments.values()))

    def of_segment(self, segment: str) -> Kind:
        """The rules for customers of this segment."""
        return self.model_copy(update=_differences(self.segments[segment]))


def _differences(segment: Segment) -> dict[str, object]:
    differences = {name: value for name, value in dict(segment).items() if value is not None}
    if segment.sla_seconds is not None and segment.sla_business_days is None:
        differences["sla_business_days"] = None
    return differences
