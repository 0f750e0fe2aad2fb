"""Schemas of the databases that the demo and the tests capture."""

from pathlib import Path

BILLING_SQL = Path(__file__).parent / "billing.sql"
ERP_SQL = Path(__file__).parent / "erp.sql"
PROCESSOR_SQL = Path(__file__).parent / "processor.sql"
PRODUCT_SQL = Path(__file__).parent / "product.sql"
