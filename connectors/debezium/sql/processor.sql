-- The payment processor's database: what a Stripe-like system keeps. Every table carries its customer (customer_id) and has
-- REPLICA IDENTITY FULL (contracts 3).
CREATE TABLE customer (
    id text PRIMARY KEY,
    name text NOT NULL,
    email text,
    crm_account_id text,
    last_modified_by text NOT NULL DEFAULT current_user,
    domain text
);
CREATE TABLE payment_intent (
    id text PRIMARY KEY,
    customer_id text NOT NULL REFERENCES customer,
    invoice_number text,
    status text NOT NULL,
    currency char(3) NOT NULL,
    amount numeric(18, 2) NOT NULL,
    last_modified_by text NOT NULL DEFAULT current_user
);
CREATE TABLE refund (
    id text PRIMARY KEY,
    customer_id text NOT NULL REFERENCES customer,
    payment_intent_id text NOT NULL REFERENCES payment_intent,
    invoice_number text,
    status text NOT NULL,
    currency char(3) NOT NULL,
    amount numeric(18, 2) NOT NULL,
    last_modified_by text NOT NULL DEFAULT current_user
);
