"""Kinds that say what could begin them are judged less often, and say the same."""

from __future__ import annotations

import random

import pytest

from streams.kinds.table import BY_NAME, judged
from tests.dossiers.model import Dossier
from tests.dossiers.stage import Play
from tests.dossiers.table import DOSSIERS

CHOOSY = [d for d in DOSSIERS if any(k.name == d.kind and (k.begins or k.compares) for k in BY_NAME.values())]


def lives(dossier: Dossier, *, choosy: bool, seed: int) -> tuple[set[tuple[object, ...]], set[str]]:
    play = Play(dossier)
    if not choosy:
        kinds = judged(play.governance)
        play.governance.derived[(judged,)] = tuple(kind._replace(begins=None, compares=False) for kind in kinds)
    play.told((*dossier.story, *dossier.resolved_by)).heard(dossier.ends)
    play.run_in_any_order(random.Random(seed), duplicates=0.1, crashes=0.1)
    return play.lives(), play.commands()


@pytest.mark.parametrize("dossier", CHOOSY, ids=[f"{d.kind}-{n}" for n, d in enumerate(CHOOSY)])
@pytest.mark.parametrize("seed", range(3))
def test_what_is_not_judged_could_have_begun_nothing(dossier: Dossier, seed: int) -> None:
    assert lives(dossier, choosy=True, seed=seed) == lives(dossier, choosy=False, seed=seed)


def test_there_are_such_kinds() -> None:
    assert len({dossier.kind for dossier in CHOOSY}) > 8
