"""What README and ops/*.md say of commands, settings, metrics, files and numbers is so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path

import click
import pytest

from schemas.topics import AUDIT_RETENTION, DAY, topics
from streams.cli import driftwise
from streams.demo.stories import ALL
from streams.fleet import FLEET_KINDS
from streams.governance import load
from streams.judge.commands import RESTRAINTS
from streams.kinds.table import KINDS
from streams.suspects.table import SUSPECT_KINDS
from streams.worker.metrics import METRICS
from streams.worker.wiring import WRITTEN
from tests.stack import ROOT

DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *(ROOT / "ops").glob("*.md"),
    ROOT / "ops/governance/README.md",
]
SOURCES = [path for folder in ("connectors", "schemas", "streams", "tables") for path in (ROOT / folder).rglob("*.py")]
CODE = re.compile(r"```.*?```|`[^`\n]+`|^ {4}\S[^\n]*$", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"(?<![=\w])(?<!--profile )(?:driftwise|ops/dev(?: compiled)?) ([a-z][^\n`#]*)")
COMMENT = re.compile(r"(?<=\s)#[^\n]*")
OF_OPS_DEV = {"test", "lint", "lock", "compiled"}

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def commands(document: Path, code_in: re.Pattern[str] = CODE) -> Iterator[list[str]]:
    """The words of each; of `list|show` the alternatives stay together."""
    for code in code_in.findall(document.read_text()):
        for found in COMMAND.findall(COMMENT.sub("", code)):
            yield found.replace("\\|", "|").split()


def complaint(words: list[str]) -> str:
    if words[0] in OF_OPS_DEV:
        return ""
    command: click.Command = driftwise
    for word in words:
        names = re.split(r"[|,]", word.strip("[].,;:)"))
        if word.strip("[").startswith("--"):
            if not any(names[0].split("=")[0] in parameter.opts for parameter in command.params):
                return f"{command.name} has no {word}"
        elif isinstance(command, click.Group):
            below = [command.get_command(click.Context(command), name) for name in names]
            if None in below:
                return f"{command.name} has no {word}"
            command = below[0] or command
    return ""


@every_document
def test_its_commands_and_options_exist(document: Path) -> None:
    assert [said for words in commands(document) if (said := complaint(words))] == []


def test_the_commands_that_messages_and_comments_name_exist() -> None:
    named = [*SOURCES, ROOT / "docker-compose.yml", ROOT / "connectors/stack/services.yaml"]
    found = (words for path in named for words in commands(path, re.compile(r"`[^`\n]+`")))
    assert [said for words in found if (said := complaint(words))] == []


@every_document
def test_its_files_exist(document: Path) -> None:
    text = document.read_text()
    linked = [name for name in re.findall(r"\]\(([^)#:]+)\)", text) if not (document.parent / name).exists()]
    folders = "connectors|ops|schemas|streams|tables|tests"
    named = [name for name in re.findall(rf"`((?:{folders})/[\w./-]+)`", text) if not (ROOT / name).exists()]
    assert linked + named == []


@every_document
def test_its_settings_are_read_and_its_metrics_are_told(document: Path) -> None:
    text, code = document.read_text(), "".join(path.read_text() for path in SOURCES)
    tested = "".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    settings = {name.removeprefix("DRIFTWISE_") for name in re.findall(r"DRIFTWISE_[A-Z_]*[A-Z]", text)}
    unread = {name for name in settings if not any(known in code + tested for known in _spellings(name))}
    metrics = {name for name in re.findall(r"`(driftwise_[a-z_]+)`", text) if f'"{name}"' not in code}
    assert (unread, metrics) == (set(), set())


def _spellings(name: str) -> Iterator[str]:
    """As it is looked for: as a whole, without its system, as a part of a DSN, or of the Kafka client's settings."""
    yield f'"{name}"'
    yield f"DRIFTWISE_{name}"
    yield f'"{name.partition("_")[2]}"'
    yield f'"{name.partition("_")[2].lower()}"'
    for client in ("KAFKA__", "REGISTRY__", "CONNECT__"):
        if name.startswith(client):
            yield f'"{client}"'


def test_the_readme_counts_kinds_as_the_code_does() -> None:
    readme = (ROOT / "README.md").read_text()
    built = {kind.name for kind in KINDS} | FLEET_KINDS.keys() | SUSPECT_KINDS.keys()
    assert f"({len(ALL.kinds)} of {len(built)}," in readme
    assert f"\n{len(built)} kinds of drift," in readme


def test_the_page_of_kinds_has_them_all() -> None:
    page = (ROOT / "ops/kinds.md").read_text()
    for name in {kind.name for kind in KINDS} | FLEET_KINDS.keys() | SUSPECT_KINDS.keys():
        assert f"| `{name}` |" in page


def test_the_page_of_operations_has_every_metric_of_a_worker() -> None:
    page = (ROOT / "ops/operating.md").read_text()
    assert [name for name in METRICS if f"`{name}`" not in page] == []


def test_the_page_for_consumers_says_of_each_topic_what_is_in_it_and_how_long_it_is_kept() -> None:
    page = (ROOT / "ops/consuming.md").read_text()
    by_name = {topic.name: topic for topic in topics(())}
    rows = re.findall(r"^\| `(q2c\.[a-z-]+)` \| (.*?) \| .*? \| (.*?) \|$", page, re.MULTILINE)
    of = attrgetter("kept_seconds", "kept_by")
    kept = {
        # (seconds, what governs it): what the page says
        (None, None): "the newest of each key",
        (30 * DAY, None): "30 days",
        (3650 * DAY, AUDIT_RETENTION): "10 years (`audit_retention_seconds`)",
    }
    assert {name: when for name, _, when in rows} == {name: kept[of(by_name[name])] for name, _, _ in rows}
    assert {name: tuple(re.findall(r"`(\w+)`", records)) for name, records, _ in rows} == {
        name: tuple(record for record in WRITTEN[name] if record != "Watermarks") for name, _, _ in rows
    }


def test_the_page_of_deploying_has_every_case_in_which_a_command_is_kept_back() -> None:
    page = (ROOT / "ops/deploying.md").read_text()
    assert [restraint.name for restraint in RESTRAINTS if f"`{restraint.name}`" not in page] == []


def test_the_example_of_governance_is_valid(tmp_path: Path) -> None:
    page = (ROOT / "ops/governance/README.md").read_text().partition("## An example")[2].partition("\n## ")[0]
    defaults = ROOT / "streams/governance/default/mappings"
    text = "\n".join(line[4:] for line in page.splitlines() if line.startswith("    ") or not line)
    for name, content in re.findall(r"^# (\S+)\n(.*?)(?=^# |\Z)", text, re.MULTILINE | re.DOTALL):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    (tmp_path / "mappings/zuora.yaml").write_text((defaults / "billing.yaml").read_text())

    governed = load(tmp_path)

    assert list(governed.in_role("billing")) == ["zuora"]
    assert "tax_id" not in governed.mappings["crm"]["Account"].attributes
    assert governed.kinds["invoice_not_posted"].sla_seconds == 900
