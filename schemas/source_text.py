"""Generates Python functions as text, for the Avro readers and writers.

Names and symbols come from a registry, so they may enter the text only as string literals."""

from __future__ import annotations

from typing import Any


class UnknownType(Exception):
    """Stop: a schema uses a type that the maker does not know; the text says which."""


class SourceText:
    """Functions in the making, and the values that they use."""

    def __init__(self, bound: dict[str, Any]) -> None:
        self._bound = bound
        self._texts: list[str] = []
        self._named: dict[str, str] = {}
        """Type -> the function for it."""
        self._number = 0

    def compiled(self) -> dict[str, Any]:
        exec("\n".join(self._texts), self._bound)  # noqa: S102 - our own text: see the module
        return self._bound

    def _define(self, name: str, parameters: str, lines: list[str]) -> None:
        self._texts.append("\n".join([f"def {name}({parameters}):", *indented(lines)]))

    def _name(self, what: str) -> str:
        """A new one."""
        self._number += 1
        return f"{what}_{self._number}"

    def _bind(self, what: str, value: Any) -> str:
        """The name of a value that the text needs."""
        name = self._name(what)
        self._bound[name] = value
        return name


def indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]
