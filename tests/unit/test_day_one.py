"""Day one is not mass drift: what stood so at the first start is listed and priced, and nobody is woken for it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from io import BytesIO
from typing import Any

import pytest

from schemas import topics
from schemas.instants import SECOND, to_datetime
from streams.backtest.findings import Findings
from streams.backtest.log import Log
from streams.backtest.run import Run
from streams.backtest.stores import PlainView, Stores
from streams.fleet import Fleet
from streams.governance import Governance
from streams.inputs import Input
from streams.kinds.table import BY_NAME
from streams.shard import Shard
from tables.view import Emit
from tests.crowd import as_lines, crowd, story_of
from tests.dossiers.model import Change, Dossier, Story, change, company
from tests.dossiers.stage import THE_END, governed
from tests.dossiers.table import DOSSIERS

every_kind = pytest.mark.parametrize(
    "dossier", DOSSIERS, ids=[f"{dossier.kind}-{number}" for number, dossier in enumerate(DOSSIERS)]
)
OLD = {"invoice_not_posted": 39_000, "won_without_erp_customer": 500, "contract_value_mismatch": 500}
NEW = 10
INVOICES_A_CUSTOMER = 200


class Told(Findings):
    """What leaves the topology, and what the fleet stage makes of it."""

    def __init__(self, governance: Governance) -> None:
        super().__init__()
        self.latest: dict[str, dict[str, Any]] = {}
        """Drift id -> the last record of it."""
        self.commanded: list[str] = []
        """Drift ids."""
        self.audited: Counter[tuple[str, str]] = Counter()
        self.alerts: list[str] = []
        """Kinds that the fleet raised."""
        self._fleet = Shard(Fleet(governance), 0, PlainView())

    def take(self, effect: Emit) -> None:
        value = effect.value or {}
        match effect.topic:
            case topics.DRIFTS:
                self.latest[effect.key] = value
            case topics.COMMANDS:
                self.commanded.append(value["drift_id"])
            case topics.AUDIT:
                self.audited[value["kind"], value["result"]] += 1
            case topics.PROGRESS if effect.record != "Watermarks":
                record = Input(effect.topic, 0, 0, effect.key, effect.record, value, {})
                told = self._fleet.process(record)
                self.alerts += [e.value["kind"] for e in told if e.topic == topics.DRIFTS and e.value]


class FirstStart:
    """What the first start of a deployment makes of what it reads."""

    def __init__(self, governance: Governance, ends: float = THE_END) -> None:
        self.told = Told(governance)
        self._run = Run(governance, Stores(None), self.told, marked=False, until=round(ends * SECOND))
        self._lines: list[bytes] = []

    def reads(self, story: Iterable[Change], *, snapshot: bool = False) -> FirstStart:
        self._lines += as_lines(story, snapshot=snapshot, version=None)
        return self

    def drifts(self) -> list[dict[str, Any]]:
        self._run.play(Log(BytesIO(b"".join(self._lines))).lines())
        return list(self.told.latest.values())

    def statuses(self) -> set[str]:
        return {drift["status"] for drift in self.drifts()}


def as_it_stands(story: Story) -> Story:
    """What a snapshot reads: the last version of each record, without its history."""
    latest = {(c.system, c.entity, c.native_id): c for c in sorted(story, key=lambda c: c.at)}
    return tuple(c for c in latest.values() if c.attributes is not None)


@every_kind
def test_what_stood_so_in_the_first_snapshot_alarms_nobody(dossier: Dossier) -> None:
    """A drift in how records came to be as they are does not even show: a snapshot has no history."""
    start = FirstStart(governed(dossier), dossier.ends).reads(as_it_stands(story_of(dossier)), snapshot=True)

    assert start.statuses() <= {"baseline"}
    assert start.told.commanded == []


@every_kind
def test_what_was_triggered_before_go_live_is_baseline(dossier: Dossier) -> None:
    go_live = to_datetime(round((dossier.opens_at + 1) * SECOND))
    governance = governed(dossier).model_copy(update={"go_live_at": go_live})
    start = FirstStart(governance, dossier.ends).reads(story_of(dossier))

    assert start.statuses() == {"baseline"}
    assert start.told.commanded == []
    assert {result for _, result in start.told.audited} == {"baseline"}


@every_kind
def test_what_is_put_right_leaves_the_baseline(dossier: Dossier) -> None:
    start = FirstStart(governed(dossier), dossier.ends).reads(as_it_stands(story_of(dossier)), snapshot=True)
    start.reads(dossier.resolved_by)

    assert start.statuses() <= ({"closed"} if dossier.resolved_by else {"baseline"})


def test_a_mismatch_of_the_baseline_that_becomes_another_one_is_new() -> None:
    dossier = next(d for d in DOSSIERS if d.kind == "contract_value_mismatch")
    start = FirstStart(governed(dossier)).reads(as_it_stands(story_of(dossier)), snapshot=True)
    (old,) = start.drifts()
    seen = next(e for e in old["evidence"] if e["system"] == "billing")
    record = next(c for c in dossier.story if (c.system, c.native_id) == (seen["system"], seen["native_id"]))

    worse = {**(record.attributes or {}), seen["field"]: {"amount": "999999.00", "currency": "EUR"}}
    again = FirstStart(governed(dossier)).reads(as_it_stands(story_of(dossier)), snapshot=True)
    again.reads([record._replace(at=500, attributes=worse)])

    assert {(d["status"], d["how"]) for d in again.drifts()} == {("closed", "superseded"), ("open", "")}


def test_a_change_that_leaves_the_mismatch_as_it_was_wakes_nobody() -> None:
    dossier = next(d for d in DOSSIERS if d.kind == "contract_value_mismatch")
    start = FirstStart(governed(dossier)).reads(as_it_stands(story_of(dossier)), snapshot=True)
    start.reads([one._replace(at=500) for one in as_it_stands(dossier.story)])

    assert start.statuses() == {"baseline"}


def _invoices(customers: int, each: int, at: float, name: str = "old") -> list[Change]:
    made = crowd(company(("crm", "billing", "erp")), customers, random.Random(1), spread=1)
    return made + [
        change(
            at,
            "billing",
            "invoice",
            f"{name}-{c}-{i}",
            customer=f"B-{c}",
            number=f"{name}-{c}-{i}",
            status="posted",
            total="119.00 EUR",
        )
        for c in range(customers)
        for i in range(each)
    ]


def _company() -> Governance:
    dossiers = {kind: next(d for d in DOSSIERS if d.kind == kind) for kind in OLD}
    rules = {kind: governed(dossier).kinds[kind] for kind, dossier in dossiers.items()}
    base = governed(dossiers["invoice_not_posted"])
    return base.model_copy(update={"kinds": {**base.kinds, **rules}, "judged": (*OLD, "mass_drift")})


def _old() -> list[Change]:
    made = _invoices(OLD["invoice_not_posted"] // INVOICES_A_CUSTOMER, INVOICES_A_CUSTOMER, 3)
    for kind in ("won_without_erp_customer", "contract_value_mismatch"):
        dossier = next(d for d in DOSSIERS if d.kind == kind)
        made += crowd(as_it_stands(story_of(dossier)), OLD[kind], random.Random(2), name=kind)
    return made


@pytest.mark.law
def test_forty_thousand_old_disagreements_and_ten_new_ones_open_ten() -> None:
    new = [one for one in _invoices(NEW, 1, 600, "new") if one.entity == "invoice"]
    start = FirstStart(_company()).reads(_old(), snapshot=True).reads(new)
    drifts = start.drifts()

    stood = Counter(drift["kind"] for drift in drifts if drift["status"] == "baseline")
    opened = [drift for drift in drifts if drift["status"] == "open"]
    assert stood == OLD
    assert sum(stood.values()) == 40_000
    assert {drift["native_id"] for drift in opened} == {one.native_id for one in new}
    assert set(start.told.commanded) == {drift["drift_id"] for drift in opened}
    assert start.told.alerts == []


def test_as_many_that_are_new_are_an_alert() -> None:
    """So that the silence above means something."""
    start = FirstStart(_company()).reads(_invoices(100, 1, 3))

    assert start.statuses() == {"open"}
    assert start.told.alerts == ["mass_drift"]


def test_the_kinds_of_the_test_are_two_deadlines_and_a_mismatch() -> None:
    assert sorted(BY_NAME[kind].clock for kind in OLD) == ["deadline", "deadline", "grace"]
