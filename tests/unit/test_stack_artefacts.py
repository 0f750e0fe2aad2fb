"""Java artefacts: locked, verified, and fetched once."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from connectors.stack import artefacts
from connectors.stack.artefacts import Artefact, fetch, locked, parts
from connectors.stack.declaration import services
from connectors.stack.errors import StackError


def archive(**files: bytes) -> bytes:
    """A tar.gz of the given files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


CONTENT = {"org.a:one:1.0": b"one jar", "org.b:two:2.0": b"two jar", "org.c:three:3:all:tar.gz": archive(inside=b"x")}


class Shelf:
    """A repository that gives what is on it, and counts."""

    def __init__(self, content: dict[str, bytes]) -> None:
        self.content = content
        self.asked: list[str] = []

    def __call__(self, folder: Path, received: object) -> Shelf:
        self._folder = folder
        return self

    def get(self, coordinate: str) -> Path:
        self.asked.append(coordinate)
        path = self._folder / coordinate.replace(":", "-") / "file.tar.gz"
        path.parent.mkdir()
        path.write_bytes(self.content[coordinate])
        return path


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    shelf = Shelf(dict(CONTENT))
    monkeypatch.setattr(artefacts, "Repository", shelf)
    rows = [Artefact(hashlib.sha256(data).hexdigest(), len(data), "any", name) for name, data in CONTENT.items()]
    monkeypatch.setattr(artefacts, "locked", lambda: rows)
    return shelf


def quiet(line: str) -> None:
    """Progress that nobody reads."""


def test_what_is_declared_is_locked() -> None:
    declared = services()
    roots = [*declared.kafka.artefacts, *declared.connect.artefacts, *declared.registry.artefacts]
    roots += [*declared.connect.plugins.debezium.artefacts, *declared.connect.plugins.converter.artefacts]
    assert set(roots) <= {artefact.coordinate for artefact in locked()}


def test_the_versions_that_the_declaration_names_are_the_locked_ones() -> None:
    version = {":".join(parts(each.coordinate)[:2]): parts(each.coordinate)[2] for each in locked()}
    assert version["org.apache.kafka:kafka_2.13"] == services().kafka.version
    assert version["org.apache.kafka:connect-runtime"] == services().connect.version
    assert version["io.apicurio:apicurio-registry-app"] == services().registry.version


def test_the_converter_brings_no_second_copy_of_connects_own_classes() -> None:
    assert not [each for each in locked() if each.used_by == "converter" and "org.apache.kafka:" in each.coordinate]


def test_a_first_fetch_brings_everything_and_unpacks_archives(shelf: Shelf, tmp_path: Path) -> None:
    fetch(tmp_path, quiet)
    one, _, three = (artefact.path(tmp_path) for artefact in artefacts.locked())
    assert one.read_bytes() == b"one jar"
    assert (three / "inside").read_bytes() == b"x"


def test_a_second_fetch_asks_for_nothing(shelf: Shelf, tmp_path: Path) -> None:
    fetch(tmp_path, quiet)
    shelf.asked.clear()
    fetch(tmp_path, quiet)
    assert shelf.asked == []


def test_a_damaged_file_is_fetched_again(shelf: Shelf, tmp_path: Path) -> None:
    fetch(tmp_path, quiet)
    shelf.asked.clear()
    damaged = artefacts.locked()[0].path(tmp_path)
    damaged.write_bytes(b"One jar")
    fetch(tmp_path, quiet)
    assert shelf.asked == ["org.a:one:1.0"]
    assert damaged.read_bytes() == b"one jar"


@pytest.mark.parametrize("coordinate", CONTENT)
def test_a_file_with_another_checksum_is_refused_and_kept_out(shelf: Shelf, tmp_path: Path, coordinate: str) -> None:
    shelf.content[coordinate] = b"not what was locked"
    with pytest.raises(StackError, match=r"has the checksum .* do not use it; check the mirror or proxy"):
        fetch(tmp_path, quiet)
    (refused,) = (each for each in artefacts.locked() if each.coordinate == coordinate)
    assert not refused.path(tmp_path).exists()


def test_a_failed_fetch_leaves_no_partial_files(shelf: Shelf, tmp_path: Path) -> None:
    shelf.content["org.b:two:2.0"] = b"not what was locked"
    with pytest.raises(StackError):
        fetch(tmp_path, quiet)
    assert not list(tmp_path.glob("incoming-*"))


def test_progress_says_how_much_is_to_come(shelf: Shelf, tmp_path: Path) -> None:
    lines: list[str] = []
    fetch(tmp_path, lines.append)
    assert lines[0].startswith("fetching 3 Java artefacts")


def test_without_a_network_the_message_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asks through a proxy at a port where nothing listens."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(StackError, match=r"Cannot fetch .* the first start needs the network"):
        fetch(tmp_path, quiet)
