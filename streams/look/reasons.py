"""The reasons: one rule an answer, tried in order; each says something about a case, or leaves it to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from schemas.instants import ALWAYS, NEVER, Instant, iso
from streams.judge.commands import is_held, remedy, restrained
from streams.kinds.asof import Found
from streams.kinds.finding import Finding, Waiting
from streams.kinds.shared import said
from streams.kinds.table import SUBJECT
from streams.letters import is_of_verdict
from streams.look.case import Case
from streams.look.lag import behind, spoken
from streams.look.parked import PARKED

Said = tuple[str, str]
"""(outcome, because)."""
Rule = Callable[[Case], Said | None]


def reason(case: Case) -> Said:
    """The answer of the first rule that has one."""
    for rule in RULES:
        if (answer := rule(case)) is not None:
            return answer
    return _never(case)


def hole(letter: str, at: Instant | None = None, until: Instant = ALWAYS) -> str:
    since = f", evidence is complete up to {iso(at)}" if at is not None and at > NEVER else ""
    since += f" and it is lacking of instants before {iso(until)} alone" if until < ALWAYS else ""
    if letter.startswith(PARKED):
        return f"the row at {letter.removeprefix(PARKED)} waits for its parent row{since}"
    if is_of_verdict(letter):
        return (
            f"a verdict is too large to be written{since}; `driftwise dead-letters show {letter}` says which, shorten "
            "what it is about, then replay it"
        )
    return f"dead letter {letter} is missing{since}; `driftwise dead-letters show {letter}`, then replay or dismiss it"


def _standing(case: Case) -> Said | None:
    o = case.obligation
    if o.status != "open":
        return None
    drift = o.drift or {}
    text = f"open since {iso(o.opened_at)}: expected {drift.get('expected')}; found {drift.get('observed')}"
    if case.finding is None:
        text += f"; what demanded it has ended, which is settled once {spoken(case.source)} is heard further"
    elif case.finding.satisfied:
        text += f"; by now {_by(case.done_so_far)}, which closes it once {spoken(case.source)} is heard up to then"
    if restraint := restrained(drift):
        text += f"; its command is {'held' if is_held(drift) else 'only proposed'}: {restraint}"
        text += f" ({do})" if (do := remedy(drift)) else ""
    if o.held is not None:
        text += f"; whether it has ended cannot be judged: {hole(o.held)}"
    return "baseline" if o.baseline else "open", text


def _held(case: Case) -> Said | None:
    letter = case.obligation.held
    if letter is None:
        return None
    return "parked" if letter.startswith(PARKED) else "held", hole(letter)


def _settled(case: Case) -> Said | None:
    o, finding = case.obligation, case.finding
    if o.status not in ("met", "closed") or not case.settled_trigger_stands:
        return None
    if o.status == "closed":
        return "closed", "a drift was opened and has ended; `driftwise drifts --all` says how"
    stands = finding is not None and finding.satisfied
    when, by = _when(o.due, o.period), case.done_by(o.met_at or o.due) if stands and o.due is not None else None
    if finding is None or not stands:
        return "met", f"met when it was due, {when}; what answered or demanded it has changed since"
    if by is None and finding.satisfied_by is not None:  # what was known then is folded away
        return "met", f"met when it was due, {when}; by now {_by(finding.satisfied_by)}"
    left = f"; {difference} is left, which is tolerated" if (difference := _difference(finding)) else ""
    return "met", f"met: {_by(by)}; it was due {when}{left}"


def _ignored(case: Case) -> Said | None:
    o = case.obligation
    if o.status != "armed" or o.ignored_until is None:
        return None
    text = (
        f"violated since {_when(o.due, o.period)} and ignored until {iso(o.ignored_until)}, as governed in ignore.yaml"
    )
    if case.finding is None:
        return "ignored", f"{text}; what demanded it has ended since"
    if case.finding.satisfied:
        return "ignored", f"{text}; by now {_by(case.done_so_far)}"
    return "ignored", f"{text}; found: {case.finding.observed}; it opens then if that still stands"


def _demanded(case: Case) -> Said | None:
    """A trigger holds and no verdict has been given."""
    finding, due = case.finding, case.due
    running = case.obligation.status == "armed"
    if finding is None or due is None or not (finding.trigger_version or running or not finding.satisfied):
        return None
    already = f"; so far {_by(case.done_so_far)}" if finding.satisfied else f"; so far found: {finding.observed}"
    if due.at > case.now:
        return "pending", f"not due before {_when(*due)}: {finding.expected}{already}"
    return "unknown", f"UNKNOWN: it was due {_when(*due)}, but {behind(due.at, case.until, case.source)}{already}"


def _compared(case: Case) -> Said | None:
    finding = case.finding
    if finding is None or case.kind.clock != "grace" or not finding.satisfied:
        return None
    stated = f"expected {finding.expected}; found {finding.observed}"
    if (difference := _difference(finding)) is None:
        return "agrees", f"as it should be: {stated}"
    return "within_tolerance", f"within tolerance: they differ by {difference}; {stated}"


def _difference(finding: Finding) -> str | None:
    """What is at stake, where it is a part of the amounts compared; else it is what the whole document is worth."""
    fields = (evidence.found.attrs.get(evidence.field) for evidence in finding.evidence)
    compared = [abs(Decimal(field["amount"])) for field in fields if isinstance(field, dict)]
    stake = finding.amount
    if stake is None or not 0 < abs(Decimal(stake["amount"])) < max(compared, default=Decimal(0)):
        return None
    return said(stake)


def _back(case: Case) -> Said | None:
    if not case.is_back:
        return None
    return "left", (
        f"it came {iso(case.remembered[0]['at'])} after a silence longer than settled documents stay: it is told in "
        "the corrected state and judged no more, as what had answered it has left; see in the systems what is owed"
    )


def _gone(case: Case) -> Said | None:
    if case.moved:
        entity = case.subject.entity.replace("_", " ")
        return "moved", f"moved: the {entity} went to another customer {iso(case.remembered[-1]['at'])}"
    return None


def _withdrawn(case: Case) -> Said | None:
    if case.ended is None:
        return None
    by = _version("/".join(case.subject), case.ended.version)
    return "withdrawn", f"withdrawn: what demanded it ended {iso(case.ended.at)} by {by}"


def _spared(case: Case) -> Said | None:
    return ("not_triggered", f"not demanded: {case.spared}") if case.answer is None and case.spared else None


def _waiting(case: Case) -> Said | None:
    if not isinstance(case.answer, Waiting):
        return None
    own = (SUBJECT, case.kind.entity)
    others = sorted({entity.replace("_", " ") for role, entity in case.kind.needs if (role, entity) != own})
    change = f"that needs another record of the customer to change: {' or '.join(others)}"
    return "waiting", f"not demanded as it stands: {change}{_as_it_is(case)}"


def _never(case: Case) -> Said:
    if case.finding is not None:
        return "not_triggered", f"not demanded: {case.finding.expected}; found {case.finding.observed}"
    since = f" since {iso(case.remembered[0]['at'])}" if case.remembered else ""
    return "not_triggered", f"never triggered: nothing{since} has demanded it{_as_it_is(case)}"


def _as_it_is(case: Case) -> str:
    """The subject in a few words: most often they show why nothing is demanded."""
    last = case.remembered[-1]["attrs"] if case.remembered else None
    if last is None:
        return f"; the {case.subject.entity.replace('_', ' ')} is gone" if case.remembered else ""
    words = [str(last[name]).replace("_", " ") for name in ("status", "stage") if last.get(name)]
    words += [f"{name.replace('_', ' ')} {said(last[name])}" for name in _WORTH if last.get(name)]
    return f"; the {case.subject.entity.replace('_', ' ')} is {', '.join(words)}" if words else ""


_WORTH = ("total", "value", "total_value")
"""Attributes that say what a document is worth."""


RULES: tuple[Rule, ...] = (
    _back,
    _standing,
    _held,
    _settled,
    _ignored,
    _demanded,
    _compared,
    _gone,
    _withdrawn,
    _spared,
    _waiting,
)


def _when(due: Instant | None, period: str) -> str:
    """And what makes it due, if that is not its deadline."""
    return f"{iso(due)}, the close of the accounting period that ends on {period}" if period else iso(due)


def _by(found: Found | None) -> str:
    if found is None:
        return "done"
    place, version = f"{found.system}/{found.entity}/{found.native_id}", found.version
    joined = f"; this customer's since {iso(version['at'])}" if version["at"] != version["committed_at"] else ""
    return f"done {iso(version['committed_at'])} by {_version(place, version, joined)}"


def _version(place: str, version: Mapping[str, Any], more: str = "") -> str:
    return f"{place} (version {version['native'] or version['version']}{more})"
