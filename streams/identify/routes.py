"""Where the rows of a native customer go."""

from __future__ import annotations

from typing import NamedTuple

from schemas import ids
from schemas.instants import NEVER, Instant
from streams.identify import keys
from tables.view import Workspace


class Route(NamedTuple):
    canonical_id: str
    version: int
    at: Instant


def route_of(ws: Workspace, system: str, customer: str) -> Route:
    known = ws.get(keys.route_key(system, customer))
    if known is None:
        return Route(ids.canonical_id(system, customer), 0, NEVER)
    return Route(known["canonical_id"], known["route_version"], known["routed_at"])
