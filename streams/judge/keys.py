"""The keys of judge's state. Each begins with what it is; the customer follows, so a range stays with one customer.

e/CUSTOMER/ENTITY/SYSTEM/ID         versions of a record
r/CUSTOMER/ENTITY/ATTR/VALUE        reference index (streams/kinds/references.py)
o/CUSTOMER/KIND/SYSTEM/ID           obligation
h/CUSTOMER/SYSTEM/ENTITY/LETTER     hole in the evidence
g/SYSTEM/ENTITY/LETTER              hole of a customer nobody could read
f/CUSTOMER/SYSTEM/NATIVE            conflicts of identity that freeze commands (streams/judge/freeze.py)
d/DRIFT                             latest life of a drift: its customer and opening
c/CUSTOMER                          revision of the merged customer in the corrected state
p/CUSTOMER                          stage, counts and conditions
~marks                              watermarks
"""

from __future__ import annotations

from typing import NamedTuple

MARKS = "~marks"
OBLIGATIONS = "o/"


class ObligationKey(NamedTuple):
    customer: str
    kind: str
    system: str
    native_id: str

    def text(self) -> str:
        return f"o/{self.customer}/{self.kind}/{self.system}/{self.native_id}"

    @classmethod
    def parse(cls, key: str) -> ObligationKey:
        _, customer, kind, system, native_id = key.split("/", 4)
        return cls(customer, kind, system, native_id)


def is_obligation(key: str) -> bool:
    return key.startswith(OBLIGATIONS)


def process_key(customer: str) -> str:
    return f"p/{customer}"


def holes_prefix(customer: str) -> str:
    return f"h/{customer}/"


def freezes_prefix(customer: str) -> str:
    return f"f/{customer}/"


def drift_key(drift_id: str) -> str:
    return f"d/{drift_id}"
