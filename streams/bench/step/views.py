"""State for the bare loop: a dictionary with its keys in order."""

from __future__ import annotations

from tables.view import MemoryView, Value


class DictView(MemoryView):
    """Without the way through JSON that a store would take."""

    def _kept(self, value: Value) -> Value:
        return value
