"""One obligation: the state machine of a (kind, subject), advanced through instants of event time.

    idle      nothing is demanded
    waiting   nothing is demanded yet, but a change of another record may demand it
    armed     demanded; due is ahead
    met       answered in time; if the answer is lost again, that loss is a trigger of its own
    open      a drift is open
    closed    the drift is closed; as with met, a later loss begins anew

`advance` is pure: (obligation, instant, answer) in, (obligation, transitions) out. Instants are fed in event-time
order, each only when every watermark it needs has passed it; so arrival order never matters (contracts 5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import compress
from operator import ne
from typing import Any, NamedTuple

from schemas.instants import ALWAYS, NEVER, Instant
from schemas.records import completed
from streams.judge.closing import Closes
from streams.kinds.finding import Answer, Finding, Waiting

Ends = Callable[[Instant], Instant]
LOST = "lost:"
"""Prefix of a trigger's version, if the trigger is the loss of an answer."""


class Due(NamedTuple):
    at: Instant
    period: str = ""
    """Last day of the accounting period whose close makes it due; empty: its deadline does."""


class Trigger(NamedTuple):
    at: Instant
    version: str


class Told(NamedTuple):
    """The latest result that the audit was told for a trigger."""

    version: str
    began: Instant
    result: str
    at: Instant
    """When it ended, or was no longer demanded."""


class Release(NamedTuple):
    """From this instant on the command of a drift may be issued again."""

    drift_id: str
    at: Instant


class Obligation(NamedTuple):
    status: str = "idle"
    trigger: Trigger | None = None
    """What demands it now: the fact, or the loss of what had answered it."""
    asked: Trigger | None = None
    """The fact that demanded it first; the same fact does not demand it twice."""
    due: Instant | None = None
    opened_at: Instant | None = None
    ignored_until: Instant | None = None
    """Violated, but ignored until then by a rule; it stays armed."""
    clean_since: Instant | None = None
    """Open, but satisfied since then: it closes once that has lasted for the hold-down."""
    clean_by: str = ""
    """Who satisfied it."""
    baseline: bool = False
    settled: Instant = NEVER
    """The last instant judged."""
    next: Instant = ALWAYS
    """The next instant to judge."""
    held: str | None = None
    """The hole in the evidence that keeps it from being judged."""
    drift: dict[str, Any] | None = None
    """The record as published, while it is open."""
    openings: tuple[Instant, ...] = ()
    """When it opened, within the window that counts for flapping (streams/judge/flapping.py)."""
    flapping: dict[str, Any] | None = None
    """The published drift record of its flapping, while it flaps."""
    kept: dict[str, Any] | None = None
    """The rules under which it was armed, if others have come into force since."""
    met_at: Instant | None = None
    """When it was found met, if it was judged only after it was due; None: when it was due."""
    amends: str = ""
    """The result that the audit was told for this trigger, if late evidence has taken it back."""
    awaits: Instant | None = None
    """Not judged again before it is decided what has left the state by this instant (streams/judge/retention.py)."""
    releases: tuple[Release, ...] = ()
    """Releases of its command that were not looked at yet (streams/judge/release.py)."""
    told: tuple[Told, ...] = ()
    """Results of earlier triggers, which late evidence may still amend (streams/judge/told.py)."""
    recalled_until: Instant = NEVER
    """Up to this instant late evidence has it judged again."""
    period: str = ""
    """Last day of the accounting period whose close makes it due; empty: its deadline does."""
    elsewhere: str = ""
    """Version of a trigger that was due at another customer before the subject came here, so it is counted there."""
    again_from: Instant | None = None
    """Late evidence has it judged again; the oldest instant whose history was still known when that evidence came."""
    unchanged_since: Instant | None = None
    """The instant at which it last changed, if it was judged again since without a change; None: the last judged one.
    Which instants were judged without a change depends on where commits fell."""

    def awaits_deadline(self, clock: str) -> bool:
        """Whether it waits for its deadline: an answer before that changes nothing yet."""
        return clock == "deadline" and self.status == "armed" and self.ignored_until is None

    def looked_at(self, before: Obligation) -> Obligation:
        """This obligation, with the instant since which it is unchanged."""
        if any(map(ne, compress(self, _SAYS), compress(before, _SAYS))):
            return self._replace(unchanged_since=None)
        since = before.settled if before.unchanged_since is None else before.unchanged_since
        nothing_known = since == NEVER and not self.told
        return self._replace(unchanged_since=None if nothing_known or since >= self.settled else since)

    def as_json(self) -> dict[str, Any]:
        value: dict[str, Any] = dict(compress(zip(_FIELDS, self, strict=True), map(ne, self, _DEFAULTS)))
        for name in ("trigger", "asked", "openings"):
            if name in value:
                value[name] = list(value[name])
        for name in ("told", "releases"):
            if name in value:
                value[name] = [list(each) for each in value[name]]
        return value

    @classmethod
    def from_json(cls, value: dict[str, Any] | None) -> Obligation:
        if value is None:
            return cls()
        known = {k: v for k, v in value.items() if k in _KNOWN}
        for name in ("trigger", "asked"):
            if name in known:
                known[name] = Trigger(*known[name])
        if "release" in value:  # of an earlier release
            known["releases"] = (Release(*value["release"]),)
        if "releases" in known:
            known["releases"] = tuple(Release(*release) for release in known["releases"])
        for name in ("drift", "flapping"):
            if name in known:
                known[name] = completed("Drift", known[name])
        if "openings" in known:
            known["openings"] = tuple(known["openings"])
        if value.get("recalled"):  # likewise
            known["recalled_until"] = ALWAYS
        if "told" in known:
            known["told"] = tuple(Told(*told) for told in known["told"])
        return cls(**known)


_FIELDS = Obligation._fields
_BESIDE = frozenset({"settled", "unchanged_since", "awaits", "told", "recalled_until", "again_from", "next", "held"})
"""Fields that say how far it was judged, not what became of it."""
_KNOWN = frozenset(_FIELDS)
_SAYS = tuple(name not in _BESIDE for name in _FIELDS)
_DEFAULTS = tuple(Obligation._field_defaults.values())


class Transition(NamedTuple):
    """What became of a trigger, and when (event time); `announce` publishes it."""

    what: str
    """opened | closed | met | withdrawn | ignored"""
    trigger: Trigger
    due: Instant
    at: Instant
    finding: Finding | None
    how: str = ""
    baseline: bool = False
    drift: dict[str, Any] | None = None
    amends: str = ""
    """The result that was told of this trigger before."""
    clean_since: Instant | None = None
    """Of what closed: since when it had been answered."""


@dataclass
class Clock:
    """How a kind counts: deadline or grace, its length, and the hold-down before a drift counts as closed."""

    kind: str
    sla: Instant
    hold_down: Instant = 0
    go_live: Instant = NEVER
    ends: Ends | None = None
    """With business days: from the trigger to the end of the last of them; `sla` is added."""
    ignored_until: Instant = NEVER
    """Violations are ignored until then (`streams/governance/ignore.py`)."""
    new_rules: bool = False
    """Other rules come into force at this instant, or it opened under rules that it had kept."""
    closes: Closes | None = None
    """The close of the subject's accounting period, where periods are governed."""
    transitions: list[Transition] = field(default_factory=list)

    def due(self, triggered_at: Instant) -> Instant:
        return self.due_by(triggered_at).at

    def due_by(self, triggered_at: Instant) -> Due:
        """The deadline, or the close of the period if that comes first."""
        deadline = (self.ends(triggered_at) if self.ends else triggered_at) + self.sla
        close = self.closes(triggered_at) if self.closes else None
        return Due(*close) if close is not None and close.at < deadline else Due(deadline)

    def advance(self, obligation: Obligation, now: Instant, answer: Answer, *, moved: bool) -> Obligation:
        """The obligation after judging one instant; adds what happened to `transitions`."""
        finding = answer if isinstance(answer, Finding) else None
        after = obligation._replace(settled=now)
        if finding is None:
            status = "waiting" if isinstance(answer, Waiting) else "idle"
            return self._withdraw(after, now, "moved" if moved else "withdrawn", status)
        after = self._trigger(after, now, finding)
        after = self._answer(after, now, finding)
        return self._heal(after, now, finding)

    def _withdraw(self, o: Obligation, now: Instant, how: str, status: str = "idle") -> Obligation:
        if o.status == "armed":
            self._tell("withdrawn", o, now, None, how)
        if o.status == "open":
            self._tell("closed", o, now, None, how)
        return o._replace(
            status=status,
            trigger=None,
            asked=None,
            due=None,
            period="",
            opened_at=None,
            met_at=None,
            ignored_until=None,
            clean_since=None,
            clean_by="",
            drift=None,
            amends="",
        )

    def _trigger(self, o: Obligation, now: Instant, finding: Finding) -> Obligation:
        if self.kind == "grace":
            news = self._news(o, now, finding)
            if finding.satisfied or (o.status in ("armed", "open") and not news):
                return o
            o = self._withdraw(o, now, "superseded")
            trigger = _began(now, finding)
            baseline = not news and (finding.snapshot or now < self.go_live)
            return o._replace(status="armed", trigger=trigger, due=self.due(now), baseline=baseline)
        asked = Trigger(finding.triggered_at, finding.trigger_version)
        if not finding.trigger_version or asked == o.asked:
            return self._lost(o, now, finding)
        o = self._withdraw(o, now, "withdrawn")
        baseline = finding.snapshot or asked.at < self.go_live
        due, period = self.due_by(asked.at)
        return o._replace(status="armed", trigger=asked, asked=asked, due=due, period=period, baseline=baseline)

    def _lost(self, o: Obligation, now: Instant, finding: Finding) -> Obligation:
        """If the answer is gone the obligation is demanded again, with a new deadline."""
        if finding.satisfied or o.status not in ("met", "closed"):
            return o
        trigger = Trigger(now, f"{LOST}{now}")
        due, period = self.due_by(now)
        return o._replace(
            status="armed",
            trigger=trigger,
            due=due,
            period=period,
            opened_at=None,
            met_at=None,
            amends="",
            baseline=self._stood(now, finding),
        )

    def _stood(self, now: Instant, finding: Finding) -> bool:
        """Whether it stood so before: a source tells it for the first time, or the instant is before go-live."""
        told = (e.found.version for e in finding.evidence)
        return now < self.go_live or any(v.get("snapshot") and v["at"] == now for v in told)

    def _news(self, o: Obligation, now: Instant, finding: Finding) -> bool:
        """Whether a mismatch of the baseline has become another one, which is then no baseline."""
        if not o.baseline or o.drift is None or self._stood(now, finding):
            return False
        before = {(e["system"], e["entity"], e["native_id"], e["field"]): e["value"] for e in o.drift["evidence"]}
        after = {(e.found.system, e.found.entity, e.found.native_id, e.field): e.value for e in finding.evidence}
        return before != after

    def _answer(self, o: Obligation, now: Instant, finding: Finding) -> Obligation:
        if o.status != "armed" or o.due is None:
            return o
        if self.kind == "grace" and finding.satisfied:
            self._tell("met", o, now, finding)
            return o._replace(status="idle", trigger=None, due=None, ignored_until=None, amends="")
        if now < o.due:
            return o
        if finding.satisfied:
            self._tell("met", o, now, finding)
            return o._replace(status="met", met_at=None if now == o.due else now, ignored_until=None, amends="")
        if now < self.ignored_until:
            return self._ignore(o, now, finding)
        self._tell("opened", o, now, finding)
        return o._replace(status="open", opened_at=now, ignored_until=None, amends="")

    def _ignore(self, o: Obligation, now: Instant, finding: Finding) -> Obligation:
        """A rule ignores the violation. It is told once, and opens if it is still there when the rule expires."""
        if o.ignored_until is None:
            self._tell("ignored", o, now, finding)
        return o._replace(ignored_until=self.ignored_until)

    def _heal(self, o: Obligation, now: Instant, finding: Finding) -> Obligation:
        if o.status != "open":
            return o
        if not finding.satisfied:
            return o._replace(clean_since=None, clean_by="")
        if self.new_rules and o.clean_since is None:  # nothing was corrected, so no hold-down applies
            return self._close(o, now, finding, "rules_changed")
        if o.clean_since is None:
            by = finding.satisfied_by.version["by"] if finding.satisfied_by else "unknown"
            o = o._replace(clean_since=now, clean_by=by)
        assert o.clean_since is not None
        if now < o.clean_since + self.hold_down:
            return o
        return self._close(o, now, finding, "corrected" if o.clean_by == "driftwise" else "self_healed")

    def _close(self, o: Obligation, now: Instant, finding: Finding, how: str) -> Obligation:
        self._tell("closed", o, now, finding, how)
        o = o._replace(clean_since=None, clean_by="", drift=None)
        if self.kind == "grace":
            return o._replace(status="idle", trigger=None, due=None, opened_at=None)
        return o._replace(status="closed")

    def retract(self, o: Obligation, now: Instant, finding: Finding | None) -> Obligation:
        """Late evidence shows that the drift was none: close it as of its opening, and count it as false."""
        assert o.opened_at is not None
        self._tell("closed", o, o.opened_at, finding, "retracted")
        status = "idle" if self.kind == "grace" else "met"
        trigger = None if self.kind == "grace" else o.trigger
        o = o._replace(opened_at=None, clean_since=None, clean_by="", drift=None)
        amends = "" if self.kind == "grace" else "retracted"
        return o._replace(status=status, trigger=trigger, settled=now, amends=amends)

    def _tell(self, what: str, o: Obligation, at: Instant, finding: Finding | None, how: str = "") -> None:
        assert o.trigger is not None
        assert o.due is not None
        told = Transition(what, o.trigger, o.due, at, finding, how, o.baseline, o.drift, _told(o), o.clean_since)
        self.transitions.append(told)


def wake_at(o: Obligation, next_change: Instant, hold_down: Instant) -> Instant:
    """The next instant to judge: the deadline, the end of an ignore rule or of the hold-down, a release, or the next
    known change."""
    candidates = [next_change]
    if o.status == "armed" and o.due is not None and o.due > o.settled:
        candidates.append(o.due)
    if o.ignored_until is not None:
        candidates.append(o.ignored_until)
    if o.clean_since is not None:
        candidates.append(o.clean_since + hold_down)
    candidates += [release.at for release in o.releases if release.at > o.settled]
    return min(candidates)


def _told(o: Obligation) -> str:
    """The result that the audit has for it so far."""
    told = "missed" if o.status == "open" else "ignored" if o.ignored_until is not None else o.amends
    return "baseline" if told and o.baseline else told


def _began(now: Instant, finding: Finding) -> Trigger:
    """What began a mismatch: the commit of the latest version compared, which is the same at every customer; names
    order equal instants. If none was committed now, something else began it, such as a new day or a record that went.
    Then it is this instant, since the same versions may come to differ more than once."""
    latest = max(
        (e.found for e in finding.evidence), key=lambda f: (f.version["at"], f.system, f.entity, f.native_id)
    ).version
    if latest["at"] == now:
        return Trigger(latest["committed_at"], latest["version"])
    return Trigger(now, f"{latest['version']}@{now}")
