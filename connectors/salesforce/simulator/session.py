"""Who may ask, and how often: OAuth clients, their sessions, and the org's API allowance."""

import secrets
from base64 import b64decode
from binascii import Error as NotBase64
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from connectors.salesforce.simulator.errors import ApiError
from connectors.salesforce.simulator.ids import record_id

SALES_USER_ID = record_id("005", 1)
INTEGRATION_USER_ID = record_id("005", 2)
DRIFTWISE_USER_ID = record_id("005", 3)

_DAY_SECONDS = 86_400


@dataclass(frozen=True)
class ApiClient:
    """A connected app; what it writes carries `user_id` as LastModifiedById."""

    client_id: str
    client_secret: str = field(repr=False)
    user_id: str


def demo_clients(secret: str) -> tuple[ApiClient, ...]:
    """A person's session, another integration, and our own executor, all with one secret."""
    users = {"sales": SALES_USER_ID, "integration": INTEGRATION_USER_ID, "driftwise": DRIFTWISE_USER_ID}
    return tuple(ApiClient(name, secret, user_id) for name, user_id in users.items())


class OAuthError(Exception):
    """The token endpoint has its own error format: {error, error_description}."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error, self.description = error, description


class Sessions:
    """Tokens given out; each dies after `token_seconds`."""

    def __init__(self, clients: Iterable[ApiClient], clock: Callable[[], float], token_seconds: float) -> None:
        self._clients = {client.client_id: client for client in clients}
        self._clock = clock
        self.token_seconds = token_seconds
        self._tokens: dict[str, tuple[str, float]] = {}

    def login(self, form: Mapping[str, str], authorization: str) -> tuple[str, str]:
        """A new access token and the user id behind it, for the client-credentials grant."""
        if form.get("grant_type") != "client_credentials":
            raise OAuthError("unsupported_grant_type", "grant type not supported")
        client_id, secret = _basic(authorization) or (form.get("client_id", ""), form.get("client_secret", ""))
        client = self._clients.get(client_id)
        if client is None:
            raise OAuthError("invalid_client_id", "client identifier invalid")
        if not secrets.compare_digest(client.client_secret.encode(), secret.encode()):
            raise OAuthError("invalid_client", "invalid client credentials")
        token = f"00D{secrets.token_urlsafe(40)}"
        self._tokens[token] = (client.user_id, self._clock() + self.token_seconds)
        return token, client.user_id

    def user_of(self, authorization: str) -> str:
        """The user of a live session; raises INVALID_SESSION_ID."""
        user_id, ends_at = self._tokens.get(authorization.removeprefix("Bearer "), ("", 0.0))
        if self._clock() >= ends_at:
            raise ApiError(401, "INVALID_SESSION_ID", "Session expired or invalid")
        return user_id

    def expire_all(self) -> None:
        self._tokens.clear()


def _basic(authorization: str) -> tuple[str, str] | None:
    if not authorization.startswith("Basic "):
        return None
    try:
        client_id, _, secret = b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
    except (NotBase64, UnicodeDecodeError):
        return None
    return client_id, secret


class Allowance:
    """API calls of the last 24 hours, against the org's limit."""

    def __init__(self, limit: int, clock: Callable[[], float]) -> None:
        self.limit = limit
        self._clock = clock
        self._calls: deque[float] = deque()

    def used(self) -> int:
        day_ago = self._clock() - _DAY_SECONDS
        while self._calls and self._calls[0] <= day_ago:
            self._calls.popleft()
        return len(self._calls)

    def spend(self) -> None:
        if self.used() >= self.limit:
            raise ApiError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        self._calls.append(self._clock())
