"""A kind regards every attribute that it looks at while it decides: else a change of that attribute is not judged."""

from __future__ import annotations

import random
from typing import Any

import pytest

from streams.judge import settle
from streams.kinds.asof import Found
from streams.kinds.sight import sight
from streams.kinds.table import KINDS, Kind
from tests.dossiers.model import Dossier, company
from tests.dossiers.stage import Play
from tests.dossiers.table import DOSSIERS

Looked = set[tuple[str, str, str]]
"""(row of the kind, entity, attribute)."""
FOR_TEXTS = {
    ("contract_value_mismatch", "opportunity", "number"),
    ("payment_status_unpropagated", "cash_application", "reference"),
}
"""What is looked at only to say which record is meant."""
CHOOSY = [d for d in DOSSIERS if any(k.name == d.kind and k.regarded for k in KINDS)]


class Watched(dict[str, Any]):
    def __init__(self, attributes: dict[str, Any], looked: Looked, kind: str, entity: str) -> None:
        super().__init__(attributes)
        self._looked, self._kind, self._entity = looked, kind, entity

    def __getitem__(self, name: str) -> Any:
        self._looked.add((self._kind, self._entity, name))
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._looked.add((self._kind, self._entity, name))
        return super().get(name, default)


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> Looked:
    found: Looked = set()
    asked, ask = [""], settle._ask

    def watching(ws: Any, governance: Any, kind: Kind, *rest: Any, **options: Any) -> Any:
        asked.append(kind.row)
        try:
            return ask(ws, governance, kind, *rest, **options)
        finally:
            asked.pop()

    monkeypatch.setattr(settle, "_ask", watching)
    monkeypatch.setattr(
        Found, "attrs", property(lambda self: Watched(self.version["attrs"], found, asked[-1], self.entity))
    )
    return found


@pytest.mark.parametrize("dossier", CHOOSY, ids=[f"{d.kind}-{n}" for n, d in enumerate(CHOOSY)])
def test_what_a_kind_decides_by_it_regards(dossier: Dossier, looked: Looked) -> None:
    play = Play(dossier)
    for story in ((*dossier.story, *dossier.resolved_by), *dossier.near_misses.values()):
        play = Play(dossier)
        play.tell((*company(dossier.linked), *story))
        play.heard(dossier.ends)
        play.run_in_any_order(random.Random(0), duplicates=0, crashes=0)

    rows = {kind.row: sight(play.governance, kind).regarded for kind in KINDS}
    about = {(row, entity, name) for row, entity, name in looked - FOR_TEXTS if entity in rows.get(row, {})}
    assert any(row.startswith(dossier.kind) for row, _, _ in about)
    assert {(row, entity, name) for row, entity, name in about if name not in rows[row][entity]} == set()
