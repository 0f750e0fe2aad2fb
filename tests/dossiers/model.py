"""What a dossier consists of. Times are seconds; deadlines and grace are 10 seconds, instant kinds keep 0."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

SLA_SECONDS = 10
CUSTOMERS = {"crm": "A", "billing": "B", "erp": "E", "processor": "P", "product": "T"}
"""The customer record of each system; all say that they belong to CRM account A."""


class Change(NamedTuple):
    at: float
    system: str
    entity: str
    native_id: str
    attributes: Mapping[str, Any] | None
    """None: the record is deleted."""
    customer: str
    by: str


Story = tuple[Change, ...]


def change(
    at: float,
    system: str,
    entity: str,
    native_id: str,
    /,
    *,
    customer: str | None = None,
    by: str = "someone",
    **attributes: Any,
) -> Change:
    """A record as it is from `at` on, all of it: `total="119.00 EUR"` is money."""
    owner = customer or (native_id if entity == "customer" else CUSTOMERS[system])
    made = {name: _money(value) if _is_money(value) else value for name, value in attributes.items()}
    return Change(at, system, entity, native_id, made, owner, by)


def deletion(at: float, system: str, entity: str, native_id: str, customer: str | None = None) -> Change:
    return Change(at, system, entity, native_id, None, customer or CUSTOMERS[system], "someone")


def _is_money(value: Any) -> bool:
    if not isinstance(value, str) or value.count(" ") != 1:
        return False
    amount, currency = value.split(" ")
    return len(currency) == 3 and currency.isupper() and amount.replace(".", "").replace("-", "").isdigit()


def _money(value: str) -> dict[str, str]:
    amount, currency = value.split(" ")
    return {"amount": amount, "currency": currency}


class Dossier(NamedTuple):
    kind: str
    story: Story
    """The whole story of one drift, in which everything else is in order."""
    opens_at: float
    near_misses: Mapping[str, Story]
    """Why it is none -> a whole story in which the kind stays quiet."""
    late: Story
    """Evidence that was committed in time and arrives after the verdict: with it the drift never was one."""
    amount: str | None
    """At stake, e.g. `1200 EUR`."""
    owner_system: str
    owner_team: str
    says: tuple[str, ...]
    """Words that expectation and observation must contain between them."""
    resolved_by: Story = ()
    """What ends the drift after it was opened; empty where nothing but a decision does."""
    linked: tuple[str, ...] = tuple(CUSTOMERS)
    """Systems that have a customer record, linked to the CRM account, from second 1 on; without `crm` there is none."""
    governed: Mapping[str, Any] = {}
    """Decisions of this company other than the defaults: attributes of the kind's governance."""

    def __hash__(self) -> int:  # its mappings have none
        return hash((self.kind, self.opens_at, self.says))

    subject: tuple[str, str, str] | None = None
    """(system, entity, native id) of the drift, where the story has several candidates."""
    ends: float = 1000
    """Up to when every source is heard."""


class Toggles(NamedTuple):
    """The two signals of an obligation, switched on and off: for the oracle (`tests/unit/test_oracle.py`)."""

    demand: Callable[[float], Story]
    withdraw: Callable[[float], Story]
    do: Callable[[float], Story]
    undo: Callable[[float], Story]
    before: Story = ()
    """What must be there first."""


def company(linked: tuple[str, ...]) -> Story:
    """The customer's records, in agreement about everything that a system has to say about a customer."""
    common: dict[str, Any] = {
        "name": "Acme GmbH",
        "status": "active",
        "tax_id": "DE811569869",
        "country": "DE",
        "currency": "EUR",
        "email": "pay@acme.example",
        "legal_entity": "1000",
    }
    refs = {
        f"{role}_ref": CUSTOMERS[system]
        for role, system in (("billing", "billing"), ("erp", "erp"))
        if system in linked
    }
    made = []
    for system in linked:
        own = refs if system == "crm" else {"crm_ref": CUSTOMERS["crm"] if "crm" in linked else None}
        made.append(change(1, system, "customer", CUSTOMERS[system], **common, **own))
    return tuple(made)
