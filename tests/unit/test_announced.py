"""What a drift tells the world, to the field: its record, its command, and what the audit keeps."""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from schemas import ids, topics
from schemas.instants import SECOND
from schemas.source import ALL_OBJECTS
from streams.fleet import corrections
from streams.judge.told import KEPT
from tests.dossiers.customer_attribute_divergence import DOSSIERS as DIVERGENCE
from tests.dossiers.customer_attribute_divergence import billing, crm, erp
from tests.dossiers.entitlement_divergence import LESS_THAN_CHARGED, MORE_THAN_CHARGED
from tests.dossiers.invoice_not_posted import DOSSIERS
from tests.dossiers.model import Change, Dossier, Story, change, company, deletion
from tests.dossiers.stage import Play, governed
from tests.dossiers.state_regression import DOSSIERS as STATES
from tests.dossiers.state_regression import subscription
from tests.dossiers.table import DOSSIERS as ALL

INVOICE_AT, DUE_AT, POSTED_AT = 3, 13, 40
DOSSIER = DOSSIERS[0]._replace(subject=None)


def invoice(at: float = INVOICE_AT, status: str = "posted", **told: Any) -> Story:
    return (change(at, "billing", "invoice", "I", number="INV-7", status=status, total="119.00 EUR", **told),)


def posting(at: float = POSTED_AT, status: str = "posted", by: str = "someone") -> Story:
    told = {"document_type": "invoice", "document_ref": "INV-7", "status": status}
    return (change(at, "erp", "ledger_posting", "L", **told, by=by),)


def played(*stories: Story, until: float = DOSSIER.ends) -> Play:
    return Play(DOSSIER).told(tuple(c for story in stories for c in story)).heard(until).run()


def audited(play: Play) -> list[dict[str, Any]]:
    return [w.value for w in play.driver.written[topics.AUDIT] if w.value]


def standing(play: Play, drift_id: str | None = None) -> dict[str, int]:
    """How many obligations have which result: as the records' schema says to count."""
    told = [a for a in audited(play) if drift_id in (None, a["drift_id"])]
    counts = Counter(a["result"] for a in told)
    counts.subtract(a["amends"] for a in told if a["amends"])
    return {result: count for result, count in counts.items() if count}


def results(play: Play) -> list[tuple[str, float]]:
    return [(a["result"], a["settled_at"] / SECOND) for a in audited(play)]


@pytest.mark.parametrize(
    ("dossier", "impacting"),
    [
        (MORE_THAN_CHARGED, True),
        (LESS_THAN_CHARGED, False),
        (STATES[0], True),
        (STATES[0]._replace(story=(subscription(3, "active"), subscription(8, "draft")), subject=None), False),
    ],
    ids=["given away", "kept from who paid", "a paid invoice", "a subscription"],
)
def test_finance_is_concerned_where_what_is_wrong_is_money(dossier: Dossier, impacting: bool) -> None:
    (drift,) = Play(dossier).told(dossier.story).heard(dossier.ends).run().drifts()

    assert drift["finance_impacting"] is impacting


def test_the_audit_keeps_who_owed_what_by_when() -> None:
    play = played(invoice())
    (drift,) = play.drifts()

    (entry,) = audited(play)

    assert {**entry, "amount": None} == {
        "drift_id": drift["drift_id"],
        "kind": "invoice_not_posted",
        "canonical_id": "crm:A",
        "system": "billing",
        "entity": "invoice",
        "native_id": "I",
        "triggered_at": INVOICE_AT * SECOND,
        "due_at": DUE_AT * SECOND,
        "settled_at": DUE_AT * SECOND,
        "result": "missed",
        "amends": "",
        "amount": None,
        "answered_at": None,
    }
    assert (entry["amount"]["amount"], entry["amount"]["currency"]) == (Decimal(119), "EUR")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((invoice(), posting(9)), [("met", DUE_AT)]),
        ((invoice(), posting(DUE_AT)), [("met", DUE_AT)]),
        ((invoice(), posting(POSTED_AT)), [("missed", DUE_AT), ("late", POSTED_AT)]),
        ((invoice(), invoice(9, "voided")), [("withdrawn", 9)]),
        ((invoice(), invoice(POSTED_AT, "voided")), [("missed", DUE_AT), ("late", POSTED_AT)]),
    ],
    ids=["before it was due", "just in time", "too late", "not owed any more", "not owed after it was due"],
)
def test_the_audit_keeps_how_each_obligation_ended(told: tuple[Story, ...], expected: list[tuple[str, float]]) -> None:
    play = played(*told)

    assert results(play) == expected
    assert standing(play) == {expected[-1][0]: 1}, "an obligation counts once"


def test_what_late_evidence_overturns_was_retracted() -> None:
    play = played(invoice(), until=20)
    play.tell(posting(9))
    play.run().heard(DOSSIER.ends).run()

    assert [result for result, _ in results(play)] == ["missed", "retracted"]
    assert standing(play) == {"retracted": 1}


def test_late_evidence_that_overturns_what_late_evidence_had_retracted_amends_that() -> None:
    play = played(invoice(), until=20)
    play.tell(posting(9))
    play.run()
    play.tell(posting(10, status="draft"))
    play.run().heard(DOSSIER.ends).run()

    assert [(a["result"], a["amends"]) for a in audited(play)] == [
        ("missed", ""),
        ("retracted", "missed"),
        ("missed", "retracted"),
    ]
    assert standing(play) == {"missed": 1}


def test_what_late_evidence_shows_was_not_answered_in_time_is_the_drift_of_the_obligation_itself() -> None:
    play = played(invoice(), posting(9), until=30)
    play.tell(posting(10, status="draft"))
    play.tell(posting(POSTED_AT))
    play.run().heard(DOSSIER.ends).run()
    in_time = played(invoice(), posting(9), posting(10, status="draft"), posting(POSTED_AT))

    assert results(play) == [("met", DUE_AT), ("missed", DUE_AT), ("late", POSTED_AT)]
    assert results(in_time) == [("missed", DUE_AT), ("late", POSTED_AT)]
    assert [a["amends"] for a in audited(play)] == ["", "met", "missed"]
    assert standing(play) == standing(in_time) == {"late": 1}
    assert play.lives() == in_time.lives()


@pytest.mark.parametrize(
    ("told", "late", "counted"),
    [
        ((invoice(17), invoice(24, "voided")), posting(12), {"withdrawn": 1}),
        ((invoice(15), invoice(28, "draft")), posting(2, "draft"), {"late": 1}),
        ((invoice(15), posting(20), invoice(28, "draft")), posting(16, "draft"), {"late": 1}),
        ((invoice(15), posting(20), invoice(28, "draft")), posting(26), {"met": 1}),
    ],
    ids=["withdrawn", "opened and not owed any more", "met, which it was not", "met"],
)
def test_what_is_not_demanded_any_more_counts_once_when_late_evidence_has_it_judged_again(
    told: tuple[Story, ...], late: Story, counted: dict[str, int]
) -> None:
    play = played(*told, until=60)
    play.tell(late)
    play.run().heard(DOSSIER.ends).run()

    assert standing(play) == counted


def test_what_was_met_and_by_late_evidence_was_not_demanded_any_more_was_withdrawn() -> None:
    play = played(invoice(), posting(9), until=30)
    play.tell(invoice(5, "voided"))
    play.run().heard(DOSSIER.ends).run()

    assert [(a["result"], a["amends"]) for a in audited(play)] == [("met", ""), ("withdrawn", "met")]
    assert standing(play) == standing(played(invoice(), posting(9), invoice(5, "voided"))) == {"withdrawn": 1}


# -- kinds of grace: what differed, and did not any more


DIVERGING = DIVERGENCE[0]._replace(subject=None)


def diverged(*stories: Story, until: float = 30, **governed_: Any) -> Play:
    governance = governed(DIVERGING)
    play = Play(DIVERGING, governance.model_copy(update=governed_))
    return play.told(tuple(c for story in stories for c in story)).heard(until).run()


@pytest.mark.parametrize(
    ("told", "answered"),
    [
        ((invoice(), posting(9)), [9]),
        ((posting(2), invoice()), [2]),
        ((invoice(), posting(9), posting(11, by="another")), [11]),
        ((invoice(), posting(9), posting(14, by="another")), [9]),
        ((invoice(), posting(POSTED_AT)), [None, POSTED_AT]),
        ((invoice(), invoice(9, "voided")), [None]),
        ((invoice(), invoice(POSTED_AT, "voided")), [None, None]),
    ],
    ids=["in time", "before it was demanded", "and changed by then", "and changed after it was due", "too late",
         "not owed any more", "not owed after it was due"],
)  # fmt: skip
def test_the_audit_keeps_when_an_obligation_was_answered(told: tuple[Story, ...], answered: list[float | None]) -> None:
    assert [a["answered_at"] and a["answered_at"] / SECOND for a in audited(played(*told))] == answered


def test_what_holds_for_the_hold_down_was_answered_when_that_began() -> None:
    play = Play(DOSSIER._replace(governed={"hold_down_seconds": 20}))
    play.told((*invoice(), *posting())).heard(POSTED_AT + 30).run()

    assert [(a["result"], a["settled_at"] / SECOND, a["answered_at"]) for a in audited(play)] == [
        ("missed", DUE_AT, None),
        ("late", POSTED_AT + 20, POSTED_AT * SECOND),
    ]


def test_a_mismatch_that_went_in_time_was_answered_then() -> None:
    assert [a["answered_at"] for a in audited(diverged(differs(5), agrees(9)))] == [9 * SECOND]


def differs(at: float, tax_id: str = "DE000") -> Story:
    return (billing(at, tax_id=tax_id),)


def agrees(at: float, **told: Any) -> Story:
    return (billing(at, **told),)


def results_told(play: Play) -> list[tuple[str, float, str]]:
    return [(a["result"], a["settled_at"] / SECOND, a["amends"]) for a in audited(play)]


@pytest.mark.parametrize("at", [4, 7], ids=["before it began", "while it lasted"])
def test_late_evidence_that_changes_nothing_of_what_was_met_is_not_told(at: float) -> None:
    play = diverged(differs(5), agrees(9))
    for late in (at, at + 0.5):
        play.tell((erp(late, name=f"Acme G.m.b.H.{' ' * round(late)}"),))
        play.run()
    play.heard(900).run()

    assert results_told(play) == [("met", 9, "")]


def test_late_evidence_that_has_a_drift_judged_again_counts_it_once() -> None:
    play = diverged(differs(5), agrees(20))
    play.tell((erp(4, name="Acme G.m.b.H."),))
    play.run().heard(900).run()

    assert standing(play) == {"late": 1}
    assert all(amends for _, _, amends in results_told(play)[1:])


def test_what_late_evidence_shows_was_not_put_right_is_missed_and_not_met() -> None:
    play = diverged(differs(5), agrees(9))
    play.tell(agrees(8, email="new@acme.example"))  # written after that of 9, by a clock that was behind
    play.run().heard(900).run()

    assert results_told(play) == [("met", 9, ""), ("missed", 15, "met")]


def test_what_late_evidence_shows_was_put_right_sooner_amends_what_was_told() -> None:
    play = diverged(differs(5), agrees(9))
    met = audited(play)[0]["drift_id"]
    play.tell((erp(7, tax_id="DE000"),))
    play.run().heard(900).run()

    assert [(a["result"], a["settled_at"] / SECOND, a["amends"]) for a in audited(play) if a["drift_id"] == met] == [
        ("met", 9, ""),
        ("met", 7, "met"),
    ]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_comes_late_each_obligation_counts_once(seed: int) -> None:
    rng = random.Random(seed)

    def one() -> Change:
        tell = rng.choice([billing, erp])
        return tell(
            rng.randint(2, 60), tax_id=rng.choice(["DE000", "DE811569869"]), name=rng.choice(["Acme GmbH", "A"])
        )

    play = diverged(tuple(one() for _ in range(rng.randint(1, 5))), until=70)
    for _ in range(4):
        play.tell((one(),))
        play.run()
    play.heard(900).run()

    for drift_id in {a["drift_id"] for a in audited(play)}:
        assert list(standing(play, drift_id).values()) == [1]


@pytest.mark.parametrize("times", [KEPT, KEPT + 1, KEPT + 5])
@pytest.mark.parametrize("at", [4, 6.5, 9.5, 30.5])
def test_what_flaps_more_often_than_is_remembered_counts_once_too(times: int, at: float) -> None:
    play = diverged(*(story for n in range(times) for story in (differs(5 + 2 * n), agrees(6 + 2 * n))), until=80)
    play.tell((erp(at, name="Acme G.m.b.H."),))
    play.run().heard(900).run()

    assert standing(play) == {"met": times}


@pytest.mark.parametrize(("first", "then"), [(22, 7), (7, 22), (22, 4), (6, 8), (30, 7)])
def test_what_comes_late_in_one_commit_counts_once_as_in_two(first: int, then: int) -> None:
    play = diverged(differs(5), agrees(9), differs(20), agrees(24), until=40)
    for one in (crm(first, email="pay@acme.example"), erp(then, name="Acme G.m.b.H.")):
        play.tell((one,))
        told_to_judge_together(play)
    play.run().heard(900).run()

    assert standing(play) == {"met": 2}


def test_a_drift_that_was_told_anew_and_closed_as_moved_counts_once_when_it_is_told_again() -> None:
    play = diverged(differs(3), until=70)
    for late in (deletion(56, "billing", "customer", "B", "B"), erp(14), billing(29, tax_id="DE000")):
        play.tell((late,))
        play.run()
    play.heard(900).run()

    assert standing(play) == {"missed": 1}


@pytest.mark.parametrize("at", [4, 18, 22])
@pytest.mark.parametrize(
    "goes", [billing(56, tax_id="DE000", crm_ref="A2"), deletion(56, "billing", "customer", "B", "B")]
)
def test_a_drift_that_closed_as_moved_counts_once_when_late_evidence_begins_it_again(goes: Change, at: float) -> None:
    other = (change(1, "crm", "customer", "A2", name="Acme GmbH", status="active"),)
    play = diverged(other, differs(5), agrees(9), differs(20), (goes,), until=70)
    play.tell((erp(at, name="Acme G.m.b.H."),))
    play.run().heard(900).run()

    assert standing(play) == {"met": 1, "missed": 1}


def outcomes(play: Play) -> Counter[str]:
    """What judge counts of late evidence, by whether it has its instant judged again."""
    shards = [play.driver.shard("judge", p) for p in range(play.governance.partitions)]
    return Counter({name: sum(shard.outcomes[name] for shard in shards) for name in ("late", "too_late")})


@pytest.mark.parametrize(("first", "then", "counted"), [
    (55, 75, {"late": 1, "too_late": 1}),
    (75, 55, {"late": 1, "too_late": 1}),
    (75, 76, {"late": 2}),
    (20, 20.5, {"too_late": 2}),
])  # fmt: skip
@pytest.mark.parametrize("together", [True, False])
def test_what_came_too_late_to_amend_is_counted(
    first: int, then: float, counted: dict[str, int], together: bool
) -> None:
    play = diverged(differs(5), agrees(60), differs(70), agrees(80), until=100, late_retention_seconds=50)
    before = outcomes(play)
    for one in (crm(first, email="pay@acme.example"), erp(then, name="Acme G.m.b.H.")):
        play.tell((one,))
        told_to_judge_together(play) if together else play.run()
    play.run()

    assert outcomes(play) - before == counted


@pytest.mark.parametrize(
    ("times", "at", "counted"), [(KEPT - 1, 4, "late"), (KEPT, 4, "too_late"), (KEPT, 6.5, "late")]
)
def test_what_reaches_behind_a_full_memory_is_counted(times: int, at: float, counted: str) -> None:
    play = diverged(*(story for n in range(times) for story in (differs(5 + 2 * n), agrees(6 + 2 * n))), until=80)
    before = outcomes(play)
    play.tell((erp(at, name="Acme G.m.b.H."),))
    play.run()

    assert outcomes(play) - before == {counted: 1}


def told_to_judge_together(play: Play) -> None:
    """What the sources told reaches judge and is folded there, and not committed yet."""
    driver = play.driver
    while waiting := [place for place, queue in driver.queues.items() if queue]:
        for place in waiting:
            (driver.fold if place[0] == topics.CHANGES else driver.run_one)(place)


def test_what_was_met_is_remembered_as_long_as_late_evidence_may_come_and_no_longer() -> None:
    play = diverged(differs(5), agrees(9), late_retention_seconds=50)

    def remembered() -> list[str]:
        shards = range(play.governance.partitions)
        held = (item for p in shards for item in play.driver.state("judge", p).items())
        return [key for key, value in held if "told" in value]

    assert len(remembered()) == 1
    play.heard(58).run()
    assert len(remembered()) == 1
    play.heard(70).run()
    assert remembered() == []


def test_where_a_source_lags_it_is_remembered_for_longer() -> None:
    play = diverged(differs(5), agrees(9), late_retention_seconds=50)
    play.heard(200, *(name for name in play.governance.systems if name != "processor")).run()
    play.tell((erp(7, name="Acme G.m.b.H."),))
    play.run().heard(900).run()

    assert results_told(play) == [("met", 9, "")]


def test_late_evidence_of_a_loss_after_it_was_answered_in_time_leaves_it_met() -> None:
    play = played(invoice(), posting(9), until=30)
    play.tell(posting(20, status="draft"))
    play.run().heard(DOSSIER.ends).run()

    assert results(play)[0] == ("met", DUE_AT)
    assert audited(play)[1]["amends"] == "", "the loss is an obligation of its own"
    assert [drift["drift_id"] for drift in play.drifts()] != [audited(play)[0]["drift_id"]]


def test_late_evidence_that_answers_nothing_overturns_nothing() -> None:
    play = played(invoice(), until=20)
    play.tell(posting(9, status="draft"))
    play.run().heard(DOSSIER.ends).run()

    assert results(play) == [("missed", DUE_AT)]


def test_what_late_evidence_shows_was_not_even_demanded_was_retracted() -> None:
    play = played(invoice(), until=20)
    play.tell(invoice(9, status="voided"))
    play.run().heard(DOSSIER.ends).run()

    assert [result for result, _ in results(play)] == ["missed", "retracted"]


def test_what_stood_so_at_first_sight_is_baseline_in_the_audit_too() -> None:
    play = Play(DOSSIER)
    play.tell((*company(DOSSIER.linked), *invoice()), snapshot=True)
    play.heard(20).run()
    play.tell(posting())
    play.heard(DOSSIER.ends).run()

    assert [result for result, _ in results(play)] == ["baseline", "baseline"]


@pytest.mark.parametrize(
    ("before", "late"),
    [(posting(9), (posting(10, "draft"),)), ((), (posting(9), posting(10, "draft")))],
    ids=["was met", "was missed, then retracted"],
)
def test_what_late_evidence_says_of_the_baseline_takes_the_place_of_the_baseline(
    before: Story, late: tuple[Story, ...]
) -> None:
    play = Play(DOSSIER)
    play.tell((*company(DOSSIER.linked), *invoice(), *before), snapshot=True)
    play.heard(20).run()
    for story in late:
        play.tell(story)
        play.run()
    play.heard(DOSSIER.ends).run()

    assert len(audited(play)) > 1
    assert standing(play) == {"baseline": 1}


def test_a_drift_that_ends_keeps_what_was_told_and_says_when_and_how() -> None:
    opened = played(invoice(), until=30).drifts()[0]

    (closed,) = played(invoice(), posting(by="driftwise")).drifts()

    assert closed == {
        **opened,
        "status": "closed",
        "closed_at": POSTED_AT * SECOND,
        "how": "corrected",
        "watermarks": closed["watermarks"],
    }


def test_a_command_carries_all_that_an_executor_needs() -> None:
    play = played(invoice())
    (drift,) = play.drifts()

    (written,) = [w for w in play.driver.written[topics.COMMANDS] if w.value]

    (evidence,) = drift["evidence"]
    assert written.key == "erp/INV-7"
    assert written.value == {
        "command_id": drift["command_id"],
        "idempotency_key": ids.idempotency_key(drift["command_id"], 0),
        "drift_id": drift["drift_id"],
        "kind": "invoice_not_posted",
        "type": "erp.invoice.post",
        "sort": "ask",
        "target_system": "erp",
        "target_entity": "ledger_posting",
        "target_id": "INV-7",
        "canonical_id": "crm:A",
        "mode": "execute",
        "desired": {"document_type": "invoice", "document_ref": "INV-7"},
        "expected": {},
        "evidence_versions": {"billing/invoice/I": evidence["version"]},
        "not_after": drift["opened_at"] + 7 * 86_400 * SECOND,
        "approved_by": "",
    }


@pytest.mark.parametrize(("attributes", "headers"), [({}, ()), ({"correlation_id": "ä-1"}, ("ä-1",))])
def test_a_command_names_the_business_transaction_beside_its_content(
    attributes: dict[str, str], headers: tuple[str, ...]
) -> None:
    (written,) = (w for w in played(invoice(**attributes)).driver.written[topics.COMMANDS] if w.value)
    (plain,) = (w for w in played(invoice()).driver.written[topics.COMMANDS] if w.value)

    assert written.headers == tuple((topics.CORRELATION_HEADER, name.encode()) for name in headers)
    assert written.value == plain.value


def test_a_drift_tells_how_far_each_source_was_heard() -> None:
    (drift,) = played(invoice()).drifts()

    assert set(drift["watermarks"].values()) == {round(DOSSIER.ends * SECOND)}


def test_a_drift_is_found_by_the_correlation_id_of_the_first_record_that_has_one() -> None:
    drafted = (change(5, "erp", "ledger_posting", "L", document_type="invoice", document_ref="INV-7", status="draft",
                      correlation_id="corr-2"),)  # fmt: skip

    none = played(invoice()).drifts()[0]["correlation_id"]
    first = played(invoice(correlation_id="corr-1"), drafted).drifts()[0]["correlation_id"]
    second = played(invoice(), drafted).drifts()[0]["correlation_id"]

    assert (none, first, second) == ("", "corr-1", "corr-2")


def with_fleet(**rules: Any) -> Play:
    """Whether corrections have an effect is somebody's business here."""
    dossier = DOSSIER._replace(governed=rules)
    base = governed(dossier)
    return Play(dossier, base.model_copy(update={"judged": (dossier.kind, corrections.KIND)}))


def told_to_the_fleet(play: Play) -> list[tuple[str, dict[str, Any]]]:
    written = play.driver.written[topics.PROGRESS]
    return [(w.record, w.value) for w in written if w.record in ("CorrectionAsked", "DriftEnded") and w.value]


def test_the_fleet_is_told_once_that_a_correction_is_asked_for_and_once_how_its_drift_ended() -> None:
    play = with_fleet().told((*invoice(), *posting(by="driftwise"))).heard(DOSSIER.ends).run()

    (drift,) = play.drifts()
    (asked, of), (ended, how) = told_to_the_fleet(play)
    assert (asked, ended) == ("CorrectionAsked", "DriftEnded")
    assert (of["drift_id"], of["amount_at_stake"]["amount"]) == (drift["drift_id"], 119)
    assert how == {"drift_id": drift["drift_id"], "closed_at": POSTED_AT * SECOND, "how": "corrected"}


@pytest.mark.parametrize("mode", ["propose", "alert"])
def test_what_is_not_performed_has_no_effect_to_wait_for(mode: str) -> None:
    play = with_fleet(mode=mode).told((*invoice(), *posting())).heard(DOSSIER.ends).run()

    (drift,) = play.drifts()
    assert (drift["mode"], bool(drift["command_id"])) == (mode, mode == "propose")
    assert told_to_the_fleet(play) == []


def test_what_nothing_is_asked_for_about_has_no_effect_to_wait_for() -> None:
    dossier = next(d for d in ALL if d.kind == "step_out_of_order")
    base = governed(dossier)
    play = Play(dossier, base.model_copy(update={"judged": (dossier.kind, corrections.KIND)}))
    play.told(dossier.story).heard(dossier.ends).run()

    (drift,) = play.drifts()
    assert (drift["mode"], drift["command_id"]) == ("execute", None)
    assert told_to_the_fleet(play) == []


def test_nobody_is_sent_for_what_stood_so_at_first_sight() -> None:
    play = with_fleet()
    play.tell((*company(DOSSIER.linked), *invoice()), snapshot=True)
    play.heard(DOSSIER.ends).run()

    (drift,) = play.drifts()
    assert (drift["status"], drift["mode"], drift["command_id"]) == ("baseline", "alert", None)
    assert told_to_the_fleet(play) == []
    assert process(play)["open_drifts"] == {}


def process(play: Play) -> dict[str, Any]:
    (value,) = [v for v in play.driver.latest(topics.CORRECTED_STATE) if "open_drifts" in v and v["members"]]
    return value


def condition(play: Play) -> tuple[str, str]:
    (found,) = [c for c in process(play)["conditions"] if c["type"] == "InvoicesPosted"]
    return found["status"], found["reason"]


def test_the_customer_counts_what_is_open_and_says_whether_all_is_in_order() -> None:
    told = (
        *invoice(),
        change(INVOICE_AT, "billing", "invoice", "J", number="INV-8", status="posted", total="1.00 EUR"),
    )

    play = played(told, until=30)
    assert (process(play)["open_drifts"], condition(play)) == ({DOSSIER.kind: 2}, ("False", "InvoiceNotPosted"))
    play.tell(posting())
    play.heard(DOSSIER.ends).run()
    assert (process(play)["open_drifts"], condition(play)) == ({DOSSIER.kind: 1}, ("False", "InvoiceNotPosted"))
    play = played(invoice(), posting())
    assert (process(play)["open_drifts"], condition(play)) == ({}, ("True", "AsExpected"))


def test_of_each_source_it_tells_how_far_all_its_partitions_were_heard() -> None:
    play = Play(DOSSIER).told(invoice()).heard(30, "crm", "billing", "erp")
    for partition, until in ((0, 50), (1, 20)):
        report(play, "processor", partition, until)
    report(play, "product", 0, 40)
    report(play, "product", 1, None)

    (drift,) = play.run().drifts()

    heard = {name: until / SECOND for name, until in drift["watermarks"].items() if "@links" not in name}
    assert {name.partition("/")[0]: until for name, until in heard.items()} == {
        "crm": 30, "billing": 30, "erp": 30, "processor": 20,
    }  # fmt: skip


def report(play: Play, system: str, partition: int, until: float | None) -> None:
    """None: it has lost what came in between."""
    value = {
        "system": system,
        "object": ALL_OBJECTS,
        "partition": partition,
        "epoch": 0,
        "phase": "streaming" if until is not None else "gap",
        "watermark": None if until is None else until * SECOND,
        "observed_at": 0,
    }
    play.driver.pipe(topics.source_topic(system), "", "SourceProgress", value, partition=partition)


def test_an_opening_says_nothing_of_an_end() -> None:
    (drift,) = played(invoice(), until=30).drifts()

    assert (drift["how"], drift["restraint"], drift["segment"], drift["closed_at"]) == ("", "", "", None)
