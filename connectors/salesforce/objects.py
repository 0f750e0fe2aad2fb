"""An object that the poller reads: which field names the customer of a row, and which fields travel."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SYSTEM_FIELDS = ("Id", "SystemModstamp", "IsDeleted", "CreatedDate", "LastModifiedDate", "LastModifiedById")


@dataclass(frozen=True)
class PolledObject:
    """An object to poll. `customer_field` holds the Account id that keys its records; `fields` travel as exact text."""

    name: str
    customer_field: str
    fields: tuple[str, ...]
    named_in: str = field(default="the settings of the poller", compare=False)
    """File and key where an operator named the object."""
    keys: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Field -> the key below it that names the field."""

    def place_of(self, name: str) -> str:
        key = self.keys.get(name)
        return f"{self.named_in}.{key}" if key else self.named_in

    @property
    def selected(self) -> tuple[str, ...]:
        """What the query asks for: system fields first, each field once."""
        return tuple(dict.fromkeys((*SYSTEM_FIELDS, self.customer_field, *self.fields)))
