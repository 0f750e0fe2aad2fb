"""What people decide while records wander: commands are approved and rejected, also such as nobody asks for any more;
rejections are lifted; and a word comes twice, or long after another one."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from schemas import topics
from schemas.instants import SECOND
from streams.commands.decisions import SUBJECT
from streams.driver import Driver
from streams.judge.rejections import REJECTED
from tests.intervening import LACKED, SELDOM, Stands, freeze, lack, release, turned

OFTEN = 0.4
ONCE_MORE = 0.2
Word = tuple[str, dict[str, Any]]


def deciding(driver: Driver, rng: random.Random, tell: Callable[[int], object]) -> Callable[[int], None]:
    """Whatever `tell` tells, what people decide, and now and then a halt, a conflict, a hole or a release."""
    halted: Stands = {}
    frozen: Stands = {}
    lacking: Stands = {}
    words = list[Word]()

    def decided(until: int) -> None:
        tell(until)
        if rng.random() < SELDOM:
            turned(driver, halted, rng.choice(driver.governance.judged), until * SECOND)
        if rng.random() < SELDOM / 2:
            freeze(driver, frozen, rng.choice(("A", "A2")), until * SECOND)
        if rng.random() < SELDOM / 2:
            lack(driver, lacking, *rng.choice(LACKED), until * SECOND)
        if rng.random() < OFTEN:
            _decide(driver, rng, words, until * SECOND + len(words))
        if words and rng.random() < ONCE_MORE:
            say(driver, *rng.choice(words))

    return decided


def _decide(driver: Driver, rng: random.Random, words: list[Word], at: int) -> None:
    asking = [d for d in driver.latest(topics.DRIFTS) if d["command_id"] or d["rejected_command_id"]]
    if asking:
        drift = rng.choice(asking)
        if rng.random() < SELDOM:
            release(driver, drift, at)
        chosen = lifted(drift, at) if drift["restraint"] == REJECTED else rejected(drift, at)
        if rng.random() < 0.2:
            chosen = approved(drift, at)
        if rng.random() < 0.2:
            chosen[1]["only_lifts"] = True
        words.append(chosen)
        say(driver, *chosen)


def rejected(drift: dict[str, Any], at: int, by: str = "bob", reason: str = "not ours") -> Word:
    return "CorrectionRejected", _said(drift, at, by, reason)


def approved(drift: dict[str, Any], at: int, by: str = "ada") -> Word:
    """By somebody who knows of no rejection."""
    return "CorrectionApproved", _said(drift, at, by, "seen") | {"lifts": None, "only_lifts": False}


def lifted(drift: dict[str, Any], at: int, by: str = "eve", *, only: bool = False) -> Word:
    """As the drift says that it was rejected."""
    return "CorrectionApproved", _said(drift, at, by, "seen") | {"lifts": drift["rejected_at"], "only_lifts": only}


def _said(drift: dict[str, Any], at: int, by: str, reason: str) -> dict[str, Any]:
    asked = drift["command_id"] or drift["rejected_command_id"]
    return {name: drift[name] for name in SUBJECT} | {"command_id": asked, "by": by, "reason": reason, "at": at}


def say(driver: Driver, record: str, value: dict[str, Any]) -> None:
    for partition in range(driver.governance.partitions):
        driver.pipe(topics.CHANGES, "", record, value, partition=partition)
