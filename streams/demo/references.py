"""The CRM account learns the ids that billing and ERP gave its customer."""

from __future__ import annotations

from streams.demo.script import INTEGRATION, Script

REFERENCES = {"billing": "Billing_Account_Id__c", "erp": "ERP_Customer_Id__c"}
RECORDS = {"billing": "billing.account", "erp": "erp.customer"}


def refer(script: Script, at: float, *systems: str) -> None:
    values = {REFERENCES[system]: script.ref(RECORDS[system]) for system in systems}
    script.add(at, "crm", INTEGRATION, script.change("Account", "crm.account", **values))
