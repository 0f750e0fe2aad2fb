-- The product's own database: what a customer may use. Every table carries its customer (customer_id) and has REPLICA
-- IDENTITY FULL (contracts 3).
CREATE TABLE customer (
    id text PRIMARY KEY, -- the customer's domain
    name text NOT NULL,
    last_modified_by text NOT NULL DEFAULT current_user
);
CREATE TABLE entitlement (
    id text PRIMARY KEY,
    customer_id text NOT NULL REFERENCES customer,
    subscription_number text NOT NULL,
    product_code text NOT NULL,
    quantity integer,
    status text NOT NULL,
    last_modified_by text NOT NULL DEFAULT current_user
);
