"""`driftwise governance check|diff|show`: what is decided, what changes, and what was probably not meant."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from click.testing import CliRunner

from schemas.instants import SECOND
from streams.commands import roles
from streams.commands.governance import governance
from streams.governance import BadGovernance, load
from streams.governance.difference import differences
from streams.judge.horizon import horizon_seconds
from streams.kinds.table import BY_NAME, KINDS
from streams.process_map.advice import advice
from streams.worker import wiring
from tests.unit.governance_folder import folder_of

RULE = "kind: invoice_not_posted, native_id: I-1, reason: r, by: ada"


def told(*arguments: Any) -> str:
    done = CliRunner().invoke(governance, [str(argument) for argument in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def warnings(folder: Path, now: int = 0) -> list[str]:
    return advice(load(folder), now)


def test_check_shows_every_kind_with_its_earliest_verdict() -> None:
    shown = json.loads(told("check", "--json"))["kinds"]

    assert [row["kind"] for row in shown] == [kind.row for kind in KINDS]
    assert {row["kind"]: row["horizon"] for row in shown}["invoice_not_posted"] == "2 s"


def test_a_horizon_beyond_the_deadline_is_warned_of(tmp_path: Path) -> None:
    (said,) = (
        w for w in warnings(folder_of(tmp_path, kinds="invoice_not_posted: {sla_seconds: 1}")) if "invoice_n" in w
    )

    assert said.startswith("kinds.yaml: invoice_not_posted: deadline 1 s, but the earliest verdict comes 2 s after it")


def test_a_horizon_beyond_the_deadline_of_a_segment_is_warned_of(tmp_path: Path) -> None:
    kinds = "invoice_not_posted: {segments: {enterprise: {sla_seconds: 60}, small_business: {sla_seconds: 900}}}"
    said = [w for w in warnings(folder_of(tmp_path, kinds=kinds)) if "invoice_not_posted" in w]

    assert len(said) == 1
    assert "deadline 1 min for enterprise, but the earliest verdict comes 670 s after it" in said[0]


def test_rules_by_segment_make_a_kind_as_slow_as_the_crm(tmp_path: Path) -> None:
    governed = load(folder_of(tmp_path, kinds="invoice_not_posted: {segments: {enterprise: {severity: S2}}}"))

    seconds = [horizon_seconds(g, BY_NAME["invoice_not_posted"]) for g in (load(), governed)]

    assert seconds == [2, 670]


def test_a_kind_that_nothing_captures_is_said_not_to_be_observed(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, mappings__erp="ledger_posting: null")

    (said,) = (w for w in warnings(folder) if w.startswith("kinds.yaml: invoice_not_posted:"))

    assert "not observed because nothing captures ledger posting from any erp system" in said


def test_an_expired_ignore_rule_is_a_warning_and_no_error(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, ignore=f"old: {{{RULE}, expires_at: 1970-01-01T00:00:50Z}}")

    assert [w for w in warnings(folder, 49 * SECOND) if "ignore" in w] == []
    assert [w for w in warnings(folder, 50 * SECOND) if "ignore" in w] == [
        "ignore.yaml: old: expired 1970-01-01T00:00:50.000Z: take it out, or have ada decide again"
    ]
    assert "warning: ignore.yaml: old: expired" in told("check", folder)


def test_a_list_of_periods_that_has_run_out_is_a_warning(tmp_path: Path) -> None:
    listed = "DE01: {period_ends: [1970-01-01]}\nUS01: {period_ends: [1970-01-01], monthly_periods: true}"
    folder, ends = folder_of(tmp_path, entities=listed), 23 * 3600 * SECOND  # in Berlin

    assert [w for w in warnings(folder, ends - 1) if "period" in w] == []
    assert [w for w in warnings(folder, ends) if "period" in w] == [
        "entities.yaml: DE01.period_ends: the last is over since 1970-01-01, so no close makes anything due any more: "
        "list those to come, or set monthly_periods: true"
    ]


def test_what_is_wrong_stops_the_check(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, kinds="invoice_not_posted: {sla_second: 5}")

    done = CliRunner().invoke(governance, ["check", str(folder)], catch_exceptions=False)

    assert done.exit_code == 1
    assert "Error: kinds.yaml: invoice_not_posted.sla_second: " in done.output
    assert "did you mean 'sla_seconds'" in done.output


def test_a_vendor_that_no_connector_captures_is_a_warning_and_stops_a_worker(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, systems="systems: {erp: {vendor: postgres}}")
    said = "systems.yaml: systems.erp.vendor: nothing here captures 'postgres' (did you mean 'postgresql'?)"

    assert f"warning: {said}" in told("check", folder)
    with pytest.raises(BadGovernance, match=re.escape(said)):
        wiring.readers(load(folder))


def test_diff_says_file_key_before_and_after(tmp_path: Path) -> None:
    before = folder_of(tmp_path / "1", kinds="invoice_not_posted: {sla_seconds: 60}", systems="segments: [big]")
    after = folder_of(
        tmp_path / "2",
        kinds="invoice_not_posted: {sla_seconds: 90, sla_business_days: 2}",
        mappings__erp="customer: {attributes: {tax_id: null}}",
    )

    assert told("diff", before, after).splitlines() == [
        "kinds.yaml: invoice_not_posted.sla_business_days is new: 2",
        "kinds.yaml: invoice_not_posted.sla_seconds was 60.0 and becomes 90.0",
        "mappings/erp.yaml: customer.attributes.tax_id is gone; it was tax_registration",
        "systems.yaml: segments was [big] and becomes [enterprise, mid_market, small_business]",
    ]


def test_diff_says_values_as_the_files_do(tmp_path: Path) -> None:
    before = folder_of(tmp_path / "1", systems="suspects: false\nsettled_retention_seconds: 50000")
    after = folder_of(
        tmp_path / "2",
        systems="suspects: true\nsettled_retention_seconds: null",
        kinds="invoice_not_posted: {owner_team: 'on', command_valid_seconds: null}",
    )

    assert told("diff", before, after).splitlines() == [
        "kinds.yaml: invoice_not_posted.command_valid_seconds was 604800.0 and becomes null",
        "kinds.yaml: invoice_not_posted.owner_team was finance-systems and becomes 'on'",
        "systems.yaml: settled_retention_seconds was 50000.0 and becomes null",
        "systems.yaml: suspects was false and becomes true",
    ]


def test_diff_is_told_to_programs_as_well(tmp_path: Path) -> None:
    before, after = (
        folder_of(tmp_path / "1", kinds=""),
        folder_of(tmp_path / "2", kinds="invoice_not_posted: {mode: alert}"),
    )

    assert json.loads(told("diff", "--json", before, after)) == [
        {"file": "kinds.yaml", "key": "invoice_not_posted.mode", "before": "propose", "after": "alert"}
    ]


def test_nothing_changes_between_equal_folders(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, kinds="invoice_not_posted: {mode: alert}")

    assert told("diff", folder, folder) == "nothing changes\n"
    assert differences(load(), load()) == []


def test_without_a_folder_those_of_the_deployment_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below, above = tmp_path / "below", tmp_path / "above"
    for folder, rules in ((below, "{sla_seconds: 60, severity: S4}"), (above, "{sla_seconds: 70}")):
        folder_of(folder, kinds=f"invoice_not_posted: {rules}")
    monkeypatch.setenv("DRIFTWISE_GOVERNANCE", f"{below}{os.pathsep}{above}")

    assert "sla_seconds: 70.0" in told("show", "kinds.invoice_not_posted.sla_seconds")
    assert "severity: S4" in told("show", "kinds.invoice_not_posted.severity")
    assert "severity: S1" in told("show", "kinds.invoice_not_posted.severity", "--governance", above)
    deadlines = {kind["kind"]: kind["deadline"] for kind in json.loads(told("check", "--json"))["kinds"]}
    assert deadlines["invoice_not_posted"] == "70 s"


def test_show_tells_what_is_in_force_below_a_key(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, kinds="invoice_not_posted: {sla_seconds: 60}")

    shown = told("show", "kinds.invoice_not_posted", "--folder", folder).splitlines()

    assert shown[:4] == ["# kinds.yaml", "invoice_not_posted:", "  sla_seconds: 60.0", "  sla_business_days: null"]
    assert "  finance_impacting: true" in shown
    assert "  execute_up_to: null" in shown
    assert told("show", "kinds.invoice_not_posted.severity") == "# kinds.yaml\ninvoice_not_posted:\n  severity: S1\n"


DECIDED = {
    "systems": """
        go_live_at: 2026-01-01T00:00:00+01:00
        settled_retention_seconds: null
        suspects: true
        judged: [invoice_not_posted]
        systems: {erp: {serves: {'01': 2025-01-01}, corrections_per_minute_max: 5}}""",
    "entities": "'01': {currency: EUR, country: 'NO', zone: Europe/Oslo, period_ends: [2026-01-31]}",
    "kinds": """
        invoice_not_posted: {sla_business_days: 2, tolerance_absolute: '0.10', owner_team: 'on',
          execute_up_to: {EUR: 5.50}, command_valid_seconds: null, segments: {enterprise: {mode: execute}}}
        charged_twice: null""",
    "ignore": "old: {kind: invoice_not_posted, native_id: '007', reason: 'ja: nein', by: ada, "
    "expires_at: 1970-01-01T00:00:50Z}",
}


@pytest.mark.parametrize("names", [(), ("ignore",), tuple(DECIDED)])
def test_what_show_prints_can_be_pasted_back(names: tuple[str, ...], tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "1", **{"people": "", **{name: dedent(DECIDED[name]) for name in names}})
    again = tmp_path / "2"

    for page in told("show", "--governance", folder).split("# ")[1:]:
        file, _, content = page.partition("\n")
        (again / file).parent.mkdir(parents=True, exist_ok=True)
        (again / file).write_text(content)

    assert load(folder, again) == load(folder)


def test_show_tells_null_to_programs_as_well() -> None:
    shown = json.loads(told("show", "kinds.invoice_not_posted", "--json"))

    assert shown["kinds.invoice_not_posted.execute_up_to"] is None


def test_kinds_that_are_not_observed_are_named_in_one_line_and_explained_on_request(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, mappings__erp="ledger_posting: null")
    short, long = (told("check", folder, *more).splitlines() for more in ((), ("--long",)))

    (line,) = (line for line in short if "not observed:" in line)
    names = line.partition(": ")[2].partition(": ")[2].partition(";")[0].split(", ")
    each = [line for line in long if "not observed because" in line]

    assert line.startswith(f"warning: {len(names)} kinds are not observed: ")
    assert [line.split(": ")[2] for line in each] == names
    assert not [line for line in short if "not observed because" in line]
    assert [said for said in short if said != line] == [said for said in long if said not in each]
    warned = [line.removeprefix("warning: ") for line in long if line.startswith("warning: ")]
    assert json.loads(told("check", "--json", folder))["warnings"] == warned


@pytest.mark.parametrize(("file", "key"), [("kinds.yaml", "kinds"), ("mappings/erp.yaml", "mappings.erp")])
def test_show_takes_the_name_of_a_file(file: str, key: str) -> None:
    assert told("show", file) == told("show", key)
    assert told("show", file).startswith(f"# {file}\n")


def test_show_of_an_unknown_key_says_what_was_meant() -> None:
    done = CliRunner().invoke(governance, ["show", "kinds.invoice_not_postd"])

    assert done.exit_code == 1
    assert "did you mean 'kinds.invoice_not_posted'?" in done.output


def test_a_word_that_no_rule_knows_is_warned_of(tmp_path: Path) -> None:
    assert not [said for said in warnings(tmp_path) if "no rule knows" in said]

    folder = folder_of(tmp_path, mappings__billing="invoice: {attributes: {status: {map: {Posted: postd}}}}")
    (said,) = (said for said in warnings(folder) if "no rule knows" in said)

    assert said.startswith(
        "mappings/billing.yaml: invoice.attributes.status.map.Posted: no rule knows 'postd' (did you mean 'posted'?)"
    )


def test_a_word_that_is_no_flag_is_warned_of(tmp_path: Path) -> None:
    words = "{field: managed, map: {Y: 'true', N: 'no'}}"
    folder = folder_of(tmp_path, mappings__crm=f"Opportunity: {{attributes: {{order_managed: {words}}}}}")

    (said,) = (said for said in warnings(folder) if "no flag" in said)

    assert said == (
        "mappings/crm.yaml: Opportunity.attributes.order_managed.map.N: 'no' is no flag: map to 'true' or 'false'"
    )


def test_a_folder_that_holds_no_file_is_warned_of(tmp_path: Path) -> None:
    (folder := tmp_path / "not_mounted").mkdir()
    (folder / "README.md").write_text("")
    decides = folder_of(tmp_path / "decides", mappings__erp="ledger_posting: null")

    assert f"warning: {folder}: holds no YAML file, so the defaults stay in force" in told("check", folder, decides)
    assert "holds no YAML file" not in told("check", decides)


def test_roles_warn_of_a_folder_that_holds_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(roles, "begin", lambda: None)
    monkeypatch.setattr(roles.worker_main, "run", lambda found, port_file: 0)
    environment = {"DRIFTWISE_GOVERNANCE": str(tmp_path), "DRIFTWISE_KAFKA_BOOTSTRAP": "k:1"}
    CliRunner(env=environment | {"DRIFTWISE_REGISTRY_URL": "http://r"}).invoke(roles.worker, catch_exceptions=False)

    assert "holds no YAML file" in caplog.text
