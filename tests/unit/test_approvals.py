"""Somebody has a correction performed that was only proposed: exactly that one, unless something else keeps it back."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest

from schemas import topics
from streams.commands import approvals
from streams.commands import look as look_commands
from streams.commands.approvals import unapprovable
from streams.look.write import Outgoing
from streams.verify.identities import IDENTITIES
from tests.dossiers.model import change
from tests.dossiers.stage import THE_END, Play
from tests.dossiers.table import dossier_of
from tests.look import drift
from tests.topology import Company, governance
from tests.unit.governed_company import play_of
from tests.unit.test_look_commands import looking_at
from tests.unit.test_posting import MIDNIGHT, TODAY, books

DEAL = "won_without_erp_customer"
STORY = dossier_of(DEAL).story
OPENS = dossier_of(DEAL).opens_at


def proposed(*story: Any, **rules: Any) -> Play:
    """A drift whose command nobody may perform yet."""
    return play_of(DEAL, story or STORY, **{"mode": "propose", **rules}).heard(OPENS + 1).run()


def approve(play: Play, **otherwise: Any) -> None:
    """As the command line does."""
    (stands,) = play.drifts()
    told = {name: stands[name] for name in approvals._SUBJECT}
    value = {**told, "by": "ada", "reason": "seen", "at": 0, **otherwise}
    play.driver.pipe(topics.CHANGES, stands["canonical_id"], "CorrectionApproved", value)


def commands(play: Play) -> list[tuple[str, str]]:
    return [(w.value["mode"], w.value["approved_by"]) for w in play.driver.written[topics.COMMANDS] if w.value]


def test_what_was_proposed_is_performed_once_somebody_approved_it() -> None:
    play = proposed()
    approve(play)
    play.heard(THE_END).run()

    (stands,) = play.drifts()
    assert commands(play) == [("propose", ""), ("execute", "ada")]
    assert (stands["mode"], stands["approved_by"], stands["status"]) == ("execute", "ada", "open")
    assert len({w.value["command_id"] for w in play.driver.written[topics.COMMANDS] if w.value}) == 1


def test_it_is_performed_once_however_often_it_is_approved() -> None:
    play = proposed()
    for _ in range(3):
        approve(play)
        play.heard(OPENS + 2).run()
    play.heard(THE_END).run()

    assert commands(play) == [("propose", ""), ("execute", "ada")]


def test_above_a_limit_somebody_decides() -> None:
    play = proposed(mode="execute", execute_up_to={"EUR": Decimal(1)})
    assert play.drifts()[0]["restraint"] == "over_limit"

    approve(play)
    play.heard(THE_END).run()

    assert commands(play) == [("propose", ""), ("execute", "ada")]
    assert play.drifts()[0]["restraint"] == ""


def test_what_asks_for_something_else_by_now_is_not_what_was_approved() -> None:
    play = proposed()
    approve(play, command_id="another")
    play.heard(THE_END).run()

    assert commands(play) == [("propose", "")]


def test_books_that_are_being_closed_come_first() -> None:
    story = (change(2, "crm", "customer", "A", name="Acme", legal_entity="DE01"), *STORY)
    play = play_of(DEAL, story, mode="propose", top=books(close_freezes=(TODAY,))).heard(OPENS + 1).run()
    approve(play)
    play.heard(MIDNIGHT - 1).run()
    assert (play.drifts()[0]["mode"], play.drifts()[0]["restraint"]) == ("propose", "books_closing")

    play.heard(MIDNIGHT + 1).run()

    assert commands(play)[-1] == ("execute", "ada")
    assert [mode for mode, _ in commands(play)].count("execute") == 1


def test_what_was_switched_to_alerts_is_not_performed() -> None:
    play = proposed(mode="alert")
    approve(play, command_id="c")
    play.heard(THE_END).run()

    assert commands(play) == []


@pytest.mark.parametrize("seed", range(8))
def test_it_is_performed_in_any_order_and_after_crashes_and_once(seed: int) -> None:
    play = proposed()
    approve(play)
    play.heard(THE_END).run_in_any_order(random.Random(seed), duplicates=0.3, crashes=0.2)

    (stands,) = play.drifts()
    assert (stands["mode"], stands["approved_by"]) == ("execute", "ada")
    assert commands(play) == [("propose", ""), ("execute", "ada")]


def test_an_approval_ends_with_its_drift() -> None:
    play = proposed()
    approve(play)
    dossier = dossier_of(DEAL)
    play.told(dossier.resolved_by).heard(THE_END).run()

    assert play.drifts()[0]["status"] == "closed"
    held = [shard.state for p in range(play.governance.partitions) if (shard := play.driver.saved("judge", p))]
    assert not [key for state in held for key, value in state.items() if "approval" in value]


def test_who_approved_it_makes_it_no_other_command() -> None:
    of_commands = next(each for each in IDENTITIES if each.what == "command ids")

    assert {"mode", "approved_by"}.isdisjoint(of_commands.stands_for)


PROPOSES = {"kind": DEAL, "mode": "propose", "command_id": "c", "restraint": "", "owner_system": "erp"}
REFUSED = {
    # what stands: (fields of the drift, what is said)
    "has ended": ({"status": "closed"}, "no drift d is open"),
    "only alerts": ({"command_id": None}, "asks for nothing"),
    "is held": ({"command_id": None, "restraint": "identity_conflict"}, "asks for nothing: identity conflict"),
    "is performed": ({"mode": "execute"}, "performed already"),
    "is stopped": ({"restraint": "breaker"}, "breaker keeps command c back"),
    "nobody performs it": ({"kind": "invoice_not_posted"}, "no executor performs erp.invoice.post: do it in erp"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_approved_says_why(what: str) -> None:
    fields, said = REFUSED[what]

    assert said in unapprovable(drift("d", **{**PROPOSES, **fields}), "d")


def test_what_can_be_approved() -> None:
    assert unapprovable(drift("d", **PROPOSES), "d") == ""
    assert unapprovable(drift("d", **{**PROPOSES, "restraint": "over_limit"}), "d") == ""
    assert "no drift d is open" in unapprovable(None, "d")


def test_the_command_line_tells_the_partition_of_its_customer(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Company(governance(mode="propose").model_copy(update={"judged": (DEAL,)}))
    made.row("crm", "Account", "A", 1, Legal_Entity__c="1000")
    made.row("crm", "Opportunity", "O", 2, "A", StageName="Closed Won")
    made.heard(60)
    (stands,) = made.drifts(DEAL)
    run, written = looking_at(monkeypatch, made), list[Outgoing]()
    monkeypatch.setattr(approvals, "sight", look_commands.sight)
    monkeypatch.setattr(approvals, "write", lambda _, records: written.extend(records))

    assert run(approvals.approve, stands["drift_id"], "--reason", "seen").exit_code == 0
    assert run(approvals.approve, "other", "--reason", "seen").exit_code == 1
    assert "needs a reason" in run(approvals.approve, stands["drift_id"], "--reason", " ").output

    (outgoing,) = written
    told = made.driver.codec.decode(outgoing.value or b"")
    partition = topics.partition_for(stands["canonical_id"], made.governance.partitions)
    assert (outgoing.topic, outgoing.partition, told.record) == (topics.CHANGES, partition, "CorrectionApproved")
    assert (told.value["command_id"], told.value["reason"]) == (stands["command_id"], "seen")
