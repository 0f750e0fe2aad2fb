-- A company whose billing and ledger share one database: the tables of the demo's billing platform and ERP that are captured.
CREATE TABLE account (
    id text PRIMARY KEY,
    name text NOT NULL,
    status text NOT NULL,
    currency char(3) NOT NULL,
    bill_to_email text,
    tax_id text,
    country char(2),
    last_modified_by text NOT NULL DEFAULT current_user
);
CREATE TABLE subscription (
    id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES account,
    contract_number text NOT NULL,
    number text NOT NULL UNIQUE,
    status text NOT NULL,
    version integer NOT NULL DEFAULT 1,
    currency char(3) NOT NULL,
    starts_on date NOT NULL,
    term_months integer NOT NULL,
    monthly_amount numeric(18, 2) NOT NULL,
    total_contract_value numeric(18, 2) NOT NULL,
    last_modified_by text NOT NULL DEFAULT current_user
);
CREATE TABLE invoice (
    id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES account,
    subscription_id text REFERENCES subscription,
    number text NOT NULL UNIQUE,
    status text NOT NULL,
    currency char(3) NOT NULL,
    net_amount numeric(18, 2) NOT NULL,
    tax_amount numeric(18, 2) NOT NULL,
    total_amount numeric(18, 2) NOT NULL,
    issued_on date NOT NULL,
    due_on date NOT NULL,
    last_modified_by text NOT NULL DEFAULT current_user
);
CREATE TABLE invoice_line (
    id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES account,
    invoice_id text NOT NULL REFERENCES invoice,
    charge text NOT NULL,
    quantity integer NOT NULL,
    currency char(3) NOT NULL,
    net_amount numeric(18, 2) NOT NULL,
    tax_amount numeric(18, 2) NOT NULL,
    last_modified_by text NOT NULL DEFAULT current_user
);
CREATE TABLE ledger_posting (
    id text PRIMARY KEY,
    customer_id text NOT NULL REFERENCES account,
    document_type text NOT NULL,
    document_number text NOT NULL,
    status text NOT NULL,
    currency char(3) NOT NULL,
    amount numeric(18, 2) NOT NULL,
    posting_date date NOT NULL,
    last_modified_by text NOT NULL DEFAULT current_user
);
