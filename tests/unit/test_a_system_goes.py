"""A worker is started with a folder that has one system less than before: what the state holds of it stands as last
known and proves nothing more, and whatever is still told of it ends no worker. Put back, it goes on where it was."""

from __future__ import annotations

from collections import defaultdict
from copy import copy
from functools import lru_cache
from itertools import chain, cycle
from typing import Any

import pytest

from schemas.instants import NEVER, SECOND
from streams.backtest.canonical import read
from streams.driver import Driver
from streams.governance import Governance
from streams.identify import again
from streams.identify.stage import Identify
from streams.look.sources import waiting
from streams.shard import Shard
from tables.deadlines import Deadlines
from tables.view import MemoryView
from tests.dossiers.model import CUSTOMERS, Dossier, change
from tests.dossiers.stage import Play
from tests.dossiers.table import DOSSIERS, dossier_of
from tests.look import STAGES
from tests.topology import Company
from tests.unit.governance_folder import without
from tests.unit.test_look_why_dossiers import explained
from tests.unit.test_mapping_published import images, to_be_read_again
from tests.unit.test_suspects import BILLED, LEDGER, twins, watchful
from tests.unit.test_suspects import CUSTOMERS as DUPLICATE

SYSTEMS = sorted(CUSTOMERS)
ONE_EACH = [*zip({d.kind: d for d in DOSSIERS}.values(), cycle(SYSTEMS), strict=False)]
one_each = pytest.mark.parametrize(("dossier", "gone"), ONE_EACH, ids=[f"{d.kind} {gone}" for d, gone in ONE_EACH])


def taken_over(old: Driver, governance: Governance) -> Driver:
    """Another worker goes on from all that was committed, and what waits in the topics that it reads."""
    driver = Driver(governance, dict.fromkeys(governance.systems, read))
    driver.written = defaultdict(list, {topic: list(records) for topic, records in old.written.items()})
    for place, raws in list(old.log.items()):
        for raw in raws:
            driver.feed(raw)
        driver.queues.pop(place, None)
    for stage in (*STAGES, "suspects") if governance.suspects else STAGES:
        for partition in range(governance.partitions):
            driver.restore(old.saved(stage, partition))
    return driver


def started_with(play: Play, governance: Governance) -> Play:
    """It goes on so; the play of before stays as it is."""
    following = copy(play)
    following.governance, following.driver = governance, taken_over(play.driver, governance)
    return following


def between(play: Play) -> Play:
    """What the sources told has been identified; what that says waits for judge and the others."""
    driver = play.driver
    for place in [place for place, queue in driver.queues.items() if queue and place[0].startswith("src.")]:
        while driver.queues[place]:
            driver.run_one(place)
    return play


def looked_at(play: Play, now: float) -> None:
    """By everybody who can ask of a deployment."""
    explained(play, now)
    governed = set(play.governance.systems)
    for partition in range(play.governance.partitions):
        view = play.driver.state("judge", partition)
        assert isinstance(view, MemoryView)
        told = waiting(view, play.governance, round(now * SECOND))
        assert {wait.key.system for wait in told} <= governed


def outcome(play: Play) -> Any:
    return play.lives(), play.commands(), play.audited()


@lru_cache(maxsize=4)
def begun(dossier: Dossier, before: float) -> Play:
    """Whichever system goes then: to be gone on from, and not to be touched."""
    return between(Play(dossier).told(dossier.story).heard(before))


@lru_cache(maxsize=4)
def all_but_decided(dossier: Dossier) -> Play:
    """Likewise."""
    return Play(dossier).told(dossier.story).heard(dossier.opens_at - 1).run()


@lru_cache(maxsize=4)
def told_throughout(dossier: Dossier) -> Any:
    return outcome(Play(dossier).told(dossier.story).heard(dossier.opens_at - 1).run().heard(dossier.ends).run())


def goes(dossier: Dossier, gone: str, *, before: float, after: float) -> Play:
    """The whole of it, with the system gone in the middle and there again at the end."""
    play = begun(dossier, before)
    whole, less = play.governance, without(play.governance, gone)
    play = started_with(play, less).run()
    play.tell(one for one in (*dossier.story, *dossier.late, *dossier.resolved_by) if one.system != gone)
    play.heard(after).run()
    looked_at(play, after)
    play = started_with(play, whole)
    play.tell(dossier.resolved_by)
    return play.heard(dossier.ends).run()


def ends_no_worker(dossier: Dossier, gone: str) -> None:
    late = dossier.opens_at + 1
    goes(dossier, gone, before=dossier.opens_at - 1, after=late)
    goes(dossier, gone, before=late, after=late + 10)


def was_never_gone(dossier: Dossier, gone: str) -> None:
    play = all_but_decided(dossier)
    for governance in (without(play.governance, gone), play.governance):
        play = started_with(play, governance).run()

    assert outcome(play.heard(dossier.ends).run()) == told_throughout(dossier)


@one_each
def test_it_ends_no_worker(dossier: Dossier, gone: str) -> None:
    ends_no_worker(dossier, gone)


@one_each
def test_put_back_before_anything_came_it_was_never_gone(dossier: Dossier, gone: str) -> None:
    was_never_gone(dossier, gone)


@pytest.mark.law
@pytest.mark.parametrize("gone", SYSTEMS)
@pytest.mark.parametrize("dossier", DOSSIERS, ids=[f"{d.kind} {d.opens_at}" for d in DOSSIERS])
def test_whichever_it_is(dossier: Dossier, gone: str) -> None:
    ends_no_worker(dossier, gone)
    was_never_gone(dossier, gone)


def test_what_is_open_of_it_stands_and_is_said_to_be_judged_no_more() -> None:
    dossier = dossier_of("external_id_writeback_missing")
    play = Play(dossier).told(dossier.story).heard(dossier.opens_at).run()
    (drift,) = play.drifts()
    known, gone = play.governance, drift["system"]
    another = {"systems": {"another": known.systems[gone]}, "mappings": {"another": known.mappings[gone]}}
    whole = known.model_copy(update={name: {**getattr(known, name), **more} for name, more in another.items()})
    play = started_with(play, without(whole, gone)).heard(dossier.ends).run()

    assert play.drifts() == [drift]
    assert [(e.outcome, e.drift_id) for e in explained(play, dossier.ends) if e.system == gone] == [
        ("off", drift["drift_id"])
    ]


def test_a_record_that_waits_for_judge_is_kept_as_it_says_last() -> None:
    play = Play(dossier_of("contract_value_mismatch")).told(()).heard(5).run()
    play.tell([change(6, "erp", "contract", "C", number="K", value="90.00 EUR", status="active")])
    play = started_with(between(play), without(play.governance, "erp")).run()

    shards = (play.driver.state("judge", partition).items() for partition in range(play.governance.partitions))
    (held,) = [record for key, record in chain.from_iterable(shards) if key.startswith("e/") and "/contract/" in key]
    assert held["versions"][-1]["attrs"]["value"]["amount"] == "90"


@pytest.mark.parametrize("gone", ["crm", "billing"])
def test_suspicions_about_its_records_stand(gone: str) -> None:
    company = Company(watchful())
    twins(company)
    company.row("billing", "account", "B", 2, **BILLED)
    company.heard(13)
    suspected = company.open(DUPLICATE)
    for governed in (without(company.governance, gone), company.governance):
        company.driver = taken_over(company.driver, governed)
        company.heard(30, *governed.systems)
        company.row("erp", "customer", "E", 20, **LEDGER)
        company.heard(60, *governed.systems)

    assert suspected
    assert {d["drift_id"] for d in suspected} <= {d["drift_id"] for d in company.open(DUPLICATE)}


def test_rows_that_were_to_be_read_again_are_once_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(again, "SLICE", 2)
    company = to_be_read_again()
    for partition in range(company.governance.partitions):
        company.driver.commit("identify", partition)
    whole = company.governance
    company.driver = taken_over(company.driver, without(whole, "billing"))
    company.heard(20, "crm", "erp")
    company.row("crm", "Account", "A", 21, Billing_Account_Id__c=None)
    assert statuses(company) == {"draft", "posted"}

    company.driver = taken_over(company.driver, whole)
    company.heard(40)
    assert statuses(company) == {"posted"}


def statuses(company: Company) -> set[str]:
    """Of the invoices, as identify has read them."""
    return {last["attrs"]["status"] for key, last in images(company) if "/invoice/" in key}


def test_what_waited_so_in_the_index_of_an_earlier_release_does_not_keep_a_shard_busy() -> None:
    driver = to_be_read_again().driver
    less = Identify(without(driver.governance, "billing"), {})
    for partition in range(driver.governance.partitions):
        driver.commit("identify", partition, deadlines=0)
        state = driver.state("identify", partition)
        pending = [key for key, value in state.items() if less.wake(key, value)]
        deadlines = Deadlines.found([(key, {}) for key in pending], lambda key, value: (("~mapping", ""), NEVER))
        shard = Shard(less, partition, state, deadlines)
        shard.settle()

        assert not shard.has_due()
        assert len(shard.deadlines) == len(pending)
