"""`driftwise backtest`: what a log of canonical changes says, line by line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from schemas.instants import SECOND, iso
from streams.commands.backtest import backtest

RULES = {
    "systems.yaml": "judged: [invoice_not_posted]\n",
    "kinds.yaml": "invoice_not_posted: {sla_seconds: 10, hold_down_seconds: 0}\n",
}
Line = dict[str, Any]


def line(at: float, system: str, entity: str, native_id: str, customer: str | None = None, **attributes: Any) -> Line:
    made = {"system": system, "entity": entity, "native_id": native_id, "committed_at": round(at * SECOND)}
    return made | ({"customer": customer} if customer else {}) | {"attributes": attributes}


def money(amount: object) -> Line:
    return {"amount": amount, "currency": "EUR"}


def customer(at: float = 1) -> list[Line]:
    return [
        line(at, "crm", "customer", "A", name="Acme", status="active"),
        line(at, "billing", "customer", "B", name="Acme", status="active", crm_ref="A"),
        line(at, "erp", "customer", "E", name="Acme", status="active", crm_ref="A"),
    ]


def invoice(at: float = 3, native_id: str = "I", **attributes: Any) -> Line:
    stated = {"number": f"INV-{native_id}", "status": "posted", "total": money("119.00")}
    return line(at, "billing", "invoice", native_id, "B", **stated | attributes)


def posting(at: float, native_id: str = "I") -> Line:
    stated = {"document_type": "invoice", "document_ref": f"INV-{native_id}", "status": "posted"}
    return line(at, "erp", "ledger_posting", f"L-{native_id}", "E", **stated, total=money("119.00"))


class Bench:
    """Runs the command over lines, under rules of ten seconds for one kind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rules(RULES)

    def rules(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = self.folder / "rules" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def run(self, lines: Sequence[Line | str], *options: str) -> Result:
        text = "".join((x if isinstance(x, str) else json.dumps(x)) + "\n" for x in lines)
        (self.folder / "log.jsonl").write_text(text)
        return self.over(str(self.folder / "log.jsonl"), *options)

    def over(self, path: str, *options: str, given: str | None = None) -> Result:
        arguments = [path, "--governance", str(self.folder / "rules"), *options]
        return CliRunner().invoke(backtest, arguments, catch_exceptions=False, input=given)

    def found(self, lines: Sequence[Line | str], *options: str) -> Any:
        result = self.run(lines, "--json", *options)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def counts(found: Any) -> dict[str, int]:
    by_kind: dict[str, int] = found["by_kind"]["invoice_not_posted"]
    return by_kind


def test_what_is_missing_when_its_deadline_has_passed_is_a_drift(bench: Bench) -> None:
    found = bench.found([*customer(), invoice(3), *customer(60)])

    (drift,) = found["drifts"]
    assert (found["changes"], counts(found)) == (7, {"opened": 1, "resolved": 0, "unknown": 0})
    assert (drift["kind"], drift["native_id"], drift["status"]) == ("invoice_not_posted", "I", "open")
    assert (drift["opened_at"], drift["amount_at_stake"]["amount"]) == ("1970-01-01T00:00:13Z", "119")


def test_what_comes_later_resolves_it(bench: Bench) -> None:
    found = bench.found([*customer(), invoice(3), posting(20), *customer(60)])

    assert counts(found) == {"opened": 1, "resolved": 1, "unknown": 0}
    assert [d["how"] for d in found["drifts"]] == ["self_healed"]


def test_the_end_of_the_log_judges_nothing_that_was_not_due(bench: Bench) -> None:
    found = bench.found([*customer(), invoice(3)])

    assert (counts(found)["opened"], found["pending"]) == (0, {"invoice_not_posted": 1})


def test_until_closes_the_log_later(bench: Bench) -> None:
    found = bench.found([*customer(), invoice(3)], "--until", "1970-01-01T00:00:13Z")

    assert (counts(found)["opened"], found["pending"]) == (1, {})


def test_until_leaves_out_what_came_later(bench: Bench) -> None:
    found = bench.found([*customer(), invoice(3), posting(20)], "--until", str(15 * SECOND))

    assert (found["changes"], [d["status"] for d in found["drifts"]]) == (4, ["open"])


def test_iso_times_and_microseconds_mean_the_same(bench: Bench) -> None:
    lines = [*customer(), invoice(3), *customer(60)]
    told = [made | {"committed_at": iso(made["committed_at"])} for made in lines]

    assert bench.found(told)["drifts"] == bench.found(lines)["drifts"]


def test_a_deletion_withdraws_what_was_demanded(bench: Bench) -> None:
    gone = {k: v for k, v in invoice(5).items() if k != "attributes"} | {"operation": "delete"}
    found = bench.found([*customer(), invoice(3), gone, *customer(60)])

    assert counts(found) == {"opened": 0, "resolved": 0, "unknown": 0}


def test_a_version_that_was_told_before_changes_nothing(bench: Bench) -> None:
    first, again = invoice(3) | {"version": 7}, invoice(5, status="voided") | {"version": 7}

    assert counts(bench.found([*customer(), first, again, *customer(60)]))["opened"] == 1


def test_standard_input_is_read_as_a_file_is(bench: Bench) -> None:
    lines = [*customer(), invoice(3), *customer(60)]
    expected = bench.found(lines)["drifts"]

    result = bench.over("-", "--json", given="".join(json.dumps(made) + "\n" for made in lines))
    assert json.loads(result.stdout)["drifts"] == expected


def test_a_source_that_was_not_heard_leaves_it_unknown(bench: Bench) -> None:
    marks: list[Line | str] = [{"watermark": 60 * SECOND, "system": s} for s in ("crm", "billing")]
    lines = [*customer(), invoice(3), *marks, {"watermark": 12 * SECOND, "system": "erp"}]
    found = bench.found(lines)
    assert counts(found) == {"opened": 0, "resolved": 0, "unknown": 1}

    found = bench.found([*lines, {"watermark": 60 * SECOND, "system": "erp"}])
    assert counts(found) == {"opened": 1, "resolved": 0, "unknown": 0}


def test_a_watermark_may_speak_of_one_entity(bench: Bench) -> None:
    entities = ("customer", "ledger_posting")
    marks = [{"watermark": 60 * SECOND, "system": s} for s in ("crm", "billing")]
    marks += [{"watermark": 60 * SECOND, "system": "erp", "entity": entity} for entity in entities]

    assert counts(bench.found([*customer(), invoice(3), *marks]))["opened"] == 1


def test_with_watermarks_a_belated_change_amends_the_verdict(bench: Bench) -> None:
    marks = [{"watermark": 60 * SECOND, "system": s} for s in ("crm", "billing", "erp")]
    again = [mark | {"watermark": 90 * SECOND} for mark in marks]
    found = bench.found([*customer(), invoice(3), *marks, posting(9), *again])

    assert (found["late"], [d["how"] for d in found["drifts"]]) == (1, ["retracted"])


def test_a_log_that_is_not_sorted_is_refused_with_the_remedy(bench: Bench) -> None:
    result = bench.run([*customer(), invoice(30), invoice(3, "J"), *customer(60)])

    assert result.exit_code == 1
    assert "line 5 was committed 27 s before a line above it" in result.stderr
    assert "--disorder 27" in result.stderr


def test_disorder_sorts_within_its_width(bench: Bench) -> None:
    lines = [*customer(), invoice(3), invoice(30, "J"), posting(9), *customer(60)]
    found = bench.found(lines, "--disorder", "21")

    assert ([d["native_id"] for d in found["drifts"]], found["late"]) == (["J"], 0)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        pytest.param("{", "unreadable", id="no JSON"),
        pytest.param("[1]", "unreadable", id="no object"),
        pytest.param(invoice(4, colour="red"), "unknown_attribute", id="unknown attribute"),
        pytest.param(line(4, "billing", "unicorn", "U", "B"), "unknown_entity", id="unknown entity"),
        pytest.param(invoice(4) | {"committed_at": "yesterday"}, "unreadable_time", id="no time"),
        pytest.param(invoice(4) | {"committed_at": "2026-01-01T00:00:00"}, "unreadable_time", id="no time zone"),
        pytest.param(invoice(4) | {"customer": None}, "missing_field", id="no customer"),
        pytest.param(invoice(4) | {"attributes": None}, "missing_field", id="no attributes"),
        pytest.param(invoice(4) | {"operation": "merge"}, "unknown_operation", id="unknown operation"),
        pytest.param(invoice(4, total="119.00 EUR"), "not_an_amount", id="money that is text"),
        pytest.param(invoice(4, total=money("a lot")), "not_an_amount", id="no number"),
        pytest.param(invoice(4, issued_on="soon"), "unreadable_value", id="no date"),
        pytest.param({"watermark": "late", "system": "erp"}, "unreadable_time", id="no watermark"),
    ],
)
def test_a_line_that_cannot_be_used_is_diverted_with_its_number(bench: Bench, bad: Line | str, reason: str) -> None:
    found = bench.found([*customer(), bad, *customer(60)])

    assert [(d["line"], d["reason"]) for d in found["diverted"]] == [(4, reason)]
    assert (found["diverted_count"], found["changes"]) == (1, 6)


def test_what_was_diverted_is_a_hole_in_the_evidence(bench: Bench) -> None:
    unreadable = posting(5)
    unreadable["attributes"]["colour"] = "red"
    found = bench.found([*customer(), invoice(3), unreadable, *customer(60)])

    assert counts(found) == {"opened": 0, "resolved": 0, "unknown": 1}


def test_a_system_that_governance_does_not_name_stops_the_run_with_the_remedy(bench: Bench) -> None:
    result = bench.run([*customer(), line(2, "spreadsheet", "customer", "X", name="Acme")])

    assert result.exit_code == 1
    assert "'spreadsheet' (line 4)" in result.stderr
    assert "systems.yaml" in result.stderr


def test_a_system_that_governance_adds_is_judged_like_any_other(bench: Bench) -> None:
    mapping = "customer: {entity: customer, id: id, customer: customer, attributes: {crm_ref: crm_ref}}\n"
    system = "{vendor: any, role: erp, stale_after_seconds: 300, horizon_seconds: 2, links: {crm_ref: crm}}"
    bench.rules(
        {"systems.yaml": f"{RULES['systems.yaml']}systems: {{books: {system}}}\n", "mappings/books.yaml": mapping}
    )
    account, posted = line(1, "books", "customer", "F", crm_ref="A"), posting(5) | {"system": "books", "customer": "F"}

    assert counts(bench.found([*customer(), account, invoice(3), *customer(60)]))["opened"] == 1
    assert counts(bench.found([*customer(), account, invoice(3), posted, *customer(60)]))["opened"] == 0


def test_a_kind_is_not_judged_without_the_system_that_it_looks_at(bench: Bench) -> None:
    bench.rules({"systems.yaml": f"{RULES['systems.yaml']}systems: {{erp: null}}\n"})

    assert bench.found([*customer()[:2], invoice(3), *customer(60)[:2]])["by_kind"] == {}


def test_other_rules_give_other_verdicts(bench: Bench) -> None:
    lines = [*customer(), invoice(3), posting(20), *customer(60)]
    assert counts(bench.found(lines))["opened"] == 1

    bench.rules({"kinds.yaml": "invoice_not_posted: {sla_seconds: 30}\n"})
    assert counts(bench.found(lines))["opened"] == 0


def test_what_was_triggered_before_go_live_is_baseline(bench: Bench) -> None:
    bench.rules({"systems.yaml": "judged: [invoice_not_posted]\ngo_live_at: 1970-01-01T00:00:10Z\n"})
    found = bench.found([*customer(), invoice(3), invoice(12, "J"), *customer(60)])

    assert (counts(found)["opened"], found["baseline"]) == (1, {"invoice_not_posted": 1})


def test_people_are_told_what_the_numbers_leave_out(bench: Bench) -> None:
    result = bench.run([*customer()[:2], invoice(3), invoice(30, "J"), line(31, "billing", "unicorn", "U", "B")])

    assert "invoice_not_posted" in result.stdout
    assert "line 5: unknown_entity" in result.stdout
    assert "no change came from erp" in result.stderr
    assert "1 obligation was not due" in result.stderr


@pytest.mark.parametrize("lines", [[], ["", "  "]])
def test_an_empty_log_is_told_as_such(bench: Bench, lines: list[str]) -> None:
    result = bench.run(lines)

    assert (result.exit_code, result.stderr) == (1, "Error: the log is empty: there is nothing to judge\n")


def test_kinds_of_which_there_is_nothing_have_no_line(bench: Bench) -> None:
    (bench.folder / "rules" / "systems.yaml").write_text("judged: [invoice_not_posted, won_without_erp_customer]")
    shown = bench.run([*customer(), invoice(3), *customer(60)]).stdout

    assert "invoice_not_posted" in shown
    assert "won_without_erp_customer" not in shown
    assert "nothing of 1 other kinds that were judged" in shown


def test_a_typo_in_a_line_is_told_with_what_was_meant(bench: Bench) -> None:
    found = bench.found([*customer(), line(4, "billing", "invoce", "U", "B"), invoice(5, statuss="x"), *customer(60)])

    assert [d["detail"].partition(";")[0] for d in found["diverted"]] == [
        "entity 'invoce' (did you mean 'invoice'?)",
        "invoice has no attribute 'statuss' (did you mean 'status'?)",
    ]


def test_a_state_that_no_rule_knows_is_warned_of_with_its_first_line(bench: Bench) -> None:
    result = bench.run([*customer(), invoice(3, status="Posted"), invoice(4, status="Posted"), *customer(60)])

    (note,) = (line for line in result.stderr.splitlines() if "no rule knows" in line)
    assert note.startswith("note: line 4: invoice.status: no rule knows 'Posted' (did you mean 'posted'?); known: ")
