"""Kind M7, values: two writers put back what the other replaced.

Drift that flaps: `streams/judge/flapping.py`."""

from __future__ import annotations

from streams.kinds.asof import AsOf
from streams.kinds.finding import Answer, Evidence, Finding, Subject
from streams.kinds.model import Itself, Kind
from streams.kinds.quarrel import NAME, quarrels
from streams.kinds.shared import place
from streams.kinds.trail import STATED, Step, most_changes


def correction_oscillation(now: AsOf, subject: Subject) -> Answer:
    record = now.subject(*place(subject))
    if record is None:
        return None
    fought_over = quarrels(now, record)
    words = ", ".join(attribute.replace("_", " ") for attribute in fought_over)
    observed = "; ".join(
        f"{a.replace('_', ' ')} was put back {len(steps)} times, by {' and '.join(sorted({_who(s) for s in steps}))}"
        for a, steps in fought_over.items()
    )
    return Finding(
        satisfied=not fought_over,
        triggered_at=0,
        trigger_version="",
        owner_system=subject.system,
        expected=f"one writer decides {words or 'each attribute'} of customer {record.native_id} in {record.system}",
        observed=observed or "nobody puts back what another replaced",
        evidence=tuple(Evidence(record, a, record.attrs[a]) for a in fought_over or ("name",)),
        satisfied_by=record,
        snapshot=record.version["snapshot"],
    )


def _who(step: Step) -> str:
    return {"driftwise": "our correction", "integration": "an integration", "person": "a person"}.get(
        step.by, "an unnamed writer"
    )


KIND = Kind(
    number="M7",
    name=NAME,
    entity="customer",
    roles=("crm", "billing", "erp"),
    clock="grace",
    reach={(role, "customer"): Itself() for role in ("crm", "billing", "erp")},
    judge=correction_oscillation,
    begins=lambda _, version: most_changes(version["since"], STATED["customer"]) > 1,
    command="",
    sort="copy",
    condition="CorrectionsSettle",
)
