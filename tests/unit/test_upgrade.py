"""A worker goes on from the state of an earlier release, which knew no attribute and no field that came since."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from schemas import topics
from schemas.instants import SECOND
from streams.driver import Driver
from tests.dossiers.model import Dossier
from tests.dossiers.stage import Play
from tests.dossiers.table import DOSSIERS
from tests.look import STAGES
from tests.releases import kept_before
from tests.topology import Company, unlinked_invoice
from tests.unit.test_flapping import company as may_flap
from tests.unit.test_flapping import quarrel
from tests.unit.test_identity_conflict import claimed_twice, linked
from tests.unit.test_suspects import LOOKS_LIKE_ACME, twins, watchful

Kept = Callable[[Any], Any]


def restart(driver: Driver, kept: Kept) -> None:
    """Every shard, from what is kept of its state."""
    for stage in (*STAGES, "suspects") if driver.governance.suspects else STAGES:
        for partition in range(driver.governance.partitions):
            saved = driver.saved(stage, partition)
            driver.restore(saved._replace(state={key: kept(value) for key, value in saved.state.items()}))


def all_of_it(value: Any) -> Any:
    return value


@pytest.mark.parametrize("dossier", DOSSIERS, ids=[f"{d.kind} {d.opens_at}" for d in DOSSIERS])
def test_no_verdict_is_another(dossier: Dossier) -> None:
    def said(kept: Kept) -> Any:
        play = Play(dossier).told(dossier.story).run()
        restart(play.driver, kept)
        play.heard(dossier.opens_at).run()
        restart(play.driver, kept)
        play.tell(dossier.resolved_by)
        play.heard(dossier.ends).run()
        return play.lives(), play.commands(), play.audited(), play.drifts()

    assert said(kept_before) == said(all_of_it)


def link(made: Company) -> None:
    made.row("billing", "account", "B", 25, crm_account_id="A")
    made.heard(30)


def suspicious() -> Company:
    made = Company(watchful())
    twins(made)
    return made


def apart(made: Company) -> None:
    made.row("crm", "Account", "A2", 4, **{**LOOKS_LIKE_ACME, "Name": "Other"})
    made.heard(60)


def silent() -> Company:
    made = Company()
    observed(made, 60, 1)
    return made


def heard_again(made: Company) -> None:
    observed(made, 70, 70)


def observed(made: Company, at: int, mark: int) -> None:
    value = {"system": "erp", "partition": 0, "observed_at": at * SECOND, "watermark": mark * SECOND}
    made.driver.pipe(topics.PROGRESS, "erp", "SourceObserved", value, partition=0)
    made.driver.run()


def conflicting() -> Company:
    made = Company(linked())
    claimed_twice(made)
    made.heard(30)
    return made


def no_more(made: Company) -> None:
    made.row("crm", "Account", "A2", 40, ERP_Customer_Id__c=None)
    made.heard(60)


def flapping() -> Company:
    made = quarrel(may_flap(), 3)
    made.heard(50)
    return made


def calm(made: Company) -> None:
    made.row("erp", "ledger_posting", "L", 51, "E", status="Posted")
    made.heard(500)


STORIES = [
    (unlinked_invoice, link),
    (suspicious, apart),
    (silent, heard_again),
    (conflicting, no_more),
    (flapping, calm),
]


@pytest.mark.parametrize(("begun", "then"), STORIES)
def test_what_is_told_once_more_is_the_same(begun: Callable[[], Company], then: Callable[[Company], None]) -> None:
    def said(kept: Kept) -> Any:
        made = begun()
        restart(made.driver, kept)
        then(made)
        return made.driver.written

    assert said(kept_before) == said(all_of_it)


def without_accounts(value: Any) -> Any:
    """As an earlier release kept it, which knew since when a record is linked, and not to which account."""
    if isinstance(value, dict):
        return {k: without_accounts(v) for k, v in value.items() if not str(k).startswith("linked_to:")}
    return [without_accounts(v) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize("kept", [without_accounts, all_of_it])
def test_a_record_that_names_another_account_after_the_upgrade_is_due_to_be_named_from_then_on(kept: Kept) -> None:
    made = Company()
    made.row("crm", "Account", "A", 1, Billing_Account_Id__c="B")
    made.row("crm", "Account", "A2", 1)
    made.row("billing", "account", "B", 3, crm_account_id="A")
    made.heard(15)
    restart(made.driver, kept)

    made.row("billing", "account", "B", 20, crm_account_id="A2")
    made.row("crm", "Account", "A2", 29, Billing_Account_Id__c="B")
    made.heard(40)

    assert made.drifts("external_id_writeback_missing") == []
