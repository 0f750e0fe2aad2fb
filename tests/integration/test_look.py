"""Looking at a real broker: what is read, where reading ends, and the commands from end to end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
import yaml
from click.testing import CliRunner, Result
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from connectors.stack import Endpoints
from schemas import topics
from schemas.codec import Codec
from streams.cli import driftwise
from streams.governance import Governance, load
from streams.look import changelog, read
from streams.look.read import CannotLook, Cluster
from streams.look.write import Outgoing, write
from streams.settings import Settings
from streams.worker import wiring
from tests.look import written
from tests.topology import Company

GONE_WITHIN_SECONDS = 30
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def settings(stack: Endpoints) -> Settings:
    return Settings(stack.kafka_bootstrap, stack.registry_url)


@pytest.fixture
def topic(settings: Settings) -> Iterator[str]:
    """A topic of its own, three partitions."""
    name = f"look-{uuid4().hex}"
    admin = AdminClient(settings.client)
    admin.create_topics([NewTopic(name, 3, 1)])[name].result(timeout=30)
    yield name
    admin.delete_topics([name])[name].result(timeout=30)


def plain(topic: str, partition: int, key: str, value: bytes | None = b"v") -> Outgoing:
    return Outgoing(topic, partition, key.encode(), value, {"h": b"1"})


def keys(cluster: Cluster, topic: str, **how: Any) -> list[str]:
    return [record.key for record in cluster.raw(topic, **how)]


def test_every_partition_is_read_to_its_end(settings: Settings, topic: str) -> None:
    write(settings, [plain(topic, p, f"{p}-{n}") for p in (0, 2) for n in range(3)])

    found = list(Cluster(settings).raw(topic))

    assert sorted(r.key for r in found) == ["0-0", "0-1", "0-2", "2-0", "2-1", "2-2"]
    assert (found[0].data, found[0].headers) == (b"v", {"h": b"1"})


def test_one_partition_alone_can_be_read(settings: Settings, topic: str) -> None:
    write(settings, [plain(topic, p, str(p)) for p in range(3)])

    assert keys(Cluster(settings), topic, partitions=(1,)) == ["1"]


def test_an_empty_topic_is_read_at_once(settings: Settings, topic: str) -> None:
    started = time.monotonic()

    assert keys(Cluster(settings), topic) == []
    assert time.monotonic() - started < 5


def test_tombstones_are_read_as_such(settings: Settings, topic: str) -> None:
    write(settings, [plain(topic, 0, "a"), plain(topic, 0, "a", None)])

    assert [seen.data for seen in Cluster(settings).raw(topic)] == [b"v", None]


def test_aborted_and_unfinished_transactions_are_not_seen_and_not_waited_for(settings: Settings, topic: str) -> None:
    producer = Producer(settings.client | {"transactional.id": f"look-{uuid4().hex}"})
    producer.init_transactions(30)
    for key, end in (("kept", producer.commit_transaction), ("aborted", producer.abort_transaction), ("open", None)):
        producer.begin_transaction()
        producer.produce(topic, b"v", key, 0)
        producer.flush(10)
        if end is not None:
            end(10)
    write(settings, [plain(topic, 0, "behind the open one")])
    started = time.monotonic()

    assert keys(Cluster(settings), topic) == ["kept"]
    assert time.monotonic() - started < 10
    producer.abort_transaction(10)
    assert keys(Cluster(settings), topic) == ["kept", "behind the open one"]


def test_since_skips_what_was_produced_before(settings: Settings, topic: str) -> None:
    producer = Producer(settings.client)
    for key, seconds in (("old", 100), ("new", 200)):
        producer.produce(topic, b"v", key, 0, timestamp=seconds * 1_000)
    producer.flush(10)

    assert keys(Cluster(settings), topic, since=150 * 1_000_000) == ["new"]
    assert keys(Cluster(settings), topic, since=300 * 1_000_000) == []


def test_the_state_of_a_changelog_is_its_latest_value_without_what_was_deleted(settings: Settings) -> None:
    company = Company()
    company.row("crm", "Account", "A", 1)
    name = topics.CHANGELOG + f"look-{uuid4().hex}"
    admin = AdminClient(settings.client)
    admin.create_topics([NewTopic(name, 4, 1)])[name].result(timeout=30)
    partition = topics.partition_for("crm:A", 4)
    held = [r for r in written(company.driver, company.driver.codec) if r.topic == topics.CHANGELOG + "judge"]
    write(settings, [r._replace(topic=name) for r in held])

    view = changelog.state(Cluster(settings), name.removeprefix(topics.CHANGELOG), partition)

    assert dict(view.items()) == dict(company.driver.state("judge", partition).items())
    assert dict(view.items())
    admin.delete_topics([name])[name].result(timeout=30)


def test_a_topic_that_does_not_exist_is_named_with_the_remedy(settings: Settings) -> None:
    with pytest.raises(CannotLook, match=r"no topic nowhere.*driftwise topics"):
        keys(Cluster(settings), "nowhere")


def test_a_broker_that_does_not_answer_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "ANSWER_SECONDS", 1.0)

    with pytest.raises(CannotLook, match=r"Kafka at 127\.0\.0\.1:9 does not answer.*driftwise stack up"):
        keys(Cluster(Settings("127.0.0.1:9", "http://127.0.0.1:9")), topics.DRIFTS)


def test_a_registry_that_does_not_answer_is_named_with_the_remedy(settings: Settings, topic: str) -> None:
    write(settings, [plain(topic, 0, "a", b"\x00\x00\x00\x00\x01rest")])
    cluster = Cluster(replace(settings, registry_url="http://127.0.0.1:9"))

    with pytest.raises(CannotLook, match=r"no schema registry answers at http://127\.0\.0\.1:9"):
        list(cluster.decoded(topic))


def test_a_record_that_is_not_avro_is_named_by_its_place(settings: Settings, topic: str) -> None:
    write(settings, [plain(topic, 1, "a", b"plain text")])

    with pytest.raises(CannotLook, match=f"{topic}-1@0 cannot be read"):
        list(Cluster(settings).decoded(topic))


# -- the commands, over a deployment whose topics hold what a topology wrote


@pytest.fixture(scope="module")
def run(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("governance")
    (folder / "kinds.yaml").write_text(yaml.safe_dump({"won_without_erp_customer": {"sla_seconds": 10}}))
    governance = load(folder)
    made = wiring.create_topics(settings, governance)
    codec = Cluster(settings).codec
    write(settings, written(company(governance, codec).driver, codec))
    environment = {
        "DRIFTWISE_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "DRIFTWISE_REGISTRY_URL": settings.registry_url,
        "DRIFTWISE_GOVERNANCE": str(folder),
    }

    def run(*args: str) -> Result:
        return CliRunner().invoke(driftwise, args, env=environment, catch_exceptions=False)

    yield run
    remove(settings, made)


def company(governance: Governance, codec: Codec) -> Company:
    """As of now: a won deal overdue since a minute, and an invoice whose posting was refused."""
    made = Company(governance)
    made.driver.codec = codec  # so that dead letters hold what this registry can read
    now = time.time()
    made.driver.now_micros = round(now * 1_000_000)
    made.row("crm", "Account", "A", now - 70, Billing_Account_Id__c="B", ERP_Customer_Id__c="E")
    made.row("billing", "account", "B", now - 70)
    made.row("erp", "customer", "E", now - 70)
    made.row("billing", "invoice", "I", now - 60, "B", status="Posted")
    made.row("erp", "ledger_posting", "P", now - 60, "E", status="Odd")
    made.row("crm", "Account", "Z", now - 70)
    made.row("crm", "Opportunity", "O", now - 70, "Z", StageName="Closed Won")
    made.heard(now - 1)
    return made


def remove(settings: Settings, names: list[str]) -> None:
    """Other tests make these topics for themselves."""
    admin = AdminClient(settings.client)
    for future in admin.delete_topics(names).values():
        future.result(timeout=30)
    deadline = time.monotonic() + GONE_WITHIN_SECONDS
    while set(names) & set(admin.list_topics(timeout=10).topics):
        assert time.monotonic() < deadline, f"not gone within {GONE_WITHIN_SECONDS} s: {names}"
        time.sleep(0.1)


def document(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_state_is_found_by_the_id_of_any_system(run: Run) -> None:
    found = document(run("state", "E", "--json"))

    assert found["canonical_id"] == "crm:A"
    assert found["process"]["members"] == ["billing:B", "crm:A", "erp:E"]
    assert {e["entity"] for e in found["entities"]} == {"customer", "invoice"}


def test_drifts_and_check_agree_that_one_is_open(run: Run) -> None:
    (drift,) = document(run("drifts", "--json"))
    checked = run("check")

    assert (drift["kind"], drift["amount_at_stake"]["amount"]) == ("won_without_erp_customer", "1200")
    assert (checked.exit_code, checked.output) == (
        2,
        "1 open: won_without_erp_customer; see `driftwise drifts`\n",
    )


def test_sources_are_all_heard(run: Run) -> None:
    found = document(run("sources", "--json"))

    assert {s["phase"] for s in found} == {"streaming"}
    assert not any(s["stale"] for s in found)


def test_why_says_what_the_state_says(run: Run) -> None:
    found = document(run("why", "Z", "won_without_erp_customer", "--json"))

    (explanation,) = found["explanations"]
    assert (explanation["outcome"], explanation["native_id"]) == ("open", "O")
    assert document(run("why", "B", "8", "I", "--json"))["explanations"][0]["outcome"] == "held"


def test_a_letter_is_replayed_with_its_original_bytes_then_dismissed(run: Run, settings: Settings) -> None:
    (letter,) = document(run("dead-letters", "list", "--json"))
    letter_id = letter["letter_id"]
    assert '"status": "Odd"' in run("dead-letters", "show", letter_id).output

    assert document(run("dead-letters", "replay", letter_id, "--json")) == {"replayed": [letter_id], "needs_fix": 0}
    (record,) = [r for r in Cluster(settings).raw("src.erp") if "driftwise-letter" in r.headers]
    assert (record.partition, record.key) == (topics.partition_for("E", 4), "E")
    assert record.headers["driftwise-letter-hops"] == b"1"
    assert Cluster(settings).decode(record).value["fields"]["status"] == "Odd"  # type: ignore[index]

    assert (
        document(run("dead-letters", "dismiss", letter_id, "--reason", "test data", "--json"))["dismissed"] == letter_id
    )
    assert document(run("dead-letters", "list", "--json")) == []
    (letter,) = document(run("dead-letters", "list", "--all", "--json"))
    assert letter["status"] == "dismissed"
    told = [s for s in Cluster(settings).decoded(topics.CHANGES) if s.record == "HoleClosed" and s.value]
    (closed,) = [s for s in told if s.value["how"] != "moved"]  # type: ignore[index]  # where it was before its link
    assert closed.origin.partition == topics.partition_for("crm:A", 4)
    assert closed.origin.headers["driftwise-reason"] == b"test data"
