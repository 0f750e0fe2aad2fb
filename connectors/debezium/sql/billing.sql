-- The billing platform's database: what a Zuora-like system keeps. Every table carries its customer (account_id), so that
-- capture can key each row by it, and has REPLICA IDENTITY FULL (contracts 3).
CREATE TABLE account (
    id text PRIMARY KEY,
    name text NOT NULL,
    status text NOT NULL CHECK (status IN ('Draft', 'Active', 'Suspended', 'Closed')),
    crm_account_id text,
    currency char(3) NOT NULL,
    bill_to_email text,
    tax_id text,
    country char(2),
    last_modified_by text NOT NULL DEFAULT current_user,
    parent_crm_account_id text,
    domain text
);
CREATE TABLE contract (
    id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES account,
    number text NOT NULL UNIQUE,
    crm_opportunity_id text,
    status text NOT NULL,
    currency char(3) NOT NULL,
    value numeric(18, 2) NOT NULL,
    starts_on date NOT NULL,
    term_months integer NOT NULL,
    terms_text text,
    last_modified_by text NOT NULL DEFAULT current_user
);
CREATE TABLE subscription (
    id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES account,
    contract_number text NOT NULL,
    number text NOT NULL UNIQUE,
    crm_opportunity_id text,
    status text NOT NULL,
    version integer NOT NULL DEFAULT 1,
    currency char(3) NOT NULL,
    starts_on date NOT NULL,
    term_months integer NOT NULL,
    monthly_amount numeric(18, 2) NOT NULL,
    total_contract_value numeric(18, 2) NOT NULL,
    last_modified_by text NOT NULL DEFAULT current_user
);
CREATE TABLE subscription_version (
    id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES account,
    subscription_id text NOT NULL REFERENCES subscription,
    version integer NOT NULL,
    currency char(3) NOT NULL,
    effective_on date NOT NULL,
    total_contract_value numeric(18, 2) NOT NULL,
    last_modified_by text NOT NULL DEFAULT current_user
);
CREATE TABLE charge (
    id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES account,
    subscription_id text NOT NULL REFERENCES subscription,
    product_code text NOT NULL,
    type text NOT NULL,
    quantity integer NOT NULL,
    currency char(3) NOT NULL,
    unit_price numeric(18, 2) NOT NULL,
    status text NOT NULL,
    last_modified_by text NOT NULL DEFAULT current_user
);
CREATE TABLE amendment (
    id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES account,
    subscription_id text NOT NULL REFERENCES subscription,
    number text NOT NULL UNIQUE,
    type text NOT NULL,
    effective_on date NOT NULL,
    status text NOT NULL,
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
    last_modified_by text NOT NULL DEFAULT current_user,
    payment_status text,
    tax_code text,
    tax_region text,
    service_starts_on date,
    service_ends_on date
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
CREATE TABLE payment (
    id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES account,
    invoice_number text,
    status text NOT NULL,
    currency char(3) NOT NULL,
    amount numeric(18, 2) NOT NULL,
    last_modified_by text NOT NULL DEFAULT current_user
);
CREATE TABLE refund (
    id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES account,
    invoice_number text,
    processor_reference text NOT NULL,
    currency char(3) NOT NULL,
    amount numeric(18, 2) NOT NULL,
    last_modified_by text NOT NULL DEFAULT current_user
);
CREATE TABLE credit_memo (
    id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES account,
    number text NOT NULL UNIQUE,
    invoice_number text,
    status text NOT NULL,
    currency char(3) NOT NULL,
    total_amount numeric(18, 2) NOT NULL,
    last_modified_by text NOT NULL DEFAULT current_user
);
CREATE TABLE usage (
    id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES account,
    product_code text NOT NULL,
    quantity integer NOT NULL,
    last_modified_by text NOT NULL DEFAULT current_user
);
