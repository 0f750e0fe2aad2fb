"""What a company decides: systems, owners, mappings, deadlines, tolerances, who may correct what."""

from streams.governance.load import BadGovernance, load
from streams.governance.model import Governance

__all__ = ["BadGovernance", "Governance", "load"]
