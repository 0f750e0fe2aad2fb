"""What a person is told instead of a traceback."""

from __future__ import annotations


class OperatorError(Exception):
    """Stop: only an operator can help. The text says in one line what failed, where, and what to do about it."""
