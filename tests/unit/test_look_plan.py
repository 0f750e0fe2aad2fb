"""`driftwise governance plan`: other rules beside those in force, over states the real topology made."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from streams.commands import plan as command
from streams.commands.governance import governance as group
from streams.commands.looking import Sight
from streams.governance import Governance
from streams.governance.difference import differences
from streams.governance.ignore import IgnoreRule
from streams.governance.model import Segment
from streams.governance.reach import touched
from streams.look import changelog
from streams.look.plan import Plan, compare
from streams.settings import Settings
from tables.view import MemoryView
from tests.look import DriverCluster, micros
from tests.topology import Company, governance
from tests.unit.governance_folder import folder_of

NOW = 31
KIND = "invoice_not_posted"


def company() -> Company:
    """An invoice over 119 EUR, not posted: a drift since 12. Another, of 25, is due at 35. Heard up to 30."""
    made = Company()
    made.row("crm", "Account", "A", 1, Billing_Account_Id__c="B", ERP_Customer_Id__c="E")
    made.row("billing", "account", "B", 1)
    made.row("erp", "customer", "E", 1)
    made.row("billing", "invoice", "I", 2, "B", status="Posted")
    made.row("billing", "invoice", "J", 25, "B", status="Posted", number="I-2", total_amount="50.00")
    made.heard(30)
    assert [d["native_id"] for d in made.open()] == ["I"]
    return made


def ruled(**rules: Any) -> Governance:
    """Those in force but for this kind; made anew, as a copy would share what was derived."""
    base = governance()
    return base.model_copy(update={"kinds": {**base.kinds, KIND: base.kinds[KIND].model_copy(update=rules)}})


def shards(made: Company) -> list[MemoryView]:
    cluster = DriverCluster(made.driver)
    return [changelog.state(cluster, "judge", partition) for partition in range(made.governance.partitions)]


def planned(made: Company, proposed: Governance, now: float = NOW) -> Plan:
    views = shards(made)
    return compare(views, made.governance, proposed, micros(now))


def told(found: Plan) -> list[tuple[str, str, str, str]]:
    return [(c.what, c.drift["native_id"], c.before, c.after) for c in found.changes]


def test_equal_rules_change_nothing_and_find_what_is_open() -> None:
    made = company()

    found = planned(made, made.governance)

    assert (found.changes, found.stays, found.forgotten, found.unknown) == ((), 1, 0, 0)


def test_a_shorter_deadline_opens_what_was_pending() -> None:
    made = company()

    found = planned(made, ruled(sla_seconds=3))

    assert told(found) == [("opens", "J", "pending", "open")]
    (opened,) = found.groups("opens")
    assert (opened.kind, opened.owner_team, opened.items) == (KIND, "finance-systems", 1)
    assert {currency: str(amount) for currency, amount in opened.amounts.items()} == {"EUR": "50"}


def test_a_longer_deadline_closes_what_is_not_due_by_it() -> None:
    made = company()

    assert told(planned(made, ruled(sla_seconds=100))) == [("closes", "I", "open", "pending")]


def test_a_deadline_that_the_sources_have_not_passed_is_unknown() -> None:
    made = company()

    found = planned(made, ruled(sla_seconds=5.5))

    assert (told(found), found.unknown) == ([], 1)


def test_a_kind_that_is_not_judged_any_more_closes() -> None:
    made = company()
    proposed = governance().model_copy(update={"judged": ("activation_stalled",)})

    assert told(planned(made, proposed)) == [("closes", "I", "open", "not_judged")]


def test_a_kind_that_is_judged_from_now_on_opens() -> None:
    made = Company(governance().model_copy(update={"judged": ("activation_stalled",)}))
    made.row("crm", "Account", "A", 1, Billing_Account_Id__c="B")
    made.row("billing", "account", "B", 1)
    made.row("billing", "invoice", "I", 2, "B", status="Posted")
    made.heard(30)

    assert told(planned(made, governance())) == [("opens", "I", "not_judged", "open")]


def test_what_would_be_ignored_closes() -> None:
    made = company()
    rule = IgnoreRule(kind=KIND, native_id="I", reason="r", by="ada", expires_at=datetime(1970, 1, 2, tzinfo=UTC))
    proposed = governance().model_copy(update={"ignore": {"old": rule}})

    assert told(planned(made, proposed)) == [("closes", "I", "open", "ignored")]


def test_other_owners_and_severities_change_what_stays_open() -> None:
    made = company()

    (change,) = planned(made, ruled(severity="S3", owner_team="billing", mode="propose")).changes

    assert (change.what, change.before, change.after) == ("changes", "open", "open")
    assert change.fields == {
        "severity": ("S1", "S3"),
        "owner_team": ("finance-systems", "billing"),
        "mode": ("execute", "propose"),
    }


def test_what_was_answered_stays_answered() -> None:
    made = company()
    made.row("erp", "ledger_posting", "P", 28, "E")
    made.heard(60)

    found = planned(made, ruled(sla_seconds=3), now=61)

    assert (told(found), found.stays) == ([], 1)


def test_nothing_of_the_state_is_written() -> None:
    made = company()
    views = shards(made)
    before = json.dumps([dict(view.items()) for view in views])

    compare(views, made.governance, ruled(sla_seconds=3), micros(NOW))

    assert json.dumps([dict(view.items()) for view in views]) == before


def test_only_kinds_that_a_change_could_touch_are_judged() -> None:
    base = governance()
    ignored = IgnoreRule(
        kind="activation_stalled", customer="A", reason="r", by="a", expires_at=datetime(2030, 1, 1, tzinfo=UTC)
    )
    segmented = ruled(segments={"enterprise": Segment(severity="S2")})

    def names(proposed: Governance) -> set[str] | None:
        found = touched(base, proposed, differences(base, proposed))
        return None if found is None else set(found)

    assert names(segmented) == {KIND}
    assert names(base.model_copy(update={"ignore": {"x": ignored}})) == {"activation_stalled"}
    assert names(base.model_copy(update={"judged": (KIND,)})) == {*(base.judged or ()), KIND} - {KIND}
    assert names(base.model_copy(update={"late_retention_seconds": 7})) is None


def run(monkeypatch: pytest.MonkeyPatch, *arguments: Any) -> Any:
    made = company()
    look = Sight(Settings("", ""), made.governance, DriverCluster(made.driver, micros(NOW)), lambda: micros(NOW))
    monkeypatch.setattr(command, "sight", lambda: look)
    monkeypatch.setattr(command, "load", lambda *folders: ruled(sla_seconds=3.0, severity="S2"))
    return CliRunner().invoke(group, ["plan", *map(str, arguments)], catch_exceptions=False)


def test_the_command_says_rules_groups_and_drifts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shown = run(monkeypatch, tmp_path).output

    for text in (
        "kinds.yaml: invoice_not_posted.sla_seconds was 10.0 and becomes 3.0",
        "1 would open", "50 EUR", "1 would change", "severity: S2", "billing/invoice/J",
    ):  # fmt: skip
        assert text in shown, shown


def test_the_command_tells_programs_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = json.loads(run(monkeypatch, tmp_path, "--json").output)

    assert [(c["what"], c["drift"]["native_id"]) for c in found["changes"]] == [("opens", "J"), ("changes", "I")]
    assert [(g["what"], g["items"], g["amounts"]) for g in found["groups"]] == [
        ("opens", 1, {"EUR": "50"}),
        ("changes", 1, {"EUR": "119"}),
    ]


def test_a_proposal_that_is_wrong_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = company()
    look = Sight(Settings("", ""), made.governance, DriverCluster(made.driver), lambda: micros(NOW))
    monkeypatch.setattr(command, "sight", lambda: look)

    for text, said in (("partitions: 8", "fixed for the life"), ("partitons: 8", "did you mean 'partitions'")):
        result = CliRunner().invoke(group, ["plan", str(folder_of(tmp_path, systems=text))])
        assert result.exit_code == 1
        assert said in result.output
