"""How often to poll: as configured while API calls are plentiful, less often as the day's allowance shrinks."""

from connectors.salesforce.session import Allowance

PLENTY = 0.5  # share of the allowance that may be used before we slow down
RESERVE = 0.1  # share that we leave to everybody else: the allowance is the whole org's
INTERVAL_SECONDS_MAX = 3600.0


def interval_seconds(configured_seconds: float, allowance: Allowance | None) -> float:
    """Seconds until the next poll: doubles when half of what lies between plenty and reserve is left."""
    if allowance is None or allowance.limit <= 0:
        return configured_seconds
    left = 1 - allowance.used / allowance.limit
    speed = min(1.0, max(0.0, (left - RESERVE) / (PLENTY - RESERVE)))
    slowest = max(configured_seconds, INTERVAL_SECONDS_MAX)
    return slowest if speed <= configured_seconds / slowest else configured_seconds / speed
