"""A contestant's process."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil

from streams.bench.process import start, stop

PARENT = """
import os, sys
from pathlib import Path
from streams.bench.process import start
child = start([sys.executable, "-c", "import time; time.sleep(600)"], Path(sys.argv[1]))
print(child.pid, flush=True)
os.kill(os.getpid(), 9)
"""


def test_what_it_says_is_kept(tmp_path: Path) -> None:
    process = start([sys.executable, "-c", "print('here')"], tmp_path / "log")

    assert process.wait(30) == 0
    assert (tmp_path / "log").read_text() == "here\n"


def test_it_is_gone_after_stop(tmp_path: Path) -> None:
    process = start([sys.executable, "-c", "import time; time.sleep(600)"], tmp_path / "log")

    stop(process)

    assert not psutil.pid_exists(process.pid)


def test_it_does_not_outlive_a_killed_benchmark(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", PARENT, str(tmp_path / "log")], capture_output=True, text=True)

    child, deadline = int(done.stdout), time.monotonic() + 30
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
