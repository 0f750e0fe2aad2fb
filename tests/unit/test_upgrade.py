"""A worker goes on from the state of an earlier release, which knew no attribute and no field that came since."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from streams.driver import Driver
from tests.dossiers.model import Dossier
from tests.dossiers.stage import Play
from tests.dossiers.table import DOSSIERS
from tests.look import STAGES
from tests.releases import kept_before
from tests.topology import Company, unlinked_invoice
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


@pytest.mark.parametrize(("begun", "then"), [(unlinked_invoice, link), (suspicious, apart)])
def test_what_is_told_once_more_is_the_same(begun: Callable[[], Company], then: Callable[[Company], None]) -> None:
    def said(kept: Kept) -> Any:
        made = begun()
        restart(made.driver, kept)
        then(made)
        return made.driver.written

    assert said(kept_before) == said(all_of_it)
