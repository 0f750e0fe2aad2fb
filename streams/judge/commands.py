"""Commands: what a drift asks for, and the restraints that hold it back.

Restraints are asked whenever a command would be issued, as of the instant judged. The first that applies counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from schemas import ids, topics
from schemas.instants import Instant, seconds
from schemas.money import from_json
from streams.governance.model import Governance
from streams.judge import breaker, freeze, lacking, posting, rejections, unread
from streams.judge.approvals import OVER_LIMIT, Approval, approved
from streams.judge.keys import ObligationKey, holes_prefix, past_holes_prefix
from streams.judge.obligation import Obligation
from streams.judge.openings import flaps
from streams.judge.rejections import REJECTED, REJECTED_BEFORE, Rejection
from streams.kinds.asof import AsOf
from streams.kinds.finding import Ask, Finding, Subject
from streams.kinds.quarrel import NAME, quarrels
from streams.kinds.table import SUBJECT, Kind
from tables.view import Emit, Workspace

Drift = dict[str, Any]


class _Case(NamedTuple):
    ws: Workspace
    now: AsOf
    kind: Kind
    system: str
    """Of the subject."""
    native_id: str
    obligation: Obligation
    amount: dict[str, Any] | None
    """At stake."""
    ask: Ask | None
    type: str
    command_id: str | None
    approval: Approval | None
    rejection: Rejection | None

    @property
    def subject(self) -> Subject:
        return Subject(self.system, self.kind.entity, self.native_id)

    @property
    def looked(self) -> AsOf:
        """For looking at what decides about the command alone: a change of that has no subject judged again."""
        return AsOf(self.ws, self.now.governance, self.now.customer, self.now.instant)


def _nothing(_: _Case) -> Sequence[str]:
    return ()


class Restraint(NamedTuple):
    name: str
    """The word in the drift's field `restraint`."""
    applies: Callable[[_Case], bool]
    holds: bool = False
    """True: no command is issued while it lasts. False: a command that would be executed is proposed."""
    about: Callable[[_Case], Sequence[str]] = _nothing
    """Details for the drift's field, such as the products without accounts."""
    remedy: str = ""
    passes: bool = False
    """It ends at an instant that is judged anyway, because governance changes then or `applies` asked for it. The
    command is issued then. Other restraints end when judge is told."""

    def said(self, case: _Case) -> str:
        about = ", ".join(self.about(case))
        return f"{self.name}{_ABOUT}{about}" if about else self.name


_ABOUT = ": "


def _is_rejected(case: _Case) -> bool:
    return case.rejection is not None and case.rejection.command_id == case.command_id


def _was_rejected_before(case: _Case) -> bool:
    return case.rejection is not None and case.approval is None


def _customer_is_frozen(case: _Case) -> bool:
    return freeze.frozen(case.ws, case.now, case.kind, case.system)


def _presumes(case: _Case) -> bool:
    return case.now.presumes


def _exceeds_limit(case: _Case) -> bool:
    limits, at_stake = case.now.rules(case.kind.name).execute_up_to, from_json(case.amount)
    if limits is None or case.approval is not None:
        return False
    return at_stake is None or at_stake.currency not in limits or abs(at_stake.amount) > limits[at_stake.currency]


def _breaker_is_open(case: _Case) -> bool:
    return case.ask is not None and breaker.is_open(case.ws, case.now, case.kind, case.system, case.ask.target_system)


def _books_are_closing(case: _Case) -> bool:
    return case.type.startswith("erp.") and _lasts(case, posting.closing_until(case.looked, case.subject))


def _window_is_closed(case: _Case) -> bool:
    return case.type in posting.POSTS and _lasts(case, posting.shut_until(case.looked, case.subject))


def _lasts(case: _Case, until: Instant | None) -> bool:
    if until is not None:
        case.now.again_at(until)
    return until is not None


def _unmapped(case: _Case) -> Sequence[str]:
    of_products = case.type in posting.POSTS_PRODUCTS and case.kind.entity == "invoice"
    return posting.without_account(case.looked, case.subject) if of_products else ()


def _anyone_may_lack_evidence(case: _Case) -> bool:
    """Whether there is a hole whose customer could not be read: it makes absence uncertain for everyone."""
    return _is_lacking(case, case.kind.needs, "g/", past_holes_prefix(""))


def _misses_what_it_looks_at(case: _Case) -> bool:
    """Whether the customer has a hole in places that only the command looks at."""
    customer = case.now.customer
    return _is_lacking(case, case.kind.for_command, holes_prefix(customer), past_holes_prefix(customer))


def _is_lacking(case: _Case, places: Iterable[tuple[str, str]], *prefixes: str) -> bool:
    for role, entity, hole in _lacking(case, *prefixes):
        if any(r in (role, SUBJECT) and entity in ("*", e) for r, e in places):
            _until_it_came(case, hole)
            return True
    return False


def _until_it_came(case: _Case, hole: dict[str, Any]) -> None:
    """Judge again when the hole ends, if it has ended since or its customer went elsewhere. Of others judge is told."""
    case.now.again_at(lacking.ends(hole, case.now.instant))
    if (closed := hole.get("closed")) is not None:
        case.now.again_at(breaker.decided(closed, case.now.governance, case.kind, case.system) + 1)


def _lacking(case: _Case, *prefixes: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(role, entity, hole) of what was missing when the instant could first be judged; it may have come since."""
    for prefix in prefixes:
        for text, hole in case.ws.range(prefix, 1000):
            system, entity, _ = text.removeprefix(prefix).split("/", 2)
            governed = case.now.governance.systems.get(system)  # None: taken out, so no verdict looks at it
            if governed is None or not lacking.stands(hole, case.now.instant):
                continue
            if breaker.counted(hole, case.now, case.kind, case.system):
                yield governed.role, entity, hole


def _is_fought_over(case: _Case) -> bool:
    """The drift opens again and again, or two writers take turns in overwriting the attribute that it would set."""
    governance = case.now.governance
    if not governance.wants(NAME):
        return False
    return _flaps(governance, case.obligation) or _is_quarrelled_over(case)


def _flaps(governance: Governance, o: Obligation) -> bool:
    """Whether the drift flaps: until it has not opened for a whole window, at the end of which it is judged."""
    return bool(o.openings) and (o.flapping is not None or flaps(governance, o))


def _is_quarrelled_over(case: _Case) -> bool:
    if case.ask is None:
        return False
    looked = case.looked
    target = looked.record(case.ask.target_entity, case.ask.target_system, case.ask.target_id)
    fights = quarrels(looked, target) if target is not None else {}
    fought = [steps for attribute, steps in fights.items() if attribute in case.ask.desired]
    for steps in fought:
        case.now.again_at(min(step.at for step in steps) + looked.governance.process.flapping.window)
    return bool(fought)


RESTRAINTS = (
    Restraint(REJECTED, _is_rejected, holds=True, remedy="`driftwise approve` lifts that"),
    Restraint(freeze.REASON, _customer_is_frozen, holds=True),
    Restraint("presumed_deleted", _presumes, holds=True),
    Restraint(
        OVER_LIMIT,
        _exceeds_limit,
        remedy="`driftwise approve`, or raise execute_up_to in kinds.yaml",
        passes=True,
    ),
    Restraint(
        REJECTED_BEFORE,
        _was_rejected_before,
        remedy="another command of it was: `driftwise approve` has this one performed",
        passes=True,
    ),
    Restraint(breaker.REASON, _breaker_is_open),
    Restraint("oscillation", _is_fought_over, passes=True),
    Restraint("books_closing", _books_are_closing, passes=True),
    Restraint("outside_posting_window", _window_is_closed, passes=True),
    Restraint(
        "unmapped_product",
        lambda case: bool(_unmapped(case)),
        about=_unmapped,
        remedy="state its accounts under product_to_gl in finance.yaml",
        passes=True,
    ),
    Restraint(unread.REASON, _anyone_may_lack_evidence),
    Restraint(unread.REASON, _misses_what_it_looks_at),
)
_PASSING = tuple(r for r in RESTRAINTS if r.passes)
_MISSING = tuple(r for r in RESTRAINTS if r.name == unread.REASON)
"""Restraints whose end judge is told of (`streams.judge.unread`)."""


def commanded(
    ws: Workspace,
    now: AsOf,
    kind: Kind,
    obligation: Obligation,
    finding: Finding,
    drift: Drift,
    evidence: list[dict[str, Any]],
) -> Drift:
    """The drift with its command, as far as that may be issued. `drift` comes with the governed mode; `evidence`: what
    the command rests on."""
    if drift["mode"] == "alert":
        return {**drift, "command_id": None}
    ask, versions = finding.ask, _versions(evidence)
    command_id = _command_id(kind, finding, ask, drift, versions) if ask else None
    case = _case(ws, now, kind, obligation, drift, finding, command_id)
    by = case.approval.by if case.approval else ""
    drift = {**drift, "approved_by": by, "mode": "execute" if by else drift["mode"], **_told(case)}
    restraint = next((r for r in RESTRAINTS if _matters(r, drift, ask) and r.applies(case)), None)
    drift = {**drift, "restraint": restraint.said(case) if restraint else ""}
    if restraint is not None and restraint.holds:
        return drift
    unread.note(ws, ObligationKey(now.customer, kind.row, case.system, case.native_id), waits=restraint in _MISSING)
    drift["mode"] = "propose" if restraint else drift["mode"]
    if ask is None or command_id is None:
        return drift
    drift["command_id"] = command_id
    _issue(ws, case, ask, drift, versions)
    return drift


def _case(
    ws: Workspace,
    now: AsOf,
    kind: Kind,
    obligation: Obligation,
    drift: Drift,
    finding: Finding,
    command_id: str | None,
) -> _Case:
    subject, amount = (drift["system"], drift["native_id"]), drift["amount_at_stake"]
    approval = approved(ws, now, drift["drift_id"], command_id)
    rejection = rejections.counting(ws, now, drift["drift_id"], command_id)
    return _Case(
        ws,
        now,
        kind,
        *subject,
        obligation,
        amount,
        finding.ask,
        _type(kind, finding),
        command_id,
        approval,
        rejection,
    )


def _told(case: _Case) -> Drift:
    return rejections.NOTHING if case.rejection is None else case.rejection.told()


def _matters(restraint: Restraint, drift: Drift, ask: Ask | None) -> bool:
    return ask is not None if restraint.holds else drift["mode"] == "execute"


def restrained(drift: Drift) -> str:
    """What keeps its command back, in words."""
    name, _, about = str(drift.get("restraint") or "").partition(_ABOUT)
    if name in (REJECTED, REJECTED_BEFORE):
        about = f"by {drift['rejected_by']}{_ABOUT}{drift['rejected_reason']}"
    return f"{name.replace('_', ' ')} {about}".strip()


def _named(drift: Drift) -> str:
    return str(drift.get("restraint") or "").partition(_ABOUT)[0]


def remedy(drift: Drift) -> str:
    """What a person can do so that its command goes out; empty: nothing that governance decides."""
    return next((r.remedy for r in RESTRAINTS if r.name == _named(drift)), "")


def is_held(drift: Drift) -> bool:
    return any(r.holds and r.name == drift.get("restraint") for r in RESTRAINTS)


def has_passed(ws: Workspace, now: AsOf, kind: Kind, obligation: Obligation, drift: Drift, finding: Finding) -> bool:
    """Whether a restraint has ended of whose end judge is not told."""
    named = _named(drift)
    group = next((group for group in (_PASSING, _MISSING) if any(r.name == named for r in group)), ())
    if not group:
        return False
    case = _case(ws, now, kind, obligation, drift, finding, drift["command_id"])
    return not any(r.applies(case) for r in group)


def held_by(ws: Workspace, now: AsOf, kind: Kind, system: str) -> str | None:
    """The restraint for which an issued command is recalled; None: there is none. `system`: of the subject."""
    return freeze.REASON if freeze.frozen(ws, now, kind, system) else None


def _type(kind: Kind, finding: Finding) -> str:
    return (finding.ask.command if finding.ask else "") or kind.command


def _versions(evidence: list[dict[str, Any]]) -> dict[str, str]:
    return {f"{e['system']}/{e['entity']}/{e['native_id']}": e["version"] for e in evidence}


def _command_id(kind: Kind, finding: Finding, ask: Ask, drift: Drift, versions: dict[str, str]) -> str:
    target = f"{ask.target_system}/{ask.target_entity}/{ask.target_id}"
    return ids.command_id(drift["drift_id"], _type(kind, finding), target, ask.desired, versions)


def _not_after(case: _Case, drift: Drift) -> Instant | None:
    """When the command expires; None: never. A proposal waits for somebody, however long."""
    valid_seconds = case.now.rules(case.kind.name).command_valid_seconds
    return None if drift["mode"] != "execute" or valid_seconds is None else case.now.instant + seconds(valid_seconds)


def _issue(ws: Workspace, case: _Case, ask: Ask, drift: Drift, versions: dict[str, str]) -> None:
    value = {
        "command_id": drift["command_id"],
        "idempotency_key": ids.idempotency_key(drift["command_id"], 0),
        "drift_id": drift["drift_id"],
        "kind": case.kind.name,
        "type": case.type,
        "sort": ask.sort or case.kind.sort,
        "target_system": ask.target_system,
        "target_entity": ask.target_entity,
        "target_id": ask.target_id,
        "canonical_id": case.now.customer,
        "mode": drift["mode"],
        "desired": dict(ask.desired),
        "expected": dict(ask.expected),
        "evidence_versions": versions,
        "not_after": _not_after(case, drift),
        "approved_by": drift["approved_by"],
    }
    correlation = str(drift.get("correlation_id") or "").encode()
    headers = ((topics.CORRELATION_HEADER, correlation),) if correlation else ()
    ws.emit(Emit(topics.COMMANDS, f"{ask.target_system}/{ask.target_id}", "Command", value, headers=headers))
