"""Eight facts about every kind, each from its dossier. `ops/kinds.md` is the matrix of kinds by facts."""

from __future__ import annotations

import random
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

import pytest

from schemas.instants import SECOND
from streams.judge.gates import needed
from streams.kinds.table import KINDS
from tests.depth import cases
from tests.dossiers.model import Dossier
from tests.dossiers.stage import Play
from tests.dossiers.table import DOSSIERS
from tests.dossiers.told import put_right


def _named(dossiers: tuple[Dossier, ...]) -> Any:
    seen: dict[str, int] = {}
    ids = []
    for dossier in dossiers:
        seen[dossier.kind] = seen.get(dossier.kind, 0) + 1
        ids.append(dossier.kind if seen[dossier.kind] == 1 else f"{dossier.kind}-{seen[dossier.kind]}")
    return pytest.mark.parametrize("dossier", dossiers, ids=ids)


every_kind = _named(DOSSIERS)
every_near_miss = pytest.mark.parametrize(
    ("dossier", "why"),
    [pytest.param(d, why, id=f"{d.kind}-{why}") for d in DOSSIERS for why in d.near_misses],
)


class Said(NamedTuple):
    """What a performance left to be read. Nobody changes it: it is kept for all facts about the dossier."""

    drifts: list[dict[str, Any]]
    lives: set[tuple[Any, ...]]
    commands: set[str]


@cache
def performed(dossier: Dossier) -> Said:
    """The story, in the order in which it happened."""
    return said_by(Play(dossier).told(dossier.story).heard(dossier.ends).run())


@cache
def put_right_in_order(dossier: Dossier) -> Said:
    """The same and what ends it."""
    return said_by(Play(dossier).told((*dossier.story, *dossier.resolved_by)).heard(dossier.ends).run())


def said_by(play: Play) -> Said:
    return Said(play.drifts(), play.lives(), play.commands())


@every_kind
def test_opens_when_it_has_become_certain(dossier: Dossier) -> None:
    (drift,) = performed(dossier).drifts

    assert (drift["status"], drift["opened_at"] / SECOND) == ("open", dossier.opens_at)


@every_near_miss
def test_a_near_miss_stays_quiet(dossier: Dossier, why: str) -> None:
    play = Play(dossier).told(dossier.near_misses[why]).heard(dossier.ends).run()

    assert play.drifts() == []


@every_kind
def test_is_unknown_while_a_needed_source_lags(dossier: Dossier) -> None:
    opened = performed(dossier).drifts[0]
    kind = next(k for k in KINDS if (k.name, k.entity) == (dossier.kind, opened["entity"]))
    for silent in sorted({s for s, _ in needed(Play(dossier).governance, kind, opened["system"])}):
        play = Play(dossier).told(dossier.story)
        heard = [s for s in play.governance.systems if s != silent]
        play.heard(dossier.ends, *heard).heard(dossier.opens_at - 0.001, silent).run()
        assert play.drifts() == [], f"{silent} was not heard far enough"

        play.heard(dossier.ends, silent).run()
        assert play.lives() == performed(dossier).lives, f"after {silent} was heard"


@every_kind
def test_late_evidence_retracts_it_as_false(dossier: Dossier) -> None:
    play = Play(dossier).told(dossier.story).heard(dossier.opens_at + 5).run()
    assert len(play.drifts()) == 1

    play.tell(dossier.late)
    play.run().heard(dossier.ends).run()

    assert {drift["how"] for drift in play.drifts()} == {"retracted"}


@pytest.mark.law
@every_kind
@pytest.mark.parametrize("seed", range(cases(8, thorough=32)))
def test_any_interleaving_and_duplication_say_the_same(dossier: Dossier, seed: int) -> None:
    shuffled = Play(dossier).told((*dossier.story, *dossier.resolved_by)).heard(dossier.ends)
    shuffled.run_in_any_order(random.Random(seed), duplicates=0.2, crashes=0)

    expected = put_right_in_order(dossier)
    assert shuffled.lives() == expected.lives
    assert shuffled.commands() == expected.commands


@pytest.mark.law
@every_kind
@pytest.mark.parametrize("seed", range(cases(4, thorough=16)))
def test_a_restart_in_mid_life_changes_nothing(dossier: Dossier, seed: int) -> None:
    interrupted = Play(dossier).told((*dossier.story, *dossier.resolved_by)).heard(dossier.ends)
    interrupted.run_in_any_order(random.Random(seed), duplicates=0, crashes=0.3)

    assert interrupted.lives() == put_right_in_order(dossier).lives


@every_kind
def test_names_the_amount_and_who_must_act(dossier: Dossier) -> None:
    (drift,) = performed(dossier).drifts
    amount, currency = (dossier.amount or " ").split(" ")
    stake = drift["amount_at_stake"]

    assert (stake is None) == (dossier.amount is None)
    if stake is not None:
        assert (stake["amount"], stake["currency"]) == (Decimal(amount), currency)
    assert (drift["owner_system"], drift["owner_team"]) == (dossier.owner_system, dossier.owner_team)


@every_kind
def test_reads_as_a_sentence(dossier: Dossier) -> None:
    (drift,) = performed(dossier).drifts
    text = f"{drift['expected']}; {drift['observed']}"

    assert drift["expected"]
    assert drift["observed"]
    for word in dossier.says:
        assert word in text
    for machine in ("None", "{", "}", "frozenset", "Decimal", "null"):
        assert machine not in text


@every_kind
def test_ends_when_it_is_put_right(dossier: Dossier) -> None:
    if not dossier.resolved_by:
        pytest.skip("only a decision ends it")

    assert {drift["status"] for drift in put_right_in_order(dossier).drifts} == {"closed"}


@every_kind
def test_what_we_put_right_does_not_count_as_healed_by_itself(dossier: Dossier) -> None:
    if not dossier.resolved_by:
        pytest.skip("only a decision ends it")

    assert {drift["how"] for drift in put_right(dossier)} <= {"corrected", "withdrawn"}
