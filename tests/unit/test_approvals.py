"""Somebody has a correction performed that was only proposed: exactly that one, unless something else keeps it back."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest

from schemas import topics
from schemas.instants import SECOND
from streams.commands import approvals, decisions
from streams.commands import look as look_commands
from streams.commands.approvals import unapprovable
from streams.commands.decisions import SUBJECT
from streams.governance import Governance
from streams.judge.keys import APPROVALS
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
from tests.unit.test_upgrade import restart
from tests.wanderers import KNOWN, Row, governed, with_mode

UNPOSTED = "invoice_not_posted"
DEAL = "won_without_erp_customer"
STORY = dossier_of(DEAL).story
OPENS = dossier_of(DEAL).opens_at


def proposed(*story: Any, **rules: Any) -> Play:
    """A drift whose command nobody may perform yet."""
    return play_of(DEAL, story or STORY, **{"mode": "propose", **rules}).heard(OPENS + 1).run()


def approve(play: Play, **otherwise: Any) -> None:
    """As the command line does."""
    (stands,) = play.drifts()
    told = {name: stands[name] for name in SUBJECT}
    value = {**told, "by": "ada", "reason": "seen", "at": 0, **otherwise}
    for partition in range(play.governance.partitions):
        play.driver.pipe(topics.CHANGES, stands["canonical_id"], "CorrectionApproved", value, partition=partition)


def only_proposing(*, forgotten_after: float | None = None) -> Governance:
    return with_mode("propose", governed(30, UNPOSTED, forgotten_after=forgotten_after))


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


def test_what_an_earlier_release_kept_with_what_asks_is_performed_when_it_begins_to_count() -> None:
    play = proposed()
    (stands,) = play.drifts()
    counts_from = round((OPENS + 5) * SECOND)

    def kept(value: Any) -> Any:
        is_asking = (value.get("drift") or {}).get("command_id") == stands["command_id"]
        word = {"approval": [stands["command_id"], "ada", counts_from], "next": counts_from}
        return {**value, **word} if is_asking else value

    restart(play.driver, kept)
    play.heard(OPENS + 4).run()
    assert commands(play) == [("propose", "")]

    play.heard(THE_END).run()
    assert commands(play) == [("propose", ""), ("execute", "ada")]
    assert play.drifts()[0]["released_at"] == counts_from


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


def unposted(governed: Governance, partitions: int) -> Company:
    """Of a billing account that is linked to A; 10 s after 2 the drift opens, and its command is only proposed."""
    company = Company(governed.model_copy(update={"partitions": partitions}))
    for row in (*KNOWN, Row(2, "billing", "invoice", "I", "B", {"status": "Posted"})):
        company.row(row.system, row.object, row.id, row.at, row.customer, **row.fields)
    company.heard(20)
    return company


def approved(company: Company) -> None:
    (stands,) = company.open()
    value = {**{name: stands[name] for name in SUBJECT}, "by": "ada", "reason": "seen", "at": 0}
    for partition in range(company.governance.partitions):
        company.driver.pipe(topics.CHANGES, "", "CorrectionApproved", value, partition=partition)


def linked(company: Company, at: float, to: str) -> None:
    company.row("billing", "account", "B", at, "B", crm_account_id=to)


@pytest.mark.parametrize("partitions", [1, 4])
@pytest.mark.parametrize("heard_after", [25, 40])
def test_it_goes_with_its_drift_to_another_customer(partitions: int, heard_after: float) -> None:
    """The invoice is A2's from 30 on; approved before that, or after."""
    company = unposted(only_proposing(), partitions)
    linked(company, 30, "A2")
    company.heard(heard_after)
    approved(company)
    company.heard(60)

    (stands,) = company.open()
    assert (stands["canonical_id"], stands["mode"], stands["approved_by"]) == ("crm:A2", "execute", "ada")
    assert {command["approved_by"] for command in company.commands() if command["mode"] == "execute"} == {"ada"}


def test_what_is_approved_while_a_source_is_lost_is_performed_once_it_is_heard_again() -> None:
    company = unposted(only_proposing(forgotten_after=50), 4)
    company.heard(20, "erp", phase="gap", epoch=1)
    approved(company)
    assert company.open()[0]["mode"] == "propose"

    company.heard(40, epoch=1)
    (stands,) = company.open()
    assert (stands["mode"], stands["released_at"]) == ("execute", 20 * SECOND + 1)


def test_it_is_still_approved_as_it_comes_back() -> None:
    company = unposted(only_proposing(), 4)
    approved(company)
    company.heard(22)
    for at, to in ((30, "A2"), (40, "A")):
        linked(company, at, to)
    company.heard(60)

    (stands,) = company.open()
    assert (stands["canonical_id"], stands["opened_at"], stands["mode"]) == ("crm:A", 40 * SECOND, "execute")


@pytest.mark.parametrize(("moves_at", "mode"), [(30, "execute"), (80, "propose")])
def test_it_counts_as_long_as_drifts_that_ended_are_kept(moves_at: float, mode: str) -> None:
    company = unposted(only_proposing(forgotten_after=50), 4)
    approved(company)
    linked(company, moves_at, "A2")
    company.heard(moves_at + 10)

    assert company.open()[0]["mode"] == mode


def test_nothing_is_kept_of_an_approval_that_counts_no_more() -> None:
    company = unposted(only_proposing(forgotten_after=50), 1)
    approved(company)
    company.heard(100)
    assert kept(company)
    company.heard(110)
    assert not kept(company)


def kept(company: Company) -> list[str]:
    return [key for key, _ in company.driver.state("judge", 0).items() if APPROVALS in key]


@pytest.mark.parametrize("of", [{"kind": "another"}, {"system": "another"}])
def test_what_nobody_knows_is_not_approved(of: dict[str, str]) -> None:
    play = proposed()
    approve(play, **of)
    play.heard(THE_END).run()

    assert commands(play) == [("propose", "")]


def test_who_approved_it_makes_it_no_other_command() -> None:
    of_commands = next(each for each in IDENTITIES if each.what == "command ids")

    assert {"mode", "approved_by", "not_after"}.isdisjoint(of_commands.stands_for)


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


def test_the_command_line_tells_every_partition(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Company(governance(mode="propose").model_copy(update={"judged": (DEAL,)}))
    made.row("crm", "Account", "A", 1, Legal_Entity__c="1000")
    made.row("crm", "Opportunity", "O", 2, "A", StageName="Closed Won")
    made.heard(60)
    (stands,) = made.drifts(DEAL)
    run, written = looking_at(monkeypatch, made), list[Outgoing]()
    monkeypatch.setattr(approvals, "sight", look_commands.sight)
    monkeypatch.setattr(decisions, "write_together", lambda _, records: written.extend(records))

    assert run(approvals.approve, stands["drift_id"], "--reason", "seen").exit_code == 0
    assert run(approvals.approve, "other", "--reason", "seen").exit_code == 1
    assert "needs a reason" in run(approvals.approve, stands["drift_id"], "--reason", " ").output

    *telling, audited = written
    told, kept = (made.driver.codec.decode(each.value or b"") for each in (telling[0], audited))
    assert {(each.topic, each.value) for each in telling} == {(topics.CHANGES, telling[0].value)}
    assert [each.partition for each in telling] == list(range(made.governance.partitions))
    assert told.record == "CorrectionApproved"
    assert (told.value["command_id"], told.value["reason"]) == (stands["command_id"], "seen")
    assert (told.value["lifts"], told.value["only_lifts"]) == (None, False)
    assert (audited.topic, audited.key, kept.record) == (topics.AUDIT, stands["drift_id"].encode(), "CorrectionDecided")
    assert (kept.value["decision"], kept.value["reason"], kept.value["by"]) == ("approved", "seen", told.value["by"])
