"""The sandbox's own state, in a schema and on connections of its own, as if it were another company's."""

from typing import TypeAlias

import asyncpg

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

_SCHEMA = """
SELECT pg_advisory_xact_lock(hashtextextended('faded-skies sandbox schema', 0));
CREATE SCHEMA IF NOT EXISTS sandbox;
CREATE TABLE IF NOT EXISTS sandbox.methods (
    id text PRIMARY KEY,
    user_id uuid NOT NULL,
    card text NOT NULL,
    attached boolean NOT NULL DEFAULT true
);
CREATE TABLE IF NOT EXISTS sandbox.charges (
    id text PRIMARY KEY,
    intent_id uuid NOT NULL UNIQUE,
    user_id uuid NOT NULL,
    amount_cents int NOT NULL CHECK (amount_cents > 0),
    card text NOT NULL,
    status text NOT NULL,
    client_secret text NOT NULL,
    decline_code text,
    refunded_cents int NOT NULL DEFAULT 0 CHECK (refunded_cents BETWEEN 0 AND amount_cents)
);
CREATE TABLE IF NOT EXISTS sandbox.refunds (
    refund_id uuid PRIMARY KEY,
    id text NOT NULL UNIQUE,
    charge_id text NOT NULL REFERENCES sandbox.charges (id),
    amount_cents int NOT NULL CHECK (amount_cents > 0)
);
CREATE TABLE IF NOT EXISTS sandbox.deliveries (
    id text PRIMARY KEY,
    body bytea NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT now()
);
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
