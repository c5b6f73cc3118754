-- Keys for keyed digests (HMAC-SHA256), one for each purpose, each wrapped under a master key of VAULT_MASTER_KEYS.

CREATE TABLE keys (
    purpose text PRIMARY KEY CHECK (purpose ~ '^[a-z][a-z0-9_]{0,62}$'),
    wrapped bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
