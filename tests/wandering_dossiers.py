"""The records of a dossier whose customers come and go, while any of them changes in anything, or is deleted."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.dossiers.model import Change, Dossier, Story, company
from tests.dossiers.noise import noise
from tests.dossiers.stage import Play
from tests.dossiers.stage import governed as of_dossier
from tests.wanderers import LASTS, OWNERS, RETENTIONS, STEP, Log, heard_by_judge, in_one_shard

ENDS = 80
"""By then every verdict is due."""


def played(dossier: Dossier, rng: random.Random) -> tuple[Play, Log]:
    """A play of it, and what judge was told there."""
    play = Play(dossier, in_one_shard(of_dossier(dossier), rng.choice(RETENTIONS)))
    story = _wandering(dossier, rng)
    gaps = rng.choice((True, False))
    return play, heard_by_judge(play.driver, lambda until: play.tell(_since(story, until)), rng, gaps=gaps, ends=ENDS)


def _since(story: Story, until: int) -> Story:
    return tuple(change for change in story if until - STEP < change.at <= until)


def _wandering(dossier: Dossier, rng: random.Random) -> Story:
    known = company(dossier.linked)
    stories = (dossier.story, (*dossier.story, *dossier.resolved_by), *dossier.near_misses.values())
    told = noise(rng, (*known, *_links(known, rng), *rng.choice(stories)), rng.randint(0, 12))
    other = (c._replace(native_id="A2", customer="A2") for c in known if c.system == "crm")
    return (*told, *other)


def _links(known: Story, rng: random.Random) -> Iterator[Change]:
    """Customers say now and then that they are another's, or their own."""
    linked = [change for change in known if change.system != "crm" and change.attributes]
    for _ in range(rng.randint(0, 8) if linked else 0):
        change = rng.choice(linked)
        of = {**(change.attributes or {}), "crm_ref": rng.choice(OWNERS)}
        yield change._replace(at=rng.randint(2, LASTS), attributes=of)
