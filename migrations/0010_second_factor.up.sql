-- Second factors: secrets of authenticator apps (RFC 6238), recovery codes, and sign-ins that wait for one.

ALTER TABLE sessions
    ADD COLUMN first_factor text NOT NULL DEFAULT 'password'
        CHECK (first_factor IN ('password', 'oidc', 'passkey')),
    ADD COLUMN second_factor_at timestamptz,
    DROP CONSTRAINT sessions_end_reason_check,
    ADD CONSTRAINT sessions_end_reason_check CHECK (end_reason IN (
        'signed_out', 'password_reset', 'token_reuse', 'account_closed', 'by_staff', 'second_factor_changed'));

-- A row is here once a code has confirmed it. The secret is wrapped (VAULT_MASTER_KEYS), in the context
-- second_factor:<user_id>. Time steps up to last_step are spent.
CREATE TABLE second_factors (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret bytea NOT NULL,
    last_step bigint NOT NULL,
    enrolled_at timestamptz NOT NULL DEFAULT now()
);

-- Secrets that were shown and wait for their first code; wrapped like the above.
CREATE TABLE second_factor_enrolments (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret bytea NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE TABLE recovery_codes (
    user_id uuid NOT NULL REFERENCES second_factors (user_id) ON DELETE CASCADE,
    code_hash bytea NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (user_id, code_hash)
);

-- A first factor was right and the second is due.
CREATE TABLE second_factor_challenges (
    token_hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES second_factors (user_id) ON DELETE CASCADE,
    first_factor text NOT NULL CHECK (first_factor IN ('password', 'oidc', 'passkey')),
    tries smallint NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 5),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX second_factor_challenges_user_idx ON second_factor_challenges (user_id);
