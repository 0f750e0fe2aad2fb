-- The rows that are there before anything is measured; how many, the settings say.
INSERT INTO account
SELECT 'A' || n, 'Company ' || n, 'Active', 'EUR', 'bills@' || n || '.example', 'DE' || n, 'DE'
FROM generate_series(1, current_setting('company.customers')::int) AS n;

INSERT INTO subscription
SELECT replace(id, 'A', 'S'), id, replace(id, 'A', 'C'), replace(id, 'A', 'SUB-'), 'Active', 1, 'EUR', '2026-01-01', 12, 100, 1200
FROM account;

INSERT INTO invoice
SELECT replace(account_id, 'A', 'I') || '-' || i, account_id, id, replace(account_id, 'A', 'INV-') || '-' || i, 'Draft', 'EUR',
    100, 19, 119, '2026-01-01', '2026-02-01'
FROM subscription, generate_series(1, current_setting('company.invoices_each')::int) AS i;

INSERT INTO invoice_line
SELECT id || '-' || l, account_id, id, 'Service', l, 'EUR', 10, 1.9
FROM invoice, generate_series(1, current_setting('company.lines_each')::int) AS l;
