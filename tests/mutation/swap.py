"""A mutant as another body of one function of a module that is loaded: so a trial needs no import."""

from __future__ import annotations

import inspect
import sys
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from tests.mutation.killers import path_of
from tests.mutation.operators import Mutant, mutated


class Body(NamedTuple):
    module: str
    name: str
    """Of the function, qualified."""
    before: CodeType
    after: CodeType


def body_of(mutant: Mutant) -> Body | None:
    """None: it changes more than the body of one function."""
    file = path_of(mutant.module)
    source = file.read_text()
    changed = _changed(compile(source, str(file), "exec"), compile(mutated(source, mutant.number), str(file), "exec"))
    return Body(mutant.module, changed[0].co_qualname, *changed) if changed else None


def swap(body: Body) -> bool:
    """Whether the function is there, and has the other body now."""
    found = _function(body)
    if found is None or found.__code__ != body.before or found.__code__.co_freevars != body.after.co_freevars:
        return False
    found.__code__ = body.after
    return True


def _changed(before: CodeType, after: CodeType) -> tuple[CodeType, CodeType] | None:
    """The one function that differs, where nothing around it does."""
    if before.co_flags & inspect.CO_OPTIMIZED:
        return before, after
    if before.replace(co_consts=()) != after.replace(co_consts=()) or len(before.co_consts) != len(after.co_consts):
        return None
    pairs = [pair for pair in zip(before.co_consts, after.co_consts, strict=True) if not _same(*pair)]
    return _changed(*pairs[0]) if len(pairs) == 1 and all(isinstance(c, CodeType) for c in pairs[0]) else None


def _same(before: Any, after: Any) -> bool:
    return type(before) is type(after) and bool(before == after)


def _function(body: Body) -> FunctionType | None:
    found: Any = sys.modules[body.module]
    for name in body.name.split("."):
        found = vars(found).get(name)
        if found is None:
            return None
    found = found.fget if isinstance(found, property) else getattr(found, "__func__", found)
    plain = inspect.unwrap(found)
    return plain if isinstance(plain, FunctionType) else None
