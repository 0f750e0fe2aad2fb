"""Personal data: whatever may hold it is tagged in the schema, so that what reads by the schema can leave it out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from schemas.entities import ENTITIES
from schemas.records import all_records, fields_within
from schemas.source_text import UnknownType
from tests.dossiers.model import Dossier, Story, company
from tests.dossiers.stage import Play
from tests.dossiers.table import DOSSIERS
from tests.unit.test_look_why_dossiers import explained

PERSONAL = {e.name: frozenset(a.name for a in e.attributes if a.pii) for e in ENTITIES.values()}
OF_ANY_RECORD = {
    # Fields that may hold any attribute, or a row as it came.
    "q2c.source.PolledRow": {"fields"},
    "q2c.identity.BusinessKeyAsserted": {"fields"},
    "q2c.CorrectedAttribute": {"value", "diverge"},
    "q2c.Command": {"desired", "expected"},
    "q2c.Evidence": {"value"},
    "q2c.DeadLetter": {"original_key", "original_value"},
}


def test_what_may_hold_personal_data_is_tagged_and_nothing_else() -> None:
    tagged = {
        name: {field for field, spec in fields.items() if spec.get("pii")}
        for schema in all_records().values()
        for name, fields in fields_within(schema)
    }

    attributes = {f"q2c.change.{_camel(entity)}Attributes": set(names) for entity, names in PERSONAL.items()}
    assert {name: fields for name, fields in tagged.items() if fields} == {
        name: fields for name, fields in (attributes | OF_ANY_RECORD).items() if fields
    }


def _camel(entity: str) -> str:
    return "".join(word.capitalize() for word in entity.split("_"))


def test_names_addresses_and_numbers_of_customers_are_personal() -> None:
    assert PERSONAL["customer"] == {"name", "email", "tax_id", "street", "city", "postal_code"}
    assert PERSONAL["contact"] == {"name", "email"}
    assert (PERSONAL["partner"], PERSONAL["financial_profile"]) == ({"tax_id"}, {"tax_registration"})


@pytest.mark.parametrize("dossier", DOSSIERS, ids=[f"{d.kind} {n}" for n, d in enumerate(DOSSIERS)])
def test_what_is_personal_is_written_where_it_is_tagged_and_nowhere_else(dossier: Dossier) -> None:
    personal = _personal(dossier, (*dossier.story, *dossier.resolved_by))
    play = Play(dossier).told(dossier.story).heard(dossier.opens_at).run()
    play.tell(dossier.resolved_by)
    play.heard(dossier.ends).run()

    told = {
        (written.record, path)
        for topic in list(play.driver.written)
        for written in play.driver.written[topic]
        if written.value
        for path, text in _untagged(all_records()[written.record], written.value, "")
        if any(value in text for value in personal)
    }

    assert told == set()


@pytest.mark.parametrize(
    ("dossier", "miss"), [pytest.param(d, why, id=f"{d.kind} {why}") for d in DOSSIERS for why in d.near_misses]
)
def test_why_names_nobody(dossier: Dossier, miss: str) -> None:
    story = dossier.near_misses[miss]
    play = Play(dossier).told(story).heard(dossier.ends).run()

    said = [answer.because for answer in explained(play, dossier.ends)]

    assert [text for text in said if any(value in text for value in _personal(dossier, story))] == []


def _personal(dossier: Dossier, story: Story) -> set[str]:
    changes = (*company(dossier.linked), *story)
    values = {
        str(value)
        for change in changes
        for name, value in (change.attributes or {}).items()
        if name in PERSONAL[change.entity] and value
    }
    return {value for value in values if len(value) > 3}


def _untagged(schema: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every text in a record, keys of maps as well, that lies in no tagged field, and where."""
    match schema:
        case list():
            if value is not None:
                yield from _untagged(schema[1], value, path)
        case {"type": "record", "fields": fields}:
            for field in fields:
                if field["name"] in value and not field.get("pii"):
                    yield from _untagged(field["type"], value[field["name"]], f"{path}.{field['name']}")
        case {"type": "array", "items": within}:
            for each in value:
                yield from _untagged(within, each, path)
        case {"type": "map", "values": within}:
            for key, each in value.items():
                yield path, key
                yield from _untagged(within, each, path)
        case "string":
            yield path, value
        case "long" | "boolean" | "bytes" | "q2c.Money" | {"logicalType": _}:
            return
        case _:
            raise UnknownType(str(schema))
