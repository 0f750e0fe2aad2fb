"""docker-compose.yml: made from the declaration, closed to the outside, watched."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.stack.compose import compose
from connectors.stack.declaration import services, text
from connectors.stack.kafka import PORTS
from tests.stack import ROOT

DOCUMENT: dict[str, Any] = yaml.safe_load(compose())
SERVICES: dict[str, dict[str, Any]] = DOCUMENT["services"]
INFRASTRUCTURE = {"kafka", "registry", "connect", "postgres"}
ROLES = {"worker", "poll-crm", "execute"}
LASTING = sorted(INFRASTRUCTURE | ROLES)
"""What stays up; the others run to their end."""


def test_the_committed_file_is_what_the_declaration_makes() -> None:
    remedy = "run: python -m connectors.stack compose > docker-compose.yml"
    assert (ROOT / "docker-compose.yml").read_text() == compose(), remedy


def test_it_runs_the_four_services_and_each_role_of_driftwise() -> None:
    assert set(SERVICES) == INFRASTRUCTURE | ROLES | {"topics"}


def test_topics_are_made_before_a_role_begins() -> None:
    assert SERVICES["topics"]["command"] == ["topics"]
    for name in ROLES:
        assert SERVICES[name]["depends_on"] == {"topics": {"condition": "service_completed_successfully"}}


def test_what_runs_to_its_end_is_not_started_again() -> None:
    assert {name for name, block in SERVICES.items() if block["restart"] == "no"} == set(SERVICES) - set(LASTING)


def test_each_image_is_built_once() -> None:
    built = [block["image"] for block in SERVICES.values() if "build" in block]
    assert len(built) == len(set(built))
    assert {block["image"] for name, block in SERVICES.items() if name in ROLES} <= set(built)


def test_state_is_shared_with_nobody() -> None:
    mounted = [volume.split(":")[0] for block in SERVICES.values() for volume in block.get("volumes", [])]
    assert len(mounted) == len(set(mounted))
    assert SERVICES["worker"]["volumes"] == [f"worker-data:{SERVICES['worker']['environment']['DRIFTWISE_DATA']}"]


def test_postgres_is_healthy_only_once_it_listens_for_others() -> None:
    """While the image makes the databases, a server of its own answers on the socket alone."""
    check = SERVICES["postgres"]["healthcheck"]["test"]
    assert check[check.index("--host") + 1] == "127.0.0.1"


def test_only_our_roles_wait_for_the_profile() -> None:
    assert {name for name, block in SERVICES.items() if block.get("profiles")} == set(SERVICES) - INFRASTRUCTURE


@pytest.mark.parametrize("name", LASTING)
def test_whatever_stays_up_has_a_health_check(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_is_published_beyond_loopback(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", sorted(INFRASTRUCTURE))
def test_images_are_pinned_by_the_version_that_the_embedded_stack_runs(name: str) -> None:
    service = getattr(services(), name)
    image, _, tag = service.image.partition(":")
    debezium = services().connect.plugins.debezium.artefacts[0].split(":")[2]
    assert image
    assert tag == (debezium if name == "connect" else service.version)


@pytest.mark.parametrize("name", SERVICES)
def test_who_must_be_there_first_is_waited_for(name: str) -> None:
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        assert how == {"condition": "service_healthy" if needed in LASTING else "service_completed_successfully"}


def test_kafka_gets_every_declared_setting() -> None:
    environment = SERVICES["kafka"]["environment"]
    for key, value in services().kafka.settings.items():
        assert environment["KAFKA_" + key.replace(".", "_").upper()] == text(value)


def test_kafka_listens_under_every_name_that_the_embedded_one_has() -> None:
    listeners = SERVICES["kafka"]["environment"]["KAFKA_LISTENERS"].split(",")
    assert {listener.split(":")[0] for listener in listeners} == set(PORTS)


def test_connect_gets_every_declared_setting() -> None:
    lines = DOCUMENT["configs"]["connect-settings"]["content"].splitlines()
    assert {f"{key}={text(value)}" for key, value in services().connect.settings.items()} <= set(lines)


def test_postgres_gets_every_declared_setting_and_database() -> None:
    declared = services().postgres
    assert {f"-c{key}={text(value)}" for key, value in declared.settings.items()} <= set(
        SERVICES["postgres"]["command"]
    )
    for database in declared.databases:
        assert f"CREATE DATABASE {database};" in DOCUMENT["configs"]["databases"]["content"]


def test_no_secret_is_in_the_file() -> None:
    assert DOCUMENT["secrets"] == {"crm_client_secret": {"environment": "DRIFTWISE_CRM_CLIENT_SECRET"}}
    for block in SERVICES.values():
        assert not [key for key in block["environment"] if key.endswith(("_SECRET", "_TOKEN"))]


@pytest.mark.parametrize("name", [name for name, block in SERVICES.items() if "build" in block])
def test_images_of_our_own_are_targets_of_the_committed_dockerfile(name: str) -> None:
    build = SERVICES[name]["build"]
    lines = (ROOT / build["dockerfile"]).read_text().splitlines()
    assert any(line.startswith("FROM ") and line.endswith(f" AS {build['target']}") for line in lines)


def test_volumes_configs_and_secrets_that_are_used_are_declared() -> None:
    for block in SERVICES.values():
        assert {volume.split(":")[0] for volume in block.get("volumes", [])} <= set(DOCUMENT["volumes"])
        assert {config["source"] for config in block.get("configs", [])} <= set(DOCUMENT["configs"])
        assert set(block.get("secrets", [])) <= set(DOCUMENT["secrets"])


def test_the_dockerfile_alone_builds_on_the_same_kafka() -> None:
    assert f"ARG KAFKA_IMAGE={services().kafka.image}\n" in (ROOT / "ops/Dockerfile").read_text()


def test_the_dockerfile_installs_by_hash() -> None:
    dockerfile = Path(ROOT / "ops/Dockerfile").read_text()
    assert "COPY ops/requirements.txt requirements.txt\n" in dockerfile
    assert re.findall(r"pip (\w+) .*(--require-hashes|--no-index)", dockerfile) == [
        ("wheel", "--require-hashes"),
        ("install", "--no-index"),
        ("install", "--no-index"),
        ("install", "--no-index"),
    ]
