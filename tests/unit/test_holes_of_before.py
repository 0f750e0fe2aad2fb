"""A record that nobody could read is lacking where it belonged, also once its customer is linked elsewhere: of instants
before that nothing is told there until the letter is replayed or dismissed (contracts 3 to 5)."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import topics
from schemas.instants import ALWAYS
from streams.judge.keys import holes_prefix
from streams.letters import ENTITY_HEADER, ID_HEADER
from streams.look.letters import dismiss, read_letters, replay
from streams.look.why import explain
from tests.look import DriverCluster, micros
from tests.topology import Company, governance

REPLAYED, DISMISSED = "replayed", "dismissed"
KIND = "invoice_not_posted"


def diverted(first: str | None = "A") -> Company:
    """An invoice of A, due at 12 s; a posting of a customer in the ERP could not be read at 3 s."""
    company = Company(governance())
    for account in ("A", "A2", "A3"):
        company.row("crm", "Account", account, 1)
    company.row("billing", "account", "B", 1, crm_account_id="A")
    company.row("erp", "customer", "E", 1, external_id=first)
    company.row("billing", "invoice", "I", 2, "B", status="Posted")
    company.heard(2.5)
    company.row("erp", "ledger_posting", "P", 3, "E", status="Odd")
    return company


def linked(company: Company, at: int, account: str | None) -> None:
    company.row("erp", "customer", "E", at, external_id=account)
    company.heard(at)


def settle(company: Company, how: str) -> None:
    letters = read_letters(DriverCluster(company.driver))
    (letter,) = letters.sorted()
    driver = company.driver
    if how == REPLAYED:
        vocabulary = company.governance.mappings["erp"]["ledger_posting"].attributes["status"]
        vocabulary.map["Odd"] = "posted"  # type: ignore[union-attr]
        record = replay(letter)
        driver.pipe_raw(record.topic, record.key, record.value, record.partition, record.headers)
    else:
        _, *closing = dismiss(letters, company.governance, letter["letter_id"], "test data", "ann", micros(70))
        for effect in closing:
            assert effect.value is not None
            driver.pipe(effect.topic, effect.key, effect.record, effect.value, partition=effect.partition)
    driver.run()


def holes(company: Company) -> dict[str, Any]:
    """Of each customer of whom something is lacking."""
    shards = [company.driver.state("judge", number) for number in range(company.governance.partitions)]
    return {key.split("/")[1]: held for shard in shards for key, held in shard.range("h/", 99)}


def told(company: Company) -> list[tuple[str, str]]:
    """Of the invoice: at which customer, and how it was settled."""
    written = (w.value or {} for w in company.driver.written[topics.AUDIT])
    return [(value["canonical_id"], value["result"]) for value in written if value.get("kind") == KIND]


@pytest.mark.parametrize("links", [[(40, "A2")], [(40, None)], [(40, "A2"), (45, "A3")], [(40, "A2"), (45, "A")]])
@pytest.mark.parametrize("heard", [3, 20, 39])
def test_of_what_was_due_before_its_customer_went_nothing_is_told(
    heard: int, links: list[tuple[int, str | None]]
) -> None:
    company = diverted()
    company.heard(heard)
    for link in links:
        linked(company, *link)
    company.heard(60)

    assert (company.drifts(KIND), told(company)) == ([], [])


@pytest.mark.parametrize("links", [[(40, "A2")], [(40, None)], [(40, "A2"), (45, "A3")], [(40, "A2"), (45, "A")]])
@pytest.mark.parametrize(("how", "result"), [(REPLAYED, "met"), (DISMISSED, "missed")])
def test_it_is_told_once_the_letter_is_settled(how: str, result: str, links: list[tuple[int, str | None]]) -> None:
    company = diverted()
    for link in links:
        linked(company, *link)
    settle(company, how)

    assert told(company) == [("crm:A", result)]
    assert holes(company) == {}


@pytest.mark.parametrize("how", [REPLAYED, DISMISSED])
def test_what_is_due_once_it_has_gone_waits_for_no_letter(how: str) -> None:
    company = diverted()
    linked(company, 8, "A2")
    company.heard(20)
    assert told(company) == [("crm:A", "missed")]

    settle(company, how)
    assert told(company) == [("crm:A", "missed")]
    assert company.corrected("ledger_posting") == (["erp:P"] if how == REPLAYED else [])


def test_what_it_answered_before_it_went_is_demanded_anew_once_it_has() -> None:
    company = diverted()
    linked(company, 40, "A2")
    settle(company, REPLAYED)
    company.heard(60)

    (drift,) = company.open(KIND)
    assert (drift["canonical_id"], drift["triggered_at"], drift["opened_at"]) == ("crm:A", micros(40), micros(50))


def test_of_what_comes_only_with_a_link_nothing_was_lacking_before() -> None:
    company = diverted(first=None)
    linked(company, 8, "A")

    assert holes(company) == {
        "crm:A": {"at": micros(8) - 1},
        "erp:E": {"at": micros(2.5), "away": [[micros(8), ALWAYS]]},
    }
    settle(company, REPLAYED)
    company.heard(20)
    assert (holes(company), told(company)) == ({}, [("crm:A", "met")])


def test_so_it_is_of_a_row_whose_parent_comes_once_it_has_gone() -> None:
    company = Company(governance())
    for account in ("A", "A2"):
        company.row("crm", "Account", account, 1)
    company.row("billing", "account", "B", 1, crm_account_id="A")
    company.row("billing", "invoice_line", "L", 4, "B", invoice_id="I")
    company.row("billing", "account", "B", 40, crm_account_id="A2")
    assert sorted(holes(company)) == ["crm:A", "crm:A2"]

    company.row("billing", "invoice", "I", 45, "B")
    assert holes(company) == {}
    assert versions(company, "crm:A", "invoice_line/billing/L") == [("upsert", micros(4)), ("moved", micros(40))]
    assert versions(company, "crm:A2", "invoice_line/billing/L") == [("upsert", micros(40))]


def test_what_comes_home_and_has_to_wait_is_lacking_still_wherever_it_was() -> None:
    company = Company(governance())
    for account in ("A", "A2", "A3"):
        company.row("crm", "Account", account, 1)
    company.row("billing", "account", "B", 1, crm_account_id="A")
    company.heard(3)
    version = company.row("billing", "invoice_line", "L", 4, "B", invoice_id="I", net_amount="much")
    company.row("billing", "account", "B", 40, crm_account_id="A2")
    company.row("billing", "account", "B", 50, crm_account_id="A3")
    (letter,) = (w.value or {} for w in company.driver.written[topics.DEAD_LETTERS])
    headers = {ID_HEADER: letter["letter_id"].encode(), ENTITY_HEADER: letter["entity"].encode()}
    company.row("billing", "invoice_line", "L", 4, "B", poll=version, headers=headers, invoice_id="I")

    assert holes(company) == {
        "crm:A": {"at": micros(4) - 1, "away": [[micros(40), ALWAYS]]},
        "crm:A2": {"at": micros(40) - 1, "away": [[micros(50), ALWAYS]]},
        "crm:A3": {"at": micros(50) - 1},
    }
    company.row("billing", "invoice", "I", 55, "B")
    assert holes(company) == {}
    assert versions(company, "crm:A", "invoice_line/billing/L") == [("upsert", micros(4)), ("moved", micros(40))]


def versions(company: Company, customer: str, record: str) -> list[tuple[str, int]]:
    """How it became what, and when."""
    shards = (company.driver.state("judge", number) for number in range(company.governance.partitions))
    known = (held for shard in shards if (held := shard.get(f"e/{customer}/{record}")) is not None)
    return [(version["op"], version["at"]) for held in known for version in held["versions"]]


def test_it_is_said_where_the_customer_is_and_where_it_was() -> None:
    company = diverted()
    linked(company, 40, "A2")
    said = {}
    for number in range(company.governance.partitions):
        view = company.driver.state("judge", number)
        for customer in ("crm:A", "crm:A2"):
            if view.range(holes_prefix(customer), 1):
                found = explain(view, company.governance, customer, micros(41))
                (said[customer],) = [e.because for e in found if e.outcome == "held" and not e.kind]

    assert "evidence is complete up to 1970-01-01T00:00:02.5" in said["crm:A"]
    assert "it is lacking of instants before 1970-01-01T00:00:40" in said["crm:A"]
    assert "instants before" not in said["crm:A2"]


@pytest.mark.parametrize(("goes", "modes"), [(8, ["execute"]), (20, ["propose", "execute"])])
def test_a_command_is_only_proposed_for_what_it_looks_at_until_that_went(goes: int, modes: list[str]) -> None:
    """A line that waits for its invoice, of another account of the customer."""
    company = Company(governance())
    for account in ("A", "A2"):
        company.row("crm", "Account", account, 1)
    for account in ("B", "B2"):
        company.row("billing", "account", account, 1, crm_account_id="A")
    company.row("erp", "customer", "E", 1)
    company.row("billing", "invoice", "I", 2, "B", status="Posted")
    company.row("billing", "invoice_line", "L", 2, "B2", invoice_id="never came")
    company.row("billing", "account", "B2", goes, crm_account_id="A2")
    company.heard(40)

    assert [c["mode"] for c in company.commands() if c["kind"] == KIND] == modes
