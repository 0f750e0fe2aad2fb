"""What is wrong with governance, and where."""

from __future__ import annotations

from typing import NamedTuple

from schemas.errors import OperatorError


class BadGovernance(OperatorError):
    """Stop: the text names file, key and remedy."""


class Problem(NamedTuple):
    file: str
    key: str
    what: str
    """And the remedy."""

    def __str__(self) -> str:
        return f"{self.file}: {self.key or '(whole file)'}: {self.what}"
