"""The simulated org keeps the platform's rules, and its faults do what they say."""

from collections.abc import Iterator

import httpx
import pytest

from connectors.errors import Refused, Retry
from connectors.salesforce.simulator import SALES_USER_ID
from connectors.salesforce.simulator.errors import ApiError
from tests.unit.salesforce_org import Org, simulated_org

DEAL = {"Name": "n", "StageName": "Prospecting", "CloseDate": "2026-03-31"}


@pytest.fixture
def org() -> Iterator[Org]:
    with simulated_org(seed=7) as running:
        yield running


def account(org: Org, **fields: str) -> str:
    return org.simulator.store.create("Account", {"Name": "Acme", **fields}, SALES_USER_ID)


def found(org: Org, soql: str) -> list[object]:
    return [row["Name"] for page in org.client.query_all(soql) for row in page.records]


def seen(org: Org, field: str, value: str) -> list[object]:
    return found(org, f"SELECT Name FROM Account WHERE {field} = {value}")


def admin(org: Org, path: str, body: object = None) -> httpx.Response:
    return httpx.post(f"{org.simulator.base_url}/simulator/{path}", json=body)


def test_stamps_count_whole_seconds(org: Org) -> None:
    org.clock.advance(0.9)
    row = org.client.get("Account", account(org))

    assert row is not None
    assert row["SystemModstamp"] == row["CreatedDate"] == "2026-03-02T12:00:00.000+0000"


def test_won_and_closed_follow_from_the_stage(org: Org) -> None:
    deal_id = org.client.create("Opportunity", {**DEAL, "AccountId": account(org)})
    org.client.update("Opportunity", deal_id, {"StageName": "Closed Won"})
    won = org.client.get("Opportunity", deal_id)
    org.client.update("Opportunity", deal_id, {"StageName": "Closed Lost"})
    lost = org.client.get("Opportunity", deal_id)

    assert won is not None
    assert lost is not None
    assert [(row["IsWon"], row["IsClosed"]) for row in (won, lost)] == [(True, True), (False, True)]


@pytest.mark.parametrize(
    ("object_name", "fields", "code"),
    [
        ("Account", {}, "REQUIRED_FIELD_MISSING"),
        ("Account", {"Name": ""}, "REQUIRED_FIELD_MISSING"),
        ("Account", {"Name": "n", "Nmae": "n"}, "INVALID_FIELD"),
        ("Account", {"Name": "n", "Id": "001Hp0000000001IAA"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ("Account", {"Name": "n", "ParentId": "nobody"}, "MALFORMED_ID"),
        ("Account", {"Name": "n", "ParentId": "001Hp0000000zzzIAB"}, "MALFORMED_ID"),
        ("Account", {"Name": "n", "ParentId": "001Hp0000000zzz"}, "INVALID_CROSS_REFERENCE_KEY"),
        ("Account", {"Name": "n" * 256}, "STRING_TOO_LONG"),
        ("Account", {"Name": 1}, "JSON_PARSER_ERROR"),
        ("Opportunity", DEAL, "REQUIRED_FIELD_MISSING"),
        ("Deal", {"Name": "n"}, "NOT_FOUND"),
    ],
)
def test_refuses_a_record(org: Org, object_name: str, fields: dict[str, object], code: str) -> None:
    with pytest.raises(Refused) as refused:
        org.client.create(object_name, fields)

    assert refused.value.code == code


def test_a_unique_external_id_is_held_by_one_live_record(org: Org) -> None:
    store, memo = org.simulator.store, {"Account__c": account(org), "Number__c": "CM-1"}
    first = store.create("Credit_Memo__c", memo, SALES_USER_ID)
    with pytest.raises(ApiError, match=f"DUPLICATE_VALUE.*{first}"):
        store.create("Credit_Memo__c", memo, SALES_USER_ID)

    store.delete("Credit_Memo__c", first, SALES_USER_ID)

    assert store.create("Credit_Memo__c", memo, SALES_USER_ID) != first


def test_an_upsert_that_matches_two_records_writes_nothing(org: Org) -> None:
    for _ in range(2):
        account(org, ERP_Customer_Id__c="C-1")

    with pytest.raises(Refused) as refused:
        org.client.upsert("Account", "ERP_Customer_Id__c", "C-1", {"Name": "changed"})

    assert refused.value.status == 300
    assert seen(org, "Name", "'changed'") == []


def test_a_deleted_record_shows_in_query_all_until_it_is_purged(org: Org) -> None:
    row_id = account(org)
    org.client.delete("Account", row_id)
    assert seen(org, "IsDeleted", "true") == ["Acme"]

    admin(org, "hard-delete", {"object": "Account", "id": row_id})

    assert seen(org, "IsDeleted", "true") == []


def test_the_deletion_log_names_what_vanished_and_how_far_back_it_reaches(org: Org) -> None:
    row_id, now = account(org), int(org.clock.now * 1e6)
    org.simulator.store.hard_delete("Account", row_id)
    named = org.client.deleted("Account", now - 60_000_000, now + 60_000_000)
    org.clock.advance(120)

    admin(org, "purge-deletions")

    purged = org.client.deleted("Account", now - 60_000_000, now + 60_000_000)
    assert named.deleted_at == {row_id: now}
    assert named.latest_covered == now
    assert purged.deleted_at == {}
    assert purged.earliest_available == now + 120_000_000


def test_a_late_write_is_readable_by_id_before_queries_see_it(org: Org) -> None:
    row_id = account(org)
    admin(org, "faults", {"late_seconds": 30, "late_probability": 1})

    org.client.update("Account", row_id, {"Name": "late"})
    by_id = org.client.get("Account", row_id)
    at_once = found(org, "SELECT Name FROM Account")
    org.clock.advance(30)
    later = found(org, "SELECT Name FROM Account")

    assert by_id is not None
    assert (by_id["Name"], at_once, later) == ("late", ["Acme"], ["late"])


def test_the_share_of_late_writes_is_drawn_from_the_seed() -> None:
    def visible_at_once() -> list[object]:
        with simulated_org(seed=3) as org:
            org.simulator.faults.late_seconds, org.simulator.faults.late_probability = 60, 0.5
            org.simulator.store.create_many("Account", [{"Name": str(n)} for n in range(100)], SALES_USER_ID)
            return found(org, "SELECT Name FROM Account")

    first, second = visible_at_once(), visible_at_once()

    assert first == second
    assert 30 < len(first) < 70


def test_an_eleventh_open_cursor_closes_the_oldest(org: Org) -> None:
    org.simulator.store.create_many("Account", [{"Name": str(n)} for n in range(201)], SALES_USER_ID)
    cursors = [org.client.query_all("SELECT Name FROM Account") for _ in range(11)]
    for cursor in cursors:
        next(cursor)

    with pytest.raises(Retry, match="INVALID_QUERY_LOCATOR"):
        next(cursors[0])
    assert len(next(cursors[1]).records) == 1


def test_an_unknown_fault_is_refused(org: Org) -> None:
    assert admin(org, "faults", {"earthquake": True}).status_code == 400


def test_without_a_session_the_answer_is_the_error_array(org: Org) -> None:
    answer = httpx.get(f"{org.simulator.base_url}/services/data/v62.0/limits")

    assert answer.status_code == 401
    assert answer.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def test_a_flow_of_the_org_decides_what_of_an_update_is_saved(org: Org) -> None:
    account_id = account(org)
    before = org.client.get("Account", account_id)
    org.simulator.store.before_save = lambda _name, _record, changes, _user: {
        name: value for name, value in changes.items() if name != "Name"
    }

    org.client.update("Account", account_id, {"Name": "Other", "Tax_Id__c": "T"})

    after = org.client.get("Account", account_id)
    assert before is not None
    assert after is not None
    assert (after["Name"], after["Tax_Id__c"]) == (before["Name"], "T")
