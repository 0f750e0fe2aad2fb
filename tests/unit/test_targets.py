"""Facts about how one gets to the systems that commands are for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from streams.targets import Targets


def asked_for(monkeypatch: pytest.MonkeyPatch, dsn: str) -> Mapping[str, Any]:
    """With what a connection is opened."""
    asked: list[str] = []

    def refuse(conninfo: str, **_: Any) -> None:
        asked.append(conninfo)
        raise psycopg.OperationalError("nobody is there")

    monkeypatch.setattr(psycopg, "connect", refuse)
    with pytest.raises(psycopg.OperationalError):
        Targets({"erp": dsn}, {}).database("erp")
    return conninfo_to_dict(asked[0])


def test_a_database_that_does_not_answer_is_given_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = asked_for(monkeypatch, "host=erp.example dbname=erp")

    assert asked["host"] == "erp.example"
    assert 0 < int(asked["connect_timeout"]) <= 30


def test_who_names_a_patience_of_its_own_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked_for(monkeypatch, "postgresql://erp.example/erp?connect_timeout=3")["connect_timeout"] == "3"
