"""One authenticated session with an org: login, the reaction table, the allowance and the server's clock."""

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.errors import ConnectorError, LookFirst, Refused, Retry, Stop
from connectors.salesforce.reactions import ALLOWANCE_PAUSE_SECONDS, Reaction, reaction_to
from connectors.salesforce.server_clock import ServerClock
from connectors.salesforce.wire import dumps, loads
from schemas.instants import Instant

logger = logging.getLogger(__name__)

_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")
_BACKOFF_SECONDS = (0.5, 1.0, 2.0, 4.0)  # between five tries of a read: 7.5 s, then the caller's own pace


@dataclass(frozen=True)
class Allowance:
    """API calls of the rolling day: how many were used, of how many."""

    used: int
    limit: int


@dataclass(frozen=True)
class Answer:
    """A successful answer: its status, its JSON (None if empty), and when the request began by the server's clock."""

    status: int
    body: Any
    began_at: Instant


class Session:
    """Sends requests as one OAuth client. Not for several threads at once."""

    def __init__(
        self,
        base_url: str,
        client_id: str,
        client_secret: SecretStr,
        *,
        timeout_seconds: float = 30.0,
        verify: Any = True,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._http = httpx.Client(base_url=base_url, timeout=timeout_seconds, verify=verify)
        self._base_url, self._client_id, self._client_secret = base_url, client_id, client_secret
        self._sleep = sleep
        self._token: str | None = None
        self.allowance: Allowance | None = None
        self.clock = ServerClock()

    def close(self) -> None:
        self._http.close()

    def read(self, path: str, params: dict[str, str] | None = None, headers: dict[str, str] | None = None) -> Answer:
        """GET, repeated while that can help: reading changes nothing, so every unclear outcome may be repeated."""
        for pause_seconds in (*_BACKOFF_SECONDS, None):
            try:
                return self._send("GET", path, params=params, headers=headers)
            except LookFirst as error:
                failure = Retry(str(error))
            except Retry as error:
                failure = error
            if pause_seconds is None or failure.after_seconds is not None:
                raise failure
            logger.info("%s; trying again in %s s", failure, pause_seconds)
            self._sleep(pause_seconds)
        raise AssertionError("the last try returns or raises")

    def write(self, method: str, path: str, fields: Any = None) -> Answer:
        """POST, PATCH or DELETE, sent once (and once more after a new login, when the first was surely not done)."""
        return self._send(method, path, content=None if fields is None else dumps(fields))

    def login(self) -> None:
        """Gets an access token; raises Stop if the credentials are refused."""
        form = {"grant_type": "client_credentials"}
        auth = httpx.BasicAuth(self._client_id, self._client_secret.get_secret_value())
        try:
            response, _ = self._exchange("POST", f"{self._base_url}/services/oauth2/token", data=form, auth=auth)
        except LookFirst as error:
            raise Retry(str(error)) from error  # a login may be repeated, and what was to follow it was never sent
        if response.status_code == 429 or response.status_code >= 500:
            raise Retry(f"Salesforce login at {self._base_url}: HTTP {response.status_code}")
        body = _json(response)
        if response.status_code != 200:
            reason = f"{body.get('error')}: {body.get('error_description')}" if isinstance(body, dict) else body
            raise Stop(
                f"Salesforce login at {self._base_url} as {self._client_id}: {reason}; check client id and secret"
            )
        self._token = body["access_token"]
        self._http.base_url = httpx.URL(body["instance_url"])

    def _send(self, method: str, path: str, **request: Any) -> Answer:
        if self._token is None:
            self.login()
        answer = self._try(method, path, **request)
        if answer is None:
            self.login()
            answer = self._try(method, path, **request)
        if answer is None:
            raise Stop(f"Salesforce {method} {path}: a fresh session was refused; check the client's API permission")
        return answer

    def _try(self, method: str, path: str, *, headers: dict[str, str] | None = None, **request: Any) -> Answer | None:
        """One request; None if the session has expired."""
        sent = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json", **(headers or {})}
        response, began_at = self._exchange(method, path, headers=sent, **request)
        if usage := _USAGE.search(response.headers.get("Sforce-Limit-Info", "")):
            self.allowance = Allowance(int(usage[1]), int(usage[2]))
        if response.status_code < 300:
            return Answer(response.status_code, _json(response) if response.content else None, began_at)
        _react(method, path, response)
        return None

    def _exchange(self, method: str, url: str, **request: Any) -> tuple[httpx.Response, Instant]:
        started = time.monotonic()
        try:
            response = self._http.request(method, url, **request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Retry(f"Salesforce {method} {url}: not reached: {error!r}") from error
        except httpx.TransportError as error:
            raise LookFirst(f"Salesforce {method} {url}: no answer: {error!r}") from error
        answered = time.monotonic()
        if date := response.headers.get("Date"):
            return response, self.clock.observe(date, answered - started, answered)
        return response, self.clock.now(started) or 0  # a gateway's error page; 0 is a lower bound as well


def _react(method: str, path: str, response: httpx.Response) -> None:
    """Raises what the answer calls for; returns only if a new login is the remedy."""
    code, message = _complaint(response)
    told = f"Salesforce {method} {path.partition('?')[0]}: HTTP {response.status_code} {code} {message}".rstrip()
    failures: dict[Reaction, ConnectorError] = {
        Reaction.REPEAT: Retry(told),
        Reaction.PAUSE: Retry(told, ALLOWANCE_PAUSE_SECONDS),
        Reaction.LOOK: LookFirst(told),
        Reaction.REFUSE: Refused(told, code=code, status=response.status_code),
        Reaction.STOP: Stop(told),
    }
    if failure := failures.get(reaction_to(response.status_code, code, writing=method != "GET")):
        raise failure


def _complaint(response: httpx.Response) -> tuple[str, str]:
    """errorCode and message of the error array, or what little a gateway's page says."""
    body = _json(response) if response.content else None
    first = body[0] if isinstance(body, list) and body else None
    if isinstance(first, dict):
        return str(first.get("errorCode", "")), str(first.get("message", ""))
    return "", response.text[:200]


def _json(response: httpx.Response) -> Any:
    try:
        return loads(response.content)
    except ValueError:
        return None
