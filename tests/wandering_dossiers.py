"""The records of a dossier whose customers come and go, while any of them changes in anything, or is deleted."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.dossiers.model import Change, Dossier, Story, company
from tests.dossiers.noise import noise
from tests.dossiers.stage import Play
from tests.dossiers.stage import governed as of_dossier
from tests.wanderers import DELAYS, LASTS, OWNERS, RETENTIONS, STEP, Beside, Log, heard_by_judge, in_one_shard

ENDS = 80
"""By then every verdict is due."""


def played(
    dossier: Dossier, rng: random.Random, *, late: float = 0.0, beside: Beside | None = None
) -> tuple[Play, Log]:
    """A play of it, and what judge was told there. `late`: how many of its changes are told some seconds later;
    `beside`: what else is told."""
    play = Play(dossier, in_one_shard(of_dossier(dossier), rng.choice((*RETENTIONS, ENDS) if late else RETENTIONS)))
    story = _wandering(dossier, rng)
    gaps = rng.choice((True, False))
    told_at = [(change.at + (rng.choice(DELAYS) if late and rng.random() < late else 0), change) for change in story]

    def tell(until: int) -> None:
        play.tell(tuple(change for at, change in told_at if until - STEP < at <= until))

    told = tell if beside is None else beside(play.driver, rng, tell)
    return play, heard_by_judge(play.driver, told, rng, gaps=gaps, ends=ENDS)


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
