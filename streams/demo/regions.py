"""Where an invoice is taxed, and where its customer is."""

from __future__ import annotations

from streams.demo.further import TAX_DIVERGENCE
from streams.demo.script import SALES, Script

_BILLING = "billing-operator"


def first_region(script: Script) -> str:
    """As billing has it at first: where the customer is, unless this customer's flaw is to tax it elsewhere."""
    wrong = script.tells(TAX_DIVERGENCE) and not script.tolerable
    return f"{script.profile.country}-AWAY" if wrong else script.profile.tax_region


def regions_later(script: Script, posted: float) -> None:
    """What becomes of a wrong region; or the customer moves, which makes no issued invoice wrong."""
    if not script.tells(TAX_DIVERGENCE):
        return
    if script.tolerable:
        moved = script.change("Account", "crm.account", Tax_Region__c=f"{script.profile.country}-MOVED")
        script.add(posted + script.soon(2.0, 3.0), "crm", SALES, moved)
        return
    after = script.flawed_answer(TAX_DIVERGENCE)
    if after is not None:
        right = script.change("invoice", "billing.invoice", tax_region=script.profile.tax_region)
        script.add(posted + after, "billing", _BILLING, right)
