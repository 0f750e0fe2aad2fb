"""What is said of a document that has left the state by retention."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from streams.commands import look as look_commands
from streams.commands.looking import Sight
from streams.settings import Settings
from tests.look import DriverCluster, micros
from tests.topology import Company
from tests.unit.test_retention import company, held, posted


def why(monkeypatch: pytest.MonkeyPatch, made: Company, now: float, *args: str) -> str:
    sight = Sight(Settings("", ""), made.governance, DriverCluster(made.driver, micros(now)), lambda: micros(now))
    monkeypatch.setattr(look_commands, "sight", lambda: sight)
    return CliRunner().invoke(look_commands.why, ["A", *args], catch_exceptions=False).output


def explanations(monkeypatch: pytest.MonkeyPatch, made: Company, now: float, *args: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(why(monkeypatch, made, now, *args, "--json"))["explanations"]
    return found


def left() -> Company:
    """An invoice of 5 s and its posting of 7 s, which stay a hundred seconds."""
    made = company()
    posted(made)
    made.heard(200)
    assert held(made) == []
    return made


def test_what_has_left_says_so_with_its_instant_and_where_to_look(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = explanations(monkeypatch, left(), 201, "invoice_not_posted", "I")

    assert (found["outcome"], found["system"], found["entity"]) == ("left", "billing", "invoice")
    assert "left the state by retention at 1970-01-01T00:01:45.0" in found["because"]
    assert "its last change was 1970-01-01T00:00:05.000Z" in found["because"]
    assert "1 min 40 s after its last change (settled_retention_seconds in systems.yaml)" in found["because"]
    assert "`driftwise state crm:A`" in found["because"]


def test_every_kind_that_judged_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    found = explanations(monkeypatch, left(), 201)
    one = explanations(monkeypatch, left(), 201, "8", "I")

    assert [(e["entity"], e["because"][:27]) for e in found if e["outcome"] == "left"] == [
        ("invoice", "1 left the state by retenti"),
        ("ledger_posting", "1 left the state by retenti"),
    ]
    assert [(e["kind"], e["outcome"]) for e in one] == [("invoice_not_posted", "left")]
    (none,) = [e for e in found if e["kind"] == "invoice_not_posted"]
    assert none["because"].startswith("not triggered by anything that has not left by retention: no invoice from")


@pytest.mark.parametrize(
    ("told", "outcome"), [({"operation": "delete"}, "no_subject"), ({"status": "Draft"}, "not_triggered")]
)
def test_what_was_deleted_or_is_not_settled_has_not_left(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, Any], outcome: str
) -> None:
    made = company()
    made.row("billing", "invoice", "I", 5, "B")
    made.row("billing", "invoice", "I", 6, "B", **told)
    made.heard(200)

    of_kind = [e for e in explanations(monkeypatch, made, 201) if e["kind"] == "invoice_not_posted"]
    assert [e["outcome"] for e in of_kind] == [outcome]
    assert "left" not in {e["outcome"] for e in explanations(monkeypatch, made, 201)}


def test_one_that_came_back_says_that_it_is_judged_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    made = left()
    made.row("billing", "invoice", "I", 210, "B", status="Posted", due_on="2026-03-01")
    made.heard(250)

    (found,) = explanations(monkeypatch, made, 251, "invoice_not_posted", "I")

    assert found["outcome"] == "left"
    assert "it came 1970-01-01T00:03:30.000Z after a silence longer than settled documents stay" in found["because"]


def test_where_nothing_is_known_it_says_what_retention_means(monkeypatch: pytest.MonkeyPatch) -> None:
    said = " ".join(why(monkeypatch, left(), 201, "invoice_not_posted", "X").split())
    for_ever = " ".join(why(monkeypatch, company(None), 201, "invoice_not_posted", "X").split())

    assert "nothing of that kind and subject is known; a settled document leaves the state 1 min 40 s after" in said
    assert "nothing of that kind and subject is known" in for_ever
    assert "leaves the state" not in for_ever


@pytest.mark.parametrize("subject", ["I", "billing/invoice/I"])
def test_a_subject_is_named_by_its_id_or_as_drifts_shows_it(monkeypatch: pytest.MonkeyPatch, subject: str) -> None:
    (gone,) = explanations(monkeypatch, left(), 201, "invoice_not_posted", subject)
    (made := company()).heard(3)
    posted(made)
    found = explanations(monkeypatch, made, 9, "invoice_not_posted", subject)

    assert (gone["native_id"], gone["outcome"]) == ("I", "left")
    assert [each["native_id"] for each in found] == ["I"]
    assert explanations(monkeypatch, made, 9, "invoice_not_posted", "erp/invoice/I") == []
