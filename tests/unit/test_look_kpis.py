"""KPIs: shares of what was due, and what hangs counts for as long as it does."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner, Result

from streams.commands import kpis as command
from streams.commands.looking import Sight
from streams.letters import HOPS_HEADER, ID_HEADER
from streams.look.kpis import Kpi, Settled, ended, kpis_of, read_settled
from streams.settings import Settings
from tests.look import DriverCluster, drift, micros
from tests.topology import Company, linked_late

KIND, MISMATCH = "invoice_not_posted", "contract_value_mismatch"
NOW = micros(100)


def settled(
    result: str, amount: str | None = None, *, kind: str = KIND, due: float = 10, at: float = 10, **answer: float
) -> Settled:
    """`answer`: `asked` and `answered`."""
    money = None if amount is None else {"amount": Decimal(amount), "currency": "EUR", "basis": "gross"}
    answered = micros(answer["answered"]) if "answered" in answer else None
    return Settled(kind, micros(due), micros(at), result, money, micros(answer.get("asked", 0)), answered)


def of(*told: Settled, since: float = 0) -> dict[str, Kpi]:
    return {kpi.kind: kpi for kpi in kpis_of(told, micros(since), NOW)}


def test_what_was_met_is_a_share_of_what_was_due() -> None:
    found = of(settled("met"), settled("met"), settled("late", at=15), settled("missed"))[KIND]

    assert (found.due, found.met, found.late, found.missed, found.on_time) == (4, 2, 1, 1, 0.5)


@pytest.mark.parametrize("result", ["withdrawn", "ignored", "retracted", "baseline"])
def test_what_nobody_demands_was_not_due(result: str) -> None:
    found = of(settled("met"), settled(result))[KIND]

    assert (found.due, found.not_due, found.on_time) == (1, 1, 1.0)


def test_where_nothing_was_due_there_is_no_share() -> None:
    assert of(settled("withdrawn"))[KIND].on_time is None
    assert of() == {}


def test_amounts_are_weighed_by_currency_whatever_their_sign() -> None:
    found = of(settled("met", "300"), settled("late", "-100"), settled("missed"))[KIND]

    assert found.on_time_by_amount == {"EUR": 0.75}


def test_what_is_not_answered_yet_is_overdue_until_now() -> None:
    found = of(settled("met"), settled("late", at=15), settled("missed", due=40), settled("late", at=12))[KIND]

    assert found.overdue_seconds == {"p50": 5, "p95": 60, "max": 60}


def test_an_answer_took_as_long_as_since_it_was_demanded_and_what_has_none_yet_counts_with_its_age() -> None:
    found = of(
        settled("met", asked=2, answered=5), settled("late", asked=2, answered=20, at=25), settled("missed", asked=90)
    )[KIND]

    assert found.propagation_seconds == {"p50": 10, "p95": 18, "max": 18}


def test_of_what_was_there_before_and_of_what_has_no_answer_nothing_took_any_time() -> None:
    told = (
        settled("met", asked=2, answered=1),
        settled("met"),
        settled("late", at=20),
        settled("withdrawn", answered=9),
    )

    assert of(*told)[KIND].propagation_seconds == {}


MISSED = settled("missed")


@pytest.mark.parametrize(
    ("found", "becomes"),
    [
        (drift("d"), MISSED),
        (drift("d", status="closed", closed_at=micros(60), how="self_healed"), settled("late", at=60)),
        (drift("d", status="closed", closed_at=micros(60), how="moved"), settled("late", at=60)),
        (drift("d", status="closed", closed_at=micros(10), how="retracted"), settled("retracted")),
        (None, MISSED._replace(result="late", settled_at=None)),
    ],
    ids=["still open", "ended elsewhere", "moved away", "was none", "long over"],
)
def test_what_is_missed_ends_as_its_drift_does(found: dict[str, Any] | None, becomes: Settled) -> None:
    assert ended(MISSED, found) == becomes


def test_the_end_of_what_was_not_missed_is_that_of_the_audit() -> None:
    assert ended(settled("late", at=15), None) == settled("late", at=15)


def test_what_ended_and_nobody_says_when_was_late_for_nobody_knows_how_long() -> None:
    found = of(settled("late", at=15), MISSED._replace(result="late", settled_at=None))[KIND]

    assert (found.late, found.overdue_seconds) == (2, {"p50": 5, "p95": 5, "max": 5})


def test_what_moved_on_after_it_was_due_is_overdue_until_it_is_answered_at_the_other_customer() -> None:
    made = linked_late()
    made.row("crm", "Account", "A", 26, Billing_Account_Id__c="B", ERP_Customer_Id__c="E")
    made.row("erp", "customer", "E", 26)
    made.heard(30)
    (before,) = (each for each in read_settled(DriverCluster(made.driver, NOW), 0) if each.kind == KIND)
    made.row("erp", "ledger_posting", "L", 40, "E", status="Posted", document_number="I-1")
    made.heard(60)
    (after,) = (each for each in read_settled(DriverCluster(made.driver, NOW), 0) if each.kind == KIND)

    assert before.result == "missed"
    assert (after.result, after.settled_at) == ("late", micros(40))


def test_all_deadlines_come_first_and_mismatches_are_none_of_them() -> None:
    first, *others = kpis_of([settled("met"), settled("missed", kind=MISMATCH)], 0, NOW)

    assert (first.kind, first.due, first.on_time) == ("", 1, 1.0)
    assert [(kpi.kind, kpi.on_time) for kpi in others] == [(MISMATCH, None), (KIND, 1.0)]


def test_what_was_due_before_is_left_out() -> None:
    assert of(settled("missed", due=9), settled("met", due=10), since=10)[KIND].due == 1


def company() -> Company:
    """Of three posted invoices one is in the ledger in time, one too late, one never."""
    made = Company()
    made.row("crm", "Account", "A", 1, Billing_Account_Id__c="B", ERP_Customer_Id__c="E")
    made.row("billing", "account", "B", 1)
    made.row("erp", "customer", "E", 1)
    for number in ("I-1", "I-2", "I-3"):
        made.row("billing", "invoice", number, 2, "B", status="Posted", number=number)
    for number, at in (("I-1", 5), ("I-2", 20)):
        made.row("erp", "ledger_posting", f"L-{number}", at, "E", status="Posted", document_number=number)
    made.heard(30)
    return made


def run(monkeypatch: pytest.MonkeyPatch, made: Company, *args: str) -> Result:
    look = Sight(Settings("", ""), made.governance, DriverCluster(made.driver, NOW), lambda: NOW)
    monkeypatch.setattr(command, "sight", lambda: look)
    result = CliRunner().invoke(command.kpis, ["--since", "1970-01-01T00:00:00Z", *args], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def test_the_last_word_of_the_audit_counts() -> None:
    made = company()

    found = [each.result for each in read_settled(DriverCluster(made.driver, NOW), 0) if each.kind == KIND]

    assert sorted(found) == ["late", "met", "missed"]


def test_programs_get_every_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, Any] = json.loads(run(monkeypatch, company(), "--json").stdout)

    assert told["by_kind"][KIND] == {
        "due": 3, "met": 1, "late": 1, "missed": 1, "not_due": 0, "on_time": 0.3333,
        "on_time_by_amount": {"EUR": 0.3333}, "overdue_seconds": {"p50": 8, "p95": 88, "max": 88},
        "propagation_seconds": {"p50": 18, "p95": 98, "max": 98},
    }  # fmt: skip
    assert told["deadlines"]["missed"] >= 1
    assert (told["since"], told["read_at"]) == ("1970-01-01T00:00:00Z", "1970-01-01T00:01:40Z")


def test_people_get_a_line_for_each_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = run(monkeypatch, company()).stdout.splitlines()

    (said,) = (line.split() for line in lines if KIND in line)
    assert said[:5] == [KIND, "3", "33.3%", "33.3%", "of"]
    assert any("all deadlines" in line for line in lines)


def refusing() -> Company:
    """Two rows that nobody can read; one of them was replayed twice since, unmended."""
    made = company()
    for hops in (b"0", b"1", b"2"):
        made.row("billing", "invoice", "I-8", 3, "B", status="Odd", headers={ID_HEADER: b"L", HOPS_HEADER: hops})
    made.row("billing", "invoice", "I-9", 3, "B", status="Odd")
    return made


def test_replays_that_were_refused_again_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, Any] = json.loads(run(monkeypatch, refusing(), "--json").stdout)
    lines = run(monkeypatch, refusing()).stdout

    assert told["dead_letters"] == {"records": 2, "replays": 2}
    assert "2 records went to the dead letters, 2 replays were refused again" in " ".join(lines.split())
    assert "dead letters" not in run(monkeypatch, company()).stdout


def test_where_nothing_was_due_people_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, Company()).stdout.startswith("nothing was due from ")
