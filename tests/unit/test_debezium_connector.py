"""The Connect configuration and the marker keys: what contracts and operations rest on."""

from __future__ import annotations

import re

import pytest

from connectors.debezium.capture import Capture, Columns
from connectors.debezium.connector import Database, connector_config
from connectors.debezium.markers import marker_keys
from schemas.topics import partition_for

ERP = Capture("erp", {"customer": Columns("id", "id"), "customer_financial_profile": Columns("id", "customer_id")})
DATABASE = Database("db.internal", 5432, "erp", "capture", "${env:ERP_PASSWORD}")


@pytest.fixture
def config() -> dict[str, str]:
    return connector_config(ERP, DATABASE, registry_url="http://registry/apis/registry/v2")


def keyed_by(config: dict[str, str], topic: str) -> str | None:
    """The field that the transforms take as key of a record on this topic."""
    for name in config["transforms"].split(","):
        field, predicate = config.get(f"transforms.{name}.field"), config.get(f"transforms.{name}.predicate")
        if field and re.fullmatch(config[f"predicates.{predicate}.pattern"], topic):
            return field
    return None


@pytest.mark.parametrize("partitions", [1, 4, 12, 64])
def test_each_partition_has_a_marker_key_that_hashes_to_it(partitions: int) -> None:
    assert [partition_for(key, partitions) for key in marker_keys(partitions)] == list(range(partitions))


def test_marker_keys_are_the_same_every_time() -> None:
    assert marker_keys(4) == marker_keys(4)


def test_every_table_is_keyed_by_its_customer(config: dict[str, str]) -> None:
    assert keyed_by(config, "erp.public.customer") == "id"
    assert keyed_by(config, "erp.public.customer_financial_profile") == "customer_id"
    assert keyed_by(config, "erp.public.driftwise_marker") == "key"
    assert config["message.key.columns"] == (
        r"public\.customer:id;public\.customer_financial_profile:customer_id;public\.driftwise_marker:key"
    )


def test_everything_goes_to_one_topic_after_the_keys_are_taken(config: dict[str, str]) -> None:
    assert config["transforms"].split(",")[-1] == "route"
    assert config["transforms.route.replacement"] == "src.erp"


@pytest.mark.parametrize("topic", ["__debezium-heartbeat.erp", "erp.message", "erp.transaction", "erp.public.other"])
def test_what_is_no_row_of_a_captured_table_stays_out_of_the_topic(config: dict[str, str], topic: str) -> None:
    assert (config["transforms.rows.predicate"], config["transforms.rows.negate"]) == ("captured", "true")
    assert not re.fullmatch(config["predicates.captured.pattern"], topic)


def test_loss_stops_the_connector_instead_of_being_skipped(config: dict[str, str]) -> None:
    assert config["offset.mismatch.strategy"] == "trust_offset"
    assert config["errors.tolerance"] == "none"
    assert config["skipped.operations"] == "none"


def test_one_statement_beats_all_markers(config: dict[str, str]) -> None:
    assert config["heartbeat.action.query"] == "UPDATE public.driftwise_marker SET beat = now(), truncated = NULL"


def test_a_password_is_taken_by_reference_only() -> None:
    with pytest.raises(ValueError, match="reference") as raised:
        Database("db", 5432, "erp", "capture", "hunter2")

    assert "hunter2" not in str(raised.value)


def test_the_workers_own_converter_is_used_where_no_registry_is_named() -> None:
    assert not [option for option in connector_config(ERP, DATABASE) if option.startswith("value.converter")]


@pytest.mark.parametrize("name", ["Billing", "crm-eu", "1st", "a;b", ""])
def test_a_system_name_that_cannot_name_a_slot_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be captured"):
        Capture(name, {})


def test_records_say_the_epoch_of_any_snapshot_but_the_first(config: dict[str, str]) -> None:
    anew = connector_config(ERP, DATABASE, registry_url="http://registry/apis/registry/v2", epoch=1_795_516_318)
    added = {name: value for name, value in anew.items() if config.get(name) != value}
    names = config["transforms"].split(",")
    assert added == {
        "transforms": ",".join([*names[:-1], "epoch", names[-1]]),
        "transforms.epoch.type": "org.apache.kafka.connect.transforms.InsertHeader",
        "transforms.epoch.header": "driftwise.epoch",
        "transforms.epoch.value.literal": "1795516318",
    }
