"""The versions of one record: in order, as of an instant, folded behind a frontier (design part 2).

A version is plain data: `{version, native, customer, at, committed_at, op, attrs, since, by, snapshot, source, route}`.
`at` is when it became a fact for this canonical customer: its commit time, or a later link. Routes are numbered per
native customer, so the versions under each native customer form a *track*. A record that moves from one native customer
to another has two tracks."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest
from operator import itemgetter
from typing import Any, NamedTuple

from schemas.instants import ALWAYS, Instant

Version = dict[str, Any]
PRESENT = "upsert"
PRESUMED = "presumed_deleted"
MOVED = "moved"
_AT = itemgetter("at")


def order(version: Version) -> tuple[str, int, Instant, str]:
    return (version["customer"], version["route"], version["at"], version["version"])


def _identity(version: Version) -> tuple[str, int, bool, str]:
    return (version["customer"], version["route"], version["op"] == MOVED, version["version"])


def insert(versions: list[Version], new: Version, *, folded: bool = True) -> list[Version] | None:
    """The versions with the new one in its place; None: it repeats one that is kept, or one that was folded away.

    `folded`: whether any was folded away. Then a version older than all that are kept may have been one of those."""
    if any(_identity(held) == _identity(new) for held in versions):
        return None
    track = [v for v in versions if v["customer"] == new["customer"]]
    if any(v["route"] > new["route"] and v["at"] <= new["at"] for v in track):
        return None  # by a route that had ended then
    if track and order(new) < order(track[0]):
        if folded:
            return None
        new = _before(new, track[0])
    if new["op"] == MOVED:
        versions = [v for v in versions if not _sent_away(v, new)]
    return sorted([*versions, new], key=order)


def _before(first: Version, following: Version) -> Version:
    """The first version, which comes late. For a fact that holds in both versions the beginning was already told, with
    the later one; that stays, because ids of drifts are made from it."""
    return {**first, "since": {fact: following["since"].get(fact, began) for fact, began in first["since"].items()}}


def _sent_away(version: Version, move: Version) -> bool:
    """Whether the version came by a route that the move had already ended: then it belongs to another customer."""
    same_track = version["customer"] == move["customer"]
    return same_track and version["route"] < move["route"] and bool(version["at"] >= move["at"])


def as_of(versions: list[Version], instant: Instant) -> Version | None:
    """The version that held at the instant, which may be a deletion; None: before the first. Of each track the last one
    by then is taken; of those the newest counts that is no move. If that one is only presumed to be gone, a track in
    which the record is present counts instead."""
    if versions and versions[0]["customer"] == versions[-1]["customer"]:  # most never moved
        for version in reversed(versions):
            if version["at"] <= instant:
                return version
        return None
    held = {v["customer"]: v for v in versions if v["at"] <= instant}
    newest = max(held.values(), key=lambda v: (v["op"] != MOVED, v["version"]), default=None)
    if newest is None or newest["op"] != PRESUMED:
        return newest
    # A snapshot did not show it in that track. A track that shows it as it was before is not told of it again.
    present = (v for v in held.values() if v["op"] == PRESENT)
    return max(present, key=lambda v: v["version"], default=newest)


def latest(versions: list[Version]) -> Version | None:
    return as_of(versions, ALWAYS)


class Regard(NamedTuple):
    """The part of a version that matters to an observer, such as a kind."""

    attributes: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    """(attribute, value): it matters only whether the attribute has this value."""
    facts: tuple[str, ...] = ()
    """Facts stamped in `since`; for a fact with values, every value of it."""

    @classmethod
    def named(cls, names: Iterable[str]) -> Regard:
        """`status`: the attribute. `status=churned`: whether it is this value. `@active`: a fact (`@trail`: trails)."""
        facts = tuple(name[1:] for name in names if name.startswith("@"))
        values = tuple((name, value) for name, is_, value in (n.partition("=") for n in names) if is_)
        return cls(tuple(name for name in names if not name.startswith("@") and "=" not in name), values, facts)

    def differs(self, before: Version, after: Version) -> bool:
        old, new = before["attrs"], after["attrs"]
        if [*map(old.get, self.attributes)] != [*map(new.get, self.attributes)]:
            return True
        for name, value in self.values:
            if (old.get(name) == value) != (new.get(name) == value):
                return True
        if before["since"] == after["since"]:
            return False
        return any(_stamped(before, fact) != _stamped(after, fact) for fact in self.facts)


def _stamped(version: Version, fact: str) -> dict[str, str]:
    return {name: began for name, began in version["since"].items() if name.partition(":")[0] == fact}


def tells(before: Version | None, after: Version, regarded: Regard | None) -> bool:
    """Whether a version differs from the one before it in what is regarded; None: all of it is."""
    return regarded is None or before is None or comes_or_goes(before, after) or regarded.differs(before, after)


def comes_or_goes(before: Version, after: Version) -> bool:
    """The record came, went or moved, which matters whatever is regarded."""
    return not before["op"] == after["op"] == PRESENT or bool(before["customer"] != after["customer"])


def next_told(held: Version | None, coming: list[Version], regarded: Regard | None = None) -> Instant:
    """When the first coming version differs from the one held in what is regarded; ALWAYS: none does."""
    if len(coming) > 1:
        coming = sorted(coming, key=_AT)
    return next((v["at"] for v in coming if tells(held, v, regarded)), ALWAYS)


def fold(versions: list[Version], frontier: Instant) -> list[Version]:
    """Keep of each track the version that held at the frontier, and all later ones."""
    if len(versions) == 1:  # most are
        return versions
    kept = []
    for version, following in zip_longest(versions, versions[1:]):
        superseded = following is not None and following["customer"] == version["customer"]
        if not superseded or version["at"] > frontier or (following and following["at"] > frontier):
            kept.append(version)
    return kept
