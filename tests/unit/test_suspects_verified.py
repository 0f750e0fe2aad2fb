"""Suspects and identity conflicts are recomputed by verification, and every way to damage them is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from schemas import topics
from streams.backtest.canonical import read
from streams.suspects.table import CONFLICT, CUSTOMERS
from streams.verify import Report
from streams.verify.examine import examine
from streams.verify.report import EQUAL
from tests.recorded import DriverRecording, Value
from tests.topology import Company, governance
from tests.unit.test_suspects import ACME, BILLED, LOOKS_LIKE_ACME


def company() -> Company:
    """One customer twice in the CRM, one in billing that two accounts claim, and one suspicion that has moved."""
    base = governance()
    crm = base.systems["crm"].model_copy(update={"links": {"billing_ref": "billing"}})
    found = base.model_copy(update={"judged": None, "suspects": True, "systems": {**base.systems, "crm": crm}})
    made = Company(found)
    made.row("crm", "Account", "A1", 1, **ACME)
    made.row("crm", "Account", "A2", 2, **LOOKS_LIKE_ACME)
    made.row("crm", "Account", "X1", 2, Name="X", Tax_Id__c="DE129273398", Billing_Account_Id__c="B")
    made.row("crm", "Account", "X2", 3, Name="Y", Tax_Id__c=None, Billing_Account_Id__c="B")
    made.row("billing", "account", "B3", 4, **BILLED)
    made.row("billing", "account", "B4", 5, **BILLED)
    made.heard(25)
    made.row("billing", "account", "B4", 30, **{**BILLED, "crm_account_id": "X1"})
    made.row("billing", "invoice", "I", 31, "B4", status="Posted")
    made.heard(60)
    return made


def verified(recording: DriverRecording, made: Company) -> Report:
    return examine(recording, made.governance, dict.fromkeys(made.governance.systems, read))


def found(report: Report) -> set[str]:
    return {check.what for check in report.checks if check.differing}


def test_what_nobody_damaged_is_equal() -> None:
    made = company()
    report = verified(DriverRecording(made.driver), made)

    assert (report.code, found(report), report.unproven) == (EQUAL, set(), [])
    compared = {check.what: 0 for check in report.checks}
    for check in report.checks:
        compared[check.what] += check.compared
    for what in ("suspects: suspects", "suspects: members of business keys", "crosswalk: identity conflicts"):
        assert compared[what] > 0, what


def any_of(kind: str) -> Callable[[str, Value], bool]:
    return lambda name, value: name == "Drift" and value["kind"] == kind


DAMAGES: dict[str, tuple[str, Callable[[DriverRecording], Any]]] = {
    # what was done: the check that finds it
    "a suspicion says something else": (
        "suspects: suspects",
        lambda r: r.alter(topics.DRIFTS, any_of(CUSTOMERS), observed="nothing"),
    ),
    "a conflict says something else": (
        "crosswalk: identity conflicts",
        lambda r: r.alter(topics.DRIFTS, any_of(CONFLICT), observed="nothing"),
    ),
    "a member was forgotten": (
        "suspects: members of business keys",
        lambda r: r.alter_state("suspects", "m/", lambda value: None),
    ),
    "a conflict was forgotten": (
        "crosswalk: identity conflicts",
        lambda r: r.alter_state("crosswalk", "c/", lambda value: None),
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damage_is_found(damage: str) -> None:
    check, apply = DAMAGES[damage]
    made = company()
    recording = DriverRecording(made.driver)
    apply(recording)

    assert check in found(verified(recording, made))
