"""What rules about deals, subscriptions and their revenue answer of records that hardly differ."""

from __future__ import annotations

from typing import Any

from streams.governance.model import Governance
from tests.answers import NONE, SETTLED, WAITS, Case, every, hold, of_second_system
from tests.details import plain
from tests.dossiers import activation_stalled as activation
from tests.dossiers import amendment_unpropagated as amendment
from tests.dossiers import cancellation_unpropagated as cancellation
from tests.dossiers import contract_value_mismatch as contracts
from tests.dossiers import entitlement_divergence as provision
from tests.dossiers import erp_financial_profile_missing as setup
from tests.dossiers import revenue_schedule_divergence as revenue
from tests.dossiers import revenue_schedule_missing as missing
from tests.dossiers import step_out_of_order as order
from tests.dossiers import step_skipped as skipped
from tests.dossiers import won_without_erp_customer as account
from tests.dossiers import won_without_erp_order as orders
from tests.dossiers import won_without_subscription as won
from tests.dossiers.model import Change
from tests.dossiers.stage import five_systems

SECONDS = 1_000_000


def compared(*records: Change, **tells: Any) -> Case:
    return Case("contract_value_mismatch", "billing/S", records, tells)


def recut(*schedules: Change, **tells: Any) -> Case:
    records = (amendment.subscription(2, 1, "1200.00 EUR"), amendment.subscription(5, 2, "1500.00 EUR"), *schedules)
    return Case("amendment_unpropagated", "billing/S", records, tells)


def cancelled(*records: Change, **tells: Any) -> Case:
    gone = (cancellation.subscription(2, "active", None), cancellation.subscription(5, "cancelled", None))
    return Case("cancellation_unpropagated", "billing/S", (*gone, *records), tells)


def scheduled(*records: Change, **tells: Any) -> Case:
    return Case("revenue_schedule_divergence", "billing/S", records, tells)


def cut(*records: Change, **tells: Any) -> Case:
    return Case("revenue_schedule_missing", "billing/S", (missing.subscription(3), *records), tells)


def out_of_order(*records: Change, **tells: Any) -> Case:
    return Case("step_out_of_order:payment", "processor/P", records, tells)


def stepped(*records: Change, **tells: Any) -> Case:
    return Case("step_skipped", "billing/S", records, tells)


def carrying_no(entity: str) -> Governance:
    base = five_systems()
    less = {s: {name: m for name, m in of.items() if m.entity != entity} for s, of in base.mappings.items()}
    return base.model_copy(update={"mappings": less})


CASES = {
    "subscription and contract alone": compared(
        contracts.subscription(2), contracts.contract(3, "3000.00 EUR"), satisfied=False, amount="600 EUR",
        seen=["billing/S total_value = 3600.00", "erp/K value = 3000.00"], by="erp/K",
        asks=("erp/contract/K", {"value": "3600.00"}, {"value": "3000.00"}, ""),
    ),
    "the contract is just within what the deal exceeds": compared(
        contracts.deal(2, "3000.00 EUR"), contracts.subscription(2), contracts.contract(3, "3596.40 EUR"),
        satisfied=False, asks=None,
    ),
    "the subscription states no value": Case(
        "contract_value_mismatch", "billing/S",
        (contracts.deal(2), *plain(contracts.subscription(2), total_value=None), contracts.contract(3)), NONE,
    ),
    "in other currencies all of it is at stake": compared(
        contracts.subscription(2), contracts.contract(3, "3600.00 USD"), satisfied=False, amount="3600.00 EUR",
        asks=None,
    ),
    "at rest they agree": Case(
        "contract_value_mismatch", "billing/S", (contracts.subscription(2), contracts.contract(3)), SETTLED,
        at_rest=True,
    ),
    "at rest they are in other currencies": Case(
        "contract_value_mismatch", "billing/S", (contracts.subscription(2), contracts.contract(3, "3600.00 USD")),
        {"satisfied": False}, at_rest=True,
    ),
    "the newest answers": compared(
        contracts.subscription(9), contracts.contract(3), satisfied=True, by="billing/S", amount="0 EUR", asks=None
    ),
    "a schedule that states no version is older than any": recut(
        amendment.schedule(6, "R1", 1, "1.00 EUR"),
        *plain(amendment.schedule(6, "R9", 1, "1.00 EUR"), version_number=None),
        satisfied=False,
        seen=["billing/S version_number = 2", "erp/R1 version_number = 1"],
    ),
    "of two of a version the last by name": recut(
        amendment.schedule(6, "R2", 1, "1.00 EUR"), amendment.schedule(7, "R1", 1, "1.00 EUR"),
        seen=["billing/S version_number = 2", "erp/R2 version_number = 1"],
    ),
    "a closed schedule was not left behind": recut(amendment.schedule(6, "R1", 1, "1.00 EUR", "closed"),
                                                   satisfied=True, by=None),
    "what carries the version answers": recut(
        amendment.schedule(6, "R2", 2, "1500.00 EUR"), amendment.contract(7, "1500.00 EUR", 2), satisfied=True,
        by="erp/K-erp", asks=None, amount="1500.00 EUR", triggered=(5, "v5"),
    ),
    "the first version is no amendment": Case(
        "amendment_unpropagated", "billing/S", (amendment.subscription(2, 1, "1.00 EUR"),), NONE
    ),
    "version zero is none either": Case(
        "amendment_unpropagated", "billing/S", (amendment.subscription(2, 0, "1.00 EUR"),), NONE
    ),
    "a contract that ended carries nothing": recut(
        amendment.contract(6, "1200.00 EUR", 1, status="ended"), satisfied=True, by=None
    ),
    "a contract of a later version": recut(amendment.contract(6, "1.00 EUR", 3), satisfied=True, by="erp/K-erp"),
    "a contract within the tolerance by its value": recut(amendment.contract(6, "1498.50 EUR"), satisfied=True),
    "a contract beyond it": recut(amendment.contract(6, "1498.49 EUR"), satisfied=False, amount="1.51 EUR"),
    "of a cancelled one nothing goes on": cancelled(
        cancellation.schedule(6, "1969-12-31"), cancellation.entitlement(7, "revoked"), satisfied=True,
        by="product/N", asks=None, amount="100.00 EUR", triggered=(5, "v5"), seen=["billing/S status = cancelled"],
    ),
    "its schedule runs to its last day": cancelled(cancellation.schedule(6, cancellation.TODAY), satisfied=True),
    "its schedule runs a day longer": cancelled(
        cancellation.schedule(6, cancellation.TOMORROW), satisfied=False, amount="700 EUR",
        asks=("erp/revenue_schedule/R", {"ends_on": cancellation.TODAY, "status": "closed"},
              {"ends_on": cancellation.TOMORROW}, "erp.revenue_schedule.terminate"),
    ),
    "its schedule has no end": cancelled(cancellation.schedule(6, None), satisfied=False,
                                         seen=["billing/S status = cancelled", "erp/R ends_on = None"]),
    "granted to its last day": cancelled(cancellation.entitlement(6, "active", cancellation.TODAY), satisfied=True),
    "granted a day longer": cancelled(
        cancellation.entitlement(6, "active", cancellation.TOMORROW), satisfied=False,
        asks=("product/entitlement/N", {"status": "revoked"}, {"status": "active"}, "entitlement.revoke"),
    ),
    "the account of its last subscription is still active": cancelled(
        cancellation.account(3, "active"), satisfied=False,
        asks=("crm/customer/A", {"status": "churned"}, {"status": "active"}, "crm.account.set_lifecycle"),
    ),
    "the account has another subscription": cancelled(
        cancellation.account(3, "active"), cancellation.subscription(2, "active", None, "S2"), satisfied=True, by=None
    ),
    "another one ended later": cancelled(
        cancellation.account(3, "active"), cancellation.subscription(9, "cancelled", None, "S2"), satisfied=True
    ),
    "another one ended at once, and comes later by its name": cancelled(
        cancellation.account(3, "active"), cancellation.subscription(5, "cancelled", None, "S2"), satisfied=True
    ),
    "another one ended earlier": cancelled(
        cancellation.account(3, "active"), cancellation.subscription(4, "cancelled", None, "S2"), satisfied=False
    ),
    "as scheduled": scheduled(revenue.subscription(2), revenue.schedule(3), satisfied=True, amount="0 EUR", by="erp/RS",
                              snapshot=False, owner="erp"),
    "recognised until some day of a service without end": scheduled(
        revenue.subscription(2, term_months=None), revenue.schedule(3, recognised_until="2030-01-01"), satisfied=True
    ),
    "recognised to the last day": scheduled(
        revenue.subscription(2), revenue.schedule(3, recognised_until="2027-01-30"), satisfied=True
    ),
    "recognised a day longer": scheduled(
        revenue.subscription(2), revenue.schedule(3, recognised_until="2027-01-31"), satisfied=False,
        amount="1200 EUR",
    ),
    "one states no version and the subscription none either": scheduled(
        revenue.subscription(2, version_number=None), revenue.schedule(3, version_number=None, total="300.00 EUR"),
        revenue.schedule(3, "RS-1", version_number=1), satisfied=True,
    ),
    "a schedule of a later version than the subscription's": scheduled(
        revenue.subscription(2), revenue.schedule(3, version_number=2), satisfied=True
    ),
    "the first version begins with the service": scheduled(
        revenue.subscription(2), revenue.schedule(3, starts_on="2026-02-01"), satisfied=False, amount="1200 EUR"
    ),
    "no version begins before it": scheduled(
        revenue.subscription(2, version_number=2), revenue.schedule(3, version_number=2, starts_on="2026-01-30"),
        satisfied=False,
    ),
    "half a year from the end of August": scheduled(
        revenue.subscription(2, starts_on="2026-08-31", term_months=6),
        revenue.schedule(3, starts_on="2026-08-31", ends_on="2027-02-27"), satisfied=True,
    ),
    "four months to the end of the year": scheduled(
        revenue.subscription(2, starts_on="2026-09-01", term_months=4),
        revenue.schedule(3, starts_on="2026-09-01", ends_on="2026-12-31"), satisfied=True,
    ),
    "a suspended one is scheduled too": scheduled(
        revenue.subscription(2, status="suspended"), revenue.schedule(3, total="1000.00 EUR"), satisfied=False,
        amount="200 EUR", seen=["billing/S total_value = 1200.00", "erp/RS total = 1000.00"],
    ),
    "within the tolerance": scheduled(
        revenue.subscription(2), revenue.schedule(3, total="1199.95 EUR"), satisfied=True
    ),
    "beyond it": scheduled(revenue.subscription(2), revenue.schedule(3, total="1199.94 EUR"), satisfied=False),
    "it is cut": cut(missing.schedule(5), satisfied=True, by="erp/RS-1", triggered=(3, "v3")),
    "it is cut for another version": cut(missing.schedule(5, 2), satisfied=False, by=None),
    "it is cut for no version": cut(missing.schedule(5, None), satisfied=True, by="erp/RS-None"),
    "only a draft is cut": cut(
        missing.schedule(5, status="draft"), satisfied=False, seen=["billing/S version_number = 1"],
        asks=("erp/revenue_schedule/SUB-1",
              {"subscription_number": "SUB-1", "version_number": "1", "total": "1200.00", "starts_on": "1970-01-01",
               "ends_on": "1970-12-31"}, {}, ""),
    ),
    "of two charges one recurs": cut(missing.charge(2, "one_time"), missing.charge(2, "recurring", "C2"),
                                     satisfied=False),
    "what recurred has ended": Case(
        "revenue_schedule_missing", "billing/S",
        (missing.subscription(3), missing.charge(2, "usage"), missing.charge(2, "recurring", "C2", "ended")), WAITS,
    ),
    "all of its charges have ended": cut(missing.charge(2, "usage", status="ended"), satisfied=False),
    "amended after it was activated": Case(
        "revenue_schedule_missing", "billing/S", (missing.subscription(3), missing.subscription(9, 2)),
        {"triggered": (9, "v9")},
    ),
    "of no version": Case(
        "revenue_schedule_missing", "billing/S", (missing.subscription(3, None),),
        {"triggered": (3, "v3"), "seen": ["billing/S version_number = None"]},
    ),
    "never won": stepped(
        skipped.deal(2, "open"), skipped.contract(2), skipped.subscription(3), satisfied=False, triggered=(3, "v3"),
        owner="crm", asks=("crm/opportunity/O", {"stage": "won"}, {"stage": "open"}, ""), amount="1200.00 EUR",
        seen=["billing/S status = active", "crm/O stage = open", "billing/K status = active"],
    ),
    "every step was taken": stepped(
        skipped.deal(2), skipped.contract(4), skipped.subscription(3), satisfied=True, owner="billing", asks=None,
        by="billing/K", observed="every step is there",
    ),
    "nobody says how the deal stands": stepped(
        skipped.deal(2, None), skipped.contract(2), skipped.subscription(3), satisfied=True
    ),
    "recognised before it was activated": stepped(
        skipped.deal(2), skipped.contract(2), skipped.subscription(3, "draft"), skipped.schedule(4), satisfied=False,
        owner="billing", amount="100.00 EUR", triggered=(4, "v4"),
        asks=("billing/subscription/S", {"status": "active"}, {"status": "draft"}, ""),
        expected="100.00 EUR of subscription SUB-1 are recognised; before that, its deal is won and its contract is "
        "made and it is activated",
        observed="the subscription is draft",
    ),
    "recognised of one that was cancelled": Case(
        "step_skipped", "billing/S", (skipped.subscription(3, "cancelled"), skipped.schedule(4)), NONE
    ),
    "nothing is recognised yet": Case(
        "step_skipped", "billing/S", (skipped.subscription(3, "draft"), skipped.schedule(4, "0.00 EUR")), NONE
    ),
    "where nobody makes contracts none is missed": Case(
        "step_skipped", "billing/S", (skipped.deal(2), skipped.subscription(3)),
        {"satisfied": True, "seen": ["billing/S status = active", "crm/O stage = won"]},
        carrying_no("contract"),
    ),
    "a contract that billing makes": stepped(
        skipped.deal(2), skipped.subscription(3), satisfied=False, owner="crm",
        asks=("crm/contract/K-1", {"number": "K-1", "status": "active"}, {}, ""),
    ),
    "only a draft of the contract": stepped(
        skipped.deal(2), skipped.subscription(3), skipped.contract(4, "draft"), satisfied=False,
        asks=("billing/contract/K", {"status": "active"}, {"status": "draft"}, ""),
    ),
    "the contract in the ERP was not made there": stepped(
        skipped.deal(2), skipped.subscription(3), skipped.contract(4, system="erp"), satisfied=False
    ),
    "granted as charged": Case(
        "entitlement_divergence", "billing/S", provision.AGREED,
        {"satisfied": True, "severity": "", "amount": None, "asks": None, "by": "product/N",
         "seen": ["billing/S status = active"]},
    ),
    "granted more of one and less of another": Case(
        "entitlement_divergence", "billing/S",
        (provision.subscription(2), provision.charge(3, 5, "C1", product_code="A"), provision.charge(3, 5, "C2"),
         provision.grant(3, 4, "N1", product_code="A"), provision.grant(3, 7, "N2")),
        {"satisfied": False, "severity": "S2", "amount": "28.5 EUR",
         "asks": ("product/entitlement/N2",
                  {"subscription_number": "S-1", "product_code": "SEATS", "quantity": "5", "status": "active"},
                  {"quantity": "7"}, ""),
         "seen": ["billing/S status = active", "billing/C2 quantity = 5", "product/N2 quantity = 7",
                  "billing/C1 quantity = 5", "product/N1 quantity = 4"]},
    ),
    "granted less": Case(
        "entitlement_divergence", "billing/S",
        (provision.subscription(2), provision.charge(3, 5), provision.grant(3, 4)),
        {"satisfied": False, "severity": "", "amount": "9.5 EUR"},
    ),
    "a grant that nothing is charged for": Case(
        "entitlement_divergence", "billing/S", (provision.subscription(2), provision.grant(3, 4)),
        {"asks": ("product/entitlement/N", {"status": "revoked"}, {"status": "active"}, ""), "amount": None},
    ),
    "usage that is not granted at all": Case(
        "entitlement_divergence", "billing/S", (provision.subscription(2), provision.charge(3, 5, type="usage")),
        {"amount": "9.5 EUR",
         "asks": ("product/entitlement/SEATS",
                  {"subscription_number": "S-1", "product_code": "SEATS", "quantity": None, "status": "active"}, {},
                  "")},
    ),
    "prices of two currencies": Case(
        "entitlement_divergence", "billing/S",
        (provision.subscription(2), provision.charge(3, 5, "C1"), provision.charge(3, 5, "C2", product_code="Z"),
         *plain(provision.charge(3, 5, "C3", product_code="Y"), unit_price={"amount": "7", "currency": "USD"})),
        {"amount": "95 EUR"},
    ),
    "a customer in the ERP": Case(
        "won_without_erp_customer", "crm/O", (account.deal(3), account.erp_customer(4)),
        {"satisfied": True, "by": "erp/E", "asks": None, "triggered": (3, "v3")},
    ),
    "one in the ERP that is closed": Case(
        "won_without_erp_customer", "crm/O", (account.deal(3), account.erp_customer(4, "churned")),
        {"satisfied": False, "by": None},
    ),
    "the account names another": Case(
        "won_without_erp_customer", "crm/O",
        (account.deal(3), account.account(2, "E-7"), account.erp_customer(4, "churned")),
        {"satisfied": True, "by": "crm/A"},
    ),
    "the account names the closed one": Case(
        "won_without_erp_customer", "crm/O",
        (account.deal(3), account.account(2, "E"), account.erp_customer(4, "churned")),
        {"satisfied": False,
         "asks": ("erp/customer/A", {"name": "Acme GmbH", "tax_id": None, "country": None, "currency": None,
                                     "legal_entity": None, "crm_ref": "A"}, {}, "")},
    ),
    "an order of the deal": Case(
        "won_without_erp_order", "crm/O", (orders.deal(3), orders.order(5)), {"satisfied": True, "by": "erp/R"}
    ),
    "an order that was cancelled": Case(
        "won_without_erp_order", "crm/O", (orders.deal(3), orders.order(5, "cancelled")),
        {"satisfied": False, "by": None, "asks": ("erp/order/O", {"opportunity_ref": "O"}, {}, "")},
    ),
    "a subscription of the deal": Case(
        "won_without_subscription", "crm/O", (won.deal(3), won.subscription(5)),
        {"satisfied": True, "by": "billing/S"},
    ),
    "nothing of the deal recurs": Case("won_without_subscription", "crm/O", (won.deal(3, recurring=False),), WAITS),
    "one of its lines recurs": Case(
        "won_without_subscription", "crm/O",
        (won.deal(3, recurring=False), won.line(3, "L1", recurring=False), won.line(3, "L2", recurring=True)),
        {"satisfied": False, "by": None},
    ),
    "a renewal that names what was cancelled since": Case(
        "won_without_subscription", "crm/O",
        (won.subscription(2, "cancelled"), won.deal(3, type="renewal")), {"satisfied": True, "by": "billing/S"},
    ),
    "a draft of the profile": Case(
        "erp_financial_profile_missing", "billing/S",
        (setup.customer(2, "DE811569869"), setup.subscription(3), setup.profile(5, status="draft")),
        {"satisfied": False, "observed": "profile FP lacks its activation", "by": None,
         "seen": ["billing/S status = active", "erp/FP status = draft"]},
    ),
    "a complete profile": Case(
        "erp_financial_profile_missing", "billing/S",
        (setup.customer(2, "DE811569869"), setup.subscription(3), setup.profile(5)),
        {"satisfied": True, "by": "erp/FP", "observed": "profile FP is complete", "triggered": (3, "v3")},
    ),
    "of two profiles the one that lacks less": Case(
        "erp_financial_profile_missing", "billing/S",
        (setup.customer(2, "DE811569869"), setup.subscription(3), setup.profile(5, payment_terms=None, currency=None),
         setup.profile(5, payment_terms=None)._replace(native_id="FP2")),
        {"satisfied": False, "observed": "profile FP2 lacks payment terms"},
    ),
    "a profile of another company": Case(
        "erp_financial_profile_missing", "billing/S",
        (setup.customer(2, "DE811569869"), setup.subscription(3), setup.profile(5, legal_entity="2000")),
        {"satisfied": False, "observed": "no profile"},
    ),
    "no profile and no customer": Case(
        "erp_financial_profile_missing", "billing/S", (setup.subscription(3),),
        {"satisfied": False, "observed": "no profile, and no customer either", "asks": None},
    ),
    "nobody has a tax number": Case(
        "erp_financial_profile_missing", "billing/S",
        (setup.customer(2, None), setup.subscription(3), setup.profile(5, tax_registration=None)),
        {"satisfied": False, "observed": "profile FP lacks tax registration"},
    ),
    "a new deal does not change what there is": Case(
        "won_without_subscription", "crm/O",
        (won.subscription(2, "active", None), won.deal(3, type="new")), {"satisfied": False},
    ),
    "a draft cannot be renewed": Case(
        "won_without_subscription", "crm/O",
        (won.subscription(2, "draft", None), won.deal(3, type="renewal")), {"satisfied": False},
    ),
    "it waits for its activation": Case(
        "activation_stalled", "billing/S", (activation.account(2, "active"), activation.subscription(3)),
        {"satisfied": False, "triggered": (3, "v3"), "by": None, "seen": ["billing/S status = pending_activation"]},
    ),
    "the account came after it": Case(
        "activation_stalled", "billing/S", (activation.account(5, "active"), activation.subscription(3)),
        {"triggered": (5, "v5")},
    ),
    "the deal was won before the account was active": Case(
        "activation_stalled", "billing/S",
        (activation.deal(6), activation.account(8, "active"), activation.subscription(3)), {"triggered": (6, "v6")},
    ),
    "it was activated": Case(
        "activation_stalled", "billing/S", (activation.account(2, "active"), activation.subscription(3, "active")),
        {"satisfied": True, "by": "billing/S"},
    ),
    "all accounts left": Case(
        "activation_stalled", "billing/S",
        (activation.deal(2), activation.account(2, "churned"), activation.subscription(3)), WAITS,
    ),
    "the deal lies in the second CRM": Case(
        "activation_stalled", "billing/S", (activation.deal(4)._replace(system="product"), activation.subscription(3)),
        {"triggered": (4, "v4")}, of_second_system("crm"),
    ),
}  # fmt: skip


def early(seconds: int, span: str, **tells: Any) -> Case:
    """The payment was settled so much before its invoice was posted."""
    records = (order.payment(3 * SECONDS), order.invoice((3 + seconds) * SECONDS))
    said = f"its payment was settled {span}{' before' if seconds > 0 else ''} that, in processor P"
    said += "; clocks may differ by 5 minutes" if 0 < seconds <= 300 else ""
    return out_of_order(*records, observed=said, **tells)


def invoices(*at: tuple[int, str]) -> tuple[Change, ...]:
    return (order.payment(3 * SECONDS), *(order.invoice(seconds * SECONDS, name) for seconds, name in at))


ORDERED = {
    "as early as is tolerated": early(300, "5 minutes", satisfied=True, by="billing/I"),
    "a second more": early(301, "5 minutes", satisfied=False, owner="erp", amount="119.00 EUR"),
    "two minutes less a second": early(119, "119 seconds", satisfied=True),
    "two hours less a second": early(7199, "119 minutes"),
    "two hours": early(7200, "2 hours"),
    "two days less a second": early(172_799, "47 hours"),
    "two days": early(172_800, "2 days"),
    "in order": early(-1, "after", satisfied=True),
    "the earliest of two invoices": out_of_order(*invoices((900, "I1"), (400, "I2")), by="billing/I2"),
    "of two at once the first by its name": out_of_order(*invoices((400, "I2"), (400, "I1")), by="billing/I1"),
}


def waits(status: str, observed: str) -> Case:
    records = (activation.account(2, "active"), activation.subscription(3, status))
    return Case("activation_stalled", "billing/S", records, {"observed": observed})


def first(kind: str, subject: str, expected: str, observed: str, *records: Change) -> Case:
    told = {
        "expected": f"{expected} first",
        "observed": f"{observed} 8 seconds before that, in {subject.replace('/', ' ')}; clocks may differ by 5 minutes",
    }
    return Case(f"step_out_of_order:{kind}", subject, records, told, instant=10**12)


SAID = {
    "a draft": waits("draft", "still a draft, never submitted for activation"),
    "it waits": waits("pending_activation", "still waits for activation"),
    "the customer has to accept it": waits("pending_acceptance", "still waits for the customer's acceptance"),
    "it is none of these": waits("expired", "it is expired"),
    "all that a profile may lack": Case(
        "erp_financial_profile_missing",
        "billing/S",
        (setup.customer(2, None), setup.subscription(3),
         setup.profile(5, "draft", receivable_account=None, payment_terms=None, currency=None, tax_registration=None)),
        {"observed": "profile FP lacks its activation, receivable account, payment terms, tax registration, currency",
         "expected": "erp has an active financial profile of the customer in company 1000 with receivable account, "
         "payment terms, tax registration, currency: subscription SUB-1 is active"},
    ),
    "posted before its invoice": first(
        "ledger_posting", "erp/L", "invoice INV-7 is posted in billing", "it was posted in the ledger",
        order.posting(SECONDS), order.invoice(9 * SECONDS),
    ),
    "paid before its invoice": first(
        "payment", "processor/P", "invoice INV-7 is posted in billing", "its payment was settled",
        order.payment(SECONDS), order.invoice(9 * SECONDS),
    ),
    "recognised before it was activated": first(
        "revenue_schedule", "erp/R", "subscription S-1 is activated", "its revenue was recognised",
        order.schedule(SECONDS), order.subscription(9 * SECONDS),
    ),
    "invoiced before it was fulfilled": first(
        "invoice", "billing/I", "order PO-1 is fulfilled", "it was invoiced",
        order.invoice(SECONDS, order="PO-1"), order.order(9 * SECONDS),
    ),
}  # fmt: skip


@every(SAID)
def test_it_says_what_is_missing(case: Case) -> None:
    hold(case)


@every(CASES)
def test_it_answers(case: Case) -> None:
    hold(case)


@every(ORDERED)
def test_what_was_taken_first(case: Case) -> None:
    hold(case._replace(instant=10**12))
