"""ops/kinds.md says what the code says."""

from __future__ import annotations

from collections import Counter

from streams.kinds.table import KINDS
from tests.dossiers.matrix import PAGE, page
from tests.dossiers.table import DOSSIERS
from tests.topology import default_governance


def test_the_page_of_kinds_is_current() -> None:
    assert PAGE.read_text() == page(default_governance()), "run `python -m tests.dossiers.matrix > ops/kinds.md`"


def test_every_kind_has_a_dossier_with_near_misses() -> None:
    near_misses = Counter({kind.name: 0 for kind in KINDS})
    for dossier in DOSSIERS:
        near_misses[dossier.kind] += len(dossier.near_misses)

    assert [name for name, number in near_misses.items() if number < 3] == []
