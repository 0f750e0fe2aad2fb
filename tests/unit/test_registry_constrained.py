"""Our subjects are FULL_TRANSITIVE, each by itself: what the registry's default is does not matter (contracts 8)."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import registry
from schemas.registry import HttpRegistry


class Client:
    """Registers whatever it is given."""

    def __init__(self, settings: Any) -> None:
        self.levels: list[tuple[str, str]] = []

    def register_schema(self, subject: str, schema: Any) -> int:
        return 1

    def set_compatibility(self, *, subject_name: str, level: str) -> None:
        self.levels.append((subject_name, level))


@pytest.mark.parametrize(
    ("constrain", "levels"), [(True, [("a", "FULL_TRANSITIVE"), ("b", "FULL_TRANSITIVE")]), (False, [])]
)
def test_a_subject_is_constrained_once_where_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, constrain: bool, levels: list[tuple[str, str]]
) -> None:
    monkeypatch.setattr(registry, "SchemaRegistryClient", Client)
    known = HttpRegistry("http://r", constrain=constrain)
    for subject in ("a", "b", "a"):
        known.register(subject, '"string"')

    client: Any = known._client
    assert client.levels == levels
