"""The two providers: same interface, same failures."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.stack import StackError, load
from connectors.stack.provider import Compose, Embedded, provider


@pytest.fixture
def docker(tmp_path: Path) -> Path:
    """A program in docker's place that notes how it is called."""
    program = tmp_path / "docker"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\ncase "$*" in *" ps "*) echo kafka;; esac\n')
    program.chmod(0o755)
    return program


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "docker-compose.yml"
    file.touch()
    return file


def test_a_provider_is_chosen_by_name() -> None:
    assert isinstance(provider("embedded"), Embedded)
    assert isinstance(provider("compose"), Compose)


def test_compose_starts_the_services_and_waits_for_their_health(docker: Path, file: Path, tmp_path: Path) -> None:
    Compose(file, str(docker)).up(tmp_path)
    called = (tmp_path / "calls").read_text()
    assert f"compose --file {file} up --detach --build --wait kafka postgres registry connect" in called


def test_compose_saves_the_published_endpoints(docker: Path, file: Path, tmp_path: Path) -> None:
    found = Compose(file, str(docker)).up(tmp_path)
    assert load(tmp_path) == found
    assert found.kafka_bootstrap == "127.0.0.1:9092"
    assert found.postgres_for_connect.host == "postgres"


def test_compose_down_forgets_the_endpoints(docker: Path, file: Path, tmp_path: Path) -> None:
    stack = Compose(file, str(docker))
    stack.up(tmp_path)
    stopped = stack.down(tmp_path)
    assert stopped == (["kafka"], "its volumes stay (`docker compose down --volumes` deletes them)")
    with pytest.raises(StackError):
        load(tmp_path)


def test_compose_status_tells_what_runs(docker: Path, file: Path, tmp_path: Path) -> None:
    states = {service.name: service.state for service in Compose(file, str(docker)).status(tmp_path)}
    assert states == {"kafka": "ready", "postgres": "down", "registry": "down", "connect": "down"}


def test_without_docker_the_message_names_the_other_way(file: Path, tmp_path: Path) -> None:
    with pytest.raises(StackError, match="docker is not on the PATH: install it, or use the embedded stack"):
        Compose(file, "a-docker-that-is-not-there").up(tmp_path)


def test_what_docker_says_is_passed_on(file: Path, tmp_path: Path) -> None:
    program = tmp_path / "failing"
    program.write_text("#!/bin/sh\necho no space left >&2\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(StackError, match="no space left"):
        Compose(file, str(program)).up(tmp_path)


def test_a_missing_compose_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"docker-compose.yml is missing"):
        Compose(tmp_path / "docker-compose.yml").up(tmp_path)
