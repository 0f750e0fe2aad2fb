"""The join job as a stage of ours: each input replaces its side of the key, and is answered by one joined record."""

from __future__ import annotations

import json
from typing import Any

from schemas.codec import Codec
from schemas.registry import DictRegistry
from schemas.writers import writer
from streams.bench.workload import JOINED, SIDE, header, schema_id
from streams.inputs import Input, WithoutDeadlines
from tables.view import Emit, Place, Value, Workspace

_NONE: Value = {"amount": 0, "at": 0, "payload": ""}


class Join(WithoutDeadlines):
    """Two state entries a key, one a side: an input writes its own and reads the other."""

    def __init__(self, name: str, left: str, output: str) -> None:
        self.name = name
        self._left, self._output = left, output

    def step(self, ws: Workspace, partition: int, record: Input) -> str:
        key, value = record.key, record.value
        if record.topic == self._left:
            ws.put("l/" + key, value)
            self._emit(ws, key, value, ws.get("r/" + key) or _NONE)
        else:
            ws.put("r/" + key, value)
            self._emit(ws, key, ws.get("l/" + key) or _NONE, value)
        return "joined"

    def _emit(self, ws: Workspace, key: str, left: Value, right: Value) -> None:
        joined = {
            "id": key,
            "left": left["amount"],
            "right": right["amount"],
            "at": max(left["at"], right["at"]),
            "payload": left["payload"] or right["payload"],
        }
        ws.emit(Emit(self._output, key, "Joined", joined))

    def diverted(self, ws: Workspace, partition: int, letter: dict[str, Any]) -> None:
        """A join has no evidence that could have a hole."""

    def flush(self, ws: Workspace, partition: int) -> None:
        """Nothing to say once a commit."""


class CollapsedJoin(Join):
    """The same, with one output a commit for each key that changed in it: as a record cache collapses it."""

    def step(self, ws: Workspace, partition: int, record: Input) -> str:
        key = record.key
        ws.put(("l/" if record.topic == self._left else "r/") + key, record.value)
        ws.refresh((key,))
        return "joined"

    def project(self, ws: Workspace, place: Place) -> None:
        (key,) = place
        self._emit(ws, key, ws.get("l/" + key) or _NONE, ws.get("r/" + key) or _NONE)


class JoinRegistry(DictRegistry):
    """Our own records and the two of the join."""

    def schema_text(self, schema_id_: int) -> str:
        for schema in (SIDE, JOINED):
            if schema_id(schema) == schema_id_:
                return json.dumps(schema)
        return super().schema_text(schema_id_)


class JoinCodec(Codec):
    """The worker's codec, which knows one more record to write."""

    def __init__(self) -> None:
        super().__init__(JoinRegistry())
        self._joined_header, self._joined = header(JOINED), writer(JOINED)

    def encode(self, topic: str, record: str, value: dict[str, Any]) -> bytes:
        if record == "Joined":
            return self._joined_header + self._joined(value)
        return super().encode(topic, record, value)
