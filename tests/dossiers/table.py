"""All dossiers, found as the kinds are: one module a kind, or several variants in one module."""

from __future__ import annotations

import importlib
import pkgutil

from tests import dossiers
from tests.dossiers.model import Dossier, Toggles

_OURS = frozenset({"altered", "matrix", "model", "noise", "stage", "table", "told"})


_NAMES = [m.name for m in pkgutil.iter_modules(dossiers.__path__) if m.name not in _OURS]
_MODULES = {name: importlib.import_module(f"tests.dossiers.{name}") for name in _NAMES}

DOSSIERS: tuple[Dossier, ...] = tuple(d for module in _MODULES.values() for d in module.DOSSIERS)
TOGGLES: dict[str, Toggles] = {n: module.TOGGLES for n, module in _MODULES.items() if hasattr(module, "TOGGLES")}
"""Kind -> its signals; every kind with a deadline has them."""


def dossier_of(kind: str) -> Dossier:
    return next(dossier for dossier in DOSSIERS if dossier.kind == kind)
