"""Kind M7, values: two writers put back what the other replaced. Drift that flaps: `streams/judge/flapping.py`."""

from __future__ import annotations

from streams.kinds.asof import AsOf, Found
from streams.kinds.finding import Answer, Evidence, Finding, Subject
from streams.kinds.model import Itself, Kind
from streams.kinds.shared import place
from streams.kinds.trail import STATED, Step, mark, trail_of


def correction_oscillation(now: AsOf, subject: Subject) -> Answer:
    record = now.subject(*place(subject))
    if record is None:
        return None
    returns = {attribute: _returns(now, record, attribute) for attribute in STATED["customer"]}
    limit = now.governance.process.flapping.returns
    quarrels = {attribute: steps for attribute, steps in returns.items() if len(steps) >= limit}
    words = ", ".join(attribute.replace("_", " ") for attribute in quarrels)
    observed = "; ".join(
        f"{a.replace('_', ' ')} was put back {len(steps)} times, by {' and '.join(sorted({_who(s) for s in steps}))}"
        for a, steps in quarrels.items()
    )
    return Finding(
        satisfied=not quarrels,
        triggered_at=0,
        trigger_version="",
        owner_system=subject.system,
        expected=f"one writer decides {words or 'each attribute'} of customer {record.native_id} in {record.system}",
        observed=observed or "nobody puts back what another replaced",
        evidence=tuple(Evidence(record, a, record.attrs[a]) for a in quarrels or ("name",)),
        satisfied_by=record,
        snapshot=record.version["snapshot"],
    )


def _returns(now: AsOf, record: Found, attribute: str) -> list[Step]:
    """The changes within the window that put back the value which another writer had just replaced; none once somebody
    settled on a third value."""
    steps = trail_of(record.version["since"], attribute)
    values = [mark(record.entity, attribute, record.attrs[attribute]), *(step.was for step in steps)]
    pairs = zip(steps, steps[1:], values, strict=False)
    back = [(step, step.by != before.by and value == before.was) for step, before, value in pairs]
    if not back or not back[0][1]:
        return []
    window = now.governance.process.flapping.window
    counted = [step for step, is_return in back if is_return and step.at > now.instant - window]
    for step in counted:
        now.again_at(step.at + window)
    return counted


def _who(step: Step) -> str:
    return {"driftwise": "our correction", "integration": "an integration", "person": "a person"}.get(
        step.by, "an unnamed writer"
    )


KIND = Kind(
    number="M7",
    name="correction_oscillation",
    entity="customer",
    roles=("crm", "billing", "erp"),
    clock="grace",
    reach={(role, "customer"): Itself() for role in ("crm", "billing", "erp")},
    judge=correction_oscillation,
    begins=lambda _, version: any(len(trail_of(version["since"], a)) > 1 for a in STATED["customer"]),
    command="",
    sort="copy",
    condition="CorrectionsSettle",
)
