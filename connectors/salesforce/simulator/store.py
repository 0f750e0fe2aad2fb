"""The org's records in memory, with the platform's rules for writing them."""

import random
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from connectors.salesforce.simulator import rules
from connectors.salesforce.simulator.deletions import DeletionLog
from connectors.salesforce.simulator.errors import ApiError, SeveralMatches, not_found
from connectors.salesforce.simulator.faults import Faults
from connectors.salesforce.simulator.ids import full_id, record_id
from connectors.salesforce.simulator.objects import OBJECTS, SObject
from connectors.salesforce.simulator.rows import Row, Version
from connectors.salesforce.simulator.values import render

Fields = Mapping[str, Any]
BeforeSave = Callable[[str, Fields, dict[str, Any], str], dict[str, Any]]
"""A flow of the org: object, record and changes, and who writes; returns the changes that are saved."""


class Store:
    """All records. `clock` gives seconds since the epoch; every method may be called from any thread."""

    def __init__(self, clock: Callable[[], float], faults: Faults, seed: int = 0) -> None:
        self._clock = clock
        self._faults = faults
        self._random = random.Random(seed)  # noqa: S311 - faults must repeat, not be secret
        self._rows: dict[str, dict[str, Row]] = {name: {} for name in OBJECTS}
        self._by_external_id: dict[tuple[str, str, Any], set[str]] = defaultdict(set)
        self._numbers = dict.fromkeys(OBJECTS, 0)
        self._lock = threading.RLock()
        self.deletions = DeletionLog(clock)
        self._written: list[tuple[str, Fields]] = []
        self.before_save: BeforeSave | None = None
        """What the org's own automation makes of an update; None: it has none."""

    def create(self, object_name: str, fields: Fields, user_id: str) -> str:
        """Stores a new record and returns its id."""
        return self.create_many(object_name, [fields], user_id)[0]

    def create_many(self, object_name: str, batch: Iterable[Fields], user_id: str) -> list[str]:
        """Stores records as one bulk load does: all of them get the same SystemModstamp."""
        with self._lock:
            now = self._clock()
            return [self._create(rules.sobject(object_name), fields, user_id, now) for fields in batch]

    def update(self, object_name: str, row_id: str, fields: Fields, user_id: str) -> None:
        with self._lock:
            sobject, now = rules.sobject(object_name), self._clock()
            row = self._live(sobject, row_id)
            changes = rules.accepted(sobject, fields)
            missing = [name for name, value in changes.items() if value is None and sobject.fields[name].required]
            if missing:
                raise rules.required(missing)
            self._check_links(sobject, changes, row.latest["Id"])
            if self.before_save is not None:
                changes = self.before_save(sobject.name, row.latest, changes, user_id)
            self._write(sobject, row, {**row.latest, **changes}, user_id, now)

    def upsert(self, object_name: str, key: str, value: str, fields: Fields, user_id: str) -> tuple[str, bool]:
        """Writes the record whose external id field `key` is `value`; returns its id and whether it is new."""
        with self._lock:
            found = self.find(object_name, key, value)
            if len(found) > 1:
                raise SeveralMatches(found)
            if found:
                self.update(object_name, found[0], fields, user_id)
                return found[0], False
            return self.create(object_name, {**fields, key: value}, user_id), True

    def delete(self, object_name: str, row_id: str, user_id: str) -> None:
        """Moves a record to the recycle bin: queryAll still shows it, with IsDeleted."""
        with self._lock:
            sobject, now = rules.sobject(object_name), self._clock()
            row = self._live(sobject, row_id)
            self._write(sobject, row, {**row.latest, "IsDeleted": True}, user_id, now)
            self.deletions.add(object_name, row.latest["Id"])

    def hard_delete(self, object_name: str, row_id: str) -> None:
        """Removes a record past the recycle bin: from now on only the deletion log tells of it."""
        with self._lock:
            sobject = rules.sobject(object_name)
            row = self._row(sobject, row_id)
            self._forget_external_ids(sobject, row)
            del self._rows[object_name][row.latest["Id"]]
            self.deletions.add(object_name, row.latest["Id"])

    def get(self, object_name: str, row_id: str) -> Fields:
        """The newest version of a live record, also while queries do not see it yet."""
        with self._lock:
            return self._live(rules.sobject(object_name), row_id).latest

    def written(self, object_name: str, user_id: str) -> list[dict[str, Any]]:
        """Every version that a user wrote, oldest first, as the REST API shows values: what field history tells."""
        with self._lock:
            versions = [values for name, values in self._written if name == object_name]
        mine = [values for values in versions if values["LastModifiedById"] == user_id]
        return [{name: render(value) for name, value in values.items()} for values in mine]

    def find(self, object_name: str, key: str, value: str) -> list[str]:
        """Ids of the live records with that external id, lowest first."""
        with self._lock:
            sobject = rules.sobject(object_name)
            column = sobject.find(key)
            if column is None or not column.external_id:
                raise not_found()
            return sorted(self._by_external_id[object_name, column.name, rules.folded(value)])

    def visible(self, object_name: str, *, deleted: bool) -> list[Fields]:
        """What a query can see now; with `deleted` the recycle bin too."""
        with self._lock:
            now = self._clock()
            seen = [row.visible(now) for row in self._rows[object_name].values()]
        return [row for row in seen if row is not None and (deleted or not row["IsDeleted"])]

    def _create(self, sobject: SObject, fields: Fields, user_id: str, now: float) -> str:
        given = rules.accepted(sobject, fields)
        for column in sobject.own_fields:
            if given.get(column.name) is None:
                given[column.name] = column.default
        missing = [column.name for column in sobject.own_fields if column.required and given[column.name] is None]
        if missing:
            raise rules.required(missing)
        self._check_links(sobject, given, "")
        self._numbers[sobject.name] += 1
        new_id = record_id(sobject.prefix, self._numbers[sobject.name])
        born = {"Id": new_id, "IsDeleted": False, "CreatedDate": rules.stamp(now), "CreatedById": user_id}
        row = self._rows[sobject.name][new_id] = Row()
        self._write(sobject, row, {**given, **born}, user_id, now)
        return new_id

    def _write(self, sobject: SObject, row: Row, fields: dict[str, Any], user_id: str, now: float) -> None:
        stamp = rules.stamp(now)
        fields |= {"LastModifiedDate": stamp, "LastModifiedById": user_id, "SystemModstamp": stamp}
        late = self._faults.late_seconds if self._random.random() < self._faults.late_probability else 0
        if row.versions:
            self._forget_external_ids(sobject, row)
        self._written.append((sobject.name, dict(fields)))
        row.write(Version(stamp.timestamp() + late if late else now, fields | sobject.derive(fields)), now)
        if not row.deleted:
            for column in rules.external_ids(sobject, fields):
                self._by_external_id[sobject.name, column.name, rules.folded(fields[column.name])].add(fields["Id"])

    def _forget_external_ids(self, sobject: SObject, row: Row) -> None:
        for column in rules.external_ids(sobject, row.latest):
            key = (sobject.name, column.name, rules.folded(row.latest[column.name]))
            self._by_external_id[key].discard(row.latest["Id"])

    def _check_links(self, sobject: SObject, fields: Fields, own_id: str) -> None:
        for name, value in fields.items():
            column = sobject.fields[name]
            if value is None:
                continue
            if column.refers_to and value not in self._rows[column.refers_to]:
                raise ApiError(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [name])
            if column.unique:
                for other in self._by_external_id[sobject.name, name, rules.folded(value)] - {own_id}:
                    message = f"duplicate value found: {name} duplicates value on record with id: {other}"
                    raise ApiError(400, "DUPLICATE_VALUE", message, [])

    def _row(self, sobject: SObject, row_id: str) -> Row:
        row = self._rows[sobject.name].get(full_id(row_id) or "")
        if row is None:
            raise not_found()
        return row

    def _live(self, sobject: SObject, row_id: str) -> Row:
        row = self._row(sobject, row_id)
        if row.deleted:
            raise ApiError(404, "ENTITY_IS_DELETED", "entity is deleted", [])
        return row
