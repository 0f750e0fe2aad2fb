"""The services around driftwise: Kafka, Kafka Connect with Debezium, a schema registry, PostgreSQL.

services.yaml declares them once. `embedded` runs them as processes of this machine, without Docker, Java or root; the
compose file made by `compose` runs the same as containers. Either way `Endpoints` says where they are.
"""

from importlib.util import find_spec

if find_spec("psutil") is None:
    raise ImportError("The embedded stack needs more packages: pip install 'driftwise[stack]'.")

from connectors.stack.embedded import ServiceStatus, down, status, up
from connectors.stack.endpoints import Endpoints, Postgres, load
from connectors.stack.errors import StackError

__all__ = ["Endpoints", "Postgres", "ServiceStatus", "StackError", "down", "load", "status", "up"]
