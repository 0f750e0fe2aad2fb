"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import psutil

from streams.judge import fold


def describe() -> dict[str, Any]:
    """Cores, memory in GiB, processor, Python, whether our core is compiled, kernel, and the load average (1 minute) as
    the run began."""
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "processor": _processor(),
        "python": platform.python_version(),
        "core": core(),
        "kernel": platform.release(),
        "load_average": round(os.getloadavg()[0], 2),
    }


def core() -> str:
    return "interpreted" if fold.__file__.endswith(".py") else "compiled"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
