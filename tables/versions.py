"""The versions of one record: in order, as of an instant, folded behind a frontier (design part 2).

A version is plain data: `{version, native, customer, at, committed_at, op, attrs, since, by, snapshot, source,
route}`; `at` is when it became a fact here (commit time, or the later link)."""

from __future__ import annotations

from typing import Any

from schemas.instants import ALWAYS, Instant

Version = dict[str, Any]
PRESENT = "upsert"
MOVED = "moved"


def order(version: Version) -> tuple[int, Instant, str]:
    return (version["route"], version["at"], version["version"])


def insert(versions: list[Version], new: Version) -> list[Version] | None:
    """The versions with the new one in its place; None: it repeats one held, or is older than all that is kept."""
    if any((held["route"], held["version"]) == (new["route"], new["version"]) for held in versions):
        return None
    if versions and (order(new) < order(versions[0]) or new["route"] < versions[-1]["route"]):
        return None
    if new["op"] == MOVED:
        # What happened here from that instant on happened elsewhere.
        versions = [v for v in versions if v["at"] < new["at"]]
    return sorted([*versions, new], key=order)


def as_of(versions: list[Version], instant: Instant) -> Version | None:
    """The last version that held at the instant, deletions included; None before the first."""
    found = None
    for version in versions:
        if version["at"] <= instant:
            found = version
    return found


def present(versions: list[Version], instant: Instant) -> Version | None:
    version = as_of(versions, instant)
    return version if version is not None and version["op"] == PRESENT else None


def next_after(versions: list[Version], instant: Instant) -> Instant:
    """The next instant at which something changes; ALWAYS if nothing does."""
    return min((v["at"] for v in versions if v["at"] > instant), default=ALWAYS)


def fold(versions: list[Version], frontier: Instant) -> list[Version]:
    """Keep the version that held at the frontier and all later ones."""
    kept = [v for v in versions if v["at"] > frontier]
    base = as_of(versions, frontier)
    return [base, *kept] if base is not None else kept
