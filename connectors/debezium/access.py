"""Login and TLS for Kafka Connect's REST API. The settings have the names that the schema registry's client uses.

API: https://kafka.apache.org/documentation/#connect_rest (listeners.https.*, and rest.extension.classes for a login)
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

from connectors.errors import Stop

_LOGIN, _CA = "basic.auth.user.info", "ssl.ca.location"
_CERTIFICATE, _KEY, _KEY_PASSWORD = "ssl.certificate.location", "ssl.key.location", "ssl.key.password"
_KNOWN = (_LOGIN, _CA, _CERTIFICATE, _KEY, _KEY_PASSWORD)


def access(client: Mapping[str, str]) -> dict[str, Any]:
    """Arguments for the HTTP client, from `basic.auth.user.info` (user:password) and `ssl.*` (files in PEM).

    Raises Stop, without any secret in its text, for a name that is not known and for files that cannot be used."""
    for name in client:
        if name not in _KNOWN:
            raise Stop(
                f"{_variable(name)} is not known: of Kafka Connect one can set {', '.join(map(_variable, _KNOWN))}"
            )
    made: dict[str, Any] = {}
    if login := client.get(_LOGIN):
        user, _, password = login.partition(":")
        made["auth"] = (user, password)
    if client.keys() - {_LOGIN}:
        made["verify"] = _context(client)
    return made


def _context(client: Mapping[str, str]) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=client.get(_CA))
        if certificate := client.get(_CERTIFICATE):
            # An empty password is refused; without any, OpenSSL would ask for it at the terminal.
            context.load_cert_chain(certificate, client.get(_KEY), client.get(_KEY_PASSWORD, ""))
    except OSError as problem:
        said = f"the certificates that lead to Kafka Connect cannot be used ({problem})"
        raise Stop(f"{said}: correct the {_variable('ssl.')}* variables, which name files in PEM") from None
    return context


def _variable(name: str) -> str:
    return "DRIFTWISE_CONNECT__" + name.upper().replace(".", "__")
