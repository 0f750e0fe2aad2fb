"""The process of a customer: which states go together, in which order states and steps follow, when drift flaps."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.entities import ENTITIES
from schemas.instants import Instant, seconds
from streams.governance.base import Governed, Seconds

CrmState = Literal["open", "won", "active", "renewing", "churned"]
BillingState = Literal["none", "draft", "pending", "active", "past_due", "suspended", "cancelled"]
ErpPart = Literal["customer", "profile", "revenue", "open_balance"]


class Allowed(Governed):
    """States of the three systems that go together."""

    crm: CrmState
    billing: BillingState
    erp: tuple[ErpPart, ...] = ()
    """What the ERP must have."""
    erp_without: tuple[ErpPart, ...] = ()
    """What it must not have (yet, or any more)."""
    within_seconds: Seconds | None = None
    """How long it is accepted; null: for ever."""

    @property
    def within(self) -> Instant | None:
        return None if self.within_seconds is None else seconds(self.within_seconds)


class MissingEdge(Governed):
    """Which kind of drift explains that these states do not go together."""

    crm: tuple[CrmState, ...] = ()
    """One of these; empty: any."""
    billing: tuple[BillingState, ...] = ()
    erp_has: tuple[ErpPart, ...] = ()
    erp_lacks: tuple[ErpPart, ...] = ()
    cause: str


class Flapping(Governed):
    """When a drift that comes and goes, or a value that two writers set back and forth, is a drift of its own."""

    openings: Annotated[int, Field(ge=1, le=100)] = 5
    """More openings of one drift within the window than this are too many."""
    returns: Annotated[int, Field(ge=1, le=6)] = 3
    """A writer puts back what another has just replaced, so many times within the window."""
    window_seconds: Seconds = 86400

    @property
    def window(self) -> Instant:
        return seconds(self.window_seconds)


STEP_PAIRS = (
    "posting_before_invoice",
    "payment_before_invoice",
    "revenue_before_activation",
    "invoice_before_fulfilment",
    "invoice_before_customer",
)
"""What kind 39 knows to follow one another."""
Rank = str | tuple[str, ...]
"""A state, or several of equal standing."""


class Process(Governed):
    allowed: dict[str, Allowed] = Field(default_factory=dict)
    missing_edges: dict[str, MissingEdge] = Field(default_factory=dict)
    orders: dict[str, dict[str, tuple[Rank, ...]]] = Field(default_factory=dict)
    """Entity -> attribute -> its states, earliest first; a state that is not listed is no step back from any."""
    explained_within_seconds: Seconds = 86400
    """How far a refund, reversal or chargeback may lie from the step back that it explains."""
    step_tolerance_seconds: dict[str, Seconds] = Field(default_factory=dict)
    """Pair of steps -> how much earlier the later one may seem to be; a pair that is not listed is not looked at."""
    flapping: Flapping = Flapping()

    @property
    def explained_within(self) -> Instant:
        return seconds(self.explained_within_seconds)

    def rank(self, entity: str, attribute: str, state: str | None) -> int | None:
        """How far a state is in its order; None: outside of it."""
        order = self.orders.get(entity, {}).get(attribute, ())
        ranked = (i for i, rank in enumerate(order) if state == rank or (isinstance(rank, tuple) and state in rank))
        return next(ranked, None)

    @model_validator(mode="after")
    def _orders_are_of_states(self) -> Self:
        for entity, attributes in self.orders.items():
            known = ENTITIES[entity].attribute_names if entity in ENTITIES else ()
            if not known:
                raise ValueError(f"orders: entity {entity!r} is unknown; known: {', '.join(ENTITIES)}")
            for attribute in attributes:
                if attribute not in known:
                    raise ValueError(f"orders: {entity} has no attribute {attribute!r}; it has: {', '.join(known)}")
        return self
