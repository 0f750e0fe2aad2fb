"""One customer from deal to cash; a flaw leaves exactly one step out, makes it late, or gives it a wrong value.

What needs the missing step is left out with it (no ERP customer: no ERP contract, no invoice), so that a fault causes
one drift of its kind and nothing else, apart from the consequences of correcting it.
"""

from __future__ import annotations

from streams.demo.beyond import DEAD_LETTERED, IDENTITY_CONFLICT, INEFFECTIVE, SUSPECTED_TWICE
from streams.demo.contracts import activate_subscription, carry_contract
from streams.demo.documents import bill
from streams.demo.flaws import WRITEBACK_MISSING
from streams.demo.further import WON_WITHOUT_SUBSCRIPTION
from streams.demo.groups import turn_in_a_circle
from streams.demo.identities import enter_by_hand, enter_twice
from streams.demo.lifecycle import change_of_state
from streams.demo.masters import disagree
from streams.demo.openings import open_billing_account, open_erp_customer, win_deal
from streams.demo.payments import open_processor_customer
from streams.demo.references import refer
from streams.demo.script import Script
from streams.demo.service import is_ordered, open_product_customer, place_order, serve
from streams.demo.unreadable import write_unreadable


def write_journey(script: Script, ending: str = "won") -> None:
    """Fills the script. `ending` is how the deal ends: won, lost or open."""
    if script.tells(IDENTITY_CONFLICT):
        enter_twice(script)
        return
    if script.tells(SUSPECTED_TWICE):
        enter_by_hand(script)
        return
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
        if script.tells(DEAD_LETTERED):
            write_unreadable(script, active + script.soon(1.0, 3.0))
    disagree(script, won, account, customer)
    turn_in_a_circle(script, account)


def _activate(script: Script, won: float, drafted: float) -> float | None:
    if not script.tells(WON_WITHOUT_SUBSCRIPTION):
        return activate_subscription(script, drafted)
    after = script.flawed_answer(WON_WITHOUT_SUBSCRIPTION)
    return None if after is None else activate_subscription(script, max(won + after, drafted))


def _write_back(script: Script, created: dict[str, float | None]) -> None:
    """In one write, or each in its own."""
    times = [at for at in created.values() if at is not None]
    together = len(times) == 2 and max(times) - min(times) < 2 and script.chance(0.4)
    if together and not script.tells_of((WRITEBACK_MISSING, INEFFECTIVE)):
        refer(script, max(times) + script.soon(0.5, 2.0), *created)
        return
    for system, at in created.items():
        after = script.answer(WRITEBACK_MISSING, system)
        if at is not None and after is not None and not script.suffers(INEFFECTIVE, system):
            refer(script, at + after, system)
