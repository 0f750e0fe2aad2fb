"""What can go wrong with the stack."""


class StackError(Exception):
    """The stack cannot be started, found or stopped: the message says what failed and what to do about it."""


class PortTaken(StackError):
    """Another program took a port between our choice and its use: start again with other ports."""
