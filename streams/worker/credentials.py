"""Credentials of the worker's consumer: librdkafka's client settings, translated for Faust.

All other clients are librdkafka's own. A setting that this consumer cannot follow is refused, not ignored: the worker
would write with one identity and read with another."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import faust

from streams.settings import PREFIX, BadSetting

MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_CA, _CERTIFICATE, _KEY, _KEY_PASSWORD = (
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.key.location",
    "ssl.key.password",
)
_HOST_CHECK = "ssl.endpoint.identification.algorithm"
_MECHANISM, _USERNAME, _PASSWORD = "sasl.mechanism", "sasl.username", "sasl.password"
_KNOWN = {_CA, _CERTIFICATE, _KEY, _KEY_PASSWORD, _HOST_CHECK, _MECHANISM, "sasl.mechanisms", _USERNAME, _PASSWORD}
"""The settings with `ssl.` and `sasl.` that can be translated."""


def credentials(client: Mapping[str, str]) -> dict[str, Any]:
    """Faust's settings for these of librdkafka; raises BadSetting for one that cannot be translated."""
    protocol = client.get("security.protocol", "PLAINTEXT").upper()
    if protocol == "PLAINTEXT":
        return {}
    for name in client:
        if name.startswith(("ssl.", "sasl.")) and name not in _KNOWN:
            raise BadSetting(f"{variable(name)}: the worker's consumer knows only {', '.join(sorted(_KNOWN))}")
    context = _context(client) if protocol.endswith("SSL") else None
    if protocol.startswith("SASL"):
        return {"broker_credentials": _sasl(client, context)}
    return {"broker_credentials": faust.SSLCredentials(context)}


def variable(name: str) -> str:
    """`sasl.username` -> DRIFTWISE_KAFKA__SASL__USERNAME."""
    return f"{PREFIX}KAFKA__{name.upper().replace('.', '__')}"


def _context(client: Mapping[str, str]) -> ssl.SSLContext:
    ca, certificate = client.get(_CA), client.get(_CERTIFICATE)
    where = {} if ca is None else {"capath" if Path(ca).is_dir() else "cafile": ca}
    try:
        context = ssl.create_default_context(**where)  # type: ignore[arg-type]
        if certificate is not None:
            context.load_cert_chain(certificate, client.get(_KEY), client.get(_KEY_PASSWORD))
    except OSError as problem:
        named = ", ".join(variable(name) for name in (_CA, _CERTIFICATE, _KEY) if name in client)
        raise BadSetting(f"a file named by {named} cannot be used ({problem}): give PEM files") from None
    if client.get(_HOST_CHECK) == "none":
        context.check_hostname = False
    return context


def _sasl(client: Mapping[str, str], context: ssl.SSLContext | None) -> faust.SASLCredentials:
    mechanism = client.get(_MECHANISM) or client.get("sasl.mechanisms") or "GSSAPI"  # librdkafka's default
    if mechanism not in MECHANISMS:
        raise BadSetting(f"the SASL mechanism is {mechanism}: set {variable(_MECHANISM)} to {', '.join(MECHANISMS)}")
    for name in (_USERNAME, _PASSWORD):
        if name not in client:
            raise BadSetting(f"{variable(name)} (or that with __FILE) is not set, and {mechanism} needs it")
    return faust.SASLCredentials(
        username=client[_USERNAME], password=client[_PASSWORD], ssl_context=context, mechanism=mechanism
    )
