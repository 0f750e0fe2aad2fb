"""The keys of identify's state.

i/SYSTEM/CUSTOMER/ENTITY/ID    image of a row: its versions back to the frontier of the links
w/SYSTEM/CUSTOMER              route of a native customer
l/SYSTEM/CUSTOMER              the links it asserted last
h/SYSTEM/CUSTOMER/LETTER       hole in the evidence of a native customer, and where it stands open
k/SYSTEM/CUSTOMER/PARENT/PARENT_ID/ENTITY/ID   row parked until its parent comes
j/SYSTEM/CUSTOMER/ENTITY/ID    under which key that row is parked
m/SYSTEM                       which mapping is in force (streams/identify/mappings.py)
v/SYSTEM/HASH                  a mapping of the system
s/SYSTEM                       which of its rows are gone (streams/identify/sweeps.py, losses.py)
~marks                         watermarks heard in this partition
~snapshot/SYSTEM               which snapshot of it is being read (streams/identify/gaps.py)
~streamed                      SYSTEM/OBJECT that left streaming once, and how far it had come: a gap, a new snapshot
"""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote

MARKS = "~marks"
STREAMED = "~streamed"
MAPPINGS = "m/"
SWEEPS = "s/"
SENT = "~sent"
"""Marks as told downstream."""
TOLD = "~told"
"""Marks as told to onlookers, a second apart."""
EVERY_ROW = 10_000_000
"""Where nothing less will do: those of one customer, or of a system that lost some without telling which."""


@lru_cache(maxsize=50_000)  # a row's customer is quoted for each key that begins with it
def part(text: str) -> str:
    return quote(text, safe=" :@+=,")


def system_prefix(system: str) -> str:
    """Prefix of the images of its rows."""
    return f"i/{system}/"


def system_of(key: str) -> str:
    """The system whose row has this key."""
    return key.split("/", 2)[1]


def rows_prefix(system: str, customer: str) -> str:
    return f"i/{system}/{part(customer)}/"


def row_key(system: str, customer: str, entity: str, native_id: str) -> str:
    return f"{rows_prefix(system, customer)}{entity}/{native_id}"


def route_key(system: str, customer: str) -> str:
    return f"w/{system}/{part(customer)}"


def links_key(system: str, customer: str) -> str:
    return f"l/{system}/{part(customer)}"


def snapshot_key(system: str) -> str:
    return f"~snapshot/{system}"


def sweep_key(system: str) -> str:
    return f"{SWEEPS}{system}"


def mapping_key(system: str) -> str:
    return f"{MAPPINGS}{system}"


def document_key(system: str, version: str) -> str:
    return f"v/{system}/{version}"


def is_about_mappings(key: str) -> bool:
    return key.startswith((MAPPINGS, "v/"))


def holes_prefix(system: str, customer: str) -> str:
    return f"h/{system}/{part(customer)}/"


def parked_of(system: str) -> str:
    """Prefix of all parked rows of a system. It sorts after the images."""
    return f"k/{system}/"


def parked_under(system: str, customer: str, entity: str, native_id: str) -> str:
    return f"j/{system}/{part(customer)}/{entity}/{native_id}"


def parked_prefix(system: str, customer: str, parent: str, parent_id: str) -> str:
    return f"{parked_of(system)}{part(customer)}/{parent}/{part(parent_id)}/"
