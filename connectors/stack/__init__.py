"""The services around driftwise: Kafka, Kafka Connect with Debezium, a schema registry, PostgreSQL.

services.yaml declares them once. `embedded` runs them as processes of this machine, without Docker, Java or root; the
compose file made by `compose` runs the same as containers. Either way `Endpoints` says where they are, and needs none
of the packages that running them does.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from connectors.stack.endpoints import Endpoints, Postgres, load
from connectors.stack.errors import StackError

if TYPE_CHECKING:
    from connectors.stack.embedded import ServiceStatus, down, status, up

__all__ = ["Endpoints", "Postgres", "ServiceStatus", "StackError", "down", "load", "status", "up"]


def __getattr__(name: str) -> Any:
    """What `embedded` offers, imported when first asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("connectors.stack.embedded"), name)
