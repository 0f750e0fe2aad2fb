"""Java artefacts: which ones, with which checksum, and where they lie in the cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from connectors.stack.declaration import FOLDER, services
from connectors.stack.errors import StackError
from connectors.stack.files import exclusive

LOCK_FILE = FOLDER / "artefacts.sha256"
Progress = Callable[[str], None]

_DOWNLOADS_AT_ONCE = 6
_REPORT_EVERY_BYTES = 32 * 1024 * 1024
_TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Artefact:
    """One file: its coordinate (group:artifact:version[:classifier:extension]), size and checksum, and who uses it."""

    sha256: str
    size_bytes: int
    used_by: str
    coordinate: str

    @property
    def filename(self) -> str:
        _, artifact, version, classifier, extension = parts(self.coordinate)
        return f"{artifact}-{version}{'-' if classifier else ''}{classifier}.{extension}"

    @property
    def is_archive(self) -> bool:
        return self.filename.endswith(".tar.gz")

    def path(self, cache: Path) -> Path:
        """Where the file lies in the cache; an archive is a folder there, unpacked, named by its checksum."""
        group = self.coordinate.split(":")[0]
        name = f"{self.filename.removesuffix('.tar.gz')}-{self.sha256[:12]}" if self.is_archive else self.filename
        return cache / "artefacts" / group / name


def parts(coordinate: str) -> tuple[str, str, str, str, str]:
    """Group, artifact, version, classifier (may be empty) and extension (jar unless said) of a coordinate."""
    group, artifact, version, *rest = coordinate.split(":")
    classifier, extension = rest or ("", "jar")
    return group, artifact, version, classifier, extension


def locked() -> list[Artefact]:
    """All artefacts of the stack, as the committed lock file lists them."""
    rows = (line.split() for line in LOCK_FILE.read_text().splitlines() if line and not line.startswith("#"))
    return [Artefact(sha256, int(size), used_by, coordinate) for sha256, size, used_by, coordinate in rows]


def cache_folder() -> Path:
    """Where artefacts are kept unless the caller says otherwise: DRIFTWISE_CACHE, else the user's cache."""
    return Path(os.environ.get("DRIFTWISE_CACHE") or platformdirs.user_cache_dir("driftwise"))


def fetch(cache: Path, progress: Progress, only: Collection[str] = ()) -> None:
    """Bring the locked artefacts of the stack (`only`: of these users) into the cache; asks the network for what is
    missing or bad.

    Raises StackError where a file cannot be had or is not what the lock file says.
    """
    cache.mkdir(parents=True, exist_ok=True)
    with exclusive(cache / ".lock"):
        outside = services().peers
        wanted = [each for each in locked() if (each.used_by in only if only else each.used_by not in outside)]
        missing = [artefact for artefact in _distinct(wanted) if not _is_good(artefact, cache)]
        if missing:
            _download(missing, cache, progress)


def _distinct(artefacts: list[Artefact]) -> list[Artefact]:
    return list({artefact.coordinate: artefact for artefact in artefacts}.values())


def _is_good(artefact: Artefact, cache: Path) -> bool:
    path = artefact.path(cache)
    if artefact.is_archive:  # was verified before it was unpacked, and appears in one step
        return path.is_dir()
    return path.is_file() and path.stat().st_size == artefact.size_bytes and checksum(path) == artefact.sha256


def checksum(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(missing: list[Artefact], cache: Path, progress: Progress) -> None:
    total = sum(artefact.size_bytes for artefact in missing)
    progress(f"fetching {len(missing)} Java artefacts, {total / 1e6:.0f} MB (once) ...")
    counter = _Counter(total, progress)
    # In the cache itself, so that a finished file is moved within one file system: it is there whole or not at all.
    with tempfile.TemporaryDirectory(dir=cache, prefix="incoming-") as incoming:
        repository = Repository(Path(incoming), counter.add)
        with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool:
            for _ in pool.map(lambda artefact: _admit(artefact, repository, cache), missing):
                pass


def _admit(artefact: Artefact, repository: Repository, cache: Path) -> None:
    file = repository.get(artefact.coordinate)
    found = checksum(file)
    if found != artefact.sha256:
        raise StackError(
            f"{artefact.coordinate} has the checksum {found}, not {artefact.sha256} as recorded in "
            f"{LOCK_FILE.name}: do not use it; check the mirror or proxy it came through, then try again."
        )
    place = artefact.path(cache)
    place.parent.mkdir(parents=True, exist_ok=True)
    if artefact.is_archive:
        unpacked = file.with_name("unpacked")
        with tarfile.open(file) as archive:
            archive.extractall(unpacked, filter="data")
        shutil.rmtree(place, ignore_errors=True)
        unpacked.rename(place)
    else:
        file.replace(place)


class Repository:
    """Downloads through jgo, which knows where artefacts live; files land in `folder`."""

    def __init__(self, folder: Path, received: Callable[[int], None] = lambda size: None) -> None:
        try:
            from jgo.maven import MavenContext, PythonResolver
        except ImportError:
            raise StackError("The embedded stack needs more packages: pip install 'driftwise[stack]'.") from None

        @contextmanager
        def counted(filename: str, total: int) -> Iterator[Callable[[int], None]]:
            yield received

        resolver = PythonResolver(progress_callback=counted)
        self.context = MavenContext(resolver=resolver, repo_cache=folder, timeout=_TIMEOUT_SECONDS)

    def get(self, coordinate: str) -> Path:
        """Path of the downloaded file. Raises StackError where it cannot be had."""
        group, artifact, version, classifier, extension = parts(coordinate)
        wanted = self.context.project(group, artifact).at_version(version).artifact(classifier, extension)
        try:
            return Path(wanted.resolve())
        except (OSError, RuntimeError) as error:  # requests' errors are OSErrors
            raise StackError(
                f"Cannot fetch {coordinate} ({type(error).__name__}): the first start needs the network. Check it "
                "(HTTPS_PROXY is honoured), or set DRIFTWISE_CACHE to a cache filled elsewhere."
            ) from error


class _Counter:
    """Says how far the download is, every few megabytes."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._total, self._progress = total, progress
        self._received = self._reported = 0
        self._lock = threading.Lock()

    def add(self, size: int) -> None:
        with self._lock:
            self._received += size
            if self._received - self._reported >= _REPORT_EVERY_BYTES:
                self._reported = self._received
                self._progress(f"fetched {self._received / 1e6:.0f} of {self._total / 1e6:.0f} MB")
