"""Kinds that say what could begin them, what they regard and what only answers them are judged less often, and say the
same."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest

from streams.kinds.asof import ALL_OF_IT
from streams.kinds.sight import sight
from streams.kinds.table import KINDS, Kind, judged
from tests.depth import cases
from tests.dossiers.model import Dossier, Story, company
from tests.dossiers.noise import noise
from tests.dossiers.stage import Play, governed
from tests.dossiers.table import DOSSIERS

SEEDS = int(os.environ.get("DRIFTWISE_NOISE_SEEDS", cases(3, thorough=30)))
"""Stories of each dossier with noise; thousands where somebody changes how kinds are judged."""


UNCHOOSY: dict[str, Any] = {"begins": None, "compared_within": "", "compared_in": (), "counterpart": False}


def is_choosy(kind: Kind) -> bool:
    return bool(kind.begins or kind.compared_within or kind.counterpart or kind.regarded or kind.answered_by)


CHOOSY = [d for d in DOSSIERS if any(k.name == d.kind and is_choosy(k) for k in KINDS)]
every_choosy_kind = pytest.mark.parametrize("dossier", CHOOSY, ids=[f"{d.kind}-{n}" for n, d in enumerate(CHOOSY)])


def said(dossier: Dossier, story: Story, *, choosy: bool, seed: int, stands: float) -> tuple[set[Any], ...]:
    """Drifts, commands and audit of a story. What of it was before `stands`, its sources' first snapshots show."""
    play = Play(dossier, governed(dossier).model_copy())
    if not choosy:
        kinds, derived = judged(play.governance), play.governance.derived
        derived[(judged,)] = tuple(kind._replace(**UNCHOOSY) for kind in kinds)
        derived.update({(sight, kind.row): ALL_OF_IT for kind in KINDS})
    play.tell((one for one in story if one.at < stands), snapshot=True)
    play.tell(one for one in story if one.at >= stands)
    play.heard(dossier.ends)
    play.run_in_any_order(random.Random(seed), duplicates=0.1, crashes=0.1)
    return play.lives(), play.commands(), play.audited()


@pytest.mark.law
@every_choosy_kind
@pytest.mark.parametrize("seed", range(SEEDS))
def test_what_is_not_judged_could_have_changed_nothing(dossier: Dossier, seed: int) -> None:
    rng = random.Random(f"{dossier.kind} {seed}")
    stories = [(*dossier.story, *dossier.resolved_by), dossier.story, *dossier.near_misses.values()]
    story = (*company(dossier.linked), *rng.choice(stories))
    story = noise(rng, story, changes=rng.randint(0, 5))
    how: dict[str, Any] = {"seed": seed, "stands": rng.choice((0, 0, rng.randint(1, 20)))}

    assert said(dossier, story, choosy=True, **how) == said(dossier, story, choosy=False, **how)


def test_there_are_such_kinds() -> None:
    assert len({dossier.kind for dossier in CHOOSY}) > 8
