"""Endpoints: saved by one process, found by another."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.stack import StackError, load
from connectors.stack.endpoints import Endpoints, Postgres, forget

SOME = Endpoints(
    provider="embedded",
    kafka_bootstrap="127.0.0.1:1",
    connect_url="http://127.0.0.1:2",
    registry_url="http://127.0.0.1:3/apis/ccompat/v7",
    registry_native_url="http://127.0.0.1:3/apis/registry/v2",
    registry_for_connect="http://127.0.0.1:3/apis/registry/v2",
    postgres=Postgres("127.0.0.1", 4, "driftwise"),
    postgres_for_connect=Postgres("postgres", 5432, "driftwise"),
    logs={"kafka": "kafka.log"},
)


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    SOME.save(tmp_path)
    assert load(tmp_path) == SOME


def test_where_no_stack_runs_the_message_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="start one with `driftwise stack up`"):
        load(tmp_path)


def test_a_stack_that_was_forgotten_is_not_found(tmp_path: Path) -> None:
    SOME.save(tmp_path)
    forget(tmp_path)
    with pytest.raises(StackError, match="No stack runs"):
        load(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"provider": "embedded"}'])
def test_an_unreadable_file_is_named_with_the_remedy(tmp_path: Path, content: str) -> None:
    (tmp_path / "endpoints.json").write_text(content)
    with pytest.raises(StackError, match=r"endpoints.json cannot be read .*: run `driftwise stack down`"):
        load(tmp_path)


def test_a_connection_string_names_server_user_and_database() -> None:
    assert SOME.postgres.dsn("billing") == "host=127.0.0.1 port=4 user=driftwise dbname=billing"
