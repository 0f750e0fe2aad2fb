"""What is told of a drift that opens again and again, asked directly; times are plain numbers."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import ids, topics
from schemas.instants import SECOND
from streams.governance.process import Flapping, Process
from streams.judge.flapping import watch
from streams.judge.keys import ObligationKey, drift_key, process_key
from streams.judge.obligation import Obligation, Transition, Trigger
from streams.kinds.asof import AsOf
from streams.kinds.finding import Evidence, Finding
from streams.kinds.quarrel import NAME
from streams.kinds.table import BY_NAME
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import CUSTOMER, found, record, workspace

KIND, NOW, WINDOW = "invoice_not_posted", 100, 60
FLAPPING = Flapping(openings=2, window_seconds=WINDOW / SECOND)
GOVERNANCE = five_systems().model_copy(update={"process": Process(flapping=FLAPPING), "derived": {}})
KEY = ObligationKey(CUSTOMER, KIND, "billing", "I")
TOO_MANY, ALLOWED = (60, 80, NOW), (80, NOW)
AMOUNT = {"amount": "9.00", "currency": "EUR", "basis": "gross"}


class Told:
    """Who watches, what is kept of the obligation, and which drifts are told."""

    def __init__(self, openings: tuple[int, ...], *told: tuple[str, str], kind: str = KIND, judged: Any = (KIND, NAME),
                 flapping: dict[str, Any] | None = None) -> None:  # fmt: skip
        self.ws = workspace(record("billing", "invoice", "I", 3, number="N-1"))
        governance = GOVERNANCE.model_copy(update={"judged": judged, "derived": {}})
        now = AsOf(self.ws, governance, CUSTOMER, NOW)
        seen = Evidence(found(now, "billing", "invoice", "I"), "status", "posted")
        finding = Finding(False, 3, "v3", "erp", "posted", "not posted", (seen,), amount=AMOUNT)
        transitions = [Transition(what, Trigger(1, "v1"), 1, NOW, finding, how) for what, how in told]
        if flapping:
            self.ws.put(drift_key(flapping["drift_id"]), {"customer": CUSTOMER, "opened_at": 60})
        o = Obligation("open", openings=openings, flapping=flapping)
        self.after = watch(self.ws, now, BY_NAME[kind], KEY._replace(kind=kind), o, transitions)
        self.drifts = [e.value for e in self.ws.effects if e.topic == topics.DRIFTS]
        self.emitted = [e.topic for e in self.ws.effects]


OPENED, MET, RETRACTED, HEALED = ("opened", ""), ("met", ""), ("closed", "retracted"), ("closed", "self_healed")


def test_an_opening_too_many_is_told_as_a_drift_of_its_own_since_the_first_of_them() -> None:
    told = Told(TOO_MANY, MET, OPENED)
    (drift,) = told.drifts

    assert drift is not None
    assert told.after.flapping is not None
    assert told.after == Obligation("open", openings=TOO_MANY, flapping=told.after.flapping)
    assert told.after.flapping["drift_id"] == drift["drift_id"]
    version = f"{KIND}@60"
    rules = GOVERNANCE.kinds[NAME]
    expected = {
        "drift_id": ids.drift_id(NAME, "billing", "invoice", "I", version), "kind": NAME, "kind_number": "M7",
        "canonical_id": CUSTOMER, "system": "billing", "entity": "invoice", "native_id": "I", "status": "open",
        "triggered_at": 60, "trigger_version": version, "due_at": NOW, "opened_at": NOW, "closed_at": None, "how": "",
        "owner_system": "erp", "causes": [KIND], "severity": rules.severity, "mode": rules.mode, "command_id": None,
    }  # fmt: skip
    assert {name: drift[name] for name in expected} == expected
    assert str(drift["amount_at_stake"]["amount"]) == "9.00"
    assert [(e["native_id"], e["field"], e["value"]) for e in drift["evidence"]] == [("I", "status", "posted")]
    assert "at most 2 openings in 0 seconds" in drift["expected"]
    assert drift["observed"].startswith("it opened 3 times")


def test_it_is_counted_and_shown_with_its_customer_and_asks_for_nothing() -> None:
    told = Told(TOO_MANY, OPENED)

    assert topics.COMMANDS not in told.emitted
    counted = told.ws.get(process_key(CUSTOMER))
    assert counted is not None
    assert counted["open"] == {NAME: 1}


@pytest.mark.parametrize(
    ("openings", "happened"),
    [(ALLOWED, (OPENED,)), (TOO_MANY, ()), (TOO_MANY, (MET,)), (TOO_MANY, (HEALED,)), ((), ()), ((), (OPENED,))],
)
def test_what_is_allowed_or_does_not_open_just_now_begins_none(
    openings: tuple[int, ...], happened: tuple[tuple[str, str], ...]
) -> None:
    told = Told(openings, *happened)

    assert (told.after, told.emitted) == (Obligation("open", openings=openings), [])


@pytest.mark.parametrize(("kind", "judged"), [(KIND, (KIND,)), (NAME, (KIND, NAME))])
def test_nothing_flaps_where_that_is_not_judged_nor_does_flapping_itself(kind: str, judged: tuple[str, ...]) -> None:
    for standing in (None, {"drift_id": "M7"}):
        told = Told(TOO_MANY if standing is None else (), OPENED, kind=kind, judged=judged, flapping=standing)
        assert (told.after.flapping, told.emitted) == (standing, [])


def standing() -> dict[str, Any]:
    drift = Told((40, 50, 60), OPENED).after.flapping
    assert drift is not None
    return {**drift, "opened_at": 60}


def closed(openings: tuple[int, ...], *happened: tuple[str, str]) -> tuple[bool, list[tuple[Any, ...]]]:
    """Whether it goes on, and how it was told to have ended."""
    told = Told(openings, *happened, flapping=standing())
    ends = [(d["drift_id"], d["closed_at"], d["how"]) for d in told.drifts if d and d["status"] == "closed"]
    assert len(ends) == len(told.drifts)
    assert told.after == Obligation("open", openings=openings, flapping=told.after.flapping)
    return told.after.flapping is not None, ends


@pytest.mark.parametrize("happened", [(), (OPENED,), (HEALED,)])
def test_it_goes_on_while_an_opening_lies_within_the_window(happened: tuple[tuple[str, str], ...]) -> None:
    assert closed((80,), *happened) == (True, [])
    assert closed(TOO_MANY, RETRACTED) == (True, [])


def test_an_opening_that_never_was_ends_it_as_if_it_had_not_begun() -> None:
    drift_id = standing()["drift_id"]

    for left in (ALLOWED, (80,), ()):
        assert closed(left, RETRACTED) == (False, [(drift_id, 60, "retracted")])
        assert closed(left, OPENED, RETRACTED) == (False, [(drift_id, 60, "retracted")])


def test_it_ends_when_the_last_opening_has_left_the_window() -> None:
    drift_id = standing()["drift_id"]

    for happened in ((), (HEALED,), (HEALED, MET)):
        assert closed((), *happened) == (False, [(drift_id, NOW, "self_healed")])
