"""One unposted invoice of one customer, judged under rules that a test governs; times are seconds."""

from __future__ import annotations

import random
from typing import Any

from schemas.instants import SECOND
from streams.backtest.canonical import read
from streams.driver import Driver
from streams.judge.keys import is_obligation
from tables.view import MemoryView
from tests.dossiers.invoice_not_posted import invoice
from tests.dossiers.model import Change, Dossier, Story, change
from tests.dossiers.stage import THE_END, Play
from tests.dossiers.table import dossier_of

KIND = "invoice_not_posted"


def account(at: float, **attributes: Any) -> Change:
    """The customer's record in the CRM as it is from then on."""
    return change(at, "crm", "customer", "A", billing_ref="B", erp_ref="E", name="Acme GmbH", **attributes)


def company(story: Story, *, systems: Any = None, top: Any = None, **rules: Any) -> Play:
    return play_of(KIND, story, systems=systems, top=top, **rules)


def play_of(kind: str, story: Story, *, systems: Any = None, top: Any = None, **rules: Any) -> Play:
    """`rules`: of the kind; `systems` and `top`: updates of systems and of the governance as a whole."""
    dossier: Dossier = dossier_of(kind)._replace(story=story, governed=rules)
    play = Play(dossier)
    known = play.governance.systems
    decided = {name: known[name].model_copy(update=update) for name, update in (systems or {}).items()}
    play.governance = play.governance.model_copy(update={"systems": {**known, **decided}, **(top or {})})
    play.driver = Driver(play.governance, dict.fromkeys(play.governance.systems, read))
    return play.told(story)


def opened_at(play: Play) -> list[float]:
    play.heard(THE_END).run()
    return [drift["opened_at"] / SECOND for drift in play.drifts()]


def any_order(play: Play, seed: int) -> set[tuple[Any, ...]]:
    play.heard(THE_END).run_in_any_order(random.Random(seed), duplicates=0.2, crashes=0.1)
    return play.lives()


def obligations(play: Play) -> dict[str, Any]:
    """Key -> what the state holds of it."""
    return {key: value for key, value in _state(play) if is_obligation(key)}


def invoice_view(play: Play) -> MemoryView:
    """Judge's state of the customer that has the invoice."""
    view = MemoryView()
    view.apply(dict(_state(play)))
    return view


def _state(play: Play) -> list[tuple[str, Any]]:
    """Of the shard of judge that has obligations; one customer is all there is."""
    shards = [play.driver.saved("judge", partition).state for partition in range(play.governance.partitions)]
    return next((list(shard.items()) for shard in shards if any(map(is_obligation, shard))), [])


__all__ = ["KIND", "account", "any_order", "company", "invoice", "invoice_view", "obligations", "opened_at", "play_of"]
