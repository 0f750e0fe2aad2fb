"""One customer from deal to cash; a flaw leaves exactly one step out, makes it late, or gives it a wrong value.

What needs the missing step is left out with it (no ERP customer: no ERP contract, no invoice), so that a fault causes
one drift of its kind and nothing else, apart from the consequences of correcting it.
"""

from __future__ import annotations

from streams.demo.contracts import activate_subscription, carry_contract
from streams.demo.documents import bill
from streams.demo.flaws import WRITEBACK_MISSING
from streams.demo.further import WON_WITHOUT_SUBSCRIPTION
from streams.demo.lifecycle import change_of_state
from streams.demo.masters import disagree
from streams.demo.openings import open_billing_account, open_erp_customer, win_deal
from streams.demo.payments import open_processor_customer
from streams.demo.script import INTEGRATION, Script
from streams.demo.service import is_ordered, open_product_customer, place_order, serve

REFERENCES = {"billing": "Billing_Account_Id__c", "erp": "ERP_Customer_Id__c"}


def write_journey(script: Script, ending: str = "won") -> None:
    """Fills the script. `ending` is how the deal ends: won, lost or open."""
    ordered = is_ordered(script)
    won = win_deal(script, ending, ordered=ordered)
    if won is None:
        return
    customer = open_erp_customer(script, won)
    account = script.soon(0.3, 2.0) + won
    contract = open_billing_account(script, account)
    if script.further:
        open_processor_customer(script, account + script.soon(0.1, 0.3))
        open_product_customer(script, account + script.soon(0.1, 0.3))
    if ordered and customer is not None:
        place_order(script, won, customer)
    _write_back(script, {"billing": account, "erp": customer})
    active = _activate(script, won, contract + script.soon(0.15, 0.4))
    in_erp = None if customer is None else carry_contract(script, max(customer, contract) + script.soon(0.3, 1.5))
    if active is not None:
        scheduled = serve(script, active, customer) if script.further else None
        bill(script, active, in_erp, scheduled)
        change_of_state(script, won, active)
    disagree(script, won, account, customer)


def _activate(script: Script, won: float, drafted: float) -> float | None:
    if not script.tells(WON_WITHOUT_SUBSCRIPTION):
        return activate_subscription(script, drafted)
    after = script.flawed_answer(WON_WITHOUT_SUBSCRIPTION)
    return None if after is None else activate_subscription(script, max(won + after, drafted))


def _write_back(script: Script, created: dict[str, float | None]) -> None:
    """The CRM account learns the ids that billing and ERP gave: in one write, or each in its own."""
    times = [at for at in created.values() if at is not None]
    together = len(times) == 2 and max(times) - min(times) < 2 and script.chance(0.4)
    if together and not (script.flaw and script.flaw.kind == WRITEBACK_MISSING):
        _reference(script, max(times) + script.soon(0.5, 2.0), *created)
        return
    for system, at in created.items():
        after = script.answer(WRITEBACK_MISSING, system)
        if at is not None and after is not None:
            _reference(script, at + after, system)


def _reference(script: Script, at: float, *systems: str) -> None:
    records = {"billing": "billing.account", "erp": "erp.customer"}
    values = {REFERENCES[system]: script.ref(records[system]) for system in systems}
    script.add(at, "crm", INTEGRATION, script.change("Account", "crm.account", **values))
