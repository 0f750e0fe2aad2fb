"""What else judge is told while records wander: approvals of what is asked for just then."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from schemas import topics
from schemas.instants import SECOND
from streams.commands.approvals import SUBJECT
from streams.driver import Driver


def intervening(driver: Driver, rng: random.Random, tell: Callable[[int], object]) -> Callable[[int], None]:
    """Whatever `tell` tells, and now and then a word of somebody."""

    def told(until: int) -> None:
        tell(until)
        if rng.random() < 0.2:
            _about_one(driver, rng, until)

    return told


def _about_one(driver: Driver, rng: random.Random, until: int) -> None:
    asking = [d for d in driver.latest(topics.DRIFTS) if d["status"] == "open" and d["command_id"]]
    if asking:
        drift = rng.choice(asking)
        subject = {name: drift[name] for name in SUBJECT}
        _to_judge(driver, "CorrectionApproved", {**subject, "by": "ada", "reason": "seen", "at": until * SECOND})


def _to_judge(driver: Driver, record: str, value: dict[str, Any]) -> None:
    for partition in range(driver.governance.partitions):
        driver.pipe(topics.CHANGES, "", record, value, partition=partition)
