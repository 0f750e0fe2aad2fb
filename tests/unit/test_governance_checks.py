"""What is wrong with governance is told with file, key and remedy; a typo with what was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.governance.load import DEFAULT
from streams.governance.process import STEP_PAIRS
from streams.kinds.rules import invoice_before_customer, step_out_of_order
from tests.unit.governance_folder import folder_of, problem_of

RULE = "kind: invoice_not_posted, system: billing, reason: test, by: ada"
BAD = {
    # what is wrong: (file, text, what the error must name)
    "a currency without exponent": (
        "finance", "currencies: {JPY: null, USD: }", ("entities.yaml: US01.currency", "USD has no exponent", "USD: 2"),
    ),
    "an exponent that is a word": (
        "finance", "currencies: {EUR: two}", ("finance.yaml: currencies", "EUR has no exponent", "EUR: 2"),
    ),
    "a new company whose currency has no exponent": (
        "entities",
        "MX01: {country: MX, currency: MXV, zone: America/Mexico_City}",
        ("entities.yaml: MX01.currency", "MXV has no exponent", "finance.yaml"),
    ),
    "two owners in one file": (
        "ownership",
        "customer:\n  name: crm\n  email: crm\n  name: erp",
        ("ownership.yaml", "'name' is given twice, in lines 2 and 4", "keep one"),
    ),
    "a typo in an entity's key": (
        "entities", "DE01: {zome: Europe/Rome}", ("entities.yaml: DE01.zome", "did you mean 'zone'?"),
    ),
    "a typo in a kind's key": (
        "kinds",
        "invoice_not_posted: {tolerance_absolut: 1}",
        ("kinds.yaml: invoice_not_posted.tolerance_absolut", "did you mean 'tolerance_absolute'?"),
    ),
    "a typo within a vocabulary": (
        "mappings__erp",
        "customer: {attributes: {status: {feild: x, map: {}}}}",
        ("mappings/erp.yaml: customer.attributes.status.Vocabulary", "did you mean 'field'?"),
    ),
    "a typo at the top": ("systems", "systms: {}", ("systems.yaml: systms", "did you mean 'systems'?")),
    "a typo in a mode": ("kinds", "invoice_not_posted: {mode: exekute}", ("did you mean 'execute'?",)),
    "a typo in a file's name": ("entitis", "", ("entitis.yaml", "did you mean 'entities'?")),
    "a typo in a zone": (
        "entities", "DE01: {zone: Europe/Berlim}", ("entities.yaml: DE01.zone", "did you mean 'Europe/Berlin'?"),
    ),
    "holidays of nowhere": (
        "entities", "DE01: {holidays_country: QQ}", ("entities.yaml: DE01", "'QQ'", "list them in holidays_also"),
    ),
    "a state that the country does not have": (
        "entities", "DE01: {holidays_subdivision: BW2}", ("entities.yaml: DE01", "did you mean 'BW'?"),
    ),
    "a freeze that ends before it begins": (
        "entities",
        "DE01: {close_freezes: [{begins: 2026-02-03, ends: 2026-02-01}]}",
        ("entities.yaml: DE01.close_freezes.0", "exchange the two"),
    ),
    "a cause that is no kind": (
        "process",
        "missing_edges: {no_subscription: {cause: won_without_subscriptions}}",
        (
            "process.yaml: missing_edges.no_subscription.cause",
            "did you mean 'won_without_subscription'?",
            "null for the whole edge",
        ),
    ),
    "periods out of order": (
        "entities",
        "DE01: {period_ends: [2026-03-31, 2026-02-28]}",
        ("entities.yaml: DE01.period_ends", "2026-02-28 stands behind 2026-03-31", "the earliest first"),
    ),
    "a period that ends twice": (
        "entities",
        "DE01: {period_ends: [2026-03-31, 2026-03-31]}",
        ("entities.yaml: DE01.period_ends", "list each day once"),
    ),
    "a company code that is a number": (
        "entities",
        "1000: {country: DE, currency: EUR, zone: Europe/Berlin}",
        ("entities.yaml: 1000", "put it between quotes"),
    ),
    "a segment that nobody has": (
        "kinds",
        "invoice_not_posted: {segments: {enterprize: {sla_seconds: 1}}}",
        ("kinds.yaml: invoice_not_posted.segments.enterprize", "did you mean 'enterprise'?", "systems.yaml"),
    ),
    "a rule that no segment can have": (
        "kinds",
        "invoice_not_posted: {segments: {enterprise: {owner: me}}}",
        ("kinds.yaml: invoice_not_posted.segments.enterprise.owner", "no such key", "sla_seconds"),
    ),
    "an owner of an unknown attribute": (
        "ownership", "invoice: {totl: erp}", ("ownership.yaml: invoice.totl", "did you mean 'total'?"),
    ),
    "an owner of an unknown entity": (
        "ownership", "invoyce: {total: erp}", ("ownership.yaml: invoyce", "did you mean 'invoice'?"),
    ),
    "an owner of whatever a customer has": (
        "ownership", 'customer: {"*": erp}', ("ownership.yaml: customer.*", "list each"),
    ),
    "a system that serves no company": (
        "systems",
        "systems: {erp: {serves: {DE02: 2026-01-01}}}",
        ("systems.yaml: systems.erp.serves.DE02", "did you mean 'DE01'?", "entities.yaml"),
    ),
    "a country sold to by no company": (
        "finance", "routing: {IT: IT01}", ("finance.yaml: routing.IT", "entities.yaml"),
    ),
    "an ignore rule without expiry": (
        "ignore", f"old: {{{RULE}}}", ("ignore.yaml: old.expires_at", "is missing: add it"),
    ),
    "an expiry without a time zone": (
        "ignore", f"old: {{{RULE}, expires_at: 2027-01-01T00:00:00}}", ("ignore.yaml: old.expires_at", "timezone"),
    ),
    "an ignore rule for a whole kind": (
        "ignore",
        "old: {kind: invoice_not_posted, reason: r, by: ada, expires_at: 2027-01-01T00:00:00Z}",
        ("ignore.yaml: old", "name system, native_id or customer"),
    ),
    "an ignore rule of no kind": (
        "ignore",
        "old: {kind: invoice_posted, system: billing, reason: r, by: ada, expires_at: 2027-01-01T00:00:00Z}",
        ("ignore.yaml: old.kind", "did you mean 'invoice_not_posted'?"),
    ),
    "an ignore rule of no system": (
        "ignore",
        "old: {kind: invoice_not_posted, system: bling, reason: r, by: ada, expires_at: 2027-01-01T00:00:00Z}",
        ("ignore.yaml: old.system", "did you mean 'billing'?"),
    ),
    "a cut-over without a time zone": ("systems", "go_live_at: 2026-01-01T00:00:00", ("go_live_at", "timezone")),
    "a cut-over that is a number": (
        "systems",
        "go_live_at: 20260301",
        ("systems.yaml: go_live_at", "20260301 is no instant", "2026-03-01T00:00:00Z"),
    ),
    "an expiry that is a number": (
        "ignore", f"old: {{{RULE}, expires_at: 2027}}", ("ignore.yaml: old.expires_at", "2027 is no instant"),
    ),
    "a negative tolerance": (
        "kinds",
        "contract_value_mismatch: {tolerance_absolute: -1}",
        ("kinds.yaml: contract_value_mismatch.tolerance_absolute", "state 0 or more"),
    ),
    "a tolerance of 500 percent": (
        "kinds",
        "contract_value_mismatch: {segments: {enterprise: {tolerance_relative: 5}}}",
        ("contract_value_mismatch.segments.enterprise.tolerance_relative", "0.05 for 5 percent"),
    ),
    "a limit in no currency": (
        "kinds",
        "invoice_not_posted: {execute_up_to: {EUC: 5}}",
        ("kinds.yaml: invoice_not_posted.execute_up_to.EUC", "did you mean 'EUR'?", "finance.yaml"),
    ),
    "a flag for a span": ("kinds", "invoice_not_posted: {sla_seconds: true}", ("invoice_not_posted.sla_seconds",)),
    "a team without a name": ("kinds", "invoice_not_posted: {owner_team: ''}", ("owner_team", "name the team")),
    "a vendor without a name": ("systems", "systems: {erp: {vendor: ''}}", ("systems.erp.vendor", "postgresql")),
    "a state that there is none of": (
        "process",
        "orders: {invoice: {status: [draft, posst, paid]}}",
        ("process.yaml: orders.invoice.status", "'posst' is no state of it", "did you mean 'posted'?"),
    ),
    "a state that comes twice": (
        "process",
        "orders: {invoice: {status: [draft, [posted, draft]]}}",
        ("process.yaml: orders.invoice.status", "'draft' is listed twice", "keep one"),
    ),
    "an order of what is no state": (
        "process",
        "orders: {invoice: {number: [first]}}",
        ("process.yaml: orders.invoice.number", "status, payment_status"),
    ),
    "a pair of steps that nobody looks at": (
        "process",
        "step_tolerance_seconds: {posting_before_invoise: 5}",
        ("process.yaml: step_tolerance_seconds.posting_before_invoise", "did you mean 'posting_before_invoice'?"),
    ),
    "a country by its name": (
        "finance", "routing: {Germany: DE01}", ("finance.yaml: routing.Germany", "DE for a country"),
    ),
    "a tax code that ends before it begins": (
        "finance",
        "tax_codes: {DE19: {begins: 2026-05-01, ends: 2026-04-01}}",
        ("finance.yaml: tax_codes.DE19", "exchange the two"),
    ),
    "tolerances that are none": ("finance", "tolerances: 5", ("finance.yaml: tolerances",)),
    "mappings in the file of the systems": (
        "systems", "mappings: {erp: {}}", ("mappings: has a file of its own", "mappings/SYSTEM.yaml"),
    ),
    "what begins with no such entity": (
        "triggers",
        "invoyce: {posted: {when: {status: [posted]}}}",
        ("triggers.yaml: invoyce: ", "did you mean 'invoice'?"),
    ),
    "what begins with a record that no kind begins with": (
        "triggers",
        "contract: {signed: {when: {status: [active]}}}",
        ("triggers.yaml: contract: nothing begins with a record of it", "known: opportunity, order"),
    ),
    "a fact that no kind counts from": (
        "triggers",
        "opportunity: {one: {when: {stage: [won]}}}",
        ("triggers.yaml: opportunity.one: no kind counts from it", "did you mean 'won'?"),
    ),
    "a fact that is left out": (
        "triggers",
        "opportunity: {won: null}",
        ("triggers.yaml: opportunity.won: is missing", "say when the deal was won"),
    ),
    "the facts of an entity that are left out": (
        "triggers", "order: null", ("triggers.yaml: order.fulfilled: is missing", "say when everything was delivered"),
    ),
    "a fact of an unknown attribute": (
        "triggers",
        "opportunity: {won: {when: {stag: [won]}}}",
        ("triggers.yaml: opportunity.won.when.stag: no attribute of opportunity", "did you mean 'stage'?"),
    ),
    "a fact of a state that there is none of": (
        "triggers",
        "opportunity: {won: {when: {stage: [wun]}}}",
        ("triggers.yaml: opportunity.won.when.stage: 'wun' is no state of it", "did you mean 'won'?"),
    ),
    "a fact of all but a state that there is none of": (
        "triggers",
        "customer: {set_up: {when: {status: {other_than: [prospct]}}}}",
        ("triggers.yaml: customer.set_up.when.status: 'prospct' is no state of it", "did you mean 'prospect'?"),
    ),
    "a state without brackets": (
        "triggers",
        "opportunity: {won: {when: {stage: won}}}",
        ("triggers.yaml: opportunity.won.when.stage: 'won' is no condition", "write [won] for a state"),
    ),
    "a typo in a condition": (
        "triggers",
        "invoice: {posted: {when: {total: not_zeroo}}}",
        ("triggers.yaml: invoice.posted.when.total: ", "did you mean 'not_zero'?"),
    ),
    "a condition of another form": (
        "triggers",
        "customer: {set_up: {when: {status: {otherthan: [prospect]}}}}",
        ("customer.set_up.when.status: ", "did you mean 'other_than'?", "{other_than: [state, other_state]}"),
    ),
    "a condition that is a number": (
        "triggers", "opportunity: {won: {when: {stage: 5}}}", ("opportunity.won.when.stage: 5 is no list of states",),
    ),
    "a condition of no state": (
        "triggers", "opportunity: {won: {when: {stage: []}}}", ("opportunity.won.when.stage: [] is no list of states",),
    ),
    "a condition with a state twice": (
        "triggers", "opportunity: {won: {when: {stage: [won, won]}}}", ("won is listed twice: take one out",),
    ),
    "states of a flag": (
        "triggers",
        "opportunity: {ordered: {when: {order_managed: [yes]}}}",
        ("opportunity.ordered.when.order_managed: ", "of type flag: write true or false"),
    ),
    "states of an amount": (
        "triggers", "invoice: {live: {when: {total: [many]}}}", ("live.when.total: ", "an amount: write stated"),
    ),
    "states of a day": ("triggers", "invoice: {live: {when: {due_on: [today]}}}", ("of type date: write stated",)),
    "a flag that is none": (
        "triggers", "invoice: {live: {when: {status: true}}}", ("true is for flags, and it is of type text",),
    ),
    "an amount that is none": (
        "triggers",
        "invoice: {live: {when: {status: not_zero}}}",
        ("not_zero is for amounts and numbers, and it is of type text",),
    ),
    "a fact without a condition": (
        "triggers",
        "opportunity: {won: {when: {stage: null}}}",
        ("triggers.yaml: opportunity.won.when: has no condition", "state one"),
    ),
    "what kinds cannot do without": (
        "triggers",
        "invoice: {posted: {when: {total: null}}}",
        ("triggers.yaml: invoice.posted.when.total: kinds cannot tell", "write stated, or not_zero"),
    ),
    "states that kinds do not look for": (
        "triggers",
        "invoice: {owed: {when: {payment_status: [open, pending]}}}",
        ("triggers.yaml: invoice.owed.when.payment_status: kinds look only for open, partially_paid, failed",),
    ),
    "what may be without what kinds cannot do without": (
        "triggers",
        "invoice: {posted: {when: {total: unless_zero}}}",
        ("triggers.yaml: invoice.posted.when.total: kinds cannot tell", "write stated, or not_zero"),
    ),
    "a day of an unknown attribute": (
        "triggers",
        "opportunity: {won: {dated_by: closed_on}}",
        ("triggers.yaml: opportunity.won.dated_by: 'closed_on' is no attribute", "did you mean 'closes_on'?"),
    ),
    "a day that is none": (
        "triggers",
        "invoice: {posted: {dated_by: number}}",
        ("triggers.yaml: invoice.posted.dated_by: number is of type text, and no day", "issued_on"),
    ),
    "a day of what states none": (
        "triggers",
        "credit_memo: {posted: {dated_by: number}}",
        ("triggers.yaml: credit_memo.posted.dated_by: its records state no day: take it out",),
    ),
    "a day that nothing counts from": (
        "triggers",
        "invoice: {owed: {dated_by: due_on}}",
        ("triggers.yaml: invoice.owed.dated_by: no deadline is counted from it", "invoice.posted, invoice.voided"),
    ),
    "triggers in the file of a mapping": (
        "mappings__billing",
        "invoice: {triggers: {posted: {when: {status: [paid]}}}}",
        ("mappings/billing.yaml: invoice.triggers: has a file of its own: move it to triggers.yaml",),
    ),
    "triggers in the file of the systems": (
        "systems", "triggers: {}", ("triggers: has a file of its own", "triggers.yaml"),
    ),
    "a replay window in days": (
        "systems", "replay_window_seconds: 30", ("systems.yaml: replay_window_seconds", "late_retention_seconds, 600"),
    ),
    "an audit that is gone before what it is compared with": (
        "systems",
        "replay_window_seconds: null",
        ("systems.yaml: audit_retention_seconds", "no shorter than replay_window_seconds, null, for ever"),
    ),
    "a program that is two": (
        "people", "driftwise: [etl]\nintegration: [etl]", ("people.yaml: integration", "'etl'", "keep one"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_an_error_names_file_key_and_remedy(what: str, tmp_path: Path) -> None:
    file, text, named = BAD[what]

    problem = problem_of(folder_of(tmp_path, **{file: text}))

    assert [word for word in named if word not in problem] == []


def test_the_pairs_of_steps_that_may_be_governed_are_those_that_are_looked_at() -> None:
    assert sorted(STEP_PAIRS) == sorted(
        [*(pair.name for pair in step_out_of_order.PAIRS), invoice_before_customer.NAME]
    )


def test_two_folders_may_not_name_two_owners_of_one_attribute(tmp_path: Path) -> None:
    one = folder_of(tmp_path / "one", ownership="customer: {name: erp}")
    other = folder_of(tmp_path / "other", ownership="customer: {name: billing}")

    problem = problem_of(one, other)

    assert f"ownership.yaml: customer.name: two owners: erp in {one} and billing in {other}; keep one" in problem


def test_all_that_does_not_fit_together_is_told_at_once(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, finance="routing: {IT: IT01}", systems="judged: [nothing]")

    assert len(problem_of(folder).splitlines()) == 2


def test_the_default_files_say_what_is_meant_where_they_are_empty() -> None:
    assert [path.name for path in DEFAULT.glob("*.yaml") if not path.read_text().startswith("#")] == []
