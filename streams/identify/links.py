"""Links that customer records assert to records of other systems; told to the crosswalk when they change."""

from __future__ import annotations

from typing import Any

from schemas import topics
from schemas.instants import ALWAYS, Instant
from streams.governance.model import Governance
from streams.identify import keys
from streams.suspects import circle
from tables.versions import Version
from tables.view import Emit, Workspace
from tables.watermarks import LINKS, watermark


def asserted(ws: Workspace, governance: Governance, system: str, version: Version) -> None:
    """Tell the crosswalk which records this version names, if they are others than before."""
    links, customer = governance.systems[system].links, version["customer"]
    attrs = version["attrs"] or {}
    named = [{"system": target, "native_customer": attrs[a]} for a, target in links.items() if attrs.get(a)]
    if named == last_asserted(ws, system, customer):
        return
    ws.put(keys.links_key(system, customer), {"links": named})
    value = {
        "system": system,
        "native_customer": customer,
        "links": named,
        "version": version["version"],
        "committed_at": version["at"],
        "present": bool(attrs),
    }
    ws.emit(Emit(topics.LINKS, f"{system}/{customer}", "LinkAsserted", value, partition=0))


def parent_asserted(
    ws: Workspace, governance: Governance, system: str, version: Version, before: Version | None
) -> None:
    """Tell the crosswalk the parent in this version, if it is another than before."""
    parent, customer = _parent(version), version["customer"]
    if parent == _parent(before) or system not in circle.parents_of(governance):
        return
    value = {
        "system": system,
        "native_customer": customer,
        "parent": parent,
        "version": version["version"],
        "committed_at": version["at"],
        "snapshot": version["snapshot"],
    }
    ws.emit(Emit(topics.LINKS, f"{system}/{customer}", "ParentAsserted", value, partition=0))


def _parent(version: Version | None) -> str | None:
    """The parent that the version names; a churned customer has none."""
    attrs = version["attrs"] if version else None
    return attrs.get(circle.PARENT) or None if attrs and attrs["status"] != "churned" else None


def last_asserted(ws: Workspace, system: str, customer: str) -> list[dict[str, Any]]:
    links: list[dict[str, Any]] = (ws.get(keys.links_key(system, customer)) or {"links": []})["links"]
    return links


def frontier(ws: Workspace, governance: Governance) -> Instant:
    """Routes change only for links asserted later than this; versions behind it need not be told again."""
    marks = ws.get(keys.MARKS) or {}
    return min(
        (watermark(marks, f"{system}/{LINKS}", 1) for system in governance.linking),
        default=ALWAYS,  # nobody links: no route ever changes
    )
