"""Brings Debezium connectors to the wanted configuration through Kafka Connect's REST API, and keeps them running.

API: https://kafka.apache.org/documentation/#connect_rest
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

import httpx

from connectors.debezium.access import access
from connectors.errors import Refused, Retry, Stop
from schemas.registry import without_password

_T = TypeVar("_T")

_NOT_FOUND = 404
_BUSY = frozenset({409, 500, 502, 503, 504})
"""The worker is starting, rebalancing, or forwards to a leader that is."""
_PAUSE_SECONDS = 0.1
_RESTART_PAUSE_SECONDS = 2.0
"""Between restarts of a failed task: long enough that a dead session's replication slot may be given up."""


@dataclass(frozen=True)
class TaskStatus:
    state: str
    """RUNNING, PAUSED, UNASSIGNED, RESTARTING or FAILED."""
    problem: str = ""
    """First line of the trace of a failed task."""


@dataclass(frozen=True)
class ConnectorStatus:
    state: str
    tasks: tuple[TaskStatus, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        return (self.state, *(task.state for task in self.tasks))

    @property
    def running(self) -> bool:
        return bool(self.tasks) and set(self.parts) == {"RUNNING"}

    @property
    def failed(self) -> bool:
        return "FAILED" in self.parts

    def __str__(self) -> str:
        problems = [task.problem for task in self.tasks if task.problem]
        return ", ".join(self.parts) + "".join(f": {problem}" for problem in problems)


class Connect:
    """A Kafka Connect cluster.

    Every call raises Retry if Connect cannot answer now, and Refused if it rejects the request. `client`: settings for
    login and TLS (`connectors.debezium.access`). `transport` replaces the network, for tests."""

    def __init__(
        self,
        url: str,
        client: Mapping[str, str] | None = None,
        timeout_seconds: float = 30.0,
        *,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._url = without_password(url)
        # A database to validate against may answer late; Connect itself gives up after 90 s.
        self._http = httpx.Client(base_url=url, timeout=timeout_seconds, transport=transport, **access(client or {}))

    def __enter__(self) -> Connect:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._http.close()

    def apply(self, name: str, config: Mapping[str, str], timeout_seconds: float = 60.0) -> None:
        """Create or update the connector and wait until it runs; an equal configuration is not written again.

        Raises Stop with the cause when it does not run by then; Refused for an invalid configuration."""
        deadline = time.monotonic() + timeout_seconds
        self.configure(name, config, timeout_seconds)
        self.wait_running(name, deadline - time.monotonic())

    def configure(self, name: str, config: Mapping[str, str], timeout_seconds: float = 60.0) -> None:
        """Like `apply`, without waiting: a connector that was stopped stays so."""
        wanted = dict(config) | {"name": name}

        def write() -> None:
            if self.config(name) != wanted:
                self._call("PUT", f"/connectors/{name}/config", wanted)

        _until_taken(write, timeout_seconds, f"Kafka Connect did not take connector {name}")

    def wait_running(self, name: str, timeout_seconds: float = 60.0) -> None:
        """Wait until the connector and its tasks run, restarting what failed; raises Stop at the deadline."""
        deadline = time.monotonic() + timeout_seconds
        seen = "no status yet"
        while True:
            pause_seconds = _PAUSE_SECONDS
            try:
                status = self.status(name)
                if status is not None and status.running:
                    return
                seen = str(status or seen)
                if status is not None and status.failed:
                    self.restart_failed(name)
                    pause_seconds = _RESTART_PAUSE_SECONDS
            except Retry as problem:
                seen = str(problem)
            _pause(deadline, pause_seconds, f"Connector {name} does not run ({seen}): see Kafka Connect's log.")

    def config(self, name: str) -> dict[str, str] | None:
        """The connector's configuration with its `name`; None where there is no such connector."""
        found: dict[str, str] | None = self._call("GET", f"/connectors/{name}/config")
        return found

    def config_and_wait(self, name: str, timeout_seconds: float = 60.0) -> dict[str, str] | None:
        """The same, waiting for a Connect that may be starting. Raises Stop if it does not answer by then."""
        return _until_taken(lambda: self.config(name), timeout_seconds, f"Kafka Connect does not tell of {name}")

    def status(self, name: str) -> ConnectorStatus | None:
        """None where there is no such connector, or its first status is not written yet."""
        found = self._call("GET", f"/connectors/{name}/status")
        if found is None:
            return None
        tasks = tuple(TaskStatus(task["state"], task.get("trace", "").partition("\n")[0]) for task in found["tasks"])
        return ConnectorStatus(found["connector"]["state"], tasks)

    def restart_failed(self, name: str) -> None:
        """Restart the connector and those of its tasks that failed; the others are left alone."""
        self._call("POST", f"/connectors/{name}/restart?includeTasks=true&onlyFailed=true")

    def restart(self, name: str) -> None:
        """Restart the connector and all its tasks."""
        self._call("POST", f"/connectors/{name}/restart?includeTasks=true")

    def pause(self, name: str) -> None:
        """Stop reading; the source keeps its log for us meanwhile, so not for long."""
        self._call("PUT", f"/connectors/{name}/pause")

    def stop(self, name: str) -> None:
        """Like `pause`, and let go of the replication slot as well; `resume` starts it again."""
        self._call("PUT", f"/connectors/{name}/stop")

    def resume(self, name: str) -> None:
        self._call("PUT", f"/connectors/{name}/resume")

    def delete(self, name: str) -> None:
        """Remove the connector; its replication slot stays and must be dropped at the source."""
        self._call("DELETE", f"/connectors/{name}")

    def forget_position(self, name: str, timeout_seconds: float = 30.0) -> None:
        """Delete the offsets of a stopped connector, so that it begins with a snapshot when it is resumed.

        Its replication slot has to be dropped too, and its records need a new epoch (`recapture`)."""
        said = f"Kafka Connect did not forget how far {name} read"
        _until_taken(lambda: self._call("DELETE", f"/connectors/{name}/offsets"), timeout_seconds, said)

    def stop_and_wait(self, name: str, timeout_seconds: float = 30.0) -> None:
        """Stop the connector and wait until it stands still. Raises Stop if it does not by then."""
        deadline, said = time.monotonic() + timeout_seconds, f"Connector {name} does not stop"
        _until_taken(lambda: self.stop(name), timeout_seconds, said)

        def look() -> None:
            if (status := self.status(name)) is None or status.parts != ("STOPPED",):
                raise Retry(f"{status}: see Kafka Connect's log")

        _until_taken(look, deadline - time.monotonic(), said)

    def resume_and_wait(self, name: str, timeout_seconds: float = 60.0) -> None:
        """Resume the connector and wait until it runs. Raises Stop if it does not by then."""
        deadline = time.monotonic() + timeout_seconds
        _until_taken(lambda: self.resume(name), timeout_seconds, f"Connector {name} is not resumed")
        self.wait_running(name, deadline - time.monotonic())

    def _call(self, method: str, path: str, body: Mapping[str, str] | None = None) -> Any:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.TransportError as problem:
            raise Retry(f"Kafka Connect at {self._url} cannot be reached: {problem!r}") from None
        if answer.status_code == _NOT_FOUND and method == "GET":
            return None
        if answer.is_success:
            return answer.json() if answer.content else None
        said = f"{method} {path} answered {answer.status_code}: {_message(answer)}"
        if answer.status_code in _BUSY:
            raise Retry(said)
        raise Refused(said, status=answer.status_code)


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase


def _until_taken(call: Callable[[], _T], timeout_seconds: float, otherwise: str) -> _T:
    """Repeat a call while Connect starts or rebalances, as it does after every change of a configuration. Raises Stop
    when the time is over."""
    deadline = time.monotonic() + timeout_seconds
    while True:
        try:
            return call()
        except Retry as problem:
            _pause(deadline, _PAUSE_SECONDS, f"{otherwise}: {problem}")


def _pause(deadline: float, seconds: float, otherwise: str) -> None:
    if time.monotonic() + seconds > deadline:
        raise Stop(otherwise)
    time.sleep(seconds)
