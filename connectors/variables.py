"""Names of the environment variables that say where a system is and how to get in."""

from __future__ import annotations


def variable(system: str, setting: str) -> str:
    """`erp-eu`, `DSN` -> DRIFTWISE_ERP_EU_DSN: a shell knows no dashes."""
    return f"DRIFTWISE_{system.upper().replace('-', '_')}_{setting}"
