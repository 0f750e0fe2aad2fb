"""A verdict that the broker would not take waits for its letter: what `verify`, `why` and `dead-letters` make of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from schemas import topics
from streams.backtest.canonical import read
from streams.inputs import Due
from streams.judge.stage import Judge
from streams.letters import NO_RECORD, Raw, divert, is_of_verdict, letter, verdict_id
from streams.look.letters import dismiss, read_letters, replay
from streams.look.read import CannotLook
from streams.look.reasons import hole
from streams.verify.examine import examine
from streams.verify.report import EQUAL, Report
from tables.view import Workspace
from tests.look import DriverCluster
from tests.recorded import DriverRecording
from tests.topology import Company

KIND = "invoice_not_posted"
LETTER = verdict_id("judge", 0, 7)


def heard_until(company: Company, at: float, monkeypatch: pytest.MonkeyPatch) -> Company:
    """As with a worker whose broker does not take what is said of the invoice."""
    settle, codec = Judge.settle, company.driver.codec

    def put_aside(judge: Judge, ws: Workspace, due: Due) -> None:
        if f"/{KIND}/" not in due.key:
            settle(judge, ws, due)
            return
        waking = judge.put_aside(ws, due.key, LETTER)
        assert waking is not None
        assert waking.value is not None
        data = codec.encode(waking.topic, waking.record, waking.value)
        raw = Raw(waking.topic, 0, NO_RECORD, 0, waking.key.encode(), data, {"driftwise-letter": LETTER.encode()})
        ws.emit(divert(letter(raw, "judge", "too_large", "a drift would have 2 MB", "*", 0)))

    with monkeypatch.context() as patched:
        patched.setattr(Judge, "settle", put_aside)
        company.heard(at)
    return company


def unposted() -> Company:
    company = Company()
    company.row("crm", "Account", "A", 1, Billing_Account_Id__c="B", ERP_Customer_Id__c="E")
    company.row("billing", "account", "B", 1)
    company.row("erp", "customer", "E", 1)
    company.row("billing", "invoice", "I", 2, "B", status="Posted")
    return company


def never_opened(monkeypatch: pytest.MonkeyPatch) -> Company:
    return heard_until(unposted(), 30, monkeypatch)


def never_closed(monkeypatch: pytest.MonkeyPatch) -> Company:
    company = unposted()
    company.heard(30)
    company.row("erp", "ledger_posting", "P", 40, "E", document_ref="I-1")
    return heard_until(company, 60, monkeypatch)


def verified(company: Company) -> Report:
    return examine(DriverRecording(company.driver), company.governance, dict.fromkeys(company.governance.systems, read))


@pytest.mark.parametrize("waiting", [never_opened, never_closed])
def test_verification_leaves_the_verdict_where_the_deployment_left_it(
    waiting: Callable[[pytest.MonkeyPatch], Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    company = waiting(monkeypatch)
    report = verified(company)

    assert [d["status"] for d in company.drifts(KIND)] == (["open"] if waiting is never_closed else [])
    assert (report.code, report.differences, report.unproven) == (EQUAL, [], [])
    assert any("too large to be written" in note for note in report.notes)


def test_once_its_letter_is_replayed_it_is_judged_and_verified_as_any(monkeypatch: pytest.MonkeyPatch) -> None:
    company = never_opened(monkeypatch)
    again = replay(read_letters(DriverCluster(company.driver)).get(LETTER))
    company.driver.pipe_raw(again.topic, again.key, again.value, None, {})
    company.driver.run()

    assert [d["status"] for d in company.drifts(KIND)] == ["open"]
    assert (verified(company).code, verified(company).differences) == (EQUAL, [])


def test_its_letter_is_not_dismissed_as_nothing_could_be_judged_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    company = never_opened(monkeypatch)
    letters = read_letters(DriverCluster(company.driver))

    with pytest.raises(CannotLook, match="holds back a verdict that cannot be written"):
        dismiss(letters, company.governance, LETTER, "test data", "me", 0)


def test_why_says_that_a_verdict_is_too_large_and_not_that_a_letter_is_missing() -> None:
    assert "a verdict is too large to be written" in hole(LETTER)
    assert "dismiss" not in hole(LETTER)


def test_the_letter_of_a_record_is_of_no_verdict() -> None:
    assert is_of_verdict(LETTER)
    assert not is_of_verdict(f"{topics.source_topic('crm')}-3-41")
