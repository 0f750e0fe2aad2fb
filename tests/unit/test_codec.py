"""The codec: Confluent's wire format, and what becomes of bytes that do not fit."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from schemas.codec import Codec, Unreadable, lean
from schemas.records import all_records
from schemas.registry import DictRegistry
from tests.look import drift
from tests.releases import Field, defaulted, sample, without, written_by

INSTANT = {"type": "long", "logicalType": "timestamp-micros"}
DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 9}


class Registry(DictRegistry):
    """As in memory, with a mind of its own: `down` and what has been asked."""

    def __init__(self) -> None:
        super().__init__()
        self.registered: list[str] = []
        self.asked: list[int] = []
        self.down = False

    def register(self, subject: str, schema: str) -> int:
        if subject:
            self.registered = [*self.registered, subject]
        return super().register(subject, schema)

    def schema_text(self, schema_id: int) -> str:
        if self.down:
            raise ConnectionError("no route to the registry")
        self.asked.append(schema_id)
        return super().schema_text(schema_id)


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def codec(registry: Registry) -> Codec:
    return Codec(registry)


PROBE: dict[str, Any] = {"system": "erp", "observed_at": 1_700_000_000_123_456}


def foreign(registry: Registry, schema: Any, body: bytes = b"") -> bytes:
    """A record under a schema that somebody else registered."""
    return b"\0" + registry.register("", json.dumps(schema)).to_bytes(4, "big") + body


def refused(codec: Codec, data: bytes) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        codec.decode(data)
    return caught.value


def test_a_record_begins_with_a_zero_and_its_schema_id(codec: Codec, registry: Registry) -> None:
    data = codec.encode("src.erp", "SourceProbe", PROBE)

    text = json.dumps(all_records()["SourceProbe"])
    assert data[:5] == b"\0" + registry.register("", text).to_bytes(4, "big")


def test_what_was_encoded_comes_back_under_its_short_name(codec: Codec) -> None:
    assert codec.decode(codec.encode("src.erp", "SourceProbe", PROBE)) == ("SourceProbe", PROBE)


def test_instants_stay_whole_numbers_and_money_stays_exact(codec: Codec) -> None:
    at_stake = {"amount": Decimal("1200.000000001"), "currency": "EUR", "basis": "net"}
    (_, value) = codec.decode(codec.encode("q2c.drifts", "Drift", drift("d", amount_at_stake=at_stake)))

    assert (value["opened_at"], value["closed_at"]) == (11_000_000, None)
    assert value["amount_at_stake"] == at_stake


def test_a_record_is_registered_once_under_topic_and_name(codec: Codec, registry: Registry) -> None:
    for _ in range(3):
        codec.encode("src.erp", "SourceProbe", PROBE)

    (subject,) = registry.registered
    assert subject.startswith("src.erp-")
    assert subject.endswith(".SourceProbe")


def test_what_was_prepared_is_not_registered_again(codec: Codec, registry: Registry) -> None:
    codec.prepare({"src.erp": ["SourceProbe"], "src.crm": ["SourceProbe", "PolledRow"]})
    before = len(registry.registered)
    codec.encode("src.erp", "SourceProbe", PROBE)

    assert (before, len(registry.registered)) == (3, 3)


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0\0\1", b"\1\0\0\0\1rest", b'{"json": true}'])
def test_bytes_in_another_format_are_not_avro(codec: Codec, data: bytes) -> None:
    assert refused(codec, data).reason == "not_avro"


def test_a_schema_that_the_registry_does_not_have_is_unknown(codec: Codec) -> None:
    problem = refused(codec, b"\0\0\0\0\7body")

    assert (problem.reason, str(problem)) == ("unknown_schema", "the registry has no schema 7")


def test_a_registry_that_cannot_be_asked_is_no_fault_of_the_record(codec: Codec, registry: Registry) -> None:
    data = codec.encode("src.erp", "SourceProbe", PROBE)
    registry.down = True

    with pytest.raises(ConnectionError):
        codec.decode(data)


def test_a_body_that_ends_early_is_unreadable(codec: Codec) -> None:
    data = codec.encode("q2c.drifts", "Drift", drift("d"))

    problem = refused(codec, data[:-20])
    assert problem.reason == "body_unreadable"
    assert "Drift" in str(problem)


def test_a_schema_that_is_no_avro_is_named(codec: Codec, registry: Registry) -> None:
    assert refused(codec, foreign(registry, {"type": "recrod", "name": "X"})).reason == "bad_schema"


def test_a_value_that_is_no_record_is_refused(codec: Codec, registry: Registry) -> None:
    assert refused(codec, foreign(registry, "long", b"\2")).reason == "no_record"


def test_a_schema_is_asked_for_once(codec: Codec, registry: Registry) -> None:
    data = codec.encode("src.erp", "SourceProbe", PROBE)
    for _ in range(3):
        codec.decode(data)

    assert len(registry.asked) == 1


RECORDS = all_records()
IN_ITSELF = {name: [f for f in defaulted(s) if f[0] == f"{s['namespace']}.{name}"] for name, s in RECORDS.items()}
WITHIN = {name: [f for f in defaulted(s) if f not in IN_ITSELF[name]] for name, s in RECORDS.items()}
BROUGHT = [(name, gone) for sort in (IN_ITSELF, WITHIN) for name, gone in sort.items() if gone]
"""Record -> what a release may have brought to it."""


@pytest.mark.parametrize(("name", "brought"), BROUGHT)
def test_what_an_earlier_writer_did_not_know_has_its_default(
    codec: Codec, registry: Registry, name: str, brought: list[Field]
) -> None:
    earlier = without(RECORDS[name], brought)
    data = written_by(registry, earlier, sample(earlier))

    assert codec.decode(data) == (name, sample(RECORDS[name], brought))


def test_what_only_a_later_writer_knows_is_left_out(codec: Codec, registry: Registry) -> None:
    drift = RECORDS["Drift"]
    later = drift | {"fields": [{"name": "mood", "type": "string", "default": ""}, *drift["fields"]]}
    data = written_by(registry, later, sample(later))

    assert codec.decode(data) == ("Drift", sample(drift))


def test_a_default_belongs_to_one_value_alone(codec: Codec, registry: Registry) -> None:
    earlier = without(RECORDS["Drift"], [("q2c.Drift", "causes")])
    data = written_by(registry, earlier, sample(earlier))
    codec.decode(data).value["causes"].append("of the first")

    assert codec.decode(data).value["causes"] == []


def test_a_record_of_ours_without_what_identifies_it_is_none(codec: Codec, registry: Registry) -> None:
    nameless = without(RECORDS["Drift"], [("q2c.Drift", "drift_id")])
    problem = refused(codec, written_by(registry, nameless, sample(nameless)))

    assert problem.reason == "bad_schema"
    assert "q2c.Drift has no field 'drift_id'" in str(problem)


def test_a_record_of_others_is_read_as_it_was_written(codec: Codec, registry: Registry) -> None:
    theirs = {"type": "record", "name": "Drift", "namespace": "elsewhere", "fields": [{"name": "a", "type": "long"}]}

    assert codec.decode(written_by(registry, theirs, {"a": 5})) == ("Drift", {"a": 5})


def test_instants_are_read_as_numbers_at_every_depth() -> None:
    nested = {"type": "array", "items": {"type": "map", "values": INSTANT}}
    schema = {
        "type": "record",
        "name": "R",
        "fields": [{"name": "a", "type": ["null", INSTANT]}, {"name": "b", "type": nested}],
    }

    assert "logicalType" not in json.dumps(lean(schema))


def test_decimals_stay_decimals() -> None:
    assert lean(["null", DECIMAL]) == ["null", DECIMAL]


@pytest.mark.parametrize(
    ("name", "type_", "becomes"),
    [("io.debezium.time.Date", "int", "date"), ("io.debezium.time.MicroTimestamp", "long", "local-timestamp-micros")],
)
def test_days_and_local_times_of_connect_become_what_they_mean(name: str, type_: str, becomes: str) -> None:
    assert lean({"type": type_, "connect.name": name})["logicalType"] == becomes


def test_lean_leaves_the_given_schema_alone() -> None:
    schema = {"type": "record", "name": "R", "fields": [{"name": "a", "type": dict(INSTANT)}]}
    lean(schema)

    assert schema["fields"] == [{"name": "a", "type": INSTANT}]
