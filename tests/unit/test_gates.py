"""What a verdict waits for, source object by source object, and up to which instant verdicts can be given."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.instants import ALWAYS, NEVER
from schemas.source import ALL_OBJECTS
from streams.governance.in_force import InForce
from streams.governance.model import Governance, Segment
from streams.judge.gates import needed, needed_at_all, passed_by, passed_by_all
from streams.kinds.table import BY_NAME
from tables.watermarks import LINKS, Minima, minima, name
from tests.dossiers.stage import five_systems

POSTED, PAID = BY_NAME["invoice_not_posted"], BY_NAME["payment_status_not_shown"]
SEGMENTS = {"small": Segment(sla_seconds=30)}
INVOICES, POSTINGS, ACCOUNTS = ("billing", "invoice"), ("erp", "ledger_posting"), ("crm", "customer")
LINES = ("billing", "invoice_line")
LINKED = {("billing", LINKS), ("erp", LINKS)}


def governed(kind: str = POSTED.name, *, roles: dict[str, str] | None = None, **rules: Any) -> Governance:
    """Only this kind is judged; systems may have another role than theirs."""
    base = five_systems()
    systems = {n: base.systems[n].model_copy(update={"role": role}) for n, role in (roles or {}).items()}
    kinds = {**base.kinds, kind: base.kinds[kind].model_copy(update=rules)}
    return base.model_copy(
        update={"systems": {**base.systems, **systems}, "kinds": kinds, "judged": (kind,), "partitions": 1}
    )


def test_a_verdict_waits_for_what_the_kind_looks_at_and_the_links_of_those_systems() -> None:
    assert set(needed(governed(), POSTED, "billing")) == {INVOICES, LINES, POSTINGS, *LINKED}


def test_a_system_that_links_nothing_has_no_links_to_wait_for() -> None:
    assert ("crm", LINKS) not in needed(governed(), BY_NAME["won_without_erp_customer"], "crm")


def test_of_its_own_role_it_waits_for_the_subjects_system_alone_and_of_others_for_all() -> None:
    two_billings, two_erps = governed(roles={"product": "billing"}), governed(roles={"product": "erp"})

    assert set(needed(two_billings, POSTED, "billing")) == {INVOICES, LINES, POSTINGS, *LINKED}
    assert ("product", "ledger_posting") in needed(two_erps, POSTED, "billing")


def test_it_does_not_wait_for_what_a_system_does_not_carry() -> None:
    governance = governed(roles={"product": "erp"})
    mappings = {**governance.mappings, "product": {}}

    mute = governance.model_copy(update={"mappings": mappings})

    assert set(needed(mute, POSTED, "billing")) == {INVOICES, LINES, POSTINGS, *LINKED}


@pytest.mark.parametrize("kind", [POSTED, BY_NAME["won_without_erp_customer"]])
def test_where_it_hangs_on_the_customer_it_waits_for_that_record_once(kind: Any) -> None:
    waits = needed(governed(kind.name, segments=SEGMENTS), kind, "billing")

    assert [pair for pair in waits if pair == ACCOUNTS] == [ACCOUNTS]


def test_all_that_some_gate_waits_for() -> None:
    governance = governed()

    assert needed_at_all(governance) == tuple(sorted({INVOICES, LINES, POSTINGS, *LINKED}))
    assert needed_at_all(governance) is needed_at_all(governance)


def heard(**until: int) -> Minima:
    """Up to when each system was heard, links too."""
    return minima(
        {name(system, of): {"0": [0, "streaming", at]} for system, at in until.items() for of in (ALL_OBJECTS, LINKS)},
        partitions=1,
    )


BEGINS = 50
MORE, LESS = governed(segments=SEGMENTS), governed()
"""The one waits for the CRM as well."""
GATES = [
    # (in force at first, from BEGINS on), heard of (CRM, billing, ERP): passed by, which source holds back
    ((LESS, LESS), (99, 20, 30), 20, "billing/@links"),
    ((LESS, LESS), (99, 90, 80), 80, "erp/@links"),
    ((LESS, MORE), (10, 90, 80), 49, "crm/customer"),  # what it was before does not wait for the CRM
    ((LESS, MORE), (60, 90, 80), 60, "crm/customer"),
    ((LESS, MORE), (60, 30, 80), 30, "billing/@links"),
    ((MORE, LESS), (48, 90, 80), 48, "crm/customer"),
    ((MORE, LESS), (49, 90, 80), 80, "erp/@links"),
    ((MORE, LESS), (50, 90, 80), 80, "erp/@links"),
]


@pytest.mark.parametrize(("in_force", "until", "passed", "source"), GATES)
def test_each_instant_waits_for_what_the_governance_of_it_demands(
    in_force: tuple[Governance, Governance], until: tuple[int, int, int], passed: int, source: str
) -> None:
    ruled = InForce([(NEVER, in_force[0]), (BEGINS, in_force[1])])
    systems = dict(zip(("crm", "billing", "erp"), until, strict=True))

    assert passed_by(heard(**systems), ruled, POSTED, "billing") == (passed, source)


@pytest.mark.parametrize(("rolled_out", "passed"), [(ALWAYS, 70), (71, 70), (70, 69), (1, 0)])
def test_nothing_is_judged_before_it_is_known_what_a_new_version_concerns(rolled_out: int, passed: int) -> None:
    ruled = InForce([(NEVER, LESS), (BEGINS, LESS)], rolled_out=rolled_out)
    until = heard(crm=99, billing=70, erp=80)

    assert passed_by(until, ruled, POSTED, "billing")[0] == passed
    assert passed_by_all(until, ruled) == passed


def test_what_was_heard_of_no_system_is_passed_by_nothing() -> None:
    assert passed_by_all(heard(), InForce.only(LESS)) == NEVER


def test_nothing_is_left_to_be_judged_behind_what_every_version_has_heard() -> None:
    until = heard(crm=10, billing=70, erp=80)

    assert passed_by_all(until, InForce([(NEVER, LESS), (BEGINS, MORE)])) == 10
    assert passed_by_all(until, InForce([(NEVER, LESS), (BEGINS, MORE)], passed=60)) == 10
    assert passed_by_all(until, InForce([(NEVER, MORE), (BEGINS, LESS)])) == 10
    # The version that waits for the CRM is no longer of any instant that is undecided.
    assert passed_by_all(until, InForce([(NEVER, MORE), (BEGINS, LESS)], passed=60)) == 70
