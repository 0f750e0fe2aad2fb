"""`driftwise governance publish`: rules are checked, compared with those in force, and written for every partition."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from confluent_kafka import KafkaError, KafkaException

from schemas import topics
from schemas.instants import SECOND
from streams.commands import publish as command
from streams.commands.governance import governance as group
from streams.commands.looking import Sight
from streams.fleet.table import FLEET_KINDS
from streams.governance import load
from streams.judge.keys import document_key
from streams.judge.published import KINDS_DECIDED, document_of, kept, publication, version_of
from streams.look.read import CannotLook
from streams.look.write import Outgoing, write_together
from streams.settings import Settings
from streams.suspects.table import SUSPECT_KINDS
from tests.look import DriverCluster, micros
from tests.topology import Company
from tests.unit.governance_folder import folder_of

NOW = 31
SOONER = "invoice_not_posted: {sla_seconds: 3}"


class Publishing:
    """The command beside a deployment that runs by the defaults."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.company = Company(load())
        self.written: list[Outgoing] = []
        self.folders: tuple[Path, ...] = ()
        monkeypatch.setattr(command, "sight", self._sight)
        monkeypatch.setattr(command, "write_together", lambda _, records: self.written.extend(records))

    def _sight(self) -> Sight:
        cluster = DriverCluster(self.company.driver, micros(NOW))
        found = Settings("", "", governance_folders=self.folders)
        return Sight(found, self.company.governance, cluster, lambda: micros(NOW))

    def __call__(self, *arguments: Any, code: int = 0) -> str:
        done = CliRunner().invoke(group, ["publish", *map(str, arguments)], catch_exceptions=False)
        assert done.exit_code == code, done.output
        return done.output

    def deliver(self) -> None:
        for record in self.written:
            self.company.driver.pipe_raw(record.topic, record.key, record.value, record.partition, {})
        self.company.driver.run()


@pytest.fixture
def publishing(monkeypatch: pytest.MonkeyPatch) -> Publishing:
    return Publishing(monkeypatch)


def test_every_partition_of_judge_is_told_the_whole_of_it(publishing: Publishing, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, kinds=SOONER)
    said = publishing("--governance", folder)

    assert "kinds.yaml: invoice_not_posted.sla_seconds was 1800.0 and becomes 3.0" in said
    assert "in force from 1970-01-01T00:00:4" in said
    decode = publishing.company.driver.codec.decode
    assert [(r.topic, r.partition) for r in publishing.written] == [
        (topics.CHANGES, n) for n in range(publishing.company.governance.partitions)
    ]
    told = [decode(r.value or b"").value for r in publishing.written]
    wanted = publication(load(folder), told[0]["in_force_at"], micros(NOW), told[0]["by"])
    assert told == [effect.value for effect in wanted]


def test_nothing_judged_yet_is_touched_unless_somebody_says_when(publishing: Publishing, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, kinds=SOONER)

    assert json.loads(publishing("--governance", folder, "--from", 50 * SECOND, "--json"))["in_force_at"] == (
        "1970-01-01T00:00:50Z"
    )
    for too_early in (NOW, NOW + 1):
        assert "is past, or will be" in publishing("--governance", folder, "--from", too_early * SECOND, code=1)


def test_what_is_published_is_what_the_next_one_is_compared_with(publishing: Publishing, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, kinds=SOONER)
    publishing("--governance", folder)
    publishing.deliver()

    assert "nothing to publish" in publishing("--governance", folder, code=1)
    assert "sla_seconds was 3.0 and becomes 1800.0" in publishing()


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"systems": "systems: {crm: {links: {}, horizon_seconds: 7}}"}, "systems.yaml: systems.crm.horizon_seconds"),
        ({"systems": "judged: [invoice_not_posted]"}, "systems.yaml: judged"),
        ({"ownership": "customer: {name: billing}"}, "ownership.yaml: customer.name"),
        ({"people": "integration: [robot]"}, "people.yaml: integration"),
        ({"kinds": "mass_drift: {sla_seconds: 7}"}, "kinds.yaml: mass_drift.sla_seconds"),
        ({"kinds": "invoice_not_posted: null"}, "kinds.yaml: invoice_not_posted."),
    ],
)
def test_what_other_stages_are_built_upon_is_refused_with_the_remedy(
    publishing: Publishing, tmp_path: Path, files: dict[str, str], named: str
) -> None:
    said = publishing("--governance", folder_of(tmp_path, **files), code=1)

    assert named in said
    assert "restart the workers" in said
    assert publishing.written == []


def test_rules_that_are_wrong_are_not_published(publishing: Publishing, tmp_path: Path) -> None:
    said = publishing("--governance", folder_of(tmp_path, kinds="invoice_not_posted: {sla_secnds: 3}"), code=1)

    assert "did you mean 'sla_seconds'" in said
    assert publishing.written == []


def test_rules_that_fit_into_a_record_and_not_into_the_state_of_a_shard_are_refused(
    publishing: Publishing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(tmp_path, kinds=SOONER)
    publishing("--governance", folder)
    said = max(len(record.value or b"") for record in publishing.written)
    publishing.written.clear()
    monkeypatch.setattr(command, "RECORD_BYTES_MAX", said)

    refusal = publishing("--governance", folder, code=1)

    assert f"bytes and a record holds {said}" in refusal
    assert "shorten ignore.yaml" in refusal
    assert publishing.written == []


def test_what_the_state_of_a_shard_takes_of_it_is_what_publish_reckons_with(
    publishing: Publishing, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path, kinds=SOONER)
    publishing("--governance", folder)
    publishing.deliver()

    document = document_of(load(folder))
    state = dict(publishing.company.driver.saved("judge", 0).state)
    assert state[document_key(version_of(document))] == kept(document)


def test_tolerances_of_everyone_can_be_published(publishing: Publishing, tmp_path: Path) -> None:
    said = publishing("--governance", folder_of(tmp_path, finance="tolerances: {absolute: 2}"))

    assert "finance.yaml: tolerances.absolute" in said


def test_it_is_one_transaction_of_which_nothing_is_left_where_one_record_is_refused() -> None:
    """Against librdkafka's own mock of a broker."""
    mock = {"test.mock.num.brokers": "1", "message.max.bytes": "2000"}
    settings = Settings("mock:9092", "", kafka_client=mock)

    write_together(settings, [Outgoing(topics.CHANGES, n, b"", b"small", {}) for n in range(4)])
    with pytest.raises(CannotLook, match=r"nothing was written .*too large"):
        write_together(settings, [Outgoing(topics.CHANGES, n, b"", b"small" * 1000 * n, {}) for n in range(4)])


def test_where_a_commit_is_not_answered_nobody_says_that_nothing_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unanswered:
        """A commit runs out of time, and what may be committed cannot be aborted."""

        def __init__(self, settings: dict[str, Any]) -> None: ...
        def init_transactions(self, timeout: float) -> None: ...
        def begin_transaction(self) -> None: ...
        def produce(self, *record: Any, **headers: Any) -> None: ...

        def commit_transaction(self, timeout: float) -> None:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))

        def abort_transaction(self, timeout: float) -> None:
            raise KafkaException(KafkaError(KafkaError._CONFLICT))

    monkeypatch.setattr("streams.look.write.Producer", Unanswered)
    with pytest.raises(CannotLook, match="whether it was written is not known"):
        write_together(Settings("nowhere:9092", ""), [Outgoing(topics.CHANGES, 0, b"", b"small", {})])


def test_a_kind_is_judged_in_one_stage_only_so_that_no_version_reaches_half_of_it() -> None:
    assert KINDS_DECIDED.isdisjoint({*FLEET_KINDS, *SUSPECT_KINDS})
    assert load().kinds.keys() == KINDS_DECIDED | {*FLEET_KINDS, *SUSPECT_KINDS}


# -- mappings


MISREAD = {"mappings/billing": "invoice: {attributes: {status: {field: status, map: {Posted: draft}}}}"}


def test_every_partition_of_the_source_is_told_how_it_is_read(publishing: Publishing, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, **MISREAD)
    said = publishing("--governance", folder)

    assert "mappings/billing.yaml: invoice.attributes.status.map.Posted was posted and becomes draft" in said
    assert "rows of billing are read again" in said
    told = [r for r in publishing.written if r.topic == topics.source_topic("billing")]
    assert [r.partition for r in told] == list(range(publishing.company.governance.partitions))


def test_known_rows_are_read_by_it_without_a_restart(publishing: Publishing, tmp_path: Path) -> None:
    company = publishing.company
    company.row("billing", "account", "B", 1)
    company.row("billing", "invoice", "I", 2, "B", status="Posted", payment_status="NotDue", payment_link=None)
    publishing("--governance", folder_of(tmp_path, **MISREAD))
    publishing.deliver()

    said = [w.value for w in company.driver.written[topics.CHANGES] if w.record == "InvoiceChanged" and w.value]
    assert [value["attributes"]["status"] for value in said] == ["posted", "draft"]
    assert "nothing to publish" in publishing("--governance", folder_of(tmp_path, **MISREAD), code=1)
    assert "map.Posted was draft and becomes posted" in publishing()


def test_a_mapping_that_cannot_read_known_rows_stops_unless_somebody_wants_it(
    publishing: Publishing, tmp_path: Path
) -> None:
    publishing.company.row("billing", "account", "B", 1)
    publishing.company.row("billing", "invoice", "I", 2, "B", status="Posted", payment_status=None)
    folder = folder_of(tmp_path, **{"mappings/billing": "invoice: {attributes: {status: {map: {Posted: null}}}}"})

    assert "1 known rows cannot be read so" in (said := publishing("--governance", folder, code=1))
    assert "B/invoice/I: invoice: status = 'Posted' is not mapped" in said
    assert publishing.written == []
    publishing("--governance", folder, "--anyway")
    assert publishing.written


def test_what_reads_a_column_that_was_not_kept_is_warned_of(publishing: Publishing, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, **{"mappings/billing": "invoice: {attributes: {number: label}, keep: [memo]}"})

    warned = [line for line in publishing("--governance", folder).splitlines() if line.startswith("warning: ")]

    assert [line.split(" of known rows")[0] for line in warned] == [
        "warning: mappings/billing.yaml: invoice.attributes.number: column 'label' was not kept",
        "warning: mappings/billing.yaml: invoice.keep: column 'memo' was not kept",
    ]
    assert all("until the row comes anew; a new snapshot brings them all" in line for line in warned)
    assert len(json.loads(publishing("--governance", folder, "--json"))["warnings"]) == 2


def test_a_column_that_was_kept_needs_no_warning(publishing: Publishing, tmp_path: Path) -> None:
    assert "warning" not in publishing("--governance", folder_of(tmp_path, **MISREAD))


@pytest.mark.parametrize(
    ("file", "text", "named"),
    [
        ("mappings/crm", "Account: {keep: [Legal_Name__c]}", "Account.keep: the poller does not ask for"),
        ("mappings/crm", "Account: {attributes: {name: Legal_Name__c}}", "the poller does not ask for 'Legal_Name__c'"),
        ("mappings/billing", "invoice: {attributes: {order_ref: order_no}}", "invoice.attributes.order_ref is new"),
        ("mappings/billing", "invoice: {customer: payer_id}", "invoice.customer was account_id and becomes payer_id"),
    ],
)
def test_what_those_who_read_the_source_are_built_upon_is_refused(
    publishing: Publishing, tmp_path: Path, file: str, text: str, named: str
) -> None:
    assert named in publishing("--governance", folder_of(tmp_path, **{file: text}), code=1)
    assert publishing.written == []


def test_what_lies_over_the_deployments_folders_says_so(publishing: Publishing, tmp_path: Path) -> None:
    deployed = folder_of(tmp_path / "deployed", systems="late_retention_seconds: 60")
    publishing.company = Company(load(deployed))
    publishing.folders = (deployed,)
    proposed = folder_of(tmp_path / "proposed", kinds=SOONER)

    assert "; --over, if what you named is to lie over" in publishing("--governance", proposed, code=1)
    said = publishing("--governance", proposed, "--over")
    assert "invoice_not_posted.sla_seconds was 1800.0 and becomes 3.0" in said
    assert "late_retention_seconds" not in said
