"""The org's objects, as a table: what each record holds and what the platform insists on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

FieldType = Literal["id", "string", "email", "picklist", "currency", "date", "datetime", "boolean", "reference"]
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Field:
    """One column. `values` restricts a picklist; `refers_to` names the object that a reference must exist in."""

    name: str
    type: FieldType = "string"
    required: bool = False
    writable: bool = True
    external_id: bool = False
    unique: bool = False
    values: tuple[str, ...] = ()
    refers_to: str | None = None
    default: Any = None
    length: int = 255


SYSTEM_FIELDS = (
    Field("Id", "id", writable=False),
    Field("IsDeleted", "boolean", writable=False),
    Field("CreatedDate", "datetime", writable=False),
    Field("CreatedById", "reference", writable=False),
    Field("LastModifiedDate", "datetime", writable=False),
    Field("LastModifiedById", "reference", writable=False),
    Field("SystemModstamp", "datetime", writable=False),
)


def _nothing(_values: Values) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class SObject:
    """An object: its id prefix, its own fields, and what the platform derives from them on every write."""

    name: str
    prefix: str
    own_fields: tuple[Field, ...]
    derive: Callable[[Values], dict[str, Any]] = field(default=_nothing)

    @cached_property
    def fields(self) -> dict[str, Field]:
        return {column.name: column for column in (*SYSTEM_FIELDS, *self.own_fields)}

    @cached_property
    def _by_folded_name(self) -> dict[str, Field]:
        return {column.name.casefold(): column for column in self.fields.values()}

    def find(self, name: str) -> Field | None:
        """The column of that name; the API does not care about case."""
        return self._by_folded_name.get(name.casefold())


def _outcome_of_stage(values: Values) -> dict[str, Any]:
    won = values["StageName"] == "Closed Won"
    return {"IsWon": won, "IsClosed": won or values["StageName"] == "Closed Lost"}


_CURRENCY_CODE = Field("CurrencyIsoCode", "picklist", default="EUR", length=3)

OBJECTS: dict[str, SObject] = {
    sobject.name: sobject
    for sobject in (
        SObject(
            "Account",
            "001",
            (
                Field("Name", required=True),
                Field("AccountNumber", length=40),
                Field("Status__c", "picklist", values=("Prospect", "Active", "Churned"), default="Prospect"),
                Field("BillingCountry", length=80),
                Field("Tax_Id__c"),
                Field("Email__c", "email", length=80),
                _CURRENCY_CODE,
                Field("Legal_Entity__c"),
                Field("Billing_Account_Id__c", external_id=True),
                Field("ERP_Customer_Id__c", external_id=True),
                Field("ParentId", "reference", refers_to="Account"),
                Field("Tax_Region__c", length=80),
                Field("Delinquent__c", "boolean", default=False),
            ),
        ),
        SObject(
            "Opportunity",
            "006",
            (
                Field("AccountId", "reference", required=True, refers_to="Account"),
                Field("Name", required=True, length=120),
                Field("StageName", "picklist", required=True),
                Field("IsWon", "boolean", writable=False),
                Field("IsClosed", "boolean", writable=False),
                Field("Amount", "currency"),
                _CURRENCY_CODE,
                Field("CloseDate", "date", required=True),
                Field("Order_Managed__c", "boolean", default=False),
            ),
            derive=_outcome_of_stage,
        ),
        SObject(
            "Invoice__c",
            "a01",
            (
                Field("Account__c", "reference", required=True, refers_to="Account"),
                Field("Number__c", external_id=True),
                Field("Amount__c", "currency"),
                _CURRENCY_CODE,
                Field("Status__c", "picklist"),
                Field("Payment_Status__c", "picklist"),
            ),
        ),
        SObject(
            "Credit_Memo__c",
            "a00",
            (
                Field("Account__c", "reference", required=True, refers_to="Account"),
                Field("Number__c", external_id=True, unique=True),
                Field("Amount__c", "currency"),
                _CURRENCY_CODE,
                Field("Status__c", "picklist"),
            ),
        ),
    )
}
