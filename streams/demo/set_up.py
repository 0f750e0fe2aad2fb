"""A customer that is still a draft in billing or in the ERP when its first invoice is posted there."""

from __future__ import annotations

from streams.demo.further import BEFORE_CUSTOMER
from streams.demo.script import Script
from streams.demo.steps import System

_CLERKS = {"billing": "billing-operator", "ledger": "finance"}
_SYSTEMS: dict[str, System] = {"billing": "billing", "ledger": "erp"}
_RECORDS = {"billing": ("account", "billing.account"), "ledger": ("customer", "erp.customer")}


def status_at_first(script: Script, where: str) -> str:
    """Of the customer's record there."""
    return "Draft" if script.suffers(BEFORE_CUSTOMER, where) else "Active"


def set_up_late(script: Script, where: str, posted: float) -> None:
    """Set up once somebody notices the invoice that was posted then; by less than clocks differ it is none."""
    if script.suffers(BEFORE_CUSTOMER, where):
        at = posted + (1.0 if script.tolerable else 5.0)
        script.add(at, _SYSTEMS[where], _CLERKS[where], script.change(*_RECORDS[where], status="Active"))
