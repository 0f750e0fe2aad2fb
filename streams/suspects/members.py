"""Two members of a business key: which is the junior, and whether they might be one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from streams.governance.model import Governance
from streams.identify.keys import part
from streams.likeness.compare import SUSPECT_ABOVE, Likeness, compare
from streams.likeness.keys import keys as likeness_keys
from streams.likeness.keys import meeting_key
from streams.suspects.keys import as_compared, hashed

_APART = ("legal_entity", "currency")
"""Attributes by which a customer may rightly have several records, such as company or currency."""


class Member(NamedTuple):
    """A record, as it last asserted the key."""

    key: str
    system: str
    entity: str
    native_id: str
    native_customer: str
    canonical_id: str
    version: str
    effective_at: int
    began_at: int
    snapshot: bool
    fields: dict[str, str]
    amount: dict[str, Any] | None

    @property
    def place(self) -> str:
        return f"{self.system}/{self.entity}/{part(self.native_id)}"


def senior_first(governance: Governance, member: Member) -> tuple[int, int, str]:
    """Order of seniority: by governed order of systems, then by how long a record is in use. It survives a merge."""
    return governance.rank(member.system), member.began_at, member.native_id


def older(new: Member, known: Member, *, present: bool) -> bool:
    """Whether `new` is older than the known one. A record that went to another native customer is asserted by two
    shards of identify, in any order."""
    if new.native_customer == known.native_customer:
        return False
    return new.version < known.version or (new.version == known.version and not present)


def likeness(governance: Governance, senior: Member, junior: Member) -> str:
    """In words why they might be one customer although nobody linked them; empty: they are not suspected."""
    if senior.entity != junior.entity or ruled_out(governance, senior, junior):
        return ""
    if senior.entity != "customer":
        return "the same number"
    met = meeting_key(likeness_keys(as_compared(senior.fields)), likeness_keys(as_compared(junior.fields)))
    if met is None or hashed(met) != senior.key:  # each pair is compared once, however many keys it shares
        return ""
    found = weighed(senior, junior)
    return in_words(found) if found.suspect else ""


def ruled_out(governance: Governance, senior: Member, junior: Member) -> str:
    """The first rule that says they are two, however alike they are; empty: no rule does."""
    rules = RULES_OF_CUSTOMERS if senior.entity == "customer" else RULES
    return next((rule.words for rule in rules if rule.holds(governance, senior, junior)), "")


def weighed(one: Member, other: Member) -> Likeness:
    """Compare two customers."""
    return compare(as_compared(one.fields), as_compared(other.fields))


def in_words(found: Likeness) -> str:
    return f"{', '.join(found.reasons)}; together {found.weight:+g}, suspected from {SUSPECT_ABOVE:+g}"


def _is_one_already(_: Governance, one: Member, other: Member) -> bool:
    return one.canonical_id == other.canonical_id


def _apart(_: Governance, one: Member, other: Member) -> bool:
    stated = ((one.fields.get(name), other.fields.get(name)) for name in _APART)
    return any(a and b and a != b for a, b in stated)


def _parent(_: Governance, one: Member, other: Member) -> bool:
    if one.system != other.system:
        return False
    return one.native_id == other.fields.get("parent_ref") or other.native_id == one.fields.get("parent_ref")


def _has_its_own(_: Governance, senior: Member, junior: Member) -> bool:
    """Whether the junior is linked with another record in the senior's system: then those two might be one."""
    return senior.system != junior.system and junior.canonical_id.startswith(f"{senior.system}:")


def _in_parallel(governance: Governance, one: Member, other: Member) -> bool:
    """Whether two systems of a role serve the same company, at one time or another. While one replaces the other both
    have the customer."""
    systems = [governed for member in (one, other) if (governed := governance.systems.get(member.system))]
    if one.system == other.system or len(systems) < 2 or systems[0].role != systems[1].role:
        return False
    serves = [set(system.serves) for system in systems]
    company = one.fields.get("legal_entity") or other.fields.get("legal_entity")
    if company is None:
        return not all(serves) or bool(serves[0] & serves[1])
    return all(not served or company in served for served in serves)


class Rule(NamedTuple):
    words: str
    holds: Callable[[Governance, Member, Member], bool]
    """Called with governance, the senior and the junior."""


RULES = (
    Rule("they are one customer already", _is_one_already),
    Rule("they are kept for different companies or currencies", _apart),
)
RULES_OF_CUSTOMERS = (
    *RULES,
    Rule("they are kept by two systems of one role that serve the same company", _in_parallel),
    Rule("one is the parent of the other", _parent),
    Rule("the junior is linked with another record of the senior's system", _has_its_own),
)
