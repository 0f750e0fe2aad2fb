"""Which objects the poller reads, which field names the customer of a row, and which fields travel."""

from dataclasses import dataclass

SYSTEM_FIELDS = ("Id", "SystemModstamp", "IsDeleted", "CreatedDate", "LastModifiedDate", "LastModifiedById")


@dataclass(frozen=True)
class PolledObject:
    """An object to poll. `customer_field` holds the Account id that keys its records; `fields` travel as exact text."""

    name: str
    customer_field: str
    fields: tuple[str, ...]

    @property
    def selected(self) -> tuple[str, ...]:
        """What the query asks for: system fields first, each field once."""
        return tuple(dict.fromkeys((*SYSTEM_FIELDS, self.customer_field, *self.fields)))


QUOTE_TO_CASH = (
    PolledObject(
        "Account",
        "Id",
        (
            "Name",
            "AccountNumber",
            "Status__c",
            "BillingCountry",
            "Tax_Id__c",
            "Email__c",
            "CurrencyIsoCode",
            "Legal_Entity__c",
            "Billing_Account_Id__c",
            "ERP_Customer_Id__c",
            "ParentId",
        ),
    ),
    PolledObject(
        "Opportunity",
        "AccountId",
        ("Name", "StageName", "IsWon", "IsClosed", "Amount", "CurrencyIsoCode", "CloseDate"),
    ),
    PolledObject("Credit_Memo__c", "Account__c", ("Number__c", "Amount__c", "CurrencyIsoCode", "Status__c")),
)
