"""What a broker of the embedded stack is started with."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from uuid import UUID

import pytest

from connectors.stack import kafka


def test_no_cluster_id_looks_like_an_option_of_the_tool_that_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([UUID(bytes=bytes([0xF8]) + bytes(15)), UUID(bytes=bytes([0xFB]) + bytes(15)), UUID(int=7)])
    monkeypatch.setattr(kafka.uuid, "uuid4", lambda: next(drawn))

    found = kafka.cluster_id()

    assert not found.startswith("-")
    assert urlsafe_b64decode(found + "==") == UUID(int=7).bytes
