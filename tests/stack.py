"""The real stack for tests: containers where a Docker engine answers, else the embedded one; gone when they end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.stack import Endpoints, down, up
from connectors.stack.provider import INFRASTRUCTURE, published

ROOT = Path(__file__).parent.parent


@contextmanager
def running_stack(folder: Path) -> Iterator[Endpoints]:
    """A stack of its own; DRIFTWISE_TEST_STACK=embedded or compose decides which kind instead of Docker's presence."""
    kind = os.environ.get("DRIFTWISE_TEST_STACK") or ("compose" if docker_answers() else "embedded")
    with containers() if kind == "compose" else processes(folder) as endpoints:
        yield endpoints


@contextmanager
def processes(folder: Path) -> Iterator[Endpoints]:
    """Attached: even a killed test run leaves none of them behind."""
    try:
        yield up(folder, progress=print, attached=True)
    finally:
        down(folder, delete_data=True)


@contextmanager
def containers() -> Iterator[Endpoints]:
    """In a compose project of their own, so that taking volumes away with them is safe."""
    from testcontainers.compose import DockerCompose  # half a second that tests without services need not wait

    os.environ["COMPOSE_PROJECT_NAME"] = "driftwise-tests"
    with DockerCompose(ROOT, compose_file_name="docker-compose.yml", build=True, services=list(INFRASTRUCTURE)):
        yield published()


def docker_answers() -> bool:
    """Whether there is a Docker engine to talk to."""
    from docker.errors import DockerException
    from testcontainers.core.docker_client import DockerClient

    try:
        return bool(DockerClient().client.ping())
    except DockerException:
        return False
