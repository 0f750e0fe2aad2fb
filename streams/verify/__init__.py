"""Verify: recompute state, drifts and command ids of a deployment from its topics, and compare.

Each shard's input is replayed, up to the offsets of its last commit, through a fresh shard without a broker; what comes
out must be what the deployment holds and said (`one_shard`). Where retention took the beginning of its input, a shard
is replayed from one of its commits (`start`): what came since is proven, and what that commit holds is taken as it is.
Where all is there, all sources go once more through the whole topology in another order, and must give the same lives
of drifts (`law`). It reads committed records and writes nothing.

The governance of today judges: one that changed since makes differences, but for records that were refused then."""

from streams.verify.examine import verify
from streams.verify.report import Check, Difference, Report

__all__ = ["Check", "Difference", "Report", "verify"]
