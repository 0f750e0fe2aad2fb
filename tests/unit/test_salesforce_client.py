"""Our client against the simulated org: what it reads, and what it does when the org misbehaves."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from pydantic import SecretStr

from connectors.errors import LookFirst, Refused, Retry, Stop
from connectors.salesforce.client import SalesforceClient
from connectors.salesforce.reactions import Reaction, reaction_to
from connectors.salesforce.server_clock import began_at
from connectors.salesforce.simulator import DRIFTWISE_USER_ID, SALES_USER_ID
from tests.unit.salesforce_org import NOON, Org, simulated_org

ALL_NAMES = "SELECT Id, Name FROM Account ORDER BY Id"


@pytest.fixture
def org() -> Iterator[Org]:
    with simulated_org(seed=7, token_seconds=3600, api_limit=1000) as running:
        yield running


def account(org: Org, **fields: str) -> str:
    return org.simulator.store.create("Account", {"Name": "Acme", **fields}, SALES_USER_ID)


def test_amounts_survive_digit_for_digit(org: Org) -> None:
    deal = {"AccountId": account(org), "Name": "n", "StageName": "Prospecting", "CloseDate": "2026-03-31"}
    new_id = org.client.create("Opportunity", {**deal, "Amount": Decimal("90071992547409.93")})

    [page] = org.client.query_all("SELECT Id, Amount FROM Opportunity")

    assert page.records == [{"Id": new_id, "Amount": Decimal("90071992547409.93")}]


def test_a_result_larger_than_a_batch_arrives_in_pages(org: Org) -> None:
    org.simulator.store.create_many("Account", [{"Name": str(n)} for n in range(450)], SALES_USER_ID)

    pages = list(org.client.query_all(ALL_NAMES))

    assert [len(page.records) for page in pages] == [200, 200, 50]
    assert [row["Name"] for page in pages for row in page.records] == [str(n) for n in range(450)]


def test_a_session_that_dies_between_two_pages_is_renewed_and_no_row_is_lost(org: Org) -> None:
    org.simulator.store.create_many("Account", [{"Name": str(n)} for n in range(300)], SALES_USER_ID)
    pages = org.client.query_all(ALL_NAMES)
    first = next(pages)
    org.clock.advance(3601)

    rest = list(pages)

    assert len(first.records) + sum(len(page.records) for page in rest) == 300


def test_the_allowance_is_read_from_every_answer(org: Org) -> None:
    list(org.client.query_all(ALL_NAMES))
    list(org.client.query_all(ALL_NAMES))

    assert org.client.allowance is not None
    assert (org.client.allowance.used, org.client.allowance.limit) == (2, 1000)


def test_a_spent_allowance_asks_for_a_long_pause_and_is_not_tried_again() -> None:
    with simulated_org(api_limit=1) as org:
        list(org.client.query_all(ALL_NAMES))

        with pytest.raises(Retry, match="REQUEST_LIMIT_EXCEEDED") as paused:
            list(org.client.query_all(ALL_NAMES))

        assert paused.value.after_seconds == 3600
        assert org.pauses == []


def test_a_read_in_an_outage_is_tried_five_times_then_left_to_the_caller(org: Org) -> None:
    list(org.client.query_all(ALL_NAMES))
    org.simulator.faults.outage = True

    with pytest.raises(Retry, match="503"):
        list(org.client.query_all(ALL_NAMES))

    assert org.pauses == [0.5, 1, 2, 4]


def test_a_login_in_an_outage_may_simply_be_repeated(org: Org) -> None:
    org.simulator.faults.outage = True

    with pytest.raises(Retry, match="503"):
        org.client.create("Account", {"Name": "never sent"})


def test_a_write_in_an_outage_is_not_repeated(org: Org) -> None:
    row_id = account(org)
    org.client.server_now()
    org.simulator.faults.outage = True

    with pytest.raises(LookFirst, match="503"):
        org.client.update("Account", row_id, {"Name": "x"})

    assert org.pauses == []


def test_a_write_whose_answer_is_lost_is_done_but_reported_as_unknown(org: Org) -> None:
    row_id = account(org)
    org.simulator.faults.lost_responses = 1

    with pytest.raises(LookFirst, match="no answer"):
        org.client.update("Account", row_id, {"Name": "written"})

    found = org.client.get("Account", row_id)
    assert found is not None
    assert found["Name"] == "written"


def test_a_locked_row_is_to_be_looked_at_again(org: Org) -> None:
    org.simulator.faults.lock_errors = 1
    row_id = account(org)

    with pytest.raises(LookFirst, match="UNABLE_TO_LOCK_ROW"):
        org.client.update("Account", row_id, {"Name": "x"})

    org.client.update("Account", row_id, {"Name": "x"})


def test_a_write_names_its_author(org: Org) -> None:
    row_id = account(org)
    before = org.client.get("Account", row_id)
    org.client.update("Account", row_id, {"ERP_Customer_Id__c": "C-1"})
    after = org.client.get("Account", row_id)

    assert before is not None
    assert after is not None
    assert (before["LastModifiedById"], after["LastModifiedById"]) == (SALES_USER_ID, DRIFTWISE_USER_ID)


def test_a_refused_write_carries_the_vendors_code(org: Org) -> None:
    with pytest.raises(Refused) as refused:
        org.client.update("Account", account(org), {"Status__c": "Sleeping"})

    assert (refused.value.status, refused.value.code) == (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")


def test_what_was_deleted_or_never_was_reads_as_none(org: Org) -> None:
    row_id = account(org)
    org.client.delete("Account", row_id)

    assert org.client.get("Account", row_id) is None
    assert org.client.get("Account", "001Hp0000000zzzIAA") is None


def test_upsert_creates_then_updates_one_record(org: Org) -> None:
    memo = {"Account__c": account(org), "Amount__c": Decimal("12.34")}

    first_id, first_is_new = org.client.upsert("Credit_Memo__c", "Number__c", "CM/1", memo)
    second_id, second_is_new = org.client.upsert("Credit_Memo__c", "Number__c", "CM/1", memo)

    assert (first_id, first_is_new, second_is_new) == (second_id, True, False)


def test_wrong_credentials_stop_with_a_remedy(org: Org) -> None:
    stranger = SalesforceClient(org.simulator.base_url, "driftwise", SecretStr("wrong"))

    with stranger, pytest.raises(Stop, match="check client id and secret"):
        stranger.get("Account", "001")


def test_an_unreachable_org_is_tried_again_later() -> None:
    with simulated_org() as org:
        address = org.simulator.base_url

    with SalesforceClient(address, "driftwise", SecretStr("any")) as client, pytest.raises(Retry, match="not reached"):
        client.server_now()


def test_the_servers_time_comes_from_its_own_clock(org: Org) -> None:
    org.clock.advance(86_400)

    assert abs(org.client.server_now() / 1e6 - (NOON + 86_400)) < 3


def test_a_request_began_no_earlier_than_the_answer_minus_the_whole_round_trip() -> None:
    assert began_at("Mon, 02 Mar 2026 12:00:05 GMT", 1.2) == (int(NOON) + 3) * 1_000_000


@pytest.mark.parametrize(
    ("status", "code", "read", "write"),
    [
        (401, "INVALID_SESSION_ID", Reaction.LOGIN, Reaction.LOGIN),
        (403, "REQUEST_LIMIT_EXCEEDED", Reaction.PAUSE, Reaction.PAUSE),
        (403, "INSUFFICIENT_ACCESS", Reaction.REFUSE, Reaction.REFUSE),
        (400, "UNABLE_TO_LOCK_ROW", Reaction.REFUSE, Reaction.LOOK),
        (400, "DUPLICATE_VALUE", Reaction.REFUSE, Reaction.LOOK),
        (404, "ENTITY_IS_DELETED", Reaction.REFUSE, Reaction.LOOK),
        (429, "", Reaction.REPEAT, Reaction.REPEAT),
        (503, "", Reaction.LOOK, Reaction.LOOK),
        (400, "INVALID_FIELD", Reaction.REFUSE, Reaction.REFUSE),
        (300, "", Reaction.REFUSE, Reaction.REFUSE),
    ],
)
def test_reaction(status: int, code: str, read: Reaction, write: Reaction) -> None:
    assert (reaction_to(status, code, writing=False), reaction_to(status, code, writing=True)) == (read, write)
