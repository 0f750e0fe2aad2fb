"""What a company decides: systems, owners, mappings, deadlines, calendars, tolerances, who may correct what."""

from streams.governance.load import load
from streams.governance.model import Governance
from streams.governance.problem import BadGovernance

__all__ = ["BadGovernance", "Governance", "load"]
