"""What the validator found, as a person reads it: file, key, what is wrong, and what was probably meant."""

from __future__ import annotations

import re
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from streams.governance.files import KEY_OF_FILE
from streams.governance.model import Governance
from streams.governance.problem import Problem
from streams.governance.words import did_you_mean


def explain(error: Any) -> Problem:
    """One of pydantic's error details."""
    file, location = place([str(part) for part in error["loc"]])
    return Problem(file, ".".join(location), _what(error))


def place(location: list[str]) -> tuple[str, list[str]]:
    """A path through the model -> the file it comes from, and the keys within."""
    if location[:1] == ["mappings"] and len(location) > 1:
        return f"mappings/{location[1]}.yaml", location[2:]
    if location[:1] and location[0] in KEY_OF_FILE.values():
        return f"{location[0]}.yaml", location[1:]
    return "systems.yaml", location


def _what(error: Any) -> str:
    *parents, last = error["loc"] or ("",)
    match error["type"]:
        case "extra_forbidden":
            known = _keys(Governance, [str(part) for part in parents])
            return f"no such key{did_you_mean(str(last), known)}; known: {', '.join(known)}"
        case "missing":
            return "is missing: add it"
        case "literal_error":
            known = re.findall(r"'([^']+)'", error["ctx"]["expected"])
            return f"{error['msg']}{did_you_mean(str(error['input']), known)}"
        case "value_error":
            return str(error["ctx"]["error"])
        case _ if last == "[key]" and not isinstance(error["input"], str):
            return f"the key {error['input']!r} is no text: put it between quotes"
        case _:
            return str(error["msg"])


def _keys(model: Any, location: list[str]) -> list[str]:
    """What may stand at a place of the model."""
    for part in location:
        model = _within(model, part)
    model = _plain(model)
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []


def _within(model: Any, part: str) -> Any:
    model = _plain(model)
    options = get_args(model)
    if get_origin(model) in (Union, UnionType):
        return next((option for option in options if getattr(option, "__name__", "") == part), options[0])
    if isinstance(model, type) and issubclass(model, BaseModel):
        field = model.model_fields.get(part)
        return field.annotation if field else None
    return options[-1 if get_origin(model) is dict else 0] if options else None


def _plain(model: Any) -> Any:
    """The type without annotations and without None."""
    while True:
        options = [option for option in get_args(model) if option is not type(None)]
        if get_origin(model) is Annotated or (get_origin(model) in (Union, UnionType) and len(options) == 1):
            model = options[0]
        else:
            return model
