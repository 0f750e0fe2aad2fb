"""Nobody is shown a traceback for what an operator can mend: every command says what failed, where, and what to do."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.schema_registry.error import SchemaRegistryError

from connectors.stack.endpoints import Endpoints, Postgres
from schemas import patience
from streams.cli import COMMANDS, driftwise
from streams.commands import roles
from streams.commands.told import in_words, told_in_one_line
from streams.look import read
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


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("drfits", "drifts"),
        ("governance shwo", "show"),
        ("dead-letters shw", "show"),
        ("stack upp", "up"),
        ("connect aply", "apply"),
    ],
)
def test_a_mistyped_command_is_told_what_was_probably_meant(line: str, meant: str) -> None:
    done = run(line)
    said = f"No such command {line.split()[-1]!r}. (did you mean {meant!r}?)"
    assert (done.exit_code, said in done.output) == (2, True)


@pytest.mark.parametrize("group", ["connect", "dead-letters", "governance", "stack"])
def test_what_a_command_below_another_does_is_not_cut(group: str) -> None:
    assert "..." not in run(f"{group} --help").output.partition("Commands:")[2]


USED_WRONGLY = {
    # line: what is said of it
    "topics --replication 0": "0 is not in the range x>=1",
    "poll crm --interval-seconds 0": "0.0 is not in the range x>0",
    "poll crm --look-back-seconds 0": "0 is not in the range x>=1",
    "connect apply --heartbeat-ms -4": "-4 is not in the range x>=1",
    "connect snapshot erp --heartbeat-ms 0": "0 is not in the range x>=1",
    "process --svg map.svg --json": "give --svg or --json",
    "demo --kinds invoice_not_postd": "'invoice_not_postd' cannot be injected (did you mean 'invoice_not_posted'?)",
    "demo --kinds ,": "no kind is named; give first, all",
    "bench engine --only our": "'our' takes no part in bench engine (did you mean 'ours'?)",
    "bench state --only few": "'few' takes no part in bench state; known: customers_many",
    "bench recovery --only nobody": "'nobody' takes no part in bench recovery; known: standby, none",
    "bench backtest --quick --only us": "'us' takes no part in bench backtest",
    "bench latency --only ours": "'ours' takes no part in bench latency: nobody can be left out of it",
}


@pytest.mark.parametrize("line", USED_WRONGLY)
def test_what_is_used_wrongly_is_refused_before_anything_is_done(line: str) -> None:
    done = run(line)
    assert (done.exit_code, USED_WRONGLY[line] in " ".join(done.output.split())) == (2, True), done.output


NOT_TO_BE_DONE: dict[tuple[str, str], str] = {
    # line, and a variable: what is said of it
    ("execute", "METRICS_PORT=99999"): "metrics and health cannot be served on 127.0.0.1:99999",
    ("connect apply", "CONNECT_URL=127.0.0.1:1"): "'127.0.0.1:1' is no address of Kafka Connect: set DRIFTWISE_CONNECT",
    (
        "connect apply",
        "BILLING_DSN=port=abc",
    ): "'abc' is no port: correct DRIFTWISE_BILLING_DSN or DRIFTWISE_BILL",
    ("halt invoice_not_postd --reason x", ""): "nor a kind (did you mean 'invoice_not_posted'?)",
    ("resume erpp", ""): "nor a kind (did you mean 'erp'?)",
    ("halt x --reason x", ""): "(crm, billing, erp) nor a kind; ops/kinds.md lists the kinds",
    ("halt erp --reason x", ""): "a halt is told as correction_breaker, which this deployment does not judge",
    ("governance show kindz.yaml", ""): "nothing is governed under 'kindz' (did you mean 'kinds'?)",
    ("governance show finance.xyz", ""): "nothing is governed under 'finance.xyz'; finance has ",
    ("governance show partitions.x", ""): "'partitions.x'; partitions has no keys",
    ("governance check README.md", ""): "README.md: is a file; give the folder that holds systems.yaml",
}


@pytest.mark.parametrize(("line", "variable"), NOT_TO_BE_DONE)
def test_what_cannot_be_done_says_why_and_what_to_do(
    line: str, variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(ROOT)
    (tmp_path / "systems.yaml").write_text("judged: [invoice_not_posted]")
    database = {"DRIFTWISE_BILLING_DSN": "host=127.0.0.1 port=1", "DRIFTWISE_CONNECT_URL": "http://127.0.0.1:1"}
    name, _, value = variable.partition("=")
    given = database | {"DRIFTWISE_GOVERNANCE": str(tmp_path), f"DRIFTWISE_{name}": value}
    assert NOT_TO_BE_DONE[line, variable] in told(line, **given)


@pytest.mark.parametrize("line", ["drifts", "stack status", "stack up", "demo"])
def test_a_home_that_is_a_file_is_named(line: str, tmp_path: Path) -> None:
    (file := tmp_path / "home").write_text("")
    said = told(line, DRIFTWISE_HOME=str(file), DRIFTWISE_KAFKA_BOOTSTRAP="")
    assert f"{file}/stack" in said
    assert "check the path, and who may read and write there" in said


def test_what_a_demo_left_unfinished_is_named(tmp_path: Path) -> None:
    for name in ("stack/endpoints.json", "governance.json"):
        (path := tmp_path / name).parent.mkdir(exist_ok=True)
        path.write_text("{")
    said = told("drifts", DRIFTWISE_HOME=str(tmp_path), DRIFTWISE_KAFKA_BOOTSTRAP="")
    assert "endpoints.json cannot be read" in said
    assert "run `driftwise stack down`, then `up`" in said
    stack = Endpoints("embedded", "k", "c", "http://r", "n", "n", Postgres("h", 1, "u"), Postgres("h", 1, "u"), {})
    stack.save(tmp_path / "stack")

    said = told("drifts", DRIFTWISE_HOME=str(tmp_path), DRIFTWISE_KAFKA_BOOTSTRAP="")
    assert "governance.json cannot be read" in said


def test_a_service_that_takes_its_time_is_named_meanwhile(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(patience, "SILENT_SECONDS", 0.0)
    with patience.said_if_slow("Kafka at k:1"):
        time.sleep(0.2)
    with patience.said_if_slow("nobody"):
        pass

    assert capsys.readouterr().err.startswith("Kafka at k:1 has not answered yet: waiting ...")


def test_a_cluster_that_refuses_everybody_is_not_waited_for_any_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "REFUSED_SECONDS", 0.5)
    monkeypatch.setattr(read, "ANSWER_SECONDS", 300.0)

    assert "Kafka at 127.0.0.1:1 does not answer (127.0.0.1:1/bootstrap: " in told("drifts")


def test_a_page_of_another_server_is_not_shown_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise SchemaRegistryError(501, -1, "<p>" * 1_000)

    monkeypatch.setattr("schemas.registry.SchemaRegistryClient.register_schema", refuse)
    said = told("execute")
    assert "refuses: <p>" in said
    assert len(said) < 1_000


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


def test_more_replicas_than_brokers_is_told_with_what_to_give() -> None:
    refused = KafkaError(KafkaError.INVALID_REPLICATION_FACTOR, "Unable to replicate the partition 3 time(s).")
    assert in_words(KafkaException(refused)).endswith("3 time(s). Give --replication no more than there are brokers")
