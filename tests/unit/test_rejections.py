"""Somebody has a correction not performed: exactly that one, however its drift comes to ask for it, until that is
lifted."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from schemas import topics
from schemas.instants import SECOND, iso
from streams.asked import Asked
from streams.commands import approvals, decisions, rejections
from streams.commands import look as look_commands
from streams.commands.approvals import approval, unapprovable
from streams.commands.rejections import said, unrejectable
from streams.fleet.corrections import KIND as INEFFECTIVE
from streams.judge.commands import remedy
from streams.look.drifts import Drift
from streams.look.pages import command
from streams.look.write import Outgoing
from streams.verify.report import EQUAL
from tests.deciding import Word, approved, lifted, rejected, say
from tests.dossiers.model import Change, change
from tests.dossiers.stage import THE_END, Play
from tests.dossiers.table import dossier_of
from tests.look import drift
from tests.recorded import DriverRecording
from tests.topology import Company, governance
from tests.unit.governed_company import play_of
from tests.unit.test_approvals import linked, only_proposing, unposted
from tests.unit.test_frozen_customers import governed, in_conflict, part
from tests.unit.test_governance_in_band import with_rules
from tests.unit.test_look_commands import looking_at
from tests.unit.test_look_why import answer
from tests.unit.test_upgrade import all_of_it, restart
from tests.unit.test_verify import compared, verified

DEAL = "won_without_erp_customer"
STORY = dossier_of(DEAL).story
OPENS = dossier_of(DEAL).opens_at
REJECTED = ("rejected", None, "bob", "not ours")


def proposed(*story: Any, **rules: Any) -> Play:
    return play_of(DEAL, story or STORY, **{"mode": "propose", **rules}).heard(OPENS + 1).run()


def stands(play: Play) -> Drift:
    (found,) = play.drifts()
    return found


def decide(play: Play, word: Callable[..., Word], at: int = 1, **how: Any) -> Play:
    """As the command line does, by what the drift says."""
    say(play.driver, *word(stands(play), at, **how))
    return play


def commands(play: Play) -> list[tuple[str, str]]:
    return [(w.value["mode"], w.value["approved_by"]) for w in play.driver.written[topics.COMMANDS] if w.value]


def told(found: Drift) -> tuple[Any, ...]:
    return tuple(found[name] for name in ("restraint", "command_id", "rejected_by", "rejected_reason"))


def test_what_was_rejected_is_proposed_no_more_and_its_drift_stays_open() -> None:
    play = proposed()
    asked = stands(play)["command_id"]
    decide(play, rejected).heard(THE_END).run()

    found = stands(play)
    assert (found["status"], told(found)) == ("open", REJECTED)
    assert (found["rejected_command_id"], found["rejected_at"]) == (asked, 1)
    assert found["recalled_at"] == (OPENS + 1) * SECOND + 1
    assert commands(play) == [("propose", "")]
    assert (command(found), remedy(found)) == ("held: rejected by bob: not ours", "`driftwise approve` lifts that")


def test_it_is_not_performed_though_it_was_approved_before() -> None:
    play = decide(proposed(), approved)
    decide(play, rejected).heard(THE_END).run()

    assert (told(stands(play)), stands(play)["approved_by"], commands(play)) == (REJECTED, "", [("propose", "")])


def test_nor_where_somebody_approved_it_who_did_not_know_of_that() -> None:
    play, other = proposed(), proposed()
    decide(decide(play, rejected), approved).heard(THE_END).run()
    decide(decide(other, approved), rejected).heard(THE_END).run()

    assert told(stands(play)) == told(stands(other)) == REJECTED
    assert commands(play) == commands(other) == [("propose", "")]


def test_nor_once_its_kind_is_performed() -> None:
    play = decide(proposed(), rejected)
    play.driver.publish(with_rules(play.governance, DEAL, mode="execute"), 30 * SECOND)
    play.heard(THE_END).run()

    assert (told(stands(play)), commands(play)) == (REJECTED, [("propose", "")])


def test_what_was_issued_to_be_performed_is_withheld_unless_that_has_begun() -> None:
    play = proposed(mode="execute")
    (issued,) = [w.value for w in play.driver.written[topics.COMMANDS] if w.value]
    assert asked_of(play).refusal(issued) == ""

    decide(play, rejected).heard(THE_END).run()

    assert (told(stands(play)), commands(play)) == (REJECTED, [("execute", "")])
    assert asked_of(play).refusal(issued) == "rejected"


def asked_of(play: Play) -> Asked:
    asked = Asked()
    for written in play.driver.written[topics.DRIFTS]:
        asked.take(written.partition, written.key, written.value)
    return asked


def test_the_drift_closes_once_its_systems_agree() -> None:
    play = decide(proposed(), rejected).heard(30).run()
    play.tell(dossier_of(DEAL).resolved_by)
    play.heard(THE_END).run()

    assert (stands(play)["status"], stands(play)["restraint"]) == ("closed", "rejected")


# -- what it asks for otherwise


def account(at: float, name: str) -> Change:
    return change(at, "crm", "customer", "A", name=name, status="active", billing_ref="B")


@pytest.mark.parametrize("told_at", [14, 30])
def test_what_the_drift_asks_for_otherwise_is_proposed_from_when_that_changed(told_at: float) -> None:
    """Its verdict takes no notice of the account's name: what it asks for does."""
    play = proposed(account(2, "Acme"), *STORY)
    if told_at < 20:
        play.tell((account(25, "Acme GmbH"),))
    decide(play, rejected).heard(20).run()
    if told_at > 20:
        play.tell((account(25, "Acme GmbH"),))
    play.heard(THE_END).run()

    found = stands(play)
    assert (found["mode"], found["restraint"], found["released_at"]) == ("propose", "", 25 * SECOND)
    assert found["command_id"] != found["rejected_command_id"]
    assert commands(play) == [("propose", ""), ("propose", "")]


def test_it_is_only_proposed_where_its_kind_is_performed_until_somebody_approves_it() -> None:
    play = proposed(account(2, "Acme"), *STORY, mode="execute")
    decide(play, rejected)
    play.tell((account(25, "Acme GmbH"),))
    play.heard(30).run()
    found = stands(play)
    assert (found["mode"], command(found)) == ("propose", "propose: rejected before by bob: not ours")
    assert (commands(play), "`driftwise approve`" in remedy(found)) == ([("execute", ""), ("propose", "")], True)

    assert unapprovable(found, found["drift_id"]) == ""
    decide(play, approved).heard(THE_END).run()

    assert (stands(play)["mode"], stands(play)["restraint"], stands(play)["approved_by"]) == ("execute", "", "ada")
    assert commands(play)[-1] == ("execute", "ada")


# -- lifting it


def test_an_approval_lifts_it_and_has_it_performed() -> None:
    play = decide(proposed(), rejected).heard(20).run()
    decide(play, lifted).heard(THE_END).run()

    found = stands(play)
    assert (found["mode"], found["restraint"], found["approved_by"]) == ("execute", "", "eve")
    assert (found["rejected_command_id"], found["rejected_by"], found["rejected_at"]) == (None, "", None)
    assert commands(play) == [("propose", ""), ("execute", "eve")]


def test_that_may_be_rejected_again_and_lifted_again() -> None:
    play = decide(proposed(), rejected).heard(20).run()
    decide(play, lifted).heard(30).run()
    decide(play, rejected, at=2, by="cat").heard(40).run()
    assert told(stands(play)) == ("rejected", None, "cat", "not ours")
    assert asked_of(play).refusal(issued_last(play)) == "rejected"

    decide(play, lifted, by="fay").heard(THE_END).run()
    assert commands(play) == [("propose", ""), ("execute", "eve"), ("execute", "fay")]


def issued_last(play: Play) -> dict[str, Any]:
    return next(w.value for w in reversed(play.driver.written[topics.COMMANDS]) if w.value)


def test_what_two_rejected_both_have_to_lift() -> None:
    play = proposed()
    decide(decide(play, rejected), rejected, at=2, by="cat").heard(20).run()
    decide(play, lifted).heard(30).run()
    assert told(stands(play)) == ("rejected", None, "cat", "not ours")

    decide(play, lifted).heard(THE_END).run()
    assert stands(play)["mode"] == "execute"


def test_a_word_that_comes_again_after_the_next_one_says_nothing() -> None:
    play = proposed()
    no = rejected(stands(play), 1)
    decide(play, rejected).heard(20).run()
    yes = lifted(stands(play), 2)
    for word in (yes, no, yes):
        say(play.driver, *word)
    play.heard(30).run()
    assert stands(play)["mode"] == "execute"

    decide(play, rejected, at=3)
    say(play.driver, *yes)
    play.heard(THE_END).run()
    assert told(stands(play)) == REJECTED


def test_what_no_executor_performs_is_proposed_again() -> None:
    play = decide(proposed(), rejected).heard(20).run()
    decide(play, lifted, only=True).heard(THE_END).run()

    assert (stands(play)["mode"], stands(play)["restraint"], stands(play)["approved_by"]) == ("propose", "", "")
    assert commands(play) == [("propose", ""), ("propose", "")]


# -- at any time, in any order, wherever its drift goes


@pytest.mark.parametrize("seed", range(8))
def test_it_is_rejected_in_any_order_and_after_crashes(seed: int) -> None:
    play = decide(proposed(), rejected)
    play.heard(THE_END).run_in_any_order(random.Random(seed), duplicates=0.3, crashes=0.2)

    assert (told(stands(play)), commands(play)) == (REJECTED, [("propose", "")])


def test_a_worker_that_goes_on_from_its_state_knows_of_it() -> None:
    play = decide(proposed(), rejected).heard(20).run()
    restart(play.driver, all_of_it)
    play.driver.publish(with_rules(play.governance, DEAL, mode="execute"), 30 * SECOND)
    play.heard(THE_END).run()

    assert (told(stands(play)), commands(play)) == (REJECTED, [("propose", "")])


@pytest.mark.parametrize("partitions", [1, 4])
@pytest.mark.parametrize("heard_after", [25, 40])
def test_it_goes_with_its_drift_to_another_customer(partitions: int, heard_after: float) -> None:
    """The invoice is A2's from 30 on, and A's again from 70; rejected before that, or after."""
    company = unposted(only_proposing(forgotten_after=20), partitions)
    linked(company, 30, "A2")
    company.heard(heard_after)
    say(company.driver, *rejected(company.open()[0], 1))
    company.heard(60)
    (there,) = company.open()
    assert (there["canonical_id"], told(there)) == ("crm:A2", REJECTED)

    linked(company, 70, "A")
    company.heard(100)
    (back,) = company.open()
    assert (back["canonical_id"], told(back)) == ("crm:A", REJECTED)
    assert {each["mode"] for each in company.commands()} == {"propose"}


@pytest.mark.parametrize(("status", "how", "restraint"), [("Draft", "", ""), ("Posted", "retracted", "rejected")])
def test_late_evidence_makes_it_another_command_or_takes_the_drift_back(status: str, how: str, restraint: str) -> None:
    company = unposted(only_proposing(), 1)
    say(company.driver, *rejected(company.open()[0], 1))
    company.heard(22)
    company.row("erp", "ledger_posting", "P", 11, "E", status=status)
    company.heard(40)

    (found,) = company.drifts()
    assert (found["how"], found["restraint"], found["mode"]) == (how, restraint, "propose")
    assert found["command_id"] != found["rejected_command_id"]
    assert found["rejected_by"] == "bob"


def test_what_is_rejected_while_a_source_is_lost_counts_once_it_is_heard_again() -> None:
    company = unposted(only_proposing(), 4)
    company.heard(20, "erp", phase="gap", epoch=1)
    say(company.driver, *rejected(company.open()[0], 1))
    assert company.open()[0]["restraint"] == ""

    company.heard(40, epoch=1)
    (found,) = company.open()
    assert (told(found), found["recalled_at"]) == (REJECTED, 20 * SECOND + 1)


def test_what_is_held_already_asks_for_nothing_that_could_be_rejected() -> None:
    company = in_conflict(Company(governed()))
    company.heard(30)

    (found,) = company.drifts(DEAL)
    assert "asks for nothing: identity conflict" in unrejectable(found, found["drift_id"], company.governance)


def test_a_conflict_that_began_meanwhile_holds_what_is_lifted() -> None:
    company = in_conflict(Company(governed()), since=40)
    company.heard(20)
    say(company.driver, *rejected(company.drifts(DEAL)[0], 1))
    company.heard(50)
    assert company.drifts(DEAL)[0]["restraint"] == "rejected"

    say(company.driver, *lifted(company.drifts(DEAL)[0], 2))
    company.heard(60)
    assert company.drifts(DEAL)[0]["restraint"] == "identity_conflict"

    part(company, 70).heard(90)
    (found,) = company.drifts(DEAL)
    assert (found["restraint"], found["mode"], found["approved_by"]) == ("", "execute", "eve")


def with_fleet(*story: Change) -> Play:
    top = {"judged": (DEAL, INEFFECTIVE)}
    return play_of(DEAL, story, mode="execute", top=top).heard(OPENS + 1).run()


def told_to_the_fleet(play: Play) -> list[str]:
    records = [w.record for w in play.driver.written[topics.PROGRESS]]
    return [each for each in records if each in ("CorrectionAsked", "DriftEnded")]


def test_the_fleet_hears_of_the_end_of_what_may_have_been_performed() -> None:
    play = decide(with_fleet(*STORY), rejected).heard(30).run()
    play.tell(dossier_of(DEAL).resolved_by)
    play.heard(THE_END).run()

    assert told_to_the_fleet(play) == ["CorrectionAsked", "DriftEnded"]
    assert not [key for key, _ in play.driver.state("fleet", 0).items() if key.startswith("k/")]


def test_what_was_issued_and_is_another_command_by_now_was_recalled() -> None:
    """The account's name had changed before somebody rejected what was issued."""
    play = with_fleet(account(2, "Acme"), *STORY)
    play.tell((account(OPENS + 0.5, "Acme GmbH"),))
    decide(play, rejected).heard(30).run()
    found = stands(play)
    assert (found["mode"], found["restraint"]) == ("propose", "rejected_before")
    assert found["recalled_at"] == found["released_at"] == (OPENS + 1) * SECOND + 1

    play.tell(dossier_of(DEAL).resolved_by)
    play.heard(THE_END).run()
    assert told_to_the_fleet(play) == ["CorrectionAsked", "DriftEnded"]


def test_where_the_kind_only_alerts_by_then_nothing_is_asked_for() -> None:
    play = proposed(mode="execute")
    play.driver.publish(with_rules(play.governance, DEAL, mode="alert"), 20 * SECOND)
    play.heard(30).run()
    decide(play, rejected).heard(40).run()
    play.tell((change(45, "crm", "opportunity", "O", name="Acme: more seats", stage="won", value="1300.00 EUR"),))
    play.heard(THE_END).run()

    records = [w.value for w in play.driver.written[topics.DRIFTS] if w.value]
    assert [(each["mode"], bool(each["command_id"])) for each in records] == [("execute", True), ("alert", False)]


def test_why_says_who_rejected_it_and_what_lifts_that() -> None:
    company = unposted(only_proposing(), 1)
    say(company.driver, *rejected(company.open()[0], 1))
    company.heard(30)

    because = answer(company, 31, "invoice_not_posted", "I").because

    assert "its command is held: rejected by bob: not ours (`driftwise approve` lifts that)" in because


@pytest.mark.parametrize("lifts", [False, True])
def test_a_deployment_in_which_somebody_rejected_is_verified(lifts: bool) -> None:
    company = unposted(only_proposing(), 2)
    say(company.driver, *rejected(company.open()[0], 1))
    company.heard(30)
    linked(company, 40, "A2")
    company.heard(60)
    if lifts:
        say(company.driver, *lifted(company.open()[0], 2))
        company.heard(90)

    report = verified(DriverRecording(company.driver), company)

    assert (report.code, report.differences) == (EQUAL, [])
    assert compared(report, "judge: rejections") > 0


# -- the command line

ASKS = {"kind": DEAL, "mode": "propose", "command_id": "c", "restraint": "", "owner_system": "erp"}
NO = {
    "command_id": None, "restraint": "rejected", "rejected_command_id": "c", "rejected_by": "bob",
    "rejected_reason": "not ours", "rejected_at": 7,
}  # fmt: skip
REFUSED = {
    # what stands: (fields of the drift, what is said)
    "has ended": ({"status": "closed"}, "no drift d is open"),
    "only alerts": ({"command_id": None}, "asks for nothing"),
    "was rejected": (NO, "command c was rejected by bob: not ours"),
    "is proposed to people": ({"kind": "duplicate_customer_suspected"}, "nothing performs it"),
    "is of a system that has gone": ({"system": "old"}, "old is no system of this deployment any more"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_rejected_says_why(what: str) -> None:
    fields, why = REFUSED[what]

    assert why in unrejectable(drift("d", **{**ASKS, **fields}), "d", governance())


@pytest.mark.parametrize("fields", [{}, {"restraint": "breaker"}, {"mode": "execute"}, {"kind": "invoice_not_posted"}])
def test_what_can_be_rejected(fields: dict[str, str]) -> None:
    assert unrejectable(drift("d", **{**ASKS, **fields}), "d", governance()) == ""
    assert "no drift d is open" in unrejectable(None, "d", governance())


@pytest.mark.parametrize(("kind", "only"), [(DEAL, False), ("invoice_not_posted", True)])
def test_what_was_rejected_can_be_approved_or_is_proposed_again_where_nobody_performs_it(kind: str, only: bool) -> None:
    found = drift("d", **{**ASKS, **NO, "kind": kind})

    value = approval(found, "seen", 9)

    assert unapprovable(found, "d") == ""
    assert (value["command_id"], value["lifts"], value["only_lifts"], value["at"]) == ("c", 7, only, 9)


def test_nobody_is_told_that_what_may_have_been_performed_was_stopped() -> None:
    issued = drift("d", **{**ASKS, "mode": "execute"})
    applied = {"status": "applied", "reason": "", "finished_at": 5}
    refused = {"status": "rejected", "reason": "locked", "finished_at": 6}

    assert "may have been" not in said(drift("d", **ASKS), [])
    assert "may have been, or may be under way; no executor has told of it yet. Nothing is undone" in said(issued, [])
    assert "its executor told: applied, rejected (locked). Nothing is undone" in said(issued, [applied, refused])


def shown(monkeypatch: pytest.MonkeyPatch, mode: str) -> tuple[Company, Any, list[Outgoing]]:
    made = Company(governance(mode=mode).model_copy(update={"judged": (DEAL,)}))
    made.row("crm", "Account", "A", 1, Legal_Entity__c="1000")
    made.row("crm", "Opportunity", "O", 2, "A", StageName="Closed Won")
    made.heard(60)
    run, written = looking_at(monkeypatch, made), list[Outgoing]()
    for module in (approvals, rejections):
        monkeypatch.setattr(module, "sight", look_commands.sight)
    monkeypatch.setattr(decisions, "write_together", lambda _, records: written.extend(records))
    return made, run, written


def test_the_command_line_tells_every_partition_and_the_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    made, run, written = shown(monkeypatch, "propose")
    (found,) = made.drifts(DEAL)

    assert run(rejections.reject, found["drift_id"], "--reason", "not ours").exit_code == 0
    assert run(rejections.reject, "other", "--reason", "not ours").exit_code == 1
    assert "needs a reason" in run(rejections.reject, found["drift_id"], "--reason", " ").output

    *telling, audited = written
    word, kept = (made.driver.codec.decode(each.value or b"") for each in (telling[0], audited))
    assert {(each.topic, each.value) for each in telling} == {(topics.CHANGES, telling[0].value)}
    assert [each.partition for each in telling] == list(range(made.governance.partitions))
    assert word.record == "CorrectionRejected"
    assert (word.value["command_id"], word.value["reason"]) == (found["command_id"], "not ours")
    assert (audited.topic, audited.key, kept.record) == (topics.AUDIT, found["drift_id"].encode(), "CorrectionDecided")
    decided = {name: kept.value[name] for name in ("decision", "reason", "by")}
    assert decided == {"decision": "rejected", "reason": "not ours", "by": word.value["by"]}


def test_what_the_command_line_rejects_and_approves_is_what_judge_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    made, run, written = shown(monkeypatch, "propose")
    (found,) = made.drifts(DEAL)
    run(rejections.reject, found["drift_id"], "--reason", "not ours")
    word = made.driver.codec.decode(written[0].value or b"")
    taken(made, written)
    made.heard(70)
    assert made.drifts(DEAL)[0]["rejected_reason"] == "not ours"

    output = run(approvals.approve, found["drift_id"], "--reason", "ours", "--json").output
    assert json.loads(output)["lifts"] == iso(word.value["at"])
    taken(made, written)
    made.heard(80)
    assert (made.drifts(DEAL)[0]["mode"], made.drifts(DEAL)[0]["restraint"]) == ("execute", "")


def taken(made: Company, written: list[Outgoing]) -> None:
    for each in written:
        if each.topic == topics.CHANGES:
            made.driver.pipe_raw(each.topic, each.key, each.value, each.partition, each.headers)
    written.clear()


def test_of_what_was_issued_it_says_what_executors_told(monkeypatch: pytest.MonkeyPatch) -> None:
    made, run, _ = shown(monkeypatch, "execute")
    (found,) = made.drifts(DEAL)
    result = {
        "command_id": found["command_id"], "drift_id": found["drift_id"], "type": "erp.customer.upsert",
        "target_system": "erp", "status": "applied", "reason": "", "native_id": "E", "attempt": 1, "finished_at": 5,
    }  # fmt: skip
    made.driver.written[topics.COMMAND_RESULTS].append(made.driver.written[topics.DRIFTS][0]._replace(
        topic=topics.COMMAND_RESULTS, record="CommandResult", value=result, key="erp/O",
    ))  # fmt: skip

    output = run(rejections.reject, found["drift_id"], "--reason", "not ours").output

    assert "so far its executor told: applied. Nothing is undone" in output
