"""Tells a store whose files are damaged, which a restore mends, from a problem of the machine, which an operator must
mend."""

from __future__ import annotations

from pathlib import Path

REMEDIES: dict[str, str] = {
    # part of what RocksDB or the operating system says: what to do
    "No space left on device": "free space there, or move the data folder to a larger disk; nothing is lost",
    "Disk quota exceeded": "raise the quota, or move the data folder; nothing is lost",
    "Read-only file system": "make the data folder writable, or choose another one",
    "Permission denied": "make the data folder writable for this user, or choose another one",
    "Too many open files": "raise the limit of open files (`ulimit -n`) of this process",
    "/LOCK: ": "another worker is using this folder: give each a data folder of its own",
}
_BROKEN = ("Corruption", "No such file or directory", "checksum", "Bad table magic number")
_MARK = "DISCARD"


class StoreUnusable(Exception):
    """Stop: the folder cannot be used, and restoring would not help. The text says which, why, and what to do."""


def is_broken(problem: BaseException) -> bool:
    """Whether the files are damaged. rocksdict raises plain Exception, with RocksDB's message as its text."""
    return type(problem) is Exception and any(word in str(problem) for word in _BROKEN)


def explained(folder: Path, problem: BaseException) -> BaseException:
    """The same problem with a remedy, where one is known."""
    for words, remedy in REMEDIES.items():
        if words.lower() in str(problem).lower():
            return StoreUnusable(f"the store {folder} cannot be used: {problem}; {remedy}")
    return problem


def condemn(folder: Path) -> None:
    """Mark this store, so that the next start discards it. Opening it again would not find damage inside a block."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).touch()


def is_condemned(folder: Path) -> bool:
    return (folder / _MARK).exists()
