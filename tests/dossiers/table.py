"""All dossiers, found as the kinds are: one module a kind, or several variants in one module."""

from __future__ import annotations

import importlib
import pkgutil

from tests import dossiers
from tests.dossiers.model import Dossier

_OURS = frozenset({"model", "stage", "table"})


def _gather() -> tuple[Dossier, ...]:
    names = [m.name for m in pkgutil.iter_modules(dossiers.__path__) if m.name not in _OURS]
    return tuple(d for name in names for d in importlib.import_module(f"tests.dossiers.{name}").DOSSIERS)


DOSSIERS: tuple[Dossier, ...] = _gather()
