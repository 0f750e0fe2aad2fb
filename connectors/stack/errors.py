"""What can go wrong with the stack."""

from __future__ import annotations

from schemas.errors import OperatorError


class StackError(OperatorError):
    """The stack cannot be started, found or stopped: the message says what failed and what to do about it."""


class NoStack(StackError):
    """None runs in that folder."""


class PortTaken(StackError):
    """Another program took a port between our choice and its use: start again with other ports."""
