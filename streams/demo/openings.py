"""A customer enters the three systems: a deal in the CRM, then a customer in the ERP and an account in billing."""

from __future__ import annotations

from streams.demo.flaws import WON_WITHOUT_ERP_CUSTOMER
from streams.demo.further import PROFILE_MISSING, STEP_SKIPPED
from streams.demo.groups import group, stated_parent
from streams.demo.masters import stated
from streams.demo.script import INTEGRATION, SALES, Script
from streams.demo.set_up import status_at_first
from streams.demo.steps import Value, Write


def win_deal(script: Script, ending: str, *, ordered: bool) -> float | None:
    """The CRM's part; `ordered`: the ERP is to deliver a part of it by order. Returns when the deal was won."""
    who = script.profile
    parent = group(script)
    known = script.add(
        0.3 if parent else 0.0,
        "crm",
        SALES,
        account_in_crm(script, **parent),
    )
    opened = script.add(
        known + script.soon(0.2, 0.8),
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
            Order_Managed__c=ordered,
        ),
    )
    if script.chance(0.5):
        opened = _stage(script, opened + script.soon(0.3, 0.7), "Negotiation")
    if ending == "open":
        return None
    stage = "Closed Won" if ending == "won" else "Closed Lost"
    closed = _stage(script, opened + script.soon(0.3, 0.8), stage)
    return closed if ending == "won" else None


def account_in_crm(script: Script, record: str = "crm.account", number: int = 0, /, **more: Value) -> Write:
    who = script.profile
    return script.create(
        "Account",
        record,
        Name=who.name,
        AccountNumber=who.id("N", number),
        Status__c="Prospect",
        BillingCountry=who.country,
        Tax_Id__c=stated(script, "crm tax id", who.tax_id),
        Email__c=who.email,
        CurrencyIsoCode=who.currency,
        Legal_Entity__c=who.company_code,
        Tax_Region__c=who.country,
        Delinquent__c=False,
        **more,
    )


def _stage(script: Script, at: float, stage: str) -> float:
    return script.add(at, "crm", SALES, script.change("Opportunity", "crm.opportunity", StageName=stage))


def open_erp_customer(script: Script, won: float) -> float | None:
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
            status=status_at_first(script, "ledger"),
            tax_registration=who.tax_id,
            currency=who.currency,
            country=stated(script, "erp country", who.country),
            company_code=who.company_code,
        ),
    )
    set_up = created + script.soon(0.2, 0.6)
    if script.suffers(PROFILE_MISSING, "left in draft"):
        set_up_finance(script, set_up, status="Draft")
    elif not script.tells(PROFILE_MISSING):
        set_up_finance(script, set_up)
    return created


def set_up_finance(script: Script, at: float, status: str = "Active") -> None:
    who = script.profile
    script.add(
        at,
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
            status=status,
        ),
    )


def account_in_billing(script: Script) -> Write:
    who = script.profile
    domain: dict[str, Value] = {"domain": who.domain} if script.further else {}
    return script.create(
        "account",
        "billing.account",
        id=who.id("A"),
        name=stated(script, "billing name", who.name),
        status=status_at_first(script, "billing"),
        crm_account_id=script.ref("crm.account"),
        currency=who.currency,
        bill_to_email=who.email,
        tax_id=who.tax_id,
        country=who.country,
        **domain,
        **stated_parent(script),
    )


def open_billing_account(script: Script, at: float) -> float:
    """Account and contract in billing; returns when the contract was made."""
    who = script.profile
    script.add(at, "billing", INTEGRATION, account_in_billing(script))
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
            status="Draft" if script.tells(STEP_SKIPPED) else "Active",
            currency=who.currency,
            value=who.contract_value,
            starts_on=who.starts_on,
            term_months=who.term_months,
            terms_text=f"Standard terms, {who.term_months} months.",
        ),
    )
