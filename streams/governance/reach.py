"""Which kinds a change of governance could touch."""

from __future__ import annotations

from collections.abc import Iterable

from streams.governance.difference import Difference
from streams.governance.model import Governance


def touched(before: Governance, after: Governance, found: Iterable[Difference]) -> frozenset[str] | None:
    """Names of kinds; None: any, as soon as something changes that is not about kinds alone."""
    names: set[str] = set()
    for difference in found:
        key, *_ = difference.key.split(".")
        if difference.file == "kinds.yaml":
            names.add(key)
        elif difference.file == "ignore.yaml":
            names.update(g.ignore[key].kind for g in (before, after) if key in g.ignore)
        elif (difference.file, key) == ("systems.yaml", "judged"):
            names.update(kind for kind in after.kinds if before.wants(kind) != after.wants(kind))
        else:
            return None
    return frozenset(names)
