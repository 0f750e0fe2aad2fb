"""The law with documents that leave (streams/judge/retention.py): any interleaving, duplication and restart give the
same drifts, facts and remains; and while nothing is silent for longer than the span, the same drifts as without."""

from __future__ import annotations

import random
from collections import deque
from functools import cache
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from schemas import topics
from streams.governance import Governance
from streams.verify import indexes
from tests.topology import FIELDS, FIRST_KINDS, Company, governance
from tests.unit.test_the_law import IDS, OWNER, STATUSES, conditions

DOCUMENT_KINDS = (
    "invoice_amount_mismatch",
    "duplicate_document",
    "state_regression",
    "stuck_in_flight",
    "reversal_incomplete",
    "credit_memo_without_counterpart",
    "step_out_of_order",
)
SPAN_SECONDS = 25
LAST = 120
"""Second of the last change."""
MORE: dict[tuple[str, str], tuple[str, tuple[str | None, ...]]] = {
    ("billing", "invoice"): ("status", ("Posted", "Draft", "Voided", "Paid")),
    ("erp", "ledger_posting"): ("status", ("Posted", "Draft", "Reversed")),
}
CHANGING = STATUSES | MORE
DOCUMENTS = [("billing", "invoice"), ("erp", "ledger_posting"), ("erp", "credit_memo"), ("crm", "Credit_Memo__c")]

Change = tuple[int, str, str, str | None, bool]
"""(second, object, id, new value, deleted)"""
History = dict[str, list[Change]]


@st.composite
def histories(draw: st.DrawFn, last: int = LAST) -> History:
    found: History = {}
    for system in ("crm", "billing", "erp"):
        places = [place for place in CHANGING if place[0] == system]
        places += [place for place in DOCUMENTS if place[0] == system] * 3
        changes = draw(
            st.lists(
                st.tuples(
                    st.integers(1, last),
                    st.sampled_from(places),
                    st.sampled_from("12"),
                    st.integers(0, 3),
                    st.booleans(),
                ),
                max_size=9,
            )
        )
        found[system] = [
            (
                at,
                o,
                IDS.get(o, o if (s, o) not in DOCUMENTS else o + id_),
                (v := CHANGING[s, o][1])[pick % len(v)],
                gone and pick == 2,
            )
            for at, (s, o), id_, pick, gone in sorted(changes, key=lambda change: change[0])
        ]
    return found


@cache
def governed(span_seconds: float | None) -> Governance:
    updates = {"settled_retention_seconds": span_seconds, "judged": (*FIRST_KINDS, *DOCUMENT_KINDS)}
    return governance().model_copy(update=updates)


def inputs(history: History, until: float) -> dict[tuple[str, int], list[Any]]:
    """(topic, partition) -> what a source writes there, in its order."""
    company, version = Company(governed(None)), 0
    for system, changes in history.items():
        for at, object_, id_, value, gone in changes:
            version += 1
            field, _ = CHANGING[system, object_]
            operation = "delete" if gone else "upsert"
            fields = {**FIELDS[system, object_], field: value}
            fields |= {"crm_opportunity_id": "Opportunity"} if object_ == "subscription" else {}
            company.row(system, object_, id_, at, OWNER[system], operation=operation, poll=version, run=False, **fields)
            company.heard(at - 0.5, system, run=False)
        company.heard(until, system, run=False)
    return {place: list(queue) for place, queue in company.driver.queues.items()}


class Outcome(NamedTuple):
    lives: set[tuple[Any, ...]]
    facts: dict[str, Any]
    remains: set[str]


def outcome(company: Company) -> Outcome:
    lives = {(d["drift_id"], d["opened_at"], d["closed_at"], d["how"], d["canonical_id"]) for d in company.drifts()}
    entities = [v for v in company.driver.latest(topics.CORRECTED_STATE) if "attributes" in v]
    facts = {f"{v['canonical_id']}/{v['entity']}/{v['native_id']}": _facts(v) for v in entities}
    facts |= conditions(company.driver.latest(topics.CORRECTED_STATE))
    return Outcome(lives, facts, remains(company))


def _facts(value: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(a["name"], a["value"]) for a in value["attributes"]]


def remains(company: Company) -> set[str]:
    """Keys of records; but of what moved only says what was folded when whether its history is still there."""
    states = [company.driver.state("judge", p) for p in range(company.governance.partitions)]
    assert not any(indexes.check("", state).differing for state in states)
    held = (entry for state in states for entry in state.items())
    return {k for k, v in held if k.startswith("e/") and not any(each["op"] == "moved" for each in v["versions"])}


def run(sources: dict[tuple[str, int], list[Any]], span_seconds: float | None, rng: random.Random | None) -> Company:
    company = Company(governed(span_seconds))
    driver = company.driver
    waiting = {place: deque(records) for place, records in sources.items()}
    while any(waiting.values()) or any(driver.queues.values()):
        feeds = [("source", place) for place, records in waiting.items() if records]
        options = sorted(feeds + [("work", place) for place, queue in driver.queues.items() if queue])
        what, place = rng.choice(options) if rng else options[0]
        if what == "work":
            driver.fold(place)
            stage = driver.stage_of(place[0])
            if rng is None or rng.random() < 0.7:
                while driver.commit(stage, place[1], rng.choice((1, 2, 256)) if rng else 256) and (
                    rng is None or rng.random() < 0.8
                ):
                    pass
        else:
            raw = waiting[place].popleft()
            for _ in range(2 if rng and rng.random() < 0.15 else 1):
                driver.pipe_raw(raw.topic, raw.key, raw.value, raw.partition, raw.headers)
        if rng and rng.random() < 0.05:
            driver.crash()
    finish(company)
    return company


def finish(company: Company) -> None:
    company.driver.run()
    shards = [(stage, p) for stage in ("identify", "judge") for p in range(company.governance.partitions)]
    for _ in range(4):
        for stage, partition in [*shards, ("crosswalk", 0), ("fleet", 0)]:
            while company.driver.commit(stage, partition):
                pass
        company.driver.run()


@given(histories(), st.integers(0, 2**32))
def test_any_interleaving_duplication_and_restart_give_the_same(history: History, seed: int) -> None:
    sources = inputs(history, LAST + 5)
    expected = outcome(run(sources, SPAN_SECONDS, None))

    assert outcome(run(sources, SPAN_SECONDS, random.Random(seed))) == expected


@given(histories(last=40), st.integers(0, 2**32))
def test_while_nothing_is_silent_for_longer_the_drifts_are_those_without(history: History, seed: int) -> None:
    sources = inputs(history, 1000)

    assert outcome(run(sources, 60, random.Random(seed))).lives == outcome(run(sources, None, None)).lives


@given(histories())
def test_what_its_sources_say_once_more_changes_nothing(history: History) -> None:
    sources = inputs(history, 1000)
    company = run(sources, SPAN_SECONDS, None)
    before = outcome(company)

    for records in sources.values():
        for raw in records:
            company.driver.pipe_raw(raw.topic, raw.key, raw.value, raw.partition, raw.headers)
    finish(company)

    assert outcome(company) == before
