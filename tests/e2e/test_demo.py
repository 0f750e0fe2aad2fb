"""The main job as a user runs it: the demo's score on a seed nobody tried, and faults made by hand under --hold."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

ROOT = Path(__file__).parent.parent.parent
API = "/services/data/v62.0"


def driftwise(home: Path, *arguments: str, timeout_seconds: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "streams", *arguments],
        env=os.environ | {"DRIFTWISE_HOME": str(home)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )


def until(what: Callable[[], Any], deadline_seconds: float, describe: str) -> Any:
    deadline = time.monotonic() + deadline_seconds
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {deadline_seconds} s: {describe}"
        time.sleep(0.25)


def test_the_demo_finds_every_drift_and_no_other(tmp_path: Path) -> None:
    seed = secrets.randbelow(1_000_000)

    ended = driftwise(tmp_path, "demo", "--seed", str(seed), "--json", timeout_seconds=400)

    assert ended.returncode == 0, f"seed {seed}: {ended.stdout[-3000:]}\n{ended.stderr[-3000:]}"
    result = json.loads(ended.stdout)
    totals = result["totals"]
    assert totals["detected"] == totals["injected"] >= 31
    assert (totals["missed"], totals["false"], result["unresolved"]) == (0, 0, 0)
    assert all(number >= 5 for kind, number in result["injected"].items() if kind != "source_stale")
    assert result["injected"]["source_stale"] == 1
    assert result["clean_customers"] >= 10 * 33


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A demo on hold; its home folder."""
    home = tmp_path_factory.mktemp("held")
    command = [sys.executable, "-m", "streams", "demo", "--hold", "--seed", str(secrets.randbelow(1_000_000))]
    log = (home / "hold.log").open("w")
    process = subprocess.Popen(
        command, env=os.environ | {"DRIFTWISE_HOME": str(home)}, cwd=ROOT, stdout=log, stderr=log
    )
    try:
        until(
            lambda: (home / "hold.json").exists() or process.poll() is not None,
            150,
            f"the demo holds: {(home / 'hold.log').read_text()[-2000:]}",
        )
        assert process.poll() is None, (home / "hold.log").read_text()[-3000:]
        yield home
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        log.close()


@pytest.fixture
def place(held: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((held / "hold.json").read_text())
    return found


def one(dsn: str, query: str) -> Any:
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(query).fetchone()  # type: ignore[arg-type]
        return row[0] if row else None


def open_drifts(home: Path) -> dict[tuple[str, str], str]:
    ended = driftwise(home, "drifts", "--json")
    assert ended.returncode == 0, ended.stderr
    return {(d["kind"], d["native_id"]): d["status"] for d in json.loads(ended.stdout)}


def crm(place: dict[str, Any]) -> httpx.Client:
    credentials = place["crm"]
    answer = httpx.post(
        credentials["base_url"] + "/services/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=(credentials["client_id"], credentials["client_secret"]),
    )
    return httpx.Client(
        base_url=credentials["base_url"] + API, headers={"Authorization": f"Bearer {answer.json()['access_token']}"}
    )


def test_an_invoice_posted_by_hand_is_found_and_closed_by_a_posting_made_by_hand(
    held: Path, place: dict[str, Any]
) -> None:
    until(lambda: one(place["billing"], "SELECT count(*) > 0 FROM invoice"), 60, "the companies have invoiced")
    one(
        place["billing"],
        "INSERT INTO invoice SELECT 'I-hand', account_id, subscription_id, 'INV-HAND', 'Posted', currency, net_amount,"
        " tax_amount, total_amount, issued_on, due_on, 'somebody' FROM invoice LIMIT 1 RETURNING id",
    )
    until(lambda: ("invoice_not_posted", "I-hand") in open_drifts(held), 60, "the unposted invoice is found")
    ended = driftwise(held, "check")
    assert ended.returncode == 2, ended.stdout + ended.stderr

    one(
        place["erp"],
        "INSERT INTO ledger_posting SELECT 'P-hand', id, 'invoice', 'INV-HAND', 'Posted', currency, 1, current_date,"
        " 'somebody' FROM customer WHERE external_id = (SELECT external_id FROM customer LIMIT 1) RETURNING id",
    )
    account = one(place["billing"], "SELECT account_id FROM invoice WHERE id = 'I-hand'")
    crm_id = one(place["billing"], f"SELECT crm_account_id FROM account WHERE id = '{account}'")
    one(
        place["erp"],
        "UPDATE ledger_posting SET customer_id = (SELECT id FROM customer WHERE external_id = "
        f"'{crm_id}') WHERE id = 'P-hand' RETURNING id",
    )
    until(lambda: ("invoice_not_posted", "I-hand") not in open_drifts(held), 60, "the posting closes it")


def test_a_deal_won_by_hand_gets_its_erp_customer_and_its_reference_by_correction(
    held: Path, place: dict[str, Any]
) -> None:
    with crm(place) as client:
        account = {"Name": "Hand Made", "Status__c": "Prospect", "CurrencyIsoCode": "EUR", "Legal_Entity__c": "1000"}
        account_id = client.post("/sobjects/Account", json=account).json()["id"]
        deal = {
            "AccountId": account_id,
            "Name": "By hand",
            "StageName": "Closed Won",
            "Amount": 4200,
            "CurrencyIsoCode": "EUR",
            "CloseDate": "2026-01-31",
        }
        client.post("/sobjects/Opportunity", json=deal)

        customer = until(
            lambda: one(place["erp"], f"SELECT id FROM customer WHERE external_id = '{account_id}'"),
            90,
            "driftwise creates the ERP customer",
        )
        until(
            lambda: client.get(f"/sobjects/Account/{account_id}").json()["ERP_Customer_Id__c"] == customer,
            90,
            "driftwise writes its id back",
        )
    until(lambda: not [k for k in open_drifts(held) if k[0].startswith(("won", "external"))], 60, "both are closed")


def test_what_is_open_is_what_the_sources_say_recomputed_by_an_independent_script(
    held: Path, place: dict[str, Any]
) -> None:
    one(
        place["billing"],
        "UPDATE subscription SET total_contract_value = total_contract_value + 5000 WHERE id ="
        " (SELECT id FROM subscription WHERE status = 'Active' LIMIT 1) RETURNING id",
    )
    until(lambda: any(kind == "contract_value_mismatch" for kind, _ in open_drifts(held)), 60, "it is found")

    script = [sys.executable, str(ROOT / "tests" / "truth" / "truth.py"), str(held / "hold.json"), "--settle", "8"]
    ended = subprocess.run(script, capture_output=True, text=True, timeout=120, check=False)

    assert ended.returncode == 0, ended.stdout + ended.stderr
