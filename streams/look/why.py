"""Why was something raised, and why not? The judgement of the core, as it stands now, in plain words.

`explain` is pure. Nothing is decided here: obligations say what was, the same predicates say what they see in what has
arrived so far, and the watermarks say how far verdicts can be given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from schemas.instants import NEVER, Instant, iso
from streams.governance.model import Governance
from streams.judge.keys import holes_prefix
from streams.kinds.asof import Found
from streams.kinds.finding import Waiting
from streams.kinds.table import KINDS, Kind
from streams.look.case import Case, cases
from streams.look.parked import PARKED, Parked
from tables.view import View

OUTCOMES: dict[str, str] = {
    "open": "a drift is open",
    "baseline": "it stood so before go-live: listed, without command",
    "held": "a diverted record is missing as evidence",
    "parked": "a record waits for its parent row",
    "unknown": "a source has not been heard far enough",
    "pending": "not due yet",
    "met": "done in time",
    "closed": "a drift was open and has ended",
    "agrees": "the values agree",
    "within_tolerance": "the values differ by less than is tolerated",
    "moved": "it went to another customer",
    "withdrawn": "what demanded it ended first",
    "waiting": "another record must change before it is demanded",
    "not_triggered": "nothing has demanded it",
    "no_subject": "the customer has no such record",
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


Rule = Callable[[Case], tuple[str, str] | None]
"""A case to (outcome, because), or None: not this one."""


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
    for kind in KINDS:
        of_kind = [_explain(case, parked or {}) for case in cases(view, governance, customer, kind, now)]
        found += of_kind or [_without_subject(governance, kind)]
    found += _holes(view, customer, parked or {})
    order = list(OUTCOMES)
    return sorted(found, key=lambda e: order.index(e.outcome))


def _explain(case: Case, parked: Mapping[str, Parked]) -> Explanation:
    outcome, because = next(said for rule in RULES if (said := rule(case)) is not None)
    if (row := parked.get(case.obligation.held or "")) is not None:
        because = row.text
    amount = case.finding.amount if case.finding else None
    return Explanation(case.kind.name, *case.subject, outcome, because, case.due, case.drift_id, amount)


def _without_subject(governance: Governance, kind: Kind) -> Explanation:
    systems = ", ".join(s for role in kind.roles for s in governance.in_role(role))
    text = f"never triggered: no {kind.entity} from {systems} is known here"
    return Explanation(kind.name, "", kind.entity, "", "no_subject", text)


def _holes(view: View, customer: str, parked: Mapping[str, Parked]) -> list[Explanation]:
    found = []
    prefix = holes_prefix(customer)
    for key, hole in view.range(prefix, 1000):
        system, entity, letter = key.removeprefix(prefix).split("/", 2)
        outcome = "parked" if letter.startswith(PARKED) else "held"
        text = parked[letter].text if letter in parked else _hole(letter, hole["at"])
        found.append(Explanation("", system, entity, letter, outcome, text))
    for key, hole in view.range("g/", 1000):
        _, system, entity, letter = key.split("/", 3)
        text = f"{_hole(letter, hole['at'])}; nobody could read whose it is, so commands are only proposed"
        found.append(Explanation("", system, entity, letter, "held", text))
    return found


# -- the rules; the first that says something is the answer


def _held(case: Case) -> tuple[str, str] | None:
    letter = case.obligation.held
    if letter is None:
        return None
    return "parked" if letter.startswith(PARKED) else "held", _hole(letter, None)


def _standing(case: Case) -> tuple[str, str] | None:
    o = case.obligation
    if o.status != "open":
        return None
    drift = o.drift or {}
    text = f"open since {iso(o.opened_at)}: expected {drift.get('expected')}; found {drift.get('observed')}"
    if case.finding is None:
        text += f"; what demanded it has ended, which is settled once {case.source} is heard further"
    elif case.finding.satisfied:
        text += f"; by now {_by(case.finding.satisfied_by)}, which closes it once {case.source} is heard up to then"
    return "baseline" if o.baseline else "open", text


def _settled(case: Case) -> tuple[str, str] | None:
    o, finding = case.obligation, case.finding
    if o.status not in ("met", "closed") or not case.settled_trigger_stands:
        return None
    if o.status == "closed":
        return "closed", "a drift was opened and has ended; `driftwise drifts --all` says how"
    if finding is not None and finding.satisfied:
        return "met", f"met: {_by(finding.satisfied_by)}; it was due {iso(o.due)}"
    return "met", f"met when it was due, {iso(o.due)}; what answered or demanded it has changed since"


def _demanded(case: Case) -> tuple[str, str] | None:
    """A trigger holds and no verdict has been given."""
    finding, due = case.finding, case.due
    running = case.obligation.status == "armed"
    if finding is None or due is None or not (finding.trigger_version or running or not finding.satisfied):
        return None
    already = f"; so far {_by(finding.satisfied_by)}" if finding.satisfied else f"; so far found: {finding.observed}"
    if due > case.now:
        return "pending", f"not due before {iso(due)}: {finding.expected}{already}"
    if due > case.until:
        heard = "never been heard" if case.until == NEVER else f"been heard only up to {iso(case.until)}"
        return "unknown", f"UNKNOWN: it was due {iso(due)}, but {case.source} has {heard}{already}"
    return (
        "unknown",
        f"UNKNOWN: it was due {iso(due)} and every source is heard; the worker is about to judge it{already}",
    )


def _compared(case: Case) -> tuple[str, str] | None:
    finding = case.finding
    if finding is None or case.kind.clock != "grace" or not finding.satisfied:
        return None
    amount = finding.amount or {"amount": "0", "currency": ""}
    if amount["amount"] == "0":
        return "agrees", f"the values agree: {finding.observed}"
    differ = f"within tolerance: they differ by {amount['amount']} {amount['currency']}"
    return "within_tolerance", f"{differ}; expected {finding.expected}; found {finding.observed}"


def _gone(case: Case) -> tuple[str, str] | None:
    if case.moved:
        return "moved", f"moved: the {case.subject.entity} went to another customer {iso(case.remembered[-1]['at'])}"
    return None


def _withdrawn(case: Case) -> tuple[str, str] | None:
    if case.ended is None:
        return None
    place = "/".join(case.subject)
    return (
        "withdrawn",
        f"withdrawn: what demanded it ended {iso(case.ended.at)} by {_version(place, case.ended.version)}",
    )


def _waiting(case: Case) -> tuple[str, str] | None:
    if not isinstance(case.answer, Waiting):
        return None
    others = sorted({entity for role, entity in case.kind.needs if role != "@subject"})
    return "waiting", f"not demanded yet: that needs a change of the customer's {' or '.join(others)}"


def _never(case: Case) -> tuple[str, str]:
    if case.finding is not None:
        return "not_triggered", f"not demanded: {case.finding.expected}; found {case.finding.observed}"
    since = f" since {iso(case.remembered[0]['at'])}" if case.remembered else ""
    return "not_triggered", f"never triggered: nothing{since} has demanded it"


RULES: tuple[Rule, ...] = (
    _held,
    _standing,
    _settled,
    _demanded,
    _compared,
    _gone,
    _withdrawn,
    _waiting,
    _never,
)


def _hole(letter: str, at: Instant | None) -> str:
    since = f", evidence is complete up to {iso(at)}" if at is not None else ""
    if letter.startswith(PARKED):
        return f"the row at {letter.removeprefix(PARKED)} waits for its parent row{since}"
    return f"dead letter {letter} is missing{since}; `driftwise dead-letters show {letter}`, then replay or dismiss it"


def _by(found: Found | None) -> str:
    if found is None:
        return "done"
    place = f"{found.system}/{found.entity}/{found.native_id}"
    return f"done {iso(found.version['at'])} by {_version(place, found.version)}"


def _version(place: str, version: Mapping[str, Any]) -> str:
    return f"{place} (version {version['native'] or version['version']})"
