"""What a connector raises: the type says what the caller does next.

``Retry`` later and unchanged, ``LookFirst`` before repeating, ``Refused`` means a definite no (divert the request),
``Stop`` means that nobody but an operator can help.
"""

from __future__ import annotations

from schemas.errors import OperatorError


class ConnectorError(Exception):
    """A call to another system failed; the message says which call, why, and the remedy where there is one."""


class Retry(ConnectorError):
    """Nothing happened over there; the same request may be sent again, not before `after_seconds` if that is given."""

    def __init__(self, message: str, after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.after_seconds = after_seconds


class LookFirst(ConnectorError):
    """The outcome is unknown or rests on something that has moved: read the target again before another write."""


class Refused(ConnectorError):
    """The system understood and said no; sending the same request again cannot help.

    `code` is the vendor's own word for it (Salesforce: errorCode), `status` the HTTP status.
    """

    def __init__(self, message: str, *, code: str = "", status: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class Stop(ConnectorError, OperatorError):
    """Operator action: the connector cannot go on (credentials refused, fenced by a twin, settings that do not fit)."""
