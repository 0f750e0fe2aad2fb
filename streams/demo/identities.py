"""A company that sales enters twice, and a payment processor that takes it for the other of the two.

No deal is won: all that comes of it is about who the customer is."""

from __future__ import annotations

from streams.demo.beyond import HELD, IDENTITY_CONFLICT
from streams.demo.flaws import WRITEBACK_MISSING
from streams.demo.openings import account_in_billing, account_in_crm, win_deal
from streams.demo.payments import open_processor_customer
from streams.demo.references import refer
from streams.demo.script import INTEGRATION, SALES, Script

SECOND = "crm.account.2"


def enter_twice(script: Script) -> None:
    """Billing's account is the first one's, the processor's customer the second one's, and both have one domain, which
    is one tenant of the product: so the two are said to be one customer."""
    win_deal(script, "open", ordered=False)
    second = script.add(script.soon(0.5, 1.5), "crm", SALES, account_in_crm(script, SECOND, 2))
    account = script.add(second + script.soon(0.3, 1.0), "billing", INTEGRATION, account_in_billing(script))
    if not script.suffers(IDENTITY_CONFLICT, HELD):
        after = script.answer(WRITEBACK_MISSING, "billing")
        assert after is not None
        refer(script, account + after, "billing")
    named = "crm.account" if script.tolerable else SECOND
    paying = account + script.soon(0.3, 0.8)
    open_processor_customer(script, paying, named)
    until = script.flawed_answer(IDENTITY_CONFLICT)
    if until is not None:
        right = script.change("customer", "processor.customer", crm_account_id=script.ref("crm.account"))
        script.add(paying + until, "processor", INTEGRATION, right)
