"""Python environments of the peers: each made once, from pinned and hashed requirements, in the user's cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import platformdirs

from schemas.errors import OperatorError

PEERS = Path(__file__).with_name("peers.txt")
YARDSTICKS = PEERS.with_name("yardsticks.txt")
"""What the judgement is measured with."""


class NoPeers(OperatorError):
    """Stop: the environment of the peers could not be made; the text says why and what to do."""


def python(progress: Callable[[str], None], requirements: Path = PEERS) -> Path:
    """The interpreter of the environment, which is made at the first call; DRIFTWISE_CACHE moves it."""
    if not requirements.exists():
        raise NoPeers(
            f"ops/{requirements.name} is not there: peers run from a clone of the repository, not from a wheel"
        )
    mark = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    cache = Path(os.environ.get("DRIFTWISE_CACHE") or platformdirs.user_cache_dir("driftwise"))
    folder = cache / f"{requirements.stem}-{mark}"
    interpreter = folder / "bin" / "python"
    if not (folder / "complete").exists():
        progress(f"making the environment of the {requirements.stem} (once) ...")
        shutil.rmtree(folder, ignore_errors=True)
        for command in _commands(folder, interpreter, requirements):
            _run(command)
        (folder / "complete").touch()
    return interpreter


def _commands(folder: Path, interpreter: Path, requirements: Path) -> list[list[str]]:
    if uv := shutil.which("uv"):
        return [
            [uv, "venv", "--quiet", "--python", sys.executable, str(folder)],
            [
                uv,
                "pip",
                "install",
                "--quiet",
                "--python",
                str(interpreter),
                "--require-hashes",
                "-r",
                str(requirements),
            ],
        ]
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--progress-bar", "off"]
    return [
        [sys.executable, "-m", "venv", str(folder)],
        [str(interpreter), *install, "--require-hashes", "-r", str(requirements)],
    ]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoPeers(
            f"{' '.join(command[:4])} ... failed: {done.stderr.strip()[-800:]}\n"
            "The first run needs the network; without it, run `driftwise bench engine --only ours`."
        )
