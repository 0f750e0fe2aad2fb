"""At whom an obligation is counted and a drift told, where the subject went from one customer to another."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import topics
from schemas.instants import SECOND
from streams.governance.model import Segment
from streams.judge.announce import _publish_drift, announce
from streams.judge.keys import ObligationKey, drift_key
from streams.judge.obligation import Obligation, Transition, Trigger
from streams.kinds.asof import AsOf, entity_key
from streams.kinds.table import BY_NAME
from tables.view import MemoryView, Workspace
from tests.depth import cases
from tests.dossiers.invoice_not_posted import DOSSIERS, invoice
from tests.dossiers.model import change
from tests.dossiers.stage import Play, five_systems
from tests.topology import Company
from tests.unit.looked_at import CUSTOMER, record, version_of
from tests.unit.test_where_commits_fall import DEADLINE, GRACE
from tests.wanderers import KNOWN, RETENTIONS, Row, governed, history, judged, told_to_judge

KIND = BY_NAME["invoice_not_posted"]
KEY = ObligationKey(CUSTOMER, KIND.row, "billing", "I")
DUE = 13


def version(at: int, committed_at: int | None = None) -> dict[str, Any]:
    """Committed when it came to this customer, or before: then a link brought it."""
    stated = version_of(record("billing", "invoice", "I", at, status="posted"))
    return {**stated, "committed_at": at if committed_at is None else committed_at}


def moved(at: int) -> dict[str, Any]:
    return {**version(at), "op": "moved", "attrs": None}


def counted(*versions: dict[str, Any], what: str = "met", how: str = "") -> int:
    ws = Workspace(MemoryView())
    if versions:
        ws.put(entity_key(CUSTOMER, "invoice", "billing", "I"), {"versions": list(versions), "revision": 1})
    drift: dict[str, Any] = {"drift_id": "D", "status": "open", "mode": "alert", "command_id": None}
    drift |= {"amount_at_stake": None, "restraint": "", "recalled_at": None}
    at = max([DUE, *(v["at"] for v in versions)])
    told = Transition(what, Trigger(1, "v1"), DUE, at, None, how, drift=drift if what == "closed" else None)
    announce(ws, AsOf(ws, five_systems(), CUSTOMER, at), KIND, KEY, Obligation(), told)
    return sum(effect.topic == topics.AUDIT for effect in ws.effects)


@pytest.mark.parametrize(
    ("versions", "times"),
    [
        ((), 1),
        ((version(3),), 1),
        ((version(20),), 1),
        ((version(20, 3),), 0),
        ((version(DUE, 3),), 1),  # it came as it was due
        ((version(DUE + 1, 3),), 0),
        ((version(5), version(20, 3)), 1),  # it was here before
        ((version(20, 3), version(25)), 0),
        ((version(3), moved(9), version(12, 3)), 1),  # it had come back
        ((version(3), moved(15), version(20, 3)), 0),  # it was due here, and comes back
        ((version(3), moved(15), version(20, 3), version(25)), 0),
    ],
)
def test_what_a_link_brought_after_it_was_due_is_counted_where_it_was(
    versions: tuple[dict[str, Any], ...], times: int
) -> None:
    assert counted(*versions) == times


@pytest.mark.parametrize(("what", "how", "times"), [
    ("withdrawn", "withdrawn", 0), ("withdrawn", "moved", 0), ("closed", "moved", 0), ("closed", "self_healed", 1),
])  # fmt: skip
def test_an_end_is_counted_where_the_drift_was_and_a_move_is_none(what: str, how: str, times: int) -> None:
    assert counted(version(20, 3), what=what, how=how) == times


def told_of(*rows: Row) -> list[tuple[str, str, str]]:
    company = Company(governed(30, KIND.name))
    for row in sorted((*KNOWN, *rows), key=lambda r: r.at):
        company.row(row.system, row.object, row.id, row.at, row.customer, **row.fields)
    company.heard(100)
    audited = [w.value for w in company.driver.written[topics.AUDIT] if w.value]
    return [(a["canonical_id"], a["result"], a["amends"]) for a in audited]


INVOICE = Row(4, "billing", "invoice", "I", "B", {"status": "Posted"})
"""Due at 14."""
GOES_ON = Row(30, "billing", "account", "B", "B", {"crm_account_id": "A2"})


def posting(at: int) -> tuple[Row, ...]:
    """Of A; from 40 on of A2."""
    posted = Row(at, "erp", "ledger_posting", "P", "E", {})
    return posted, Row(40, "erp", "customer", "E", "E", {"external_id": "A2"})


def test_what_was_met_where_it_was_due_is_not_late_where_its_subject_went() -> None:
    """There a drift opens at 30 and closes at 40."""
    assert told_of(INVOICE, GOES_ON, *posting(8)) == [("crm:A", "met", "")]


def test_what_was_missed_where_it_was_due_stays_so_where_its_subject_went() -> None:
    assert told_of(INVOICE, GOES_ON, *posting(35)) == [("crm:A", "missed", "")]


def test_what_is_missed_where_it_is_due_is_late_there() -> None:
    assert told_of(INVOICE, posting(20)[0]) == [("crm:A", "missed", ""), ("crm:A", "late", "missed")]


@pytest.mark.parametrize("kinds", [GRACE, DEADLINE], ids=["grace", "deadline"])
@given(seed=st.integers(0, 2**32), retention=st.sampled_from(RETENTIONS))
@settings(max_examples=cases(20, thorough=400))
def test_no_result_is_taken_back_that_was_not_told(kinds: tuple[str, ...], seed: int, retention: int) -> None:
    rng, rules = random.Random(seed), governed(retention, *kinds)
    said = judged(rules, told_to_judge(rules, history(rng), rng), lambda: True, lambda: False)

    counts = Counter((a["drift_id"], a["result"]) for a in said.audited)
    counts.subtract((a["drift_id"], a["amends"]) for a in said.audited if a["amends"])
    assert min(counts.values(), default=0) >= 0


FOR_EVER = five_systems().model_copy(update={"ended_drift_retention_seconds": None})
LIVES: list[tuple[str, int, dict[str, Any] | None, bool, dict[str, Any] | None]] = [
    # status of the record, when it opened, the latest life known before, whether it is told, the latest life known then
    ("open", 20, None, True, {"customer": CUSTOMER, "opened_at": 20}),
    ("baseline", 20, None, True, {"customer": CUSTOMER, "opened_at": 20}),
    ("open", 20, {"customer": "crm:B", "opened_at": 9}, True, {"customer": CUSTOMER, "opened_at": 20}),
    ("open", 20, {"customer": "crm:B", "opened_at": 20}, True, {"customer": CUSTOMER, "opened_at": 20}),
    ("open", 20, {"customer": "crm:B", "opened_at": 21}, False, {"customer": "crm:B", "opened_at": 21}),
    ("closed", 20, {"customer": CUSTOMER, "opened_at": 20}, True, {"customer": CUSTOMER, "opened_at": 20}),
    ("closed", 20, {"customer": "crm:B", "opened_at": 9}, False, {"customer": "crm:B", "opened_at": 9}),
    ("closed", 20, None, False, None),
]


@pytest.mark.parametrize(("status", "opened_at", "known", "told", "latest"), LIVES)
def test_of_a_drift_that_moved_the_latest_life_is_told(
    status: str, opened_at: int, known: dict[str, Any] | None, told: bool, latest: dict[str, Any] | None
) -> None:
    ws = Workspace(MemoryView())
    if known:
        ws.put(drift_key("D"), known)
    drift = {"drift_id": "D", "status": status, "opened_at": opened_at, "closed_at": 25, "amount_at_stake": None}

    _publish_drift(ws, FOR_EVER, KEY, drift)

    assert [(e.topic, e.key, e.record, e.value, e.partition_key) for e in ws.effects] == (
        [(topics.DRIFTS, "D", "Drift", drift, CUSTOMER)] if told else []
    )
    assert ws.get(drift_key("D")) == latest


@pytest.mark.parametrize(
    ("segments", "told", "segment"),
    [
        ({}, "small", ""),
        ({"small": Segment(sla_seconds=10)}, "small", "small"),
        ({"small": Segment(sla_seconds=10)}, None, ""),
    ],
)
def test_a_drift_names_the_segment_by_which_it_is_governed(
    segments: dict[str, Segment], told: str | None, segment: str
) -> None:
    dossier = DOSSIERS[0]._replace(governed={"segments": segments})
    account = change(2, "crm", "customer", "A", name="Acme", status="active", segment=told)
    play = Play(dossier).told((account, invoice(3))).heard(1000).run()

    assert [(d["segment"], d["opened_at"]) for d in play.drifts()] == [(segment, DUE * SECOND)]
