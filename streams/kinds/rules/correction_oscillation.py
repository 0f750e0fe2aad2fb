"""Kind M7, values: two writers put back what the other replaced.

Drift that flaps: `streams/judge/flapping.py`."""

from __future__ import annotations

from streams.kinds.asof import AsOf
from streams.kinds.finding import Answer, Evidence, Finding, Subject
from streams.kinds.model import Itself, Kind
from streams.kinds.quarrel import NAME, put_back
from streams.kinds.shared import place
from streams.kinds.trail import STATED, Step, most_changes


def correction_oscillation(now: AsOf, subject: Subject) -> Answer:
    record = now.subject(*place(subject))
    if record is None:
        return None
    returned, limit = put_back(now, record), now.governance.process.flapping.returns
    fought_over = {attribute: steps for attribute, steps in returned.items() if len(steps) >= limit}
    words = ", ".join(attribute.replace("_", " ") for attribute in fought_over)
    observed = "; ".join(_said(a, steps) for a, steps in (fought_over or returned).items())
    observed += f": it is a quarrel from {limit} times on" if returned and not fought_over else ""
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


def _said(attribute: str, steps: list[Step]) -> str:
    times = "once" if len(steps) == 1 else f"{len(steps)} times"
    return f"{attribute.replace('_', ' ')} was put back {times}, by {' and '.join(sorted({_who(s) for s in steps}))}"


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
