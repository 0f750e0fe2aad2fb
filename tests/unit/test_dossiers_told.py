"""What is told and asked of each dossier's drift is what is on record in `tests/dossiers/told.yaml`."""

from __future__ import annotations

import pytest

from tests.dossiers.model import Dossier
from tests.dossiers.told import named, on_record, told


@pytest.mark.parametrize(("name", "dossier"), [pytest.param(n, d, id=n) for n, d in named()])
def test_it_tells_and_asks_what_is_on_record(name: str, dossier: Dossier) -> None:
    assert told(dossier) == on_record()[name]


def test_nothing_else_is_on_record() -> None:
    assert on_record().keys() == {name for name, _ in named()}
