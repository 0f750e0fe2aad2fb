"""What can go wrong with the stack."""


class StackError(Exception):
    """The stack cannot be started, found or stopped: the message says what failed and what to do about it."""
