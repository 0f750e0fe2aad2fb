"""What every rule answers where there is nothing to go by."""

from __future__ import annotations

import pytest

from streams.kinds.finding import Finding
from streams.kinds.table import KINDS
from tests.answers import Case, answer
from tests.dossiers.stage import five_systems
from tests.unit.looked_at import record

SUBJECTS = [
    pytest.param(kind.row, kind.entity, system, id=f"{kind.row} in {system}")
    for kind in KINDS
    for role in kind.roles
    for system in five_systems().in_role(role)
]
every_subject = pytest.mark.parametrize(("kind", "entity", "system"), SUBJECTS)


@every_subject
def test_of_a_record_that_is_not_there_nothing_is_demanded(kind: str, entity: str, system: str) -> None:
    assert answer(Case(kind, f"{system}/X", (record(system, entity, "Y"),), "")) is None


@every_subject
def test_a_record_that_says_nothing_violates_nothing(kind: str, entity: str, system: str) -> None:
    found = answer(Case(kind, f"{system}/X", (record(system, entity, "X"),), ""))

    assert not isinstance(found, Finding) or found.satisfied
