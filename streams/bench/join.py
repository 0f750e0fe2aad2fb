"""The join job as a stage of ours: each input replaces its side of the key, and is answered by one joined record."""

from __future__ import annotations

import json
from typing import Any

from schemas.codec import Codec
from schemas.registry import DictRegistry
from schemas.writers import writer
from streams.bench.workload import JOINED, SIDE, header, schema_id
from streams.inputs import Input, WithoutDeadlines
from tables.view import Emit, Workspace

_NONE: dict[str, Any] = {"amount": 0, "at": 0, "payload": ""}


class Join(WithoutDeadlines):
    """Two state entries a key, one a side: an input writes its own and reads the other."""

    def __init__(self, name: str, left: str, output: str, *, collapsed: bool = False) -> None:
        self.name = name
        self._left, self._output = left, output
        self.collapse = frozenset({output} if collapsed else ())
        """Topics of which a commit carries the last record of each key only."""

    def step(self, ws: Workspace, partition: int, record: Input) -> str:
        key, value = record.key, record.value
        is_left = record.topic == self._left
        own, other = ("l/", "r/") if is_left else ("r/", "l/")
        ws.put(own + key, {"amount": value["amount"], "at": value["at"], "payload": value["payload"]})
        seen = ws.get(other + key) or _NONE
        left, right = (value, seen) if is_left else (seen, value)
        joined = {
            "id": key,
            "left": left["amount"],
            "right": right["amount"],
            "at": max(left["at"], right["at"]),
            "payload": left["payload"] or right["payload"],
        }
        ws.emit(Emit(self._output, key, "Joined", joined))
        return "joined"

    def diverted(self, ws: Workspace, partition: int, letter: dict[str, Any]) -> None:
        """A join has no evidence that could have a hole."""

    def flush(self, ws: Workspace, partition: int) -> None:
        """Nothing to say once a commit."""


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
