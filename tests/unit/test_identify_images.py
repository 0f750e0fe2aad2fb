"""Facts about the images that identify keeps: what can still be routed elsewhere, and no more."""

from __future__ import annotations

from schemas import topics
from tests.topology import Company, governance


def company_without_links() -> Company:
    governed = governance()
    systems = {name: system.model_copy(update={"links": {}}) for name, system in governed.systems.items()}
    return Company(governed.model_copy(update={"systems": systems}))


def versions(company: Company, customer: str) -> int:
    partition = topics.partition_for(customer, company.governance.partitions)
    images = dict(company.driver.state("identify", partition).items())
    return len(images[f"i/crm/{customer}/customer/{customer}"]["versions"])


def test_where_nobody_links_one_version_is_enough() -> None:
    company = company_without_links()
    for at in range(1, 20):
        company.row("crm", "Account", "A", at, Name=f"Acme {at}")
    assert versions(company, "A") == 1


def test_where_links_are_not_resolved_yet_every_version_is_kept() -> None:
    company = Company()
    for at in range(1, 20):
        company.row("crm", "Account", "A", at, Name=f"Acme {at}")
    assert versions(company, "A") == 19
