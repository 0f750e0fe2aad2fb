"""Who the customers of the workload are: the demo's companies, without end, with a small governed share of drifts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from itertools import count

from streams.demo.flaws import DEFAULT_SLA_SECONDS, FAULTS
from streams.demo.journeys import write_journey
from streams.demo.profile import draw_profile
from streams.demo.script import Script
from streams.demo.steps import Journey

TODAY = date(2026, 11, 24)
CUSTOMERS_PER_SECOND = 25.0
"""Of event time. A customer makes about 22 changes, so a second carries some 550: live load, not a flood."""
FLAWED_SHARE = 0.03
_ENDINGS, _WEIGHTS = ("won", "lost", "open"), (94, 3, 3)


def journeys(seed: int) -> Iterator[Journey]:
    """The customers of this seed, for ever, in order of their start."""
    rng = random.Random(f"driftwise step {seed}")  # noqa: S311 - must repeat, not be secret
    for number in count(1):
        flaw = rng.choice(FAULTS) if rng.random() < FLAWED_SHARE else None
        starts_later = flaw is None and rng.random() < 0.03
        ending = "won" if flaw else rng.choices(_ENDINGS, _WEIGHTS)[0]
        profile = draw_profile(number, f"B{seed:x}", TODAY, rng, starts_later=starts_later)
        script = Script(profile, flaw, DEFAULT_SLA_SECONDS, rng)
        write_journey(script, ending)
        yield script.journey(number / CUSTOMERS_PER_SECOND)
