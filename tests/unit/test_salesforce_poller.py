"""The CRM poller against the simulated org, its transactions kept in a list instead of Kafka."""

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from click.testing import CliRunner
from confluent_kafka import KafkaException
from pydantic import SecretStr

from connectors.errors import Retry, Stop
from connectors.salesforce.client import Deletions
from connectors.salesforce.delivery import Delivery, Outgoing
from connectors.salesforce.memory import Memory, restore
from connectors.salesforce.objects import PolledObject
from connectors.salesforce.outbox import Outbox
from connectors.salesforce.poller import poll_once
from connectors.salesforce.settings import SalesforceSettings
from connectors.salesforce.simulator import SALES_USER_ID
from schemas.instants import SECOND
from schemas.topics import partition_for
from streams.cli import driftwise
from tests.unit.salesforce_org import OBJECTS, Org, simulated_org

LOOK_BACK_SECONDS = 60


@dataclass
class Topics:
    """What a reader of committed records sees."""

    transactions: list[list[Outgoing]] = field(default_factory=list)

    def send(self, records: Sequence[Outgoing]) -> None:
        self.transactions.append(list(records))

    def values(self, record: str) -> list[dict[str, Any]]:
        decoded = [json.loads(sent.value) for sent in self.sent("src.crm")]
        return [value for name, value in decoded if name == record]

    def sent(self, topic: str) -> list[Outgoing]:
        return [record for batch in self.transactions for record in batch if record.topic == topic]


@dataclass
class Poller:
    """The poller as it would run: `restart` forgets all but what was committed."""

    org: Org
    settings: SalesforceSettings
    topics: Topics = field(default_factory=Topics)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        memory = Memory()
        for sent in self.topics.sent("src.crm.cursor"):
            memory.learn(sent.key.encode(), sent.value)
        self.outbox = Outbox("crm", 4, LOOK_BACK_SECONDS, memory, encode, self.topics)

    def poll(self) -> list[dict[str, Any]]:
        """Polls once and returns the rows it produced."""
        before = len(self.topics.values("PolledRow"))
        self.pause_seconds = poll_once(self.settings, self.org.client, self.outbox)
        return self.topics.values("PolledRow")[before:]

    @property
    def progress(self) -> dict[str, Any]:
        """The newest word on Account in partition 0."""
        told = self.topics.values("SourceProgress")
        return [value for value in told if (value["object"], value["partition"]) == ("Account", 0)][-1]


def encode(record: str, value: dict[str, Any]) -> bytes:
    return json.dumps([record, value]).encode()


def told(rows: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(row["operation"], row["customer"], row["id"]) for row in rows]


@pytest.fixture
def poller() -> Iterator[Poller]:
    with simulated_org(token_seconds=3600, api_limit=100_000) as org:
        settings = SalesforceSettings(
            base_url=org.simulator.base_url,
            client_id="driftwise",
            client_secret=SecretStr("unused"),
            look_back_seconds=LOOK_BACK_SECONDS,
            page_size=200,
            objects=OBJECTS,
            bootstrap_servers="unused",
            partitions=4,
        )
        yield Poller(org, settings)


def accounts(poller: Poller, number: int) -> list[str]:
    batch = [{"Name": f"Account {n}"} for n in range(number)]
    return poller.org.simulator.store.create_many("Account", batch, SALES_USER_ID)


def account(poller: Poller) -> str:
    return accounts(poller, 1)[0]


def deal(poller: Poller, account_id: str) -> str:
    fields = {"AccountId": account_id, "Name": "n", "StageName": "Closed Won", "CloseDate": "2026-03-31", "Amount": 12}
    return poller.org.simulator.store.create("Opportunity", fields, SALES_USER_ID)


def rename(poller: Poller, account_id: str, name: str = "renamed") -> None:
    poller.org.simulator.store.update("Account", account_id, {"Name": name}, SALES_USER_ID)


def test_the_first_pass_is_a_snapshot_and_a_later_change_is_not(poller: Poller) -> None:
    account_id = account(poller)
    [first] = poller.poll()
    poller.org.clock.advance(5)
    rename(poller, account_id)
    [second] = poller.poll()

    assert (first["snapshot"], second["snapshot"]) == (True, False)
    assert (first["fields"]["Name"], second["fields"]["Name"]) == ("Account 0", "renamed")
    assert (first["poll"], second["poll"]) == (1, 2)
    assert second["changed_by"] == SALES_USER_ID


def test_a_record_is_keyed_and_placed_by_its_customer(poller: Poller) -> None:
    account_id = account(poller)
    deal(poller, account_id)
    poller.poll()

    rows = [sent for sent in poller.topics.sent("src.crm") if json.loads(sent.value)[0] == "PolledRow"]

    assert [(sent.key, sent.partition) for sent in rows] == [(account_id, partition_for(account_id, 4))] * 2


def test_what_has_not_changed_is_produced_once_also_after_a_restart(poller: Poller) -> None:
    account(poller)
    assert len(poller.poll()) == 1

    assert poller.poll() == []
    poller.restart()
    assert poller.poll() == []


def test_a_thousand_rows_of_one_stamp_are_read_in_pages_of_two_hundred(poller: Poller) -> None:
    ids = accounts(poller, 1000)

    assert [row["id"] for row in poller.poll()] == ids
    assert len(poller.topics.transactions) > 5


def test_a_row_that_shows_late_within_the_look_back_is_found(poller: Poller) -> None:
    account(poller)
    poller.org.clock.advance(1)
    poller.org.simulator.faults.late_seconds = LOOK_BACK_SECONDS - 5
    poller.org.simulator.faults.late_probability = 1
    late = account(poller)
    poller.org.simulator.faults.late_probability = 0
    poller.org.clock.advance(30)
    newer = account(poller)

    first = [row["id"] for row in poller.poll()]
    poller.org.clock.advance(LOOK_BACK_SECONDS - 35)
    second = [row["id"] for row in poller.poll()]

    assert late not in first
    assert newer in first
    assert second == [late]


def test_no_row_is_first_seen_behind_its_watermark(poller: Poller) -> None:
    store, faults = poller.org.simulator.store, poller.org.simulator.faults
    faults.late_seconds, faults.late_probability = LOOK_BACK_SECONDS - 2, 0.5
    watermark = 0
    for _ in range(40):
        store.create("Account", {"Name": "n"}, SALES_USER_ID)
        poller.org.clock.advance(7.3)
        late = [row for row in poller.poll() if row["modified_at"] <= watermark]
        assert late == []
        watermark = poller.progress["watermark"] or 0


def test_a_row_that_changes_its_customer_moves(poller: Poller) -> None:
    first, second = accounts(poller, 2)
    deal_id = deal(poller, first)
    poller.poll()
    poller.org.clock.advance(5)
    poller.org.simulator.store.update("Opportunity", deal_id, {"AccountId": second}, SALES_USER_ID)

    rows = poller.poll()

    assert told(rows) == [("moved_out", first, deal_id), ("moved_in", second, deal_id)]


def test_a_deleted_row_is_told_once_with_its_author(poller: Poller) -> None:
    account_id = account(poller)
    poller.poll()
    poller.org.clock.advance(5)
    poller.org.simulator.store.delete("Account", account_id, SALES_USER_ID)

    [row] = poller.poll()

    assert told([row]) == [("delete", account_id, account_id)]
    assert row["changed_by"] == SALES_USER_ID
    assert poller.poll() == []


def test_a_hard_deleted_row_is_told_once_under_the_customer_it_had(poller: Poller) -> None:
    account_id = account(poller)
    deal_id = deal(poller, account_id)
    poller.poll()
    poller.org.clock.advance(5)
    poller.org.simulator.store.hard_delete("Opportunity", deal_id)
    deleted_at = int(poller.org.clock.now) * SECOND

    [row] = poller.poll()
    poller.restart()

    assert told([row]) == [("delete", account_id, deal_id)]
    assert (row["modified_at"], row["fields"]) == (deleted_at, {})
    assert poller.poll() == []


def test_the_watermark_trails_the_servers_clock_by_the_look_back(poller: Poller) -> None:
    poller.poll()

    behind_seconds = poller.org.clock.now - poller.progress["watermark"] / SECOND

    assert LOOK_BACK_SECONDS <= behind_seconds <= LOOK_BACK_SECONDS + 2


def test_progress_reaches_every_partition_behind_the_rows_it_covers(poller: Poller) -> None:
    accounts(poller, 50)
    poller.poll()

    for partition in range(4):
        records = [json.loads(sent.value) for sent in poller.topics.sent("src.crm") if sent.partition == partition]
        about = [name for name, value in records if value["object"] == "Account"]
        assert about[0] == about[-1] == "SourceProgress"
        assert "PolledRow" in about
    phases = [value["phase"] for value in poller.topics.values("SourceProgress") if value["object"] == "Account"]
    assert phases == ["snapshot"] * 4 + ["streaming"] * 4


def test_an_outage_holds_the_watermark_and_nothing_is_lost(poller: Poller) -> None:
    account_id = account(poller)
    poller.poll()
    held = poller.progress
    poller.org.clock.advance(1000)
    rename(poller, account_id)
    poller.org.simulator.faults.outage = True
    assert poller.poll() == []
    assert poller.progress == held

    poller.org.simulator.faults.outage = False

    assert told(poller.poll()) == [("upsert", account_id, account_id)]
    assert poller.progress["watermark"] > held["watermark"]


def test_an_outage_in_the_first_pass_leaves_it_a_snapshot(poller: Poller) -> None:
    ids = accounts(poller, 500)
    poller.org.simulator.org.allowance.limit = 3
    first = poller.poll()
    phase = poller.progress["phase"]
    poller.org.simulator.org.allowance.limit = 1000
    poller.restart()
    second = poller.poll()

    assert phase == "snapshot"
    assert [row["id"] for row in first + second] == ids
    assert {row["snapshot"] for row in first + second} == {True}
    assert {row["poll"] for row in first} < {row["poll"] for row in first + second}


def test_a_spent_allowance_makes_the_poller_wait_long(poller: Poller) -> None:
    poller.org.simulator.org.allowance.limit = 3
    poller.poll()

    assert poller.pause_seconds >= 3600


def test_a_pause_that_the_org_asks_for_is_kept(poller: Poller, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> Deletions:
        raise Retry("come back later", after_seconds=99)

    monkeypatch.setattr(poller.org.client, "deleted", refuse)
    poller.poll()

    assert poller.pause_seconds == 99


def test_a_session_that_dies_between_two_pages_loses_nothing(poller: Poller, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = accounts(poller, 500)
    pages = iter(range(100))
    query_all = poller.org.client.query_all

    def dying(soql: str) -> Iterator[Any]:
        if next(pages) == 1:
            poller.org.simulator.org.sessions.expire_all()
        return query_all(soql)

    monkeypatch.setattr(poller.org.client, "query_all", dying)

    assert [row["id"] for row in poller.poll()] == ids
    assert poller.progress["phase"] == "streaming"


def test_a_hole_in_the_deletion_log_opens_a_new_epoch_and_finds_what_vanished(poller: Poller) -> None:
    stays, vanishes = accounts(poller, 2)
    poller.poll()
    poller.org.clock.advance(100)
    poller.org.simulator.store.hard_delete("Account", vanishes)
    poller.org.simulator.store.deletions.purge()
    rename(poller, stays)

    rows = poller.poll()

    assert told(rows) == [("upsert", stays, stays), ("presumed_deleted", vanishes, vanishes)]
    assert {row["snapshot"] for row in rows} == {False}
    told_phases = [value for value in poller.topics.values("SourceProgress") if value["object"] == "Account"]
    assert [(value["phase"], value["epoch"]) for value in told_phases[-8::4]] == [("gap", 2), ("streaming", 2)]
    assert told_phases[-5]["watermark"] is None
    assert poller.poll() == []


def test_an_outage_within_a_gap_repeats_the_sweep_in_the_same_epoch(poller: Poller) -> None:
    accounts(poller, 300)
    poller.poll()
    poller.org.clock.advance(100)
    poller.org.simulator.store.deletions.purge()
    allowance = poller.org.simulator.org.allowance
    allowance.limit = allowance.used() + 2
    assert poller.poll() == []
    assert (poller.progress["phase"], poller.progress["watermark"]) == ("gap", None)

    allowance.limit = 100_000
    poller.restart()

    assert poller.poll() == []
    assert (poller.progress["phase"], poller.progress["epoch"]) == ("streaming", 2)


def test_a_field_that_is_mapped_later_is_read_of_rows_that_nobody_changes(poller: Poller) -> None:
    account_id = account(poller)
    poller.settings = poller.settings.model_copy(update={"objects": (PolledObject("Account", "Id", ("Name",)),)})
    poller.poll()
    poller.org.clock.advance(10 * LOOK_BACK_SECONDS)
    poller.poll()
    poller.restart()
    poller.settings = poller.settings.model_copy(update={"objects": (PolledObject("Account", "Id", ("Status__c",)),)})

    [row] = poller.poll()

    assert (row["operation"], row["id"], row["snapshot"]) == ("upsert", account_id, False)
    assert row["fields"]["Status__c"] == "Prospect"
    told = [value for value in poller.topics.values("SourceProgress") if value["partition"] == 0]
    assert [(value["phase"], value["epoch"]) for value in told[-2:]] == [("gap", 2), ("streaming", 2)]
    assert poller.poll() == []


def test_what_was_deleted_before_a_field_is_mapped_is_told_as_deleted_not_presumed(poller: Poller) -> None:
    account_id = account(poller)
    poller.settings = poller.settings.model_copy(update={"objects": (PolledObject("Account", "Id", ("Name",)),)})
    poller.poll()
    poller.org.clock.advance(5)
    poller.org.simulator.store.hard_delete("Account", account_id)
    poller.settings = poller.settings.model_copy(update={"objects": (PolledObject("Account", "Id", ("Status__c",)),)})

    assert told(poller.poll()) == [("delete", account_id, account_id)]


def test_what_goes_while_the_poller_runs_stops_it_with_the_remedy(poller: Poller) -> None:
    poller.settings = poller.settings.model_copy(update={"objects": (PolledObject("Account", "Id", ("Nonsense__c",)),)})

    with pytest.raises(Stop, match=r"the settings of the poller: Account has no field 'Nonsense__c'"):
        poller.poll()


def test_credentials_come_from_the_environment_or_from_files(tmp_path: Any) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    environment = {
        "DRIFTWISE_CRM_EU_URL": "https://example.my.salesforce.com",
        "DRIFTWISE_CRM_EU_CLIENT_ID": "id",
        "DRIFTWISE_CRM_EU_CLIENT_SECRET_FILE": str(tmp_path / "secret"),
    }
    given = {"bootstrap_servers": "localhost:9092", "partitions": 4, "objects": OBJECTS}

    settings = SalesforceSettings.from_environment(environment, system="crm-eu", **given)

    assert settings.client_secret.get_secret_value() == "from a file"
    assert "from a file" not in repr(settings)
    with pytest.raises(ValueError, match="neither DRIFTWISE_CRM_URL nor DRIFTWISE_CRM_URL_FILE"):
        SalesforceSettings.from_environment({}, **given)


def test_the_poller_goes_into_the_cluster_as_every_other_client_does(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[SalesforceSettings] = []
    monkeypatch.setattr("connectors.salesforce.poller.run", lambda settings, *_, **__: seen.append(settings))
    crm = {f"DRIFTWISE_CRM_{name}": "x" for name in ("URL", "CLIENT_ID", "CLIENT_SECRET")}
    secured = {"DRIFTWISE_KAFKA__SECURITY__PROTOCOL": "SASL_SSL", "DRIFTWISE_KAFKA__SASL__PASSWORD": "hidden"}
    cluster = {"DRIFTWISE_KAFKA_BOOTSTRAP": "broker:9093", "DRIFTWISE_REGISTRY_URL": "http://registry"}
    monkeypatch.setattr("streams.commands.roles.begin", lambda: None)
    monkeypatch.setattr("streams.commands.roles.stop_on_signals", threading.Event)

    done = CliRunner().invoke(
        driftwise, ["poll", "crm"], env={"DRIFTWISE_HOME": "/nowhere", **crm, **secured, **cluster}
    )

    assert done.exit_code == 0, done.output
    assert seen[0].client == {
        "bootstrap.servers": "broker:9093",
        "security.protocol": "SASL_SSL",
        "sasl.password": "hidden",
    }
    assert "hidden" not in repr(seen[0])


def test_both_kafka_clients_of_the_poller_are_built_from_its_settings() -> None:
    unknown = {"bootstrap.servers": "127.0.0.1:1", "no.such.setting": "x"}

    for build in (lambda: Delivery(unknown, "us"), lambda: restore(unknown, "topic")):
        with pytest.raises(KafkaException, match=r"no\.such\.setting"):
            build()
