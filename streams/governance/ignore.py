"""Drift that somebody decided to let be, until a date."""

from __future__ import annotations

from pydantic import model_validator

from schemas.instants import Instant, from_datetime
from streams.governance.base import Governed, Moment


class IgnoreRule(Governed):
    """What it names must all apply; at least one of system, native_id and customer."""

    kind: str
    system: str | None = None
    native_id: str | None = None
    customer: str | None = None
    """Canonical id."""
    reason: str
    by: str
    """Who decided."""
    expires_at: Moment
    """In event time. A violation that still stands then opens as a drift."""

    @model_validator(mode="after")
    def _narrow(self) -> IgnoreRule:
        if self.system is None and self.native_id is None and self.customer is None:
            raise ValueError(
                "ignores the whole kind: name system, native_id or customer, or take the kind off `judged`"
            )
        for field in ("reason", "by"):
            if not getattr(self, field).strip():
                raise ValueError(f"{field} is empty: say {'why' if field == 'reason' else 'who decided'}")
        return self

    @property
    def until(self) -> Instant:
        return from_datetime(self.expires_at)

    def covers(self, customer: str, system: str, native_id: str) -> bool:
        wanted = ((self.customer, customer), (self.system, system), (self.native_id, native_id))
        return all(named is None or named == given for named, given in wanted)
