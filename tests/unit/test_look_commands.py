"""The commands that look, over a driven topology instead of a broker."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from schemas import topics
from streams.commands import halts
from streams.commands import letters as letters_commands
from streams.commands import look as look_commands
from streams.commands.looking import Sight
from streams.look.read import CannotLook
from streams.look.write import Outgoing
from streams.settings import Settings
from tests.look import DriverCluster, micros
from tests.topology import Company, governance
from tests.unit.test_suspects import twins, watchful

Run = Callable[..., Result]
NOW = 31


def company() -> Company:
    """A won deal (drift since 11), a posted invoice whose posting was refused, a customer in three systems."""
    made = Company()
    made.row("crm", "Account", "A", 1, Billing_Account_Id__c="B", ERP_Customer_Id__c="E", Name="Acme [GmbH]")
    made.row("billing", "account", "B", 1, name="ACME")
    made.row("erp", "customer", "E", 1)
    made.row("billing", "invoice", "I", 2, "B", status="Posted")
    made.row("erp", "ledger_posting", "P", 3, "E", status="Odd")
    made.row("erp", "credit_memo", "M", 1, "E")
    made.row("crm", "Account", "Z", 1)
    made.row("crm", "Opportunity", "O", 1, "Z", StageName="Closed Won")
    made.row("billing", "invoice_line", "L", 2, "B", invoice_id="I-9")
    made.heard(30)
    return made


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    return looking_at(monkeypatch, company())


def looking_at(monkeypatch: pytest.MonkeyPatch, made: Company) -> Run:
    sight = Sight(Settings("", ""), made.governance, DriverCluster(made.driver, micros(NOW)), lambda: micros(NOW))
    for module in (look_commands, letters_commands):
        monkeypatch.setattr(module, "sight", lambda: sight)

    def run(command: click.Command, *args: str) -> Result:
        return CliRunner().invoke(command, args, catch_exceptions=False)

    return run


def document(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_state_shows_who_owns_agrees_and_diverges(run: Run) -> None:
    found = document(run(look_commands.state, "E", "--json"))

    (customer,) = [e for e in found["entities"] if e["entity"] == "customer"]
    (name,) = [a for a in customer["attributes"] if a["name"] == "name"]
    assert (found["canonical_id"], name["owner"], name["diverge"]) == (
        "crm:A",
        "crm",
        {"billing": '"ACME"', "erp": '"Acme"'},
    )
    assert found["process"]["members"] == ["billing:B", "crm:A", "erp:E"]
    assert found["watermarks"]["erp"] == "1970-01-01T00:00:30Z"


def test_state_for_people_shows_names_as_they_are_and_how_old_it_is(run: Run) -> None:
    shown = run(look_commands.state, "E").output

    assert "crm:A: provisioned" in shown
    assert "Acme [GmbH]" in shown
    assert "InvoicesPosted" in shown
    assert "119 EUR" in shown
    assert "read from q2c.corrected-state-" in shown
    assert "erp up to 1970-01-01T00:00:30.000Z (1 s ago)" in shown


def test_state_of_nobody_is_one_line_and_exit_1(run: Run) -> None:
    result = run(look_commands.state, "nobody")

    assert result.exit_code == 1
    assert result.output.startswith("Error: no customer 'nobody' is known")


def test_drifts_lists_the_worst_first(run: Run) -> None:
    found = document(run(look_commands.drifts, "--json"))

    assert [(d["severity"], d["kind"]) for d in found] == [
        ("S2", "won_without_erp_customer"),
        ("S2", "credit_memo_unpropagated"),
    ]
    assert found[0]["amount_at_stake"] == {"amount": "1200", "currency": "EUR", "basis": "net"}
    assert found[0]["opened_at"] == "1970-01-01T00:00:11Z"


def test_drifts_for_people_say_subject_amount_owner_age_and_command_mode(run: Run) -> None:
    shown = run(look_commands.drifts, "--customer", "Z").output

    for text in ("crm/opportunity/O", "1200 EUR", "finance-systems", "20 s ago", "execute"):
        assert text in shown
    assert "credit_memo" not in shown


def test_drifts_of_a_kind_that_has_none(run: Run) -> None:
    assert "none open" in run(look_commands.drifts, "--kind", "26").output
    assert document(run(look_commands.drifts, "--kind", "26", "--json")) == []


def test_check_says_2_while_drift_is_open(run: Run) -> None:
    result = run(look_commands.check)

    assert (result.exit_code, result.output.startswith("2 open: ")) == (2, True)


def test_check_says_0_when_nothing_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Company()
    made.heard(30)

    assert looking_at(monkeypatch, made)(look_commands.check).exit_code == 0


def test_check_says_1_with_the_reason_when_it_cannot_look(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Company()
    run = looking_at(monkeypatch, made)
    monkeypatch.setattr(DriverCluster, "raw", unreachable)

    result = run(look_commands.check, "--json")

    assert result.exit_code == 1
    assert json.loads(result.output) == {"code": 1, "why": "cannot tell: Kafka does not answer"}


def unreachable(*args: object) -> None:
    raise CannotLook("Kafka does not answer")


def test_sources_show_every_source_with_what_waits(run: Run) -> None:
    found = document(run(look_commands.sources, "--json"))

    assert {s["source"] for s in found} == {"crm/*", "billing/*", "billing/@links", "erp/*", "erp/@links"}
    assert {(s["phase"], s["obligations"]) for s in found} == {("streaming", 0)}
    assert "streaming" in run(look_commands.sources).output


def test_why_answers_for_kinds_across_customers_by_name_and_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Company(watchful())
    twins(made)
    made.heard(30)
    run = looking_at(monkeypatch, made)

    for called in ("44", "duplicate_customer_suspected"):
        found = document(run(look_commands.why, "A2", called, "A2", "--json"))["explanations"]
        assert [e["outcome"] for e in found if e["kind"] == "duplicate_customer_suspected"] == ["open"]
    assert "A2" in run(look_commands.drifts, "--kind", "duplicate_customer_suspected").output


def test_why_says_how_a_kind_is_switched_on_if_somebody_asks_for_it(run: Run) -> None:
    asked = document(run(look_commands.why, "E", "duplicate_customer_suspected", "--json"))["explanations"]
    (found,) = [e for e in asked if e["kind"]]
    assert (found["outcome"], "`judged` in systems.yaml" in found["because"]) == ("off", True)

    assert not any(e["outcome"] == "off" for e in document(run(look_commands.why, "E", "--json"))["explanations"])


def test_why_answers_for_one_kind_and_subject(run: Run) -> None:
    found = document(run(look_commands.why, "B", "8", "I", "--json"))

    assert found["customer"] == "crm:A"
    assert [(e["kind"], e["outcome"]) for e in found["explanations"]] == [("invoice_not_posted", "held")]


def test_why_for_people_names_the_parent_that_a_parked_row_wants(run: Run) -> None:
    shown = " ".join(run(look_commands.why, "A").output.split())

    assert "billing/invoice_line/L" in shown
    assert "for want of its invoice I-9" in shown


def test_dead_letters_are_listed_and_shown_with_their_content(run: Run) -> None:
    (letter,) = document(run(letters_commands.dead_letters, "list", "--json"))
    assert (letter["reason"], letter["entity"], letter["status"]) == ("unmapped_status", "ledger_posting", "new")
    assert letter["letter_id"] in run(letters_commands.dead_letters, "list", "--reason", "unmapped_status").output
    assert run(letters_commands.dead_letters, "list", "--reason", "another").output == "none\n"

    shown = run(letters_commands.dead_letters, "show", letter["letter_id"]).output
    assert '"status": "Odd"' in shown
    assert document(run(letters_commands.dead_letters, "show", letter["letter_id"], "--json"))["decoded"]["id"] == "P"


def test_bytes_that_cannot_be_decoded_are_dumped(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Company()
    made.driver.pipe_raw("src.erp", b"E", b"no avro at all", 1, {})
    made.driver.run()

    shown = looking_at(monkeypatch, made)(letters_commands.dead_letters, "show", "src.erp-1-0").output

    assert "14 bytes that cannot be decoded" in shown
    assert "00000000  6e 6f 20 61" in shown


def test_replay_wants_either_a_letter_or_all(run: Run) -> None:
    assert run(letters_commands.dead_letters, "replay").exit_code == 2
    assert run(letters_commands.dead_letters, "replay", "x", "--all").exit_code == 2


def test_replay_all_leaves_what_was_refused_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    made = company()
    made.driver.pipe_raw("src.erp", b"E", b"no avro", 1, {"driftwise-letter": b"old", "driftwise-letter-hops": b"2"})
    made.driver.run()
    run = looking_at(monkeypatch, made)
    sent: list[Outgoing] = []
    monkeypatch.setattr(letters_commands, "write", lambda settings, records: sent.extend(records) or len(sent))

    found = document(run(letters_commands.dead_letters, "replay", "--all", "--json"))

    assert (len(found["replayed"]), found["needs_fix"]) == (1, 1)
    assert [r.headers["driftwise-letter"].decode() for r in sent] == found["replayed"]


def test_a_dismissal_is_written_as_a_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part of it closed the hole in some partitions, or for judge alone."""
    made = company()
    run, sent = looking_at(monkeypatch, made), list[list[Outgoing]]()
    monkeypatch.setattr(letters_commands, "write_together", lambda _, records: sent.append(list(records)))
    (letter,) = document(run(letters_commands.dead_letters, "list", "--json"))

    run(letters_commands.dead_letters, "dismiss", letter["letter_id"], "--reason", "test data")

    assert [[record.topic for record in records] for records in sent] == [
        [topics.AUDIT, topics.CHANGES, "src.erp", topics.PROGRESS]
    ]


def test_a_dismissal_without_reason_is_refused(run: Run) -> None:
    assert run(letters_commands.dead_letters, "dismiss", "x").exit_code == 2
    assert run(letters_commands.dead_letters, "dismiss", "x", "--reason", " ").exit_code == 1


@pytest.mark.parametrize(("what", "scope"), [("erp", "system"), ("won_without_erp_customer", "kind")])
def test_a_halt_and_its_end_are_told_to_the_fleet(monkeypatch: pytest.MonkeyPatch, what: str, scope: str) -> None:
    made = Company(governance().model_copy(update={"judged": ("correction_breaker",)}))
    run, written = looking_at(monkeypatch, made), list[Outgoing]()
    monkeypatch.setattr(halts, "sight", look_commands.sight)
    monkeypatch.setattr(halts, "write", lambda _, records: written.extend(records))

    told = json.loads(run(halts.halt, what, "--reason", "a release", "--json").output)
    run(halts.resume, what)
    assert datetime.fromisoformat(told["at"]).tzinfo is not None

    said = [made.driver.codec.decode(r.value or b"") for r in written]
    assert [(d.record, d.value["scope"], d.value["name"], d.value["halted"]) for d in said] == [
        ("HaltAsked", scope, what, True),
        ("HaltAsked", scope, what, False),
    ]
    assert {(r.topic, r.partition) for r in written} == {("q2c.progress", 0)}


def test_what_cannot_be_halted_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Company(governance().model_copy(update={"judged": ("correction_breaker",)}))
    run = looking_at(monkeypatch, made)
    monkeypatch.setattr(halts, "sight", look_commands.sight)

    said = run(halts.halt, "invoice_not_postd", "--reason", "x").output
    assert "is neither a system of this deployment (crm, billing, erp) nor a kind (did you mean" in said
    assert "needs a reason" in run(halts.halt, "erp", "--reason", " ").output
