"""PostgreSQL will not run as root: where its files go when another user must reach them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.stack import StackError, postgres
from connectors.stack.declaration import services
from connectors.stack.postgres import home, reachable, readable_programs

NOBODY = 65534


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody may enter; pytest's own are closed."""
    folder = Path(tempfile.gettempdir()).resolve() / f"driftwise-public-{os.getpid()}"
    folder.mkdir(mode=0o755)
    yield folder
    shutil.rmtree(folder)


def test_an_ordinary_user_keeps_everything_in_the_folder(tmp_path: Path) -> None:
    assert home(tmp_path, None) == tmp_path / "postgres"


def test_a_folder_that_all_may_enter_is_used_by_the_other_user_too(public: Path) -> None:
    assert reachable(public)
    assert home(public, NOBODY) == public / "postgres"


def test_a_closed_folder_sends_the_server_to_the_temporary_one(public: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = public / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(public))
    place = home(closed, NOBODY)
    assert place.parent == public
    assert place == home(closed, NOBODY)
    assert reachable(place)


def test_a_temporary_folder_of_somebody_else_is_refused(public: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = public / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(public))
    home(closed, NOBODY)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(StackError, match="belongs to another user"):
        home(closed, NOBODY)


def test_readable_programs_are_used_where_they_are(tmp_path: Path) -> None:
    assert (readable_programs(tmp_path, None) / "bin" / "postgres").exists()
    assert list(tmp_path.iterdir()) == []


def test_a_missing_server_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "find_spec", lambda name: None)
    with pytest.raises(StackError, match=r"needs PostgreSQL: pip install 'driftwise\[stack\]'"):
        postgres.installed_programs()


def test_unreadable_programs_are_copied_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "reachable", lambda path: False)
    copy = readable_programs(tmp_path, NOBODY)
    assert copy.is_relative_to(tmp_path)
    ran = subprocess.run([copy / "bin" / "initdb", "--version"], capture_output=True, text=True, check=True)
    assert services().postgres.version in ran.stdout
    assert readable_programs(tmp_path, NOBODY) == copy
