"""What else judge is told while records wander: halts, freezes, holes and their end, releases and approvals of what is
asked for just then."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from schemas import topics
from schemas.instants import SECOND, Instant
from streams.commands.decisions import SUBJECT
from streams.driver import Driver

SELDOM = 0.15
LACKED = (("crm:A", "billing", "invoice_line"), ("crm:A2", "erp", "contract"), ("", "erp", "customer"))
Stands = dict[str, Instant]
"""Kind or customer -> since when it is stopped."""


def intervening(driver: Driver, rng: random.Random, tell: Callable[[int], object]) -> Callable[[int], None]:
    """Whatever `tell` tells, and now and then a word of another stage or of somebody."""
    halted: Stands = {}
    frozen: Stands = {}
    lacking: Stands = {}

    def told(until: int) -> None:
        tell(until)
        if rng.random() < SELDOM:
            turned(driver, halted, rng.choice(driver.governance.judged), until * SECOND)
        if rng.random() < SELDOM / 2:  # now and then it is told late
            freeze(driver, frozen, rng.choice(("A", "A2")), (until - rng.choice((0, 0, 0, 20))) * SECOND)
        if rng.random() < SELDOM:
            lack(driver, lacking, *rng.choice(LACKED), until * SECOND)
        if rng.random() < SELDOM * 2:
            _about_one(driver, rng, until * SECOND)

    return told


def turned(driver: Driver, halted: Stands, kind: str, at: Instant) -> None:
    since, ends = _toggled(halted, kind, at)
    value = {"scope": "kind", "name": kind, "drift_id": f"halt of {kind} since {since}", "opened_at": since}
    _to_judge(driver, "BreakerTurned", {**value, "closed_at": ends})


def freeze(driver: Driver, frozen: Stands, customer: str, at: Instant) -> None:
    since, ends = _toggled(frozen, customer, at)
    whose = {"canonical_id": f"crm:{customer}", "system": "crm", "native_customer": customer}
    value = {**whose, "drift_id": f"conflict of {customer} since {since}", "frozen_at": since, "frozen_until": ends}
    _to_judge(driver, "CustomerFrozen", value)


def lack(driver: Driver, lacking: Stands, customer: str, system: str, entity: str, at: Instant) -> None:
    """Of a customer a record is missing, or is no more; without one it may be anyone's."""
    since, ends = _toggled(lacking, f"{customer}/{system}/{entity}", at)
    hole = {"canonical_id": customer, "system": system, "entity": entity, "letter_id": f"{customer}-{since}"}
    if ends is None:
        _to_judge(driver, "HoleOpened", {**hole, "partition": 0, "opened_at": since})
    else:
        _to_judge(driver, "HoleClosed", {**hole, "how": "moved"})


def _toggled(stands: Stands, what: str, at: Instant) -> tuple[Instant, Instant | None]:
    """Since when it is stopped, and until when, if it is no more."""
    since = stands.pop(what, None)
    if since is not None:
        return since, at
    stands[what] = at
    return at, None


def _about_one(driver: Driver, rng: random.Random, at: Instant) -> None:
    asking = [d for d in driver.latest(topics.DRIFTS) if d["status"] == "open" and d["command_id"]]
    if not asking:
        return
    drift = rng.choice(asking)
    if rng.random() < 0.6:
        subject = {name: drift[name] for name in SUBJECT}
        _to_judge(driver, "CorrectionApproved", {**subject, "by": "ada", "reason": "seen", "at": at})
    else:
        release(driver, drift, at - rng.choice((0, 20)) * SECOND)


def release(driver: Driver, drift: dict[str, Any], at: Instant) -> None:
    subject = {name: drift[name] for name in SUBJECT if name != "command_id"}
    _to_judge(driver, "CorrectionReleased", {**subject, "released_at": at})


def _to_judge(driver: Driver, record: str, value: dict[str, Any]) -> None:
    for partition in range(driver.governance.partitions):
        driver.pipe(topics.CHANGES, "", record, value, partition=partition)
