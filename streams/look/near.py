"""Near misses: records that share a key and are not suspected to be one; by which rule, how far from the threshold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from streams.governance.model import Governance
from streams.likeness.keys import keys as likeness_keys
from streams.suspects.keys import as_compared, hashed
from streams.suspects.members import Member, in_words, ruled_out, senior_first, weighed

WORDS = {
    # what a key is made of, if that is no word for it already
    "tax": "tax id",
    "register": "register number",
    "domain": "internet domain",
    "name": "name",
    "place": "postal code with the first word of the name",
    "place2": "postal code with the last word of the name",
    "street": "street and city",
}


class Near(NamedTuple):
    other: Member
    weight: float
    because: str


def near(governance: Governance, own: Member, other: Member) -> Near:
    senior, junior = sorted((own, other), key=lambda member: senior_first(governance, member))
    rule = ruled_out(governance, senior, junior)
    if own.entity != "customer":
        return Near(other, 0, f"{rule}; the same number" if rule else "the other is told of under an older one")
    found = weighed(senior, junior)
    why = rule or ("it is told of under a more senior record" if found.suspect else "not alike enough")
    return Near(other, found.weight, f"{why}; {in_words(found)}; {_keys(own, other)}")


def nearest(found: Iterable[Near]) -> str:
    """The one that comes closest."""
    ranked = sorted(found, key=lambda n: (-n.weight, n.other.place))
    other, more = ranked[0].other, len(ranked) - 1
    whom = f"{other.native_id} of {other.system} ({other.canonical_id})"
    rest = f"; {more} more share a key with it" if more else ""
    return f"near miss with {whom}: {ranked[0].because}{rest}"


def _keys(own: Member, other: Member) -> str:
    one, two = _made_of(own), _made_of(other)
    both = [made_of for made_of in one if made_of in two]
    agree = ", ".join(WORDS[made_of] for made_of in both if one[made_of] == two[made_of])
    differ = ", ".join(WORDS[made_of] for made_of in both if one[made_of] != two[made_of])
    return f"keys that agree: {agree or 'none'}; that do not: {differ or 'none'}"


def _made_of(member: Member) -> dict[str, str]:
    texts = map(hashed, likeness_keys(as_compared(member.fields)))
    return {made_of: text for made_of, _, text in (key.partition(":") for key in texts)}
