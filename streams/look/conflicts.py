"""Why it is in conflict who a customer is, or is not: kind 48. Pure, over the crosswalk's state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from schemas import ids
from schemas.instants import NEVER, Instant, iso
from streams import held
from streams.crosswalk import MARKS
from streams.governance.model import Governance
from streams.judge.keys import process_key
from streams.kinds.finding import Subject
from streams.look.lag import heard_up_to
from streams.look.reasons import Said
from streams.look.suspicion import Heard, quiet, standing
from streams.look.why import Explanation
from streams.suspects.conflict import Party
from streams.suspects.table import CONFLICT
from tables.view import View
from tables.watermarks import LINKS, name, watermark

_MANY = 1_000_000


def explain_conflicts(
    crosswalk: View, governance: Governance, members: list[Party], now: Instant
) -> Iterator[Explanation]:
    """An explanation for each of the customer's records in its most senior system. `members`: all its records, senior
    first."""
    also = held.awaited(governance) if held.ordered(governance) else ()
    heard = lowest(crosswalk, governance, {*governance.linking, *also})
    for party in (member for member in members if member.system == members[0].system):
        subject = Subject(party.system, "customer", party.native_customer)
        if (entry := crosswalk.get(party.key)) is not None:
            yield standing(CONFLICT, subject, entry, heard, now)
        elif waits := held_back(crosswalk, "LinkAsserted", members, heard):
            yield Explanation(CONFLICT, *subject, "unknown", waits)
        else:
            yield quiet(CONFLICT, subject, _why_none(members, party), heard)


def cluster(judge: View, crosswalk: View, governance: Governance, customer: str) -> list[Party]:
    """The customer's records, those of the most senior system first: those that judge knows of, and those that links
    name."""
    found = {
        Party(*member.split(":", 1)) for member in (judge.get(process_key(customer)) or {"members": []})["members"]
    }
    for text, node in crosswalk.range("n/", _MANY):
        party = Party(*text.removeprefix("n/").split("/", 1))
        found = found | {party} if (node["canonical"] or ids.canonical_id(*party)) == customer else found - {party}
    return sorted(found, key=lambda p: (governance.rank(p.system), p.native_customer))


def lowest(crosswalk: View, governance: Governance, systems: Iterable[str]) -> Heard:
    """How far all that these systems assert was heard."""
    marks = crosswalk.get(MARKS) or {}
    known = ((watermark(marks, system, governance.partitions), name(system, LINKS)) for system in systems)
    return Heard(*min(known, default=(NEVER, "any system that links")))


def held_back(crosswalk: View, record: str, about: Iterable[tuple[str, str]], heard: Heard) -> str:
    """Something was asserted about one of these records that does not apply before every system was heard as far."""
    wanted = {tuple(one) for one in about}
    for _, entry in crosswalk.range(held.HELD, _MANY):
        value = entry["value"]
        named = {(other["system"], other["native_customer"]) for other in (value, *value.get("links", ()))}
        if entry["record"] == record and named & wanted:
            told = f"what {value['system']} told of {value['native_customer']} at {iso(value['committed_at'])}"
            return f"UNKNOWN: {told} waits until every system was heard as far; {heard_up_to(*heard)}"
    return ""


def _why_none(members: list[Party], party: Party) -> Said:
    senior = members[0]
    if party != senior:
        text = (
            f"{party.system} has {senior.native_customer} of the customer too; it is weighed once a link is told anew"
        )
        return "unknown", f"UNKNOWN: {text}"
    twice = sorted({m.system for m in members if sum(o.system == m.system for o in members) > 1})
    alone = f"it is the only one in {senior.system}, the most senior of {len(members)} records of the customer"
    if len(members) == 1:
        return "agrees", "it is the only record of the customer"
    if not twice:
        return "agrees", alone
    several = "; ".join(f"{s} has {', '.join(m.native_customer for m in members if m.system == s)}" for s in twice)
    return "near_miss", f"near miss: {several}, as a junior system may; {alone}"
