"""What an obligation takes along when other rules come into force, asked directly; times are plain numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from schemas.instants import SECOND
from streams.governance.kind import Segment
from streams.governance.model import Governance
from streams.judge.kept import carry_over, under
from streams.judge.keys import ObligationKey
from streams.judge.obligation import Obligation, Trigger
from streams.kinds.table import BY_NAME
from tables.view import MemoryView, Workspace
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import CUSTOMER

DEADLINE, GRACE = "invoice_not_posted", "invoice_amount_mismatch"
ARMED = Obligation("armed", Trigger(3, "v3"), Trigger(3, "v3"), due=13, settled=3, next=8)


def governed(kind: str = DEADLINE, sla: int = 10, **rules: Any) -> Governance:
    base = five_systems()
    known = base.kinds[kind].model_copy(update={"sla_seconds": sla / SECOND, "sla_business_days": None, **rules})
    return base.model_copy(update={"kinds": {**base.kinds, kind: known}, "judged": (kind,), "derived": {}})


def carried(before: Governance, after: Governance, o: Obligation = ARMED, kind: str = DEADLINE) -> Obligation:
    key = ObligationKey(CUSTOMER, kind, "billing", "I")
    return carry_over(Workspace(MemoryView()), before, after, BY_NAME[kind], key, o)


def test_one_that_is_armed_keeps_what_was_stated_of_its_kind_and_no_defaults() -> None:
    before = governed(tolerance_absolute=Decimal(5))
    kept = carried(before, governed(sla=20)).kept

    assert kept is not None
    assert (kept["sla_seconds"], kept["tolerance_absolute"]) == (10 / SECOND, "5")
    defaults = type(before.kinds[DEADLINE]).model_fields
    assert not [n for n in kept if n in defaults and getattr(before.kinds[DEADLINE], n) == defaults[n].default]


def test_the_first_that_it_kept_stay() -> None:
    first = carried(governed(), governed(sla=20))

    assert carried(governed(sla=20), governed(sla=30), first) == first


def test_where_its_kind_is_governed_alike_it_keeps_nothing() -> None:
    assert carried(governed(), governed()) == ARMED
    assert carried(governed(), governed().model_copy(update={"late_retention_seconds": 7})) == ARMED


@pytest.mark.parametrize("status", ["idle", "waiting", "met", "open", "closed"])
@pytest.mark.parametrize("kind", [DEADLINE, GRACE])
def test_what_is_not_armed_keeps_nothing(status: str, kind: str) -> None:
    o = ARMED._replace(status=status)

    assert carried(governed(kind), governed(kind, 20), o, kind) == o


@pytest.mark.parametrize(("due", "sla", "moved"), [(13, 20, 23), (18, 20, 28), (13, 4, 7), (13, 10, 13)])
def test_a_grace_ends_as_if_it_had_always_been_as_long_as_the_rules_say(due: int, sla: int, moved: int) -> None:
    """Wherever it began."""
    found = carried(governed(GRACE), governed(GRACE, sla), ARMED._replace(due=due), GRACE)

    assert found == ARMED._replace(due=moved)


def test_without_kept_rules_it_is_judged_by_those_in_force() -> None:
    governance = governed()

    assert under(governance, BY_NAME[DEADLINE], None) is governance


def test_under_kept_rules_it_is_judged_but_who_acts_and_how_is_as_governed_at_the_instant() -> None:
    segments = {n: Segment(mode="alert", sla_seconds=9) for n in ("small", "large")}
    before = governed(severity="S1", mode="alert", owner_team="before", segments=segments)
    after = governed(
        sla=20, severity="S4", mode="execute", owner_team="after", segments={"large": Segment(mode="propose")}
    )
    rules = under(after, BY_NAME[DEADLINE], carried(before, after).kept).kinds[DEADLINE]

    assert (rules.sla_seconds, rules.severity, rules.mode, rules.owner_team) == (
        10 / SECOND,
        "S1",
        "execute",
        "after",
    )
    assert {n: (s.mode, s.sla_seconds) for n, s in rules.segments.items()} == {
        "small": (None, 9),
        "large": ("propose", 9),
    }


def test_those_of_other_kinds_are_as_in_force_and_all_are_made_once() -> None:
    after, kept = governed(sla=20), carried(governed(), governed(sla=20)).kept
    found = under(after, BY_NAME[DEADLINE], kept)

    assert found.kinds[GRACE] == after.kinds[GRACE]
    assert under(after, BY_NAME[DEADLINE], kept) is found
    assert under(after, BY_NAME[DEADLINE], {**(kept or {}), "sla_seconds": 7}).kinds[DEADLINE].sla_seconds == 7
