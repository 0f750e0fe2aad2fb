"""Records of several customers: whose each is, and which records are one customer's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

from tests.naive.world import Record, World


class Companies(World):
    def account(self, record: Record) -> tuple[str, str]:
        """Whoever names a CRM account is that account's."""
        system, customer = record.change.system, record.change.customer
        own = self.get((system, "customer", customer))
        ref = own["crm_ref"] if own and system != "crm" else None
        return ("crm", ref) if ref else (system, customer)

    def beside(self, record: Record, entity: str, *systems: str, **said: Any) -> list[Record]:
        """As `all`, of the same customer."""
        whose = self.account(record)
        return [r for r in self.all(entity, *systems, **said) if self.account(r) == whose]


class Kind(NamedTuple):
    subject: tuple[tuple[str, str], ...]
    """(system, entity)."""
    clock: str
    judge: Callable[[Companies, Record, date], bool | None]
    """True: in order; False: not; None: nothing is demanded."""
    trigger: Callable[[Companies, Record], float] | None = None
    """Since when it is demanded, where that is not when it came to be demanded: another one demands anew."""
