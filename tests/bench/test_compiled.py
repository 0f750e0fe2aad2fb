"""The core as machine code says what its sources say, byte by byte."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.dossiers.told import RECORD
from tests.stack import ROOT

pytestmark = pytest.mark.law
PARTS = ("connectors", "schemas", "streams", "tables", "pyproject.toml", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our packages as their wheel has them, built from a copy: what is compiled is put beside its source."""
    if shutil.which("cc") is None or not Path(sysconfig.get_path("include"), "Python.h").exists():
        pytest.skip("here is no C compiler (cc), or no Python.h")
    folder = tmp_path_factory.mktemp("compiled")
    for part in PARTS:
        subprocess.run(["cp", "-R", ROOT / part, folder], check=True)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "."]
    subprocess.run(build, cwd=folder, env=os.environ | {"HATCH_BUILD_HOOK_ENABLE_MYPYC": "1"}, check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "unpacked")
    return folder / "unpacked"


def said(folder: Path, *module: str) -> str:
    """What a module of ours prints that runs with the packages in a folder, and our tests."""
    env = os.environ | {"PYTHONPATH": f"{folder}:{ROOT}", "PYTHONSAFEPATH": "1"}
    return subprocess.run([sys.executable, "-m", *module], env=env, capture_output=True, text=True, check=True).stdout


def test_every_dossier_tells_what_is_on_record(compiled: Path) -> None:
    assert said(compiled, "tests.dossiers.told") == RECORD.read_text()


def test_the_same_changes_have_the_same_effects(compiled: Path) -> None:
    interpreted, machine_code = (said(folder, "tests.bench.effects") for folder in (ROOT, compiled))

    assert interpreted.startswith("interpreted ")
    assert machine_code == interpreted.replace("interpreted", "compiled")


def test_the_process_map_reads_the_same(compiled: Path) -> None:
    assert said(compiled, "streams", "process") == said(ROOT, "streams", "process")
