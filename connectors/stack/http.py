"""Questions to services on loopback."""

from __future__ import annotations

import json
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any

from connectors.stack.machine import LOOPBACK

_PROBE_SECONDS = 2.0


def answers(port: int, path: str) -> Any | None:
    """The JSON that a GET gives, or None while the service does not answer with 200; asks no proxy."""
    connection = HTTPConnection(LOOPBACK, port, timeout=_PROBE_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return json.loads(response.read()) if response.status == HTTPStatus.OK else None
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()
