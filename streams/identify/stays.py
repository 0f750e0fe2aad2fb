"""A version is told to the customer to whom its native one belongs by now; and where it was lacking as that went to
another, also to those to whom it belonged before: as it would have been told there, and until when it was theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from schemas.instants import Instant
from streams.identify.changes import change, moved
from streams.identify.routes import route_of
from tables.versions import MOVED, Version
from tables.view import Emit, Value, Workspace


class Stay(NamedTuple):
    """With a customer whom the native one has left since."""

    canonical_id: str
    route: int
    at: Instant
    until: Instant


Row = tuple[str, str, str]
"""System, entity, native id."""


def of_hole(opened: Value | None) -> list[Stay]:
    """Where it stood before it moved, in that order."""
    return [] if opened is None else [Stay(*stay) for stay in opened.get("stays", ())]


def tell(ws: Workspace, row: Row, version: Version, stays: Sequence[Stay] = (), letter_id: str | None = None) -> None:
    for stay in stays:
        at = max(version["at"], stay.at)
        if at < stay.until:
            ws.emit(said(stay.canonical_id, row, version, stay.route, at, letter_id, stay.until))
    route = route_of(ws, row[0], version["customer"])
    ws.emit(said(route.canonical_id, row, version, route.version, max(version["at"], route.at), letter_id))


def said(
    canonical_id: str,
    row: Row,
    version: Version,
    route: int,
    at: Instant,
    letter_id: str | None = None,
    until: Instant | None = None,
) -> Emit:
    """To this customer."""
    if version["op"] == MOVED:
        return moved(canonical_id, *row, version, route, at)
    return change(canonical_id, *row, version, route, at, letter_id, until)
