"""Invoices that nobody paid in time: the CRM account is marked as delinquent, and cleared once the money is there.

Only companies of the further kinds come here."""

from __future__ import annotations

from streams.demo.further import DELINQUENCY_STAYS, DELINQUENCY_UNSHOWN, OVERDUE
from streams.demo.script import INTEGRATION, Script


def is_overdue(script: Script) -> bool:
    """Whether the customer's invoice is entered when it is long overdue."""
    return script.further and (script.tells_of(OVERDUE) or (script.flaw is None and script.chance(0.06)))


def show_delinquency(script: Script, posted: float) -> None:
    after = script.answer(DELINQUENCY_UNSHOWN)
    if after is not None:
        _mark(script, posted + after + _later(script, DELINQUENCY_UNSHOWN), delinquent=True)


def clear_delinquency(script: Script, applied: float) -> None:
    after = script.answer(DELINQUENCY_STAYS)
    if after is not None:
        _mark(script, applied + after + _later(script, DELINQUENCY_STAYS), delinquent=False)


def _later(script: Script, kind: str) -> float:
    """The CRM stamps whole seconds: one more, lest the late one seems to be in time."""
    return 1.0 if script.tells(kind) else 0.0


def _mark(script: Script, at: float, *, delinquent: bool) -> None:
    script.add(at, "crm", INTEGRATION, script.change("Account", "crm.account", Delinquent__c=delinquent))
