"""The schemas of a deployment, read only: what a replay encodes is registered with nobody."""

from __future__ import annotations

from schemas.codec import Registry
from schemas.registry import DictRegistry, NoRegistry
from streams.look.read import CannotLook


class ReadOnlyRegistry:
    """Schemas by the ids of a deployment and by our own; the latter are hashes of 32 bits, the former count from 1."""

    def __init__(self, theirs: Registry) -> None:
        self._theirs, self._own = theirs, DictRegistry()

    def schema_text(self, schema_id: int) -> str:
        try:
            return self._own.schema_text(schema_id)
        except LookupError:
            return self._ask(schema_id)

    def _ask(self, schema_id: int) -> str:
        try:
            return self._theirs.schema_text(schema_id)
        except NoRegistry as problem:
            raise CannotLook(str(problem)) from None

    def register(self, subject: str, schema: str) -> int:
        return self._own.register(subject, schema)
