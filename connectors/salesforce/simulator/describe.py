"""Object metadata as /describe gives it."""

from typing import Any

from connectors.salesforce.simulator.errors import not_found
from connectors.salesforce.simulator.objects import OBJECTS, Field


def describe(object_name: str) -> dict[str, Any]:
    """Name, key prefix and fields of an object; raises NOT_FOUND."""
    if object_name not in OBJECTS:
        raise not_found()
    sobject = OBJECTS[object_name]
    return {
        "name": sobject.name,
        "keyPrefix": sobject.prefix,
        "custom": sobject.name.endswith("__c"),
        "queryable": True,
        "replicateable": True,
        "fields": [_field(column) for column in sobject.fields.values()],
    }


def _field(column: Field) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "custom": column.name.endswith("__c"),
        "nillable": not column.required,
        "createable": column.writable,
        "updateable": column.writable,
        "filterable": True,
        "sortable": True,
        "externalId": column.external_id,
        "unique": column.unique,
        "length": column.length if column.type in ("string", "email", "picklist") else 0,
        "scale": 2 if column.type == "currency" else 0,
        "referenceTo": [column.refers_to] if column.refers_to else [],
        "picklistValues": [{"value": value, "active": True} for value in column.values],
        "restrictedPicklist": bool(column.values),
    }
