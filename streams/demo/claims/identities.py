"""Kind 48: of one domain, billing's account names one account of the CRM, and the processor's customer another."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.instants import Instant
from streams.demo import beyond
from streams.demo.claims.model import Claim, Wrong, there
from streams.demo.journal import History, Record


def identity_conflict(history: History) -> Iterator[Claim]:
    """Of the two accounts, the one with the greater id is the rival: ids are given in order."""
    for account in history.records("crm", "customer"):

        def wrong(instant: Instant, account: Record = account) -> Wrong | None:
            rivals = (account, *_joined_with(history, account, instant))
            senior = min(rivals, key=lambda record: record.native_id)
            return None if senior is account else Wrong("crm", (account, senior), versioned=False)

        yield Claim(beyond.IDENTITY_CONFLICT, account, wrong)


def _joined_with(history: History, account: Record, instant: Instant) -> Iterator[Record]:
    for payer in there(history.records("processor", "customer"), instant):
        billed = there(history.records("billing", "customer"), instant, domain=payer.value("domain", instant))
        ids = {record.value("crm_account_id", instant) for record in (payer, *billed)}
        named = [record for id_ in ids if id_ and (record := history.find("crm", "customer", id_))]
        if any(record is account for record in named):
            yield from named
