"""The baseline as people and programs see it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner, Result

from streams.commands import baseline as command
from streams.commands.looking import Sight
from streams.look.baseline import baseline
from streams.settings import Settings
from tests.look import DriverCluster, drift, micros
from tests.topology import Company


def stood(drift_id: str, amount: str | None = None, currency: str = "EUR", **fields: Any) -> dict[str, Any]:
    money = None if amount is None else {"amount": Decimal(amount), "currency": currency, "basis": "gross"}
    return drift(drift_id, status="baseline", amount_at_stake=money, **fields)


def company() -> Company:
    """An invoice and a deal that stood so at the first snapshot, and a deal that is new."""
    made = Company()
    made.row("crm", "Account", "A", 1, Billing_Account_Id__c="B", snapshot=True)
    made.row("crm", "Opportunity", "O", 1, "A", StageName="Closed Won", Amount="5000.00", snapshot=True)
    made.row("billing", "account", "B", 1, snapshot=True)
    made.row("billing", "invoice", "I", 2, "B", status="Posted", snapshot=True)
    made.row("crm", "Opportunity", "P", 15, "A", StageName="Closed Won")
    made.heard(60)
    return made


def run(monkeypatch: pytest.MonkeyPatch, made: Company, *args: str) -> Result:
    look = Sight(Settings("", ""), made.governance, DriverCluster(made.driver, micros(61)), lambda: micros(61))
    monkeypatch.setattr(command, "sight", lambda: look)
    result = CliRunner().invoke(command.baseline, args, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def test_only_what_still_stands_from_before_is_in_it() -> None:
    found = baseline([stood("1"), drift("2"), drift("3", status="closed")])

    assert [d["drift_id"] for d in found.drifts] == ["1"]


def test_each_kind_of_each_team_is_summed_by_currency() -> None:
    found = baseline([stood("1", "10"), stood("2", "5.50"), stood("3", "7", "USD"), stood("4")])

    (group,) = found.groups
    assert (group.items, group.unpriced) == (4, 1)
    assert group.amounts == {"EUR": Decimal("15.50"), "USD": Decimal(7)}
    assert found.amounts == group.amounts


def test_a_credit_is_at_stake_as_much_as_a_charge() -> None:
    assert baseline([stood("1", "-10"), stood("2", "10")]).amounts == {"EUR": Decimal(20)}


def test_the_worst_comes_first() -> None:
    found = baseline(
        [
            stood("small", "1", kind="a"),
            stood("large", "900", kind="b"),
            stood("mild", "5000", kind="c", severity="S3"),
        ]
    )

    assert [d["drift_id"] for d in found.drifts] == ["large", "small", "mild"]
    assert [g.kind for g in found.groups] == ["b", "a", "c"]


def test_the_command_prices_what_the_topology_left_as_baseline(monkeypatch: pytest.MonkeyPatch) -> None:
    found = json.loads(run(monkeypatch, company(), "--json").stdout)

    assert {(g["kind"], g["owner_team"], g["items"]) for g in found["groups"]} == {
        ("invoice_not_posted", "finance-systems", 1),
        ("won_without_erp_customer", "finance-systems", 1),
    }
    assert found["amounts"] == {"EUR": "5119"}
    assert {d["native_id"] for d in found["drifts"]} == {"I", "O"}


def test_one_kind_can_be_asked_for_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    found = json.loads(run(monkeypatch, company(), "--kind", "8", "--json").stdout)

    assert [d["kind"] for d in found["drifts"]] == ["invoice_not_posted"]


def test_people_are_told_what_it_is_worth_and_how_an_item_leaves_it(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = run(monkeypatch, company()).output

    assert "2 items, 5119 EUR" in shown
    assert "An item leaves the baseline when" in shown


def test_a_company_without_a_past_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "nothing: no disagreement is older" in run(monkeypatch, Company()).output
