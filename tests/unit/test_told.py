"""Nobody is shown a traceback for what an operator can mend: every command says what failed, where, and what to do."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from confluent_kafka import KafkaError, KafkaException

from streams.cli import COMMANDS, driftwise
from streams.commands import roles
from streams.commands.told import told_in_one_line
from tests.stack import ROOT

ENVIRONMENT = {
    "DRIFTWISE_HOME": "/nowhere",
    "DRIFTWISE_KAFKA_BOOTSTRAP": "127.0.0.1:1",
    "DRIFTWISE_REGISTRY_URL": "http://127.0.0.1:1",
}


def run(line: str, **environment: str) -> Result:
    return CliRunner().invoke(driftwise, line.split(), env=ENVIRONMENT | environment, catch_exceptions=False)


def told(line: str, **environment: str) -> str:
    done = run(line, **environment)
    assert done.exit_code == 1, done.output
    return done.output


@pytest.fixture(autouse=True)
def _no_logging(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles.logging, "basicConfig", lambda **_: None)
    monkeypatch.setattr(roles, "stop_on_signals", lambda: None)


def leaves(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield name, command
        return
    for below in command.list_commands(click.Context(command)):
        found = command.get_command(click.Context(command), below)
        assert found is not None
        yield from leaves(found, f"{name} {below}".strip())


ALL = dict(leaves(driftwise, ""))
WRAPPED = told_in_one_line(lambda: None).__code__  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ALL)
def test_every_command_tells_it_in_one_line(name: str) -> None:
    assert ALL[name].callback.__code__ is WRAPPED  # type: ignore[union-attr]


def test_a_mistyped_command_is_told_what_was_probably_meant() -> None:
    done = run("drfits")
    assert (done.exit_code, "No such command 'drfits'. (did you mean 'drifts'?)" in done.output) == (2, True)


def test_a_mistyped_kind_is_told_what_was_probably_meant() -> None:
    done = run("why A invoice_not_postd")
    assert done.exit_code == 2
    assert (
        "'invoice_not_postd' is neither name nor number of a kind (did you mean 'invoice_not_posted'?)" in done.output
    )


def test_a_mistyped_record_is_told_what_was_probably_meant() -> None:
    assert "no record 'Drift2' (did you mean 'Drift'?); `driftwise schemas` lists them" in told("schemas Drift2")


@pytest.mark.parametrize("line", ["drifts", "topics", "execute"])
def test_a_setting_that_the_kafka_client_does_not_know_is_named(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schemas.codec.Codec.prepare", lambda *_: None)
    said = told(line, DRIFTWISE_KAFKA__FOO="1")
    assert 'No such configuration property: "foo": correct the DRIFTWISE_KAFKA__* variables' in said


def test_a_broker_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise KafkaException(KafkaError(KafkaError._TRANSPORT))

    monkeypatch.setattr(roles.wiring, "create_topics", refuse)
    assert "check that the broker at 127.0.0.1:1 (DRIFTWISE_KAFKA_BOOTSTRAP) is up and lets us in" in told("topics")


def test_a_setting_that_is_no_number_is_named() -> None:
    assert "DRIFTWISE_STANDBY_REPLICAS is 'few': set it to a whole number" in told(
        "worker", DRIFTWISE_STANDBY_REPLICAS="few"
    )


def test_a_level_of_logging_that_there_is_not_is_named() -> None:
    assert "DRIFTWISE_LOG is 'LOUD': set it to one of DEBUG, INFO" in told("worker", DRIFTWISE_LOG="loud")


def test_an_address_that_is_none_is_named() -> None:
    said = told("worker", DRIFTWISE_REGISTRY_URL="registry")
    assert "'registry' is no address of a schema registry: set DRIFTWISE_REGISTRY_URL" in said


def test_a_folder_of_governance_that_is_not_there_is_named() -> None:
    for line in ("topics", "drifts", "check", "governance check /nowhere", "process /nowhere"):
        assert "/nowhere: no such folder" in told(line, DRIFTWISE_GOVERNANCE="/nowhere")


@pytest.mark.parametrize(
    ("system", "why"),
    [("crmm", "'crmm' is no system"), ("erp", "'erp' is postgresql, which `driftwise connect apply` captures")],
)
def test_only_what_is_polled_can_be_polled(system: str, why: str) -> None:
    assert f"{why}; polled by this governance: crm" in told(f"poll {system}")


def test_a_secret_that_cannot_be_read_is_named_with_its_variable() -> None:
    crm = {"DRIFTWISE_CRM_URL": "http://127.0.0.1:1", "DRIFTWISE_CRM_CLIENT_ID": "us"}
    said = told("poll crm", DRIFTWISE_CRM_CLIENT_SECRET_FILE="/nowhere", **crm)
    assert "DRIFTWISE_CRM_CLIENT_SECRET_FILE names /nowhere, which cannot be read" in said


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = told("execute", DRIFTWISE_METRICS_PORT=str(port))
    assert f"metrics and health cannot be served on 127.0.0.1:{port}" in said
    assert "set DRIFTWISE_METRICS_HOST and DRIFTWISE_METRICS_PORT" in said


@pytest.mark.parametrize("dsn", ["no dsn at all", "host=127.0.0.1 port=1"])
def test_a_database_that_lets_nobody_in_is_named_with_its_variable(dsn: str) -> None:
    said = told("connect apply", DRIFTWISE_BILLING_DSN=dsn, DRIFTWISE_CONNECT_URL="http://127.0.0.1:1")
    assert said.startswith("Error: billing: PostgreSQL says: ")
    assert "check that DRIFTWISE_BILLING_DSN leads to its database" in said


def test_only_what_is_not_set_is_asked_for() -> None:
    said = told("connect apply", DRIFTWISE_CONNECT_URL="http://127.0.0.1:1")
    assert "set DRIFTWISE_BILLING_DSN, or start a stack" in said


@pytest.mark.parametrize("line", ["backtest --until soon -", "governance publish --from soon"])
def test_what_is_no_instant_is_told_how_to_write_one(line: str) -> None:
    assert "'soon' is no instant: write it like 2026-03-02T09:00:00Z" in run(line).output


def test_a_stack_without_docker_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for line in ("up", "down", "status"):
        said = told(f"stack {line} --provider compose", DRIFTWISE_HOME=str(tmp_path))
        assert "docker-compose.yml is missing: run this where driftwise's docker-compose.yml is" in said


def test_a_log_of_which_no_line_can_be_used_is_not_judged(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("system,entity\ncrm,customer\n")
    assert "no line can be used; the first, line 1: unreadable: no JSON" in told(f"backtest {log}")


def test_a_picture_that_cannot_be_written_is_named() -> None:
    assert "Could not open file '/nowhere/map.svg'" in told("process --svg /nowhere/map.svg")


def test_every_command_of_the_list_is_there() -> None:
    assert {name.partition(" ")[0] for name in ALL} == set(COMMANDS)


WITHOUT_STACK = """
import sys
sys.modules["psutil"] = None  # as where the extra is not installed
from streams.cli import COMMANDS, driftwise
"""
RUN = "driftwise()"
HELPS = "for name in COMMANDS: print(name, driftwise.get_command(None, name).help)"


def without_stack(program: str, line: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT_STACK + program, *line.split()]
    return subprocess.run(command, cwd=ROOT, env=os.environ | ENVIRONMENT, capture_output=True, text=True)


def test_without_the_packages_of_the_stack_everything_else_is_to_be_had() -> None:
    shown = without_stack(HELPS).stdout
    refused = {line.split()[0] for line in shown.splitlines() if "Needs more packages" in line}

    assert refused == {"stack", "demo", "bench"}


def test_the_help_has_every_command_and_imports_none() -> None:
    done = without_stack("import sys; driftwise(standalone_mode=False); print(*sys.modules)", "--help")
    listed = re.findall(r"^  ([a-z][a-z-]*)  ", done.stdout, re.MULTILINE)

    assert sorted(listed) == sorted(COMMANDS)
    assert "streams.commands" not in done.stdout.splitlines()[-1]


def test_what_needs_them_says_so() -> None:
    done = without_stack(RUN, "demo --kinds all")
    assert done.returncode == 2
    assert "Needs more packages: pip install 'driftwise[stack]'" in done.stderr
    assert "Traceback" not in done.stderr
