"""Makes the lock file: resolves what services.yaml names and records coordinate, size and SHA-256 of every file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from pathlib import Path

from connectors.stack.artefacts import LOCK_FILE, Artefact, Progress, Repository, checksum, parts
from connectors.stack.declaration import Plugin, services
from connectors.stack.files import write_whole

_HEADER = """\
# Made by `python -m connectors.stack lock`:
# sha256, size in bytes, used by, group:artifact:version[:classifier:extension]"""


def lock(progress: Progress) -> None:
    """Resolve, fetch and write artefacts.sha256 anew; needs the network, and a look at the difference afterwards."""
    with tempfile.TemporaryDirectory(prefix="driftwise-lock-") as folder:
        repository = Repository(Path(folder))
        rows = list(_rows(repository, progress))
    write_whole(LOCK_FILE, "\n".join([_HEADER, *rows]) + "\n")
    progress(f"{LOCK_FILE.name}: {len(rows)} artefacts")


def _rows(repository: Repository, progress: Progress) -> Iterator[str]:
    for used_by, roots, without in _uses():
        progress(f"resolving {used_by} ...")
        coordinates = sorted(c for c in _closure(repository, roots) if not _left_out(c, without))
        with ThreadPoolExecutor(6) as pool:
            files = list(pool.map(repository.get, coordinates))
        for coordinate, file in zip(coordinates, files, strict=True):
            row = Artefact(checksum(file), file.stat().st_size, used_by, coordinate)
            yield f"{row.sha256} {row.size_bytes:>9} {row.used_by:<9} {row.coordinate}"


def _uses() -> Iterable[tuple[str, list[str], list[str]]]:
    declared = services()
    plugins: dict[str, Plugin] = {
        "debezium": declared.connect.plugins.debezium,
        "converter": declared.connect.plugins.converter,
    }
    yield "kafka", declared.kafka.artefacts, []
    yield "connect", declared.connect.artefacts, []
    yield "registry", declared.registry.artefacts, []
    for name, plugin in plugins.items():
        yield name, plugin.artefacts, plugin.without
    for name, artefacts in declared.peers.items():
        yield name, artefacts, []


def _closure(repository: Repository, roots: list[str]) -> set[str]:
    """The roots and all jars they need at run time; an archive is complete in itself."""
    jars = [root for root in roots if parts(root)[4] == "jar"]
    coordinates = set(roots)
    if jars:
        dependencies = [repository.context.create_dependency(jar) for jar in jars]
        for dependency in dependencies:
            dependency.raw = True  # the versions that its own POM names, no import of it as a bill of materials
        _, transitive = repository.context.resolver.resolve(dependencies)
        coordinates |= {_coordinate(found) for found in transitive if found.scope in ("compile", "runtime")}
    return coordinates


def _coordinate(found: object) -> str:
    values = [str(getattr(found, name) or "") for name in ("groupId", "artifactId", "version", "classifier", "type")]
    return ":".join(values if values[3] or values[4] != "jar" else values[:3])


def _left_out(coordinate: str, without: list[str]) -> bool:
    group_and_artifact = ":".join(parts(coordinate)[:2])
    return any(fnmatch(group_and_artifact, pattern) for pattern in without)
