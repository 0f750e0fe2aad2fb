"""One customer from deal to cash; a flaw leaves exactly one step out, makes it late, or gives it a wrong value.

What needs the missing step is left out with it (no ERP customer: no ERP contract, no invoice), so that a fault causes
one drift of its kind and nothing else, apart from the consequences of correcting it.
"""

from __future__ import annotations

from decimal import Decimal

from streams.demo.documents import bill
from streams.demo.flaws import ACTIVATION_STALLED, VALUE_MISMATCH, WON_WITHOUT_ERP_CUSTOMER, WRITEBACK_MISSING
from streams.demo.script import INTEGRATION, SALES, Script

_CENT = Decimal("0.01")
REFERENCES = {"billing": "Billing_Account_Id__c", "erp": "ERP_Customer_Id__c"}


def write_journey(script: Script, ending: str = "won") -> None:
    """Fills the script. `ending` is how the deal ends: won, lost or open."""
    won = _deal(script, ending)
    if won is None:
        return
    customer = _erp_customer(script, won)
    account = script.soon(0.3, 2.0) + won
    contract = _billing_account(script, account)
    _write_back(script, {"billing": account, "erp": customer})
    active = _subscription(script, contract + script.soon(0.15, 0.4))
    in_erp = None if customer is None else _erp_contract(script, max(customer, contract) + script.soon(0.3, 1.5))
    if active is not None:
        bill(script, active, in_erp)


def _deal(script: Script, ending: str) -> float | None:
    """The CRM's part; returns when the deal was won."""
    who = script.profile
    script.add(
        0.0,
        "crm",
        SALES,
        script.create(
            "Account",
            "crm.account",
            Name=who.name,
            AccountNumber=who.id("N"),
            Status__c="Prospect",
            BillingCountry=who.country,
            Tax_Id__c=who.tax_id,
            Email__c=who.email,
            CurrencyIsoCode=who.currency,
            Legal_Entity__c=who.company_code,
        ),
    )
    opened = script.add(
        script.soon(0.2, 0.8),
        "crm",
        SALES,
        script.create(
            "Opportunity",
            "crm.opportunity",
            AccountId=script.ref("crm.account"),
            Name=f"{who.name}: subscription",
            StageName="Prospecting",
            Amount=who.contract_value,
            CurrencyIsoCode=who.currency,
            CloseDate=who.today,
        ),
    )
    if script.chance(0.5):
        opened = _stage(script, opened + script.soon(0.3, 0.7), "Negotiation")
    if ending == "open":
        return None
    stage = "Closed Won" if ending == "won" else "Closed Lost"
    closed = _stage(script, opened + script.soon(0.3, 0.8), stage)
    return closed if ending == "won" else None


def _stage(script: Script, at: float, stage: str) -> float:
    return script.add(at, "crm", SALES, script.change("Opportunity", "crm.opportunity", StageName=stage))


def _erp_customer(script: Script, won: float) -> float | None:
    """Created by the integration after the deal, now and then before it; returns when."""
    who = script.profile
    after = script.answer(WON_WITHOUT_ERP_CUSTOMER)
    if after is None:
        return None
    if script.flaw is None and script.chance(0.06):
        after = -0.2
    created = script.add(
        won + after,
        "erp",
        INTEGRATION,
        script.create(
            "customer",
            "erp.customer",
            id=who.id("C"),
            external_id=script.ref("crm.account"),
            legal_name=who.name,
            status="Active",
            tax_registration=who.tax_id,
            currency=who.currency,
            country=who.country,
            company_code=who.company_code,
        ),
    )
    script.add(
        created + script.soon(0.2, 0.6),
        "erp",
        INTEGRATION,
        script.create(
            "customer_financial_profile",
            "erp.profile",
            id=who.id("FP"),
            customer_id=script.ref("erp.customer"),
            company_code=who.company_code,
            receivable_account="1200",
            payment_terms="NET30",
            currency=who.currency,
            status="Active",
        ),
    )
    return created


def _billing_account(script: Script, at: float) -> float:
    """Account and contract in billing; returns when the contract was made."""
    who = script.profile
    script.add(
        at,
        "billing",
        INTEGRATION,
        script.create(
            "account",
            "billing.account",
            id=who.id("A"),
            name=who.name,
            status="Active",
            crm_account_id=script.ref("crm.account"),
            currency=who.currency,
            bill_to_email=who.email,
            tax_id=who.tax_id,
            country=who.country,
        ),
    )
    return script.add(
        at + script.soon(0.15, 0.4),
        "billing",
        INTEGRATION,
        script.create(
            "contract",
            "billing.contract",
            id=who.id("K"),
            account_id=script.ref("billing.account"),
            number=who.id("CT"),
            crm_opportunity_id=script.ref("crm.opportunity"),
            status="Active",
            currency=who.currency,
            value=who.contract_value,
            starts_on=who.starts_on,
            term_months=who.term_months,
            terms_text=f"Standard terms, {who.term_months} months.",
        ),
    )


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


def _subscription(script: Script, at: float) -> float | None:
    """Drafted, made ready, activated; returns when it became active."""
    who = script.profile
    subscription = script.ref("billing.subscription")
    script.add(
        at,
        "billing",
        INTEGRATION,
        script.create(
            "subscription",
            "billing.subscription",
            id=who.id("S"),
            account_id=script.ref("billing.account"),
            contract_number=who.id("CT"),
            number=who.id("SUB"),
            crm_opportunity_id=script.ref("crm.opportunity"),
            status="Draft",
            version=1,
            currency=who.currency,
            starts_on=who.starts_on,
            term_months=who.term_months,
            monthly_amount=who.monthly,
            total_contract_value=who.contract_value,
        ),
        script.create(
            "subscription_version",
            "billing.version.1",
            id=who.id("V", 1),
            account_id=script.ref("billing.account"),
            subscription_id=subscription,
            version=1,
            currency=who.currency,
            effective_on=who.starts_on,
            total_contract_value=who.contract_value,
        ),
    )
    if script.chance(0.5):
        ready = script.rng.choice(("PendingActivation", "PendingAcceptance"))
        _subscription_status(script, at + script.soon(0.2, 0.7), INTEGRATION, ready)
    after = script.answer(ACTIVATION_STALLED)
    if after is None or who.starts_on > who.today:
        _account_active(script, at + script.soon(1.0, 2.0), certain=False)
        return None
    active = _subscription_status(script, at + after, "billing-operator", "Active")
    _account_active(script, active + script.soon(0.3, 1.0), certain=True)
    return active


def _subscription_status(script: Script, at: float, by: str, status: str) -> float:
    return script.add(at, "billing", by, script.change("subscription", "billing.subscription", status=status))


def _account_active(script: Script, at: float, *, certain: bool) -> None:
    if certain or script.chance(0.5):
        script.add(at, "crm", INTEGRATION, script.change("Account", "crm.account", Status__c="Active"))


def _erp_contract(script: Script, at: float) -> float:
    """The contract as finance carries it; a flaw may give it another value than billing's. Returns when."""
    who, value = script.profile, script.profile.contract_value
    if script.flaw and script.suffers(VALUE_MISMATCH, "erp from the start"):
        off = who.tolerance * Decimal("0.9") if script.flaw.within_tolerance else max(value / 20, Decimal(50))
        value = (value + script.rng.choice((-1, 1)) * off).quantize(_CENT)
    return script.add(
        at,
        "erp",
        INTEGRATION,
        script.create(
            "contract",
            "erp.contract",
            id=who.id("EK"),
            customer_id=script.ref("erp.customer"),
            number=who.id("CT"),
            status="Active",
            currency=who.currency,
            value=value,
            starts_on=who.starts_on,
            term_months=who.term_months,
        ),
    )
