"""The distribution: our packages are nobody else's, generated files are current, and no file says where it was made."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from schemas.records import FOLDER, all_records, avro_text
from tests.stack import ROOT

PACKAGES = ("connectors", "schemas", "streams", "tables")
FORBIDDEN = {
    # put together here, so that this file does not contain them
    "a package registry": "|".join(
        rf"{a}{b}\.{c}"
        for a, b, c in (
            ("py", "pi", "org"),
            ("python", "hosted", "org"),
            ("repo1?", r"\.maven(\.apache)?", "org"),
            (r"registry\.npm", "js", "org"),
            (r"proxy\.go", "lang", "org"),
            (r"static\.cra", "tes", "io"),
            (r"deb\.deb", "ian", "org"),
        )
    ),
    "a path of the machine it was written on": "|".join(
        re.escape(f"{place}/") for place in (ROOT, Path.home()) if len(place.parts) > 1
    ),
}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_provides_a_package_of_ours(package: str) -> None:
    assert set(packages_distributions().get(package, [])) <= {"driftwise"}


@pytest.mark.parametrize("package", PACKAGES)
def test_what_is_imported_under_our_names_is_ours(package: str) -> None:
    assert [Path(place) for place in importlib.import_module(package).__path__] == [ROOT / package]


def test_the_avro_files_are_those_of_the_table() -> None:
    committed = {path.stem: path.read_text() for path in FOLDER.glob("*.avsc")}

    assert committed == {name: avro_text(schema) for name, schema in all_records().items()}, (
        "run: driftwise schemas --write"
    )


@cache
def tracked() -> dict[str, str]:
    """Every text file that git tracks, as it is in the working tree."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [path for path in listed.split("\0") if path and (ROOT / path).is_file()]
    return {path: (ROOT / path).read_text(errors="replace") for path in paths}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what], re.IGNORECASE)

    assert [(path, found.group()) for path, text in tracked().items() if (found := pattern.search(text))] == []


@pytest.mark.parametrize("text", ["https://files.python" + "hosted.org/x", "repo.maven" + ".apache.org", f"{ROOT}/x"])
def test_the_patterns_find_what_they_are_for(text: str) -> None:
    assert any(re.search(pattern, text) for pattern in FORBIDDEN.values())


def test_no_lock_file_records_download_addresses() -> None:
    assert "ops/requirements.txt" in tracked()
    assert [line for line in tracked()["ops/requirements.txt"].splitlines() if "://" in line] == []


def test_imports_run_one_way() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout
    assert " 0 broken" in done.stdout
