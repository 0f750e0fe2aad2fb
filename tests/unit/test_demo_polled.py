"""The demo's truth about a polled system: what was changed again before the next poll was met by nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from connectors.salesforce.simulator import INTEGRATION_USER_ID
from connectors.salesforce.wire import instant_of
from schemas.instants import Instant, from_datetime, seconds
from streams.demo.further import OWNERSHIP_VIOLATION
from streams.demo.journal import Entry
from streams.demo.polled import as_polled
from streams.demo.scenario import plan
from streams.demo.steps import Native
from streams.demo.truth import expected_drifts
from tests.unit.salesforce_org import Org, simulated_org

NOON = from_datetime(datetime(2026, 11, 24, 12, tzinfo=UTC))
CREATED, ACTIVE, REFERRED = (f"2026-11-24T12:00:0{second}.000+0000" for second in (0, 4, 5))
ACCOUNT = ("crm", "customer", "001")


def polled(org: Org) -> str:
    """The stamp that a poll of the only account finds."""
    (page,) = org.client.query_all("SELECT Id, SystemModstamp FROM Account")
    return str(page.records[0]["SystemModstamp"])


def crm(stamp: str, **values: Native) -> Entry:
    return Entry(1, *ACCOUNT, stamp, instant_of(stamp), values, "integration")


def billing(version: str, at: Instant, name: str, by: str) -> Entry:
    return Entry(1, "billing", "customer", "A", version, at, {"name": name, "status": "Active"}, by)


WRITTEN = [crm(CREATED, Name="Acme", Status__c="Prospect"), crm(ACTIVE, Status__c="Active"), crm(REFERRED, Ref__c="A")]
SHOWN = {("001", CREATED), ("001", REFERRED)}


def test_what_was_changed_again_before_the_next_poll_is_part_of_that_change() -> None:
    assert as_polled(WRITTEN, "crm", SHOWN) == [WRITTEN[0], crm(REFERRED, Status__c="Active", Ref__c="A")]


def test_what_a_poll_met_stays_a_change_of_its_own() -> None:
    assert as_polled(WRITTEN, "crm", {*SHOWN, ("001", ACTIVE)}) == WRITTEN


def test_the_last_change_counts_though_nobody_has_looked_yet() -> None:
    assert as_polled(WRITTEN, "crm", {("001", CREATED)})[-1] == crm(REFERRED, Status__c="Active", Ref__c="A")


def test_of_a_system_that_is_not_polled_everything_is_met() -> None:
    assert as_polled(WRITTEN, "billing", ()) == WRITTEN


@pytest.mark.parametrize(("met", "named"), [(SHOWN, CREATED), ({*SHOWN, ("001", ACTIVE)}, ACTIVE)])
def test_evidence_is_of_the_version_that_a_poll_could_meet(met: set[tuple[str, str]], named: str) -> None:
    """A clerk renames the customer within the second after the account was changed, which is changed again at once."""
    renamed = billing("8", NOON + seconds(4.845), "Acme Holding", "billing-operator")
    journal = [*WRITTEN, billing("7", NOON + seconds(1), "Acme", "integration"), renamed]
    nobody = replace(plan(1, date(2026, 11, 24)), journeys=())

    drifts = expected_drifts(nobody, as_polled(journal, "crm", met), {OWNERSHIP_VIOLATION: 0.0}, NOON + seconds(60))

    assert [drift.evidence for drift in drifts] == [{("billing", "customer", "A"): "8", ACCOUNT: named}]


def test_the_simulated_crm_tells_which_versions_a_poll_found() -> None:
    with simulated_org() as org:
        row = org.simulator.store.create("Account", {"Name": "Acme"}, INTEGRATION_USER_ID)
        stamps = [polled(org)]
        for status in ("Active", "Churned"):
            org.clock.advance(1)
            org.simulator.store.update("Account", row, {"Status__c": status}, INTEGRATION_USER_ID)
        stamps.append(polled(org))

        assert org.simulator.org.shown == {(row, stamp) for stamp in stamps}
        assert len(org.simulator.org.shown) == 2
