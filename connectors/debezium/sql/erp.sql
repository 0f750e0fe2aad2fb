-- The ERP's database. Every table carries its customer (customer_id) and has REPLICA IDENTITY FULL (contracts 3).
CREATE TABLE customer (
    id text PRIMARY KEY,
    external_id text UNIQUE, -- the CRM account
    legal_name text NOT NULL,
    status text NOT NULL CHECK (status IN ('Draft', 'Active', 'Blocked', 'Closed')),
    tax_registration text,
    currency char(3) NOT NULL,
    country char(2),
    company_code text NOT NULL,
    last_modified_by text NOT NULL DEFAULT current_user
);
CREATE TABLE customer_financial_profile (
    id text PRIMARY KEY,
    customer_id text NOT NULL REFERENCES customer,
    company_code text NOT NULL,
    receivable_account text NOT NULL,
    payment_terms text NOT NULL,
    currency char(3) NOT NULL,
    status text NOT NULL,
    last_modified_by text NOT NULL DEFAULT current_user
);
CREATE TABLE contract (
    id text PRIMARY KEY,
    customer_id text NOT NULL REFERENCES customer,
    number text NOT NULL UNIQUE, -- the billing contract's number
    status text NOT NULL,
    currency char(3) NOT NULL,
    value numeric(18, 2) NOT NULL,
    starts_on date NOT NULL,
    term_months integer NOT NULL,
    last_modified_by text NOT NULL DEFAULT current_user
);
CREATE TABLE ledger_posting (
    id text PRIMARY KEY,
    customer_id text NOT NULL REFERENCES customer,
    document_type text NOT NULL,
    document_number text NOT NULL,
    status text NOT NULL,
    currency char(3) NOT NULL,
    amount numeric(18, 2) NOT NULL,
    posting_date date NOT NULL,
    last_modified_by text NOT NULL DEFAULT current_user,
    tax_code text,
    tax_amount numeric(18, 2)
);
CREATE TABLE credit_memo (
    id text PRIMARY KEY,
    customer_id text NOT NULL REFERENCES customer,
    number text NOT NULL UNIQUE,
    invoice_number text,
    status text NOT NULL,
    currency char(3) NOT NULL,
    total_amount numeric(18, 2) NOT NULL,
    last_modified_by text NOT NULL DEFAULT current_user
);
CREATE TABLE cash_application (
    id text PRIMARY KEY,
    customer_id text NOT NULL REFERENCES customer,
    payment_reference text NOT NULL,
    invoice_number text,
    currency char(3) NOT NULL,
    amount numeric(18, 2) NOT NULL,
    last_modified_by text NOT NULL DEFAULT current_user
);
CREATE TABLE revenue_schedule (
    id text PRIMARY KEY,
    customer_id text NOT NULL REFERENCES customer,
    subscription_number text NOT NULL,
    subscription_version integer NOT NULL,
    status text NOT NULL,
    currency char(3) NOT NULL,
    total_amount numeric(18, 2) NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    last_modified_by text NOT NULL DEFAULT current_user
);
CREATE TABLE sales_order (
    id text PRIMARY KEY,
    customer_id text NOT NULL REFERENCES customer,
    number text NOT NULL UNIQUE,
    opportunity_id text, -- of the CRM
    status text NOT NULL,
    currency char(3) NOT NULL,
    total_amount numeric(18, 2) NOT NULL,
    last_modified_by text NOT NULL DEFAULT current_user
);
