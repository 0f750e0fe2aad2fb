"""A Salesforce org in memory that answers like the REST API, with faults that can be switched on.

Read it in this order: `objects` (what records look like), `store` (what happens to them), `soql` and `query` (how
they are found), `session` and `faults` (who may ask, what goes wrong), `app` (the HTTP surface), `server` (running it).
The faults are those that users have reported of the real API: rows that become visible late, an allowance that
ends, sessions that expire in mid-page, locks, and answers that are lost after the write.
"""

from connectors.salesforce.simulator.faults import Faults
from connectors.salesforce.simulator.server import Simulator, running, serve
from connectors.salesforce.simulator.session import (
    DRIFTWISE_USER_ID,
    INTEGRATION_USER_ID,
    SALES_USER_ID,
    ApiClient,
    demo_clients,
)

__all__ = [
    "DRIFTWISE_USER_ID",
    "INTEGRATION_USER_ID",
    "SALES_USER_ID",
    "ApiClient",
    "Faults",
    "Simulator",
    "demo_clients",
    "running",
    "serve",
]
