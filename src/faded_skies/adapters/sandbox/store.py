"""The sandbox's own state, in a schema and on connections of its own, as if it were another company's."""

from typing import TypeAlias

import asyncpg

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

_SCHEMA = """
SELECT pg_advisory_xact_lock(hashtextextended('faded-skies sandbox schema', 0));
CREATE SCHEMA IF NOT EXISTS sandbox;
CREATE TABLE IF NOT EXISTS sandbox.customers (
    id text PRIMARY KEY,
    user_id uuid NOT NULL UNIQUE,
    default_method text
);
CREATE TABLE IF NOT EXISTS sandbox.methods (
    id text PRIMARY KEY,
    card text NOT NULL,
    attached boolean NOT NULL DEFAULT true
);
ALTER TABLE sandbox.methods ADD COLUMN IF NOT EXISTS customer text, ADD COLUMN IF NOT EXISTS wallet text;
CREATE TABLE IF NOT EXISTS sandbox.charges (
    id text PRIMARY KEY,
    intent_id uuid NOT NULL UNIQUE,
    amount_cents int NOT NULL CHECK (amount_cents > 0),
    card text NOT NULL,
    status text NOT NULL,
    client_secret text NOT NULL,
    decline_code text,
    refunded_cents int NOT NULL DEFAULT 0 CHECK (refunded_cents BETWEEN 0 AND amount_cents)
);
ALTER TABLE sandbox.charges
    ADD COLUMN IF NOT EXISTS customer text,
    ADD COLUMN IF NOT EXISTS captures_later boolean NOT NULL DEFAULT false;
CREATE TABLE IF NOT EXISTS sandbox.refunds (
    id text PRIMARY KEY,
    refund_id uuid UNIQUE,
    charge_id text NOT NULL REFERENCES sandbox.charges (id),
    amount_cents int NOT NULL CHECK (amount_cents > 0)
);
ALTER TABLE sandbox.refunds
    ADD COLUMN IF NOT EXISTS status text NOT NULL DEFAULT 'succeeded',
    ADD COLUMN IF NOT EXISTS reason text,
    ADD COLUMN IF NOT EXISTS made_at timestamptz NOT NULL DEFAULT now();
CREATE TABLE IF NOT EXISTS sandbox.disputes (
    id text PRIMARY KEY,
    charge_id text NOT NULL UNIQUE REFERENCES sandbox.charges (id),
    amount_cents int NOT NULL,
    fee_cents int NOT NULL,
    reason text NOT NULL,
    status text NOT NULL,
    withdrawn boolean NOT NULL,
    evidence_due_at timestamptz
);
CREATE TABLE IF NOT EXISTS sandbox.deliveries (
    id text PRIMARY KEY,
    body bytea NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT now()
);
DO $$ BEGIN
    IF EXISTS (SELECT FROM information_schema.columns
               WHERE table_schema = 'sandbox' AND table_name = 'methods' AND column_name = 'user_id') THEN
        -- From before the sandbox had customers.
        INSERT INTO sandbox.customers (id, user_id)
        SELECT DISTINCT 'cus_' || replace(user_id::text, '-', ''), user_id FROM sandbox.methods ON CONFLICT DO NOTHING;
        UPDATE sandbox.methods m SET customer = c.id FROM sandbox.customers c WHERE c.user_id = m.user_id;
        UPDATE sandbox.charges h SET customer = c.id FROM sandbox.customers c WHERE c.user_id = h.user_id;
        ALTER TABLE sandbox.methods DROP COLUMN user_id;
        ALTER TABLE sandbox.charges DROP COLUMN user_id;
        ALTER TABLE sandbox.refunds DROP CONSTRAINT refunds_pkey, ADD PRIMARY KEY (id),
            ALTER COLUMN refund_id DROP NOT NULL, ADD UNIQUE (refund_id);
    END IF;
END $$;
CREATE INDEX IF NOT EXISTS deliveries_due_idx ON sandbox.deliveries (next_at);
"""


async def open_pool(database_url: str) -> "asyncpg.Pool[asyncpg.Record]":
    """Open the sandbox's connections and make its tables where they are missing."""
    pool = await asyncpg.create_pool(
        database_url,
        min_size=0,
        max_size=8,
        server_settings={"application_name": "sandbox-gateway", "jit": "off"},
    )
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(_SCHEMA)
    return pool
