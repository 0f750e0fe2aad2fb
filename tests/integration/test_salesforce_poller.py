"""The CRM poller on the real stack: what a reader of committed records sees, whatever happens to the poller."""

from __future__ import annotations

import multiprocessing
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from connectors.errors import Stop
from connectors.salesforce.poller import run
from connectors.salesforce.simulator import SALES_USER_ID
from connectors.stack.endpoints import Endpoints
from schemas.instants import SECOND
from schemas.topics import partition_for
from tests.integration.polled import LOOK_BACK_SECONDS, PARTITIONS, Polled, poll_and_die, polled


@pytest.fixture
def crm(stack: Endpoints) -> Iterator[Polled]:
    with polled(stack) as it:
        yield it


def accounts(crm: Polled, number: int) -> list[str]:
    batch = [{"Name": f"Account {n}"} for n in range(number)]
    return crm.org.simulator.store.create_many("Account", batch, SALES_USER_ID)


def deal(crm: Polled, account_id: str) -> str:
    fields = {"AccountId": account_id, "Name": "n", "StageName": "Closed Won", "CloseDate": "2026-03-31", "Amount": 12}
    return crm.org.simulator.store.create("Opportunity", fields, SALES_USER_ID)


def rename(crm: Polled, account_id: str) -> None:
    crm.org.simulator.store.update("Account", account_id, {"Name": "renamed"}, SALES_USER_ID)


def each_once(operation: str, ids: list[str]) -> Counter[tuple[str, str]]:
    return Counter((operation, row_id) for row_id in ids)


def wait_until(true: Callable[[], bool], what: str, timeout_seconds: float = 30) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {timeout_seconds} s: {what}"
        time.sleep(0.05)


def test_rows_are_keyed_and_placed_by_customer_and_progress_reaches_every_partition(crm: Polled) -> None:
    account_id, *_ = accounts(crm, 40)
    deal_id = deal(crm, account_id)
    crm.poll()

    seen = crm.seen()

    rows = [record for record in seen if record.record == "PolledRow"]
    assert {(s.key, s.partition) for s in rows} == {(s.key, partition_for(s.key, PARTITIONS)) for s in rows}
    [won] = [s for s in rows if s.value["id"] == deal_id]
    assert won.key == won.value["customer"] == account_id
    assert (won.value["fields"]["Amount"], won.value["fields"]["StageName"]) == ("12.0", "Closed Won")
    assert won.value["changed_by"] == SALES_USER_ID
    [watermark] = crm.watermarks("Account")
    assert watermark is not None


def test_nothing_is_produced_twice_while_nothing_changes(crm: Polled) -> None:
    ids = accounts(crm, 3)
    for _ in range(3):
        crm.poll()
        crm.restart()

    assert crm.told() == each_once("upsert", ids)


def test_a_thousand_rows_of_one_stamp_arrive_once_in_pages_of_two_hundred(crm: Polled) -> None:
    ids = accounts(crm, 1000)
    crm.poll()

    assert crm.told() == each_once("upsert", ids)


def test_a_row_that_shows_late_is_found_and_is_never_behind_the_watermark(crm: Polled) -> None:
    crm.org.simulator.faults.late_seconds, crm.org.simulator.faults.late_probability = LOOK_BACK_SECONDS - 5, 1
    [late] = accounts(crm, 1)
    crm.org.simulator.faults.late_probability = 0
    crm.org.clock.advance(20)
    [prompt] = accounts(crm, 1)
    crm.poll()
    told_first, watermarks = crm.told(), crm.watermarks("Account")
    crm.org.clock.advance(LOOK_BACK_SECONDS)
    crm.poll()

    assert told_first == each_once("upsert", [prompt])
    assert crm.told() == each_once("upsert", [late, prompt])
    [row] = [row for row in crm.rows() if row["id"] == late]
    assert all(watermark is not None and row["modified_at"] > watermark for watermark in watermarks)


def test_a_move_is_told_to_both_customers(crm: Polled) -> None:
    first, second = accounts(crm, 2)
    deal_id = deal(crm, first)
    crm.poll()
    crm.org.clock.advance(5)
    crm.org.simulator.store.update("Opportunity", deal_id, {"AccountId": second}, SALES_USER_ID)
    crm.poll()

    told = {(s.value["operation"], s.key) for s in crm.seen() if s.record == "PolledRow" and s.value["id"] == deal_id}

    assert told == {("upsert", first), ("moved_out", first), ("moved_in", second)}


def test_deletions_are_told_once_from_the_recycle_bin_and_past_it(crm: Polled) -> None:
    binned, vanished = accounts(crm, 2)
    crm.poll()
    crm.org.clock.advance(5)
    crm.org.simulator.store.delete("Account", binned, SALES_USER_ID)
    crm.org.simulator.store.hard_delete("Account", vanished)
    for _ in range(2):
        crm.poll()
        crm.restart()

    assert crm.told() == each_once("upsert", [binned, vanished]) + each_once("delete", [binned, vanished])


def test_an_outage_holds_the_watermark_and_the_change_comes_afterwards(crm: Polled) -> None:
    [account_id] = accounts(crm, 1)
    crm.poll()
    before = crm.watermarks("Account")
    crm.org.clock.advance(500)
    rename(crm, account_id)
    crm.org.simulator.faults.outage = True
    crm.poll()
    during = crm.watermarks("Account")
    crm.org.simulator.faults.outage = False
    crm.poll()

    assert during == before
    assert crm.told() == Counter({("upsert", account_id): 2})
    assert min(w for w in crm.watermarks("Account") if w) > max(w for w in before if w)


def test_a_session_that_dies_during_a_poll_loses_nothing(crm: Polled) -> None:
    ids = accounts(crm, 500)
    crm.org.client.server_now()
    crm.org.clock.advance(3601)
    crm.poll()

    assert crm.told() == each_once("upsert", ids)


@pytest.mark.parametrize("transactions_before_death", [0, 1, 2])
def test_a_poller_killed_between_produce_and_commit_loses_and_doubles_nothing(
    crm: Polled, transactions_before_death: int
) -> None:
    ids = accounts(crm, 500)
    arguments = (crm.settings, transactions_before_death)
    victim = multiprocessing.get_context("spawn").Process(target=poll_and_die, args=arguments)
    victim.start()
    victim.join(60)
    assert victim.exitcode == -signal.SIGKILL

    crm.restart()
    committed_by_victim = sum(crm.told().values())
    crm.poll()

    assert committed_by_victim == min(500, 200 * transactions_before_death)
    # The broker answers a commit before readers of committed records see it in every partition.
    wait_until(lambda: crm.told() == each_once("upsert", ids), "each account is told, once")
    assert len(crm.rows("read_uncommitted")) > 500, "the victim's last transaction never reached the broker"
    assert {row["snapshot"] for row in crm.rows()} == {True}


def test_a_twin_takes_over_and_the_first_one_stops(crm: Polled) -> None:
    [account_id] = accounts(crm, 1)
    failures: list[BaseException] = []
    stop_first, stop_second = threading.Event(), threading.Event()

    def first() -> None:
        try:
            run(crm.settings, stop_first)
        except Stop as stopped:
            failures.append(stopped)

    one = threading.Thread(target=first)
    one.start()
    wait_until(lambda: crm.told() == each_once("upsert", [account_id]), "the first poller produced the account")
    two = threading.Thread(target=run, args=(crm.settings, stop_second))
    two.start()
    one.join(30)
    crm.org.clock.advance(5)
    rename(crm, account_id)
    wait_until(lambda: crm.told() == Counter({("upsert", account_id): 2}), "the second poller produced the change")
    stop_first.set()
    stop_second.set()
    two.join(30)

    assert [str(failure).split(";")[0].endswith("has taken over") for failure in failures] == [True]


def test_a_topic_with_another_number_of_partitions_stops_the_poller_with_the_remedy(crm: Polled) -> None:
    wrong = crm.settings.model_copy(update={"partitions": PARTITIONS + 1})

    with pytest.raises(Stop, match="has 4 partitions, governance says 5"):
        run(wrong, threading.Event())


def test_progress_is_the_last_word_of_a_poll_in_each_partition(crm: Polled) -> None:
    accounts(crm, 300)
    crm.poll()

    last = {seen.partition: seen for seen in crm.seen()}

    assert {seen.record for seen in last.values()} == {"SourceProgress"}
    for seen in last.values():
        assert seen.value["phase"] == "streaming"
        assert seen.value["watermark"] % SECOND == 0
