"""docker-compose.yml, made from the declaration of services."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from connectors.stack import java
from connectors.stack.declaration import Container, PostgresService, Roles, Service, services, text
from connectors.stack.machine import LOOPBACK

_HEADER = """\
# Made from connectors/stack/services.yaml: change that, and then `python -m connectors.stack compose` makes this anew.
#   the services:         docker compose up -d --build --wait
#   and driftwise itself: docker compose --profile driftwise up -d --build --wait
#       with DRIFTWISE_CRM_URL, DRIFTWISE_CRM_CLIENT_ID and DRIFTWISE_CRM_CLIENT_SECRET in the environment
#   and capture:          docker compose run --rm worker connect apply
#       once billing and erp have the tables that the mappings name
# Needs Docker Compose 2.23.1 or newer. Everything is published on loopback only.
"""
_INIT = "/docker-entrypoint-initdb.d/databases.sql"
_SUPERVISED = {"restart": "unless-stopped", "stop_grace_period": "30s"}
_PATIENCE = {"interval": "5s", "timeout": "10s", "retries": 24, "start_period": "10s"}

Block = dict[str, Any]


def compose() -> str:
    """The text of docker-compose.yml."""
    declared = services()
    infrastructure: dict[str, Service] = {
        "kafka": declared.kafka,
        "registry": declared.registry,
        "connect": declared.connect,
        "postgres": declared.postgres,
    }
    blocks = {name: _service(name, service) for name, service in infrastructure.items()}
    blocks["postgres"] |= _postgres(declared.postgres)
    blocks |= {name: _before(declared.roles, command) for name, command in declared.roles.before.items()}
    blocks |= {name: _role(declared.roles, name, command) for name, command in declared.roles.commands.items()}
    volumes = [_volume(name) for name, service in infrastructure.items() if service.compose.volume]
    volumes += [_volume(name) for name in declared.roles.volumes]
    document = {
        "name": "driftwise",
        "services": blocks,
        "volumes": {name: {} for name in volumes},
        "configs": {
            "databases": {"content": _create_databases(declared.postgres)},
            "connect-settings": {
                "content": java.properties(declared.connect.settings | declared.connect.compose.settings)
            },
        },
        "secrets": {name: {"environment": variable} for name, variable in declared.roles.secrets.items()},
    }
    return _HEADER + yaml.dump(document, Dumper=_Plain, sort_keys=False, width=140)


class _Plain(yaml.SafeDumper):
    """Writes what is repeated in full, and text of several lines as such: for people to read."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _as_block(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Plain.add_representer(str, _as_block)


def _service(name: str, service: Service) -> Block:
    container = service.compose
    block: Block = {
        "image": service.image,
        **_SUPERVISED,
        "environment": container.environment | _settings_as_environment(service, container),
        "ports": [f"{LOOPBACK}:{service.port}:{container.container_port}"],
        "healthcheck": {"test": _health(container), **_PATIENCE},
    }
    if container.build:
        block["build"] = _build(container.build)
    if container.command:
        block["command"] = container.command
    if container.settings_file:
        block["configs"] = [{"source": f"{name}-settings", "target": container.settings_file}]
    if container.volume:
        block["volumes"] = [f"{_volume(name)}:{container.volume}"]
    return block | _after(container.after)


def _build(target: str) -> Block:
    kafka = services().kafka.image
    return {"context": ".", "dockerfile": "ops/Dockerfile", "target": target, "args": {"KAFKA_IMAGE": kafka}}


def _settings_as_environment(service: Service, container: Container) -> dict[str, str]:
    """Settings as the images spell them: upper case, dots and dashes as underscores."""
    if container.prefix is None:
        return {}
    settings = service.settings | container.settings
    spelled = str.maketrans(".-", "__")
    return {container.prefix + key.translate(spelled).upper(): text(value) for key, value in settings.items()}


def _health(container: Container) -> list[str]:
    """The declared command, or an HTTP question asked by bash itself: not every image has curl."""
    if container.health:
        return container.health
    request = f"GET {container.health_path} HTTP/1.0\\r\\n\\r\\n"
    ask = f"exec 3<>/dev/tcp/127.0.0.1/{container.container_port} && printf '{request}' >&3 && grep -q ' 200 ' <&3"
    return ["CMD", "bash", "-c", ask]


def _after(names: Iterable[str], condition: str = "service_healthy") -> Block:
    after = {name: {"condition": condition} for name in names}
    return {"depends_on": after} if after else {}


def _volume(name: str) -> str:
    return f"{name}-data"


def _postgres(service: PostgresService) -> Block:
    options = [f"-c{key}={text(value)}" for key, value in service.settings.items()]
    return {"command": ["postgres", *options], "configs": [{"source": "databases", "target": _INIT}]}


def _create_databases(service: PostgresService) -> str:
    return "".join(f"CREATE DATABASE {name};\n" for name in [*service.databases, *service.compose.databases])


def _before(roles: Roles, command: list[str]) -> Block:
    """The image is built here alone: several builds of one name, side by side, fail."""
    built = {"build": _build("driftwise"), "restart": "no"}
    return _ours(roles, command) | built | _after(["kafka", "registry"])


def _role(roles: Roles, name: str, command: list[str]) -> Block:
    watched = {"secrets": list(roles.secrets), "healthcheck": {"test": roles.health, **_PATIENCE}}
    block = _ours(roles, command) | _SUPERVISED | watched
    if place := roles.volumes.get(name):
        block["volumes"] = [f"{_volume(name)}:{place}"]
    return block | _after(roles.before, "service_completed_successfully")


def _ours(roles: Roles, command: list[str]) -> Block:
    return {
        "image": roles.image,
        "profiles": ["driftwise"],
        "command": command,
        "environment": roles.environment,
    }
