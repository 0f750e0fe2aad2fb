"""Why was something raised, and why not? The judgement of the core, as it stands now, in plain words.

`explain` is pure. Nothing is decided here: obligations say what was, the same predicates say what they see in what has
arrived so far, and the watermarks say how far verdicts can be given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from schemas.instants import Instant, iso
from streams.governance.model import Governance
from streams.judge import lacking
from streams.judge.keys import ObligationKey, holes_prefix
from streams.judge.obligation import Obligation
from streams.judge.retention import span
from streams.kinds.documents import FINISHED
from streams.kinds.table import KINDS, Kind, judged, unobserved
from streams.look.case import Case, Looking, cases, left_alone
from streams.look.parked import PARKED, Parked
from streams.look.reasons import hole, reason
from tables.view import View

OUTCOMES: dict[str, str] = {
    "open": "a drift is open",
    "baseline": "it stood so before go-live: listed, without command",
    "held": "a diverted record is missing as evidence",
    "parked": "a record waits for its parent row",
    "unknown": "a source has not been heard far enough",
    "ignored": "it is violated, and governance lets that be until a date",
    "pending": "not due yet",
    "met": "done in time",
    "closed": "a drift was open and has ended",
    "agrees": "it is as it should be",
    "within_tolerance": "the values differ by less than is tolerated",
    "near_miss": "another record comes close, and a rule or the threshold says that it is none",
    "left": "settled long ago, it has left the state and is judged no more",
    "moved": "it went to another customer",
    "withdrawn": "what demanded it ended first",
    "waiting": "another record must change before it is demanded",
    "not_triggered": "nothing has demanded it",
    "no_subject": "the customer has no such record",
    "not_observed": "no system of this deployment carries what it looks at",
    "off": "this deployment does not judge it",
}
"""Everything that can be the answer, worst first."""


class Explanation(NamedTuple):
    kind: str
    system: str
    entity: str
    native_id: str
    outcome: str
    """A key of OUTCOMES."""
    because: str
    due_at: Instant | None = None
    drift_id: str = ""
    amount: Mapping[str, Any] | None = None


def explain(
    view: View,
    governance: Governance,
    customer: str,
    now: Instant,
    parked: Mapping[str, Parked] | None = None,
) -> list[Explanation]:
    """Every kind at every subject of the customer, then its holes; worst first.

    `view`: judge's state of the customer; `parked`: hole -> what is known of the parked row."""
    found: list[Explanation] = []
    looking = Looking(view, governance, customer, now)
    for kind in judged(governance):
        of_kind = [_explain(case, parked or {}) for case in cases(looking, kind)]
        of_kind += [_left_alone(view, kind, key) for key in left_alone(view, governance, customer, kind)]
        found += of_kind or [_without_subject(governance, kind)]
    found += list(_not_observed(governance))
    found += _holes(view, customer, parked or {})
    return worst_first(found)


def worst_first(found: Iterable[Explanation]) -> list[Explanation]:
    order = list(OUTCOMES)
    return sorted(found, key=lambda e: order.index(e.outcome))


def with_drifts(found: Iterable[Explanation], drifts: Iterable[Mapping[str, Any]]) -> list[Explanation]:
    """What only the drift's own record tells: how a closed one ended."""
    known = {drift["drift_id"]: drift for drift in drifts if drift["status"] == "closed"}
    return [_ended(e, known[e.drift_id]) if e.outcome == "closed" and e.drift_id in known else e for e in found]


def _ended(explanation: Explanation, drift: Mapping[str, Any]) -> Explanation:
    ended = f"{drift['how']}: it was open from {iso(drift['opened_at'])} to {iso(drift['closed_at'])}"
    return explanation._replace(because=f"{ended}; expected {drift['expected']}")


def _explain(case: Case, parked: Mapping[str, Parked]) -> Explanation:
    outcome, because = reason(case)
    if (row := parked.get(case.obligation.held or "")) is not None:
        because = row.text
    amount, due = case.finding.amount if case.finding else None, case.due.at if case.due else None
    return Explanation(case.kind.name, *case.subject, outcome, because, due, case.drift_id, amount)


def _left_alone(view: View, kind: Kind, key: ObligationKey) -> Explanation:
    obligation = Obligation.from_json(view.get(key.text()))
    drift_id = obligation.drift["drift_id"] if obligation.drift else ""
    text = f"{key.system} is no system of this deployment any more: it stands as it was known last"
    return Explanation(kind.name, key.system, kind.entity, key.native_id, "off", text, drift_id=drift_id)


def _without_subject(governance: Governance, kind: Kind) -> Explanation:
    systems = ", ".join(s for role in kind.roles for s in governance.in_role(role))
    leaves = kind.entity in FINISHED and span(governance) is not None
    never = "not triggered by anything that has not left by retention" if leaves else "never triggered"
    text = f"{never}: no {kind.entity.replace('_', ' ')} from {systems} is known here"
    return Explanation(kind.name, "", kind.entity, "", "no_subject", text)


def _not_observed(governance: Governance) -> Iterator[Explanation]:
    for kind in KINDS:
        missing = unobserved(governance, kind) if governance.wants(kind.name) else ()
        if missing:
            places = ", ".join(f"{entity.replace('_', ' ')} from any {role} system" for role, entity in missing)
            text = f"not observed: nothing captures {places}; map it in governance to have this kind judged"
            yield Explanation(kind.name, "", kind.entity, "", "not_observed", text)


def _holes(view: View, customer: str, parked: Mapping[str, Parked]) -> list[Explanation]:
    found = []
    prefix = holes_prefix(customer)
    for key, value in view.range(prefix, 1000):
        system, entity, letter = key.removeprefix(prefix).split("/", 2)
        outcome = "parked" if letter.startswith(PARKED) else "held"
        text = parked[letter].text if letter in parked else hole(letter, value["at"], lacking.until(value))
        found.append(Explanation("", system, entity, letter, outcome, text))
    for key, value in view.range("g/", 1000):
        _, system, entity, letter = key.split("/", 3)
        text = f"{hole(letter, value['at'])}; nobody could read whose it is, so commands are only proposed"
        found.append(Explanation("", system, entity, letter, "held", text))
    return found
