"""What a company does: steps at an offset from the start of the run, each one transaction in one system."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

System = Literal["crm", "billing", "erp", "processor", "product"]
ENTITIES: dict[tuple[str, str], str] = {
    ("crm", "Account"): "customer",
    ("crm", "Opportunity"): "opportunity",
    ("crm", "Credit_Memo__c"): "credit_memo",
    ("crm", "Invoice__c"): "invoice",
    ("billing", "account"): "customer",
    ("erp", "customer"): "customer",
    ("erp", "customer_financial_profile"): "financial_profile",
    ("erp", "sales_order"): "order",
    ("processor", "payment_intent"): "payment",
}
"""(system, native table) -> canonical entity, where the two names differ."""


class Ref(NamedTuple):
    """Stands for the native id of a record that is only known once the record exists."""

    record: str


Native = str | int | Decimal | date | None
Value = Native | Ref


@dataclass(frozen=True, slots=True)
class Write:
    """A row created or changed; `record` is its name in the plan, `values` are native columns."""

    table: str
    record: str
    values: Mapping[str, Value]
    creates: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One transaction of one customer, `at_seconds` after the start of the run."""

    at_seconds: float
    customer: int
    system: System
    by: str
    writes: tuple[Write, ...]


@dataclass(frozen=True, slots=True)
class Journey:
    """All steps of one customer, in time order."""

    customer: int
    starts_at_seconds: float
    steps: tuple[Step, ...]


def entity_of(system: str, table: str) -> str:
    return ENTITIES.get((system, table), table)


def in_time_order(journeys: Iterable[Journey]) -> Iterator[Step]:
    """The steps of journeys that come sorted by their start; `journeys` may be endless and is read no further than
    the next step needs."""
    waiting: list[tuple[float, int, int, Step]] = []
    for journey in journeys:
        while waiting and waiting[0][0] <= journey.starts_at_seconds:
            yield heapq.heappop(waiting)[-1]
        for number, step in enumerate(journey.steps):
            heapq.heappush(waiting, (step.at_seconds, step.customer, number, step))
    while waiting:
        yield heapq.heappop(waiting)[-1]
