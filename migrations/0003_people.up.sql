-- People, their sessions and papers.

CREATE TABLE users (
    id uuid PRIMARY KEY,
    email citext NOT NULL UNIQUE CHECK (length(email) <= 255),
    email_verified_at timestamptz,
    pending_email citext CHECK (length(pending_email) <= 255),
    password_hash text,
    full_name text NOT NULL CHECK (length(full_name) BETWEEN 2 AND 100),
    phone text CHECK (phone ~ '^\(\d{3}\) \d{3}-\d{4}$'),
    date_of_birth date CHECK (date_of_birth > '1900-01-01'),
    role text NOT NULL DEFAULT 'customer' CHECK (role IN ('customer', 'driver', 'agent', 'admin')),
    id_verification_status text NOT NULL DEFAULT 'pending'
        CHECK (id_verification_status IN ('pending', 'processing', 'approved', 'rejected')),
    id_expires_on date,
    account_status text NOT NULL DEFAULT 'active' CHECK (account_status IN ('active', 'suspended', 'closed')),
    last_login_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX users_role_idx ON users (role) WHERE role <> 'customer';
CREATE INDEX users_created_at_idx ON users (created_at);

CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    end_reason text CHECK (end_reason IN ('signed_out', 'password_reset', 'token_reuse', 'account_closed', 'by_staff')),
    address text,
    user_agent text,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE INDEX sessions_live_idx ON sessions (user_id) WHERE ended_at IS NULL;

-- The tokens of one session are one family: each works once, and one used twice ends the session.
CREATE TABLE refresh_tokens (
    id uuid PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    token_hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE UNIQUE INDEX refresh_tokens_one_unused_idx ON refresh_tokens (session_id) WHERE used_at IS NULL;

-- Single-use links that we mail: password reset, e-mail confirmation.
CREATE TABLE mailed_tokens (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose text NOT NULL CHECK (purpose IN ('reset_password', 'verify_email')),
    email citext NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX mailed_tokens_user_idx ON mailed_tokens (user_id, purpose) WHERE used_at IS NULL;

CREATE TABLE id_verifications (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    document_type text NOT NULL CHECK (document_type IN ('drivers_license', 'state_id', 'passport')),
    status text NOT NULL DEFAULT 'processing' CHECK (status IN ('processing', 'approved', 'rejected')),
    reason text,
    document_number_hash bytea,
    decided_by uuid REFERENCES users (id),
    decided_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((status = 'processing') = (decided_at IS NULL)),
    CHECK (status <> 'rejected' OR reason IS NOT NULL)
);
CREATE UNIQUE INDEX id_verifications_one_open_idx ON id_verifications (user_id) WHERE status = 'processing';
CREATE UNIQUE INDEX id_verifications_one_person_idx ON id_verifications (document_number_hash)
    WHERE status = 'approved' AND document_number_hash IS NOT NULL;

CREATE TABLE analytics_events (
    id uuid PRIMARY KEY,
    user_id uuid REFERENCES users (id) ON DELETE SET NULL,
    event text NOT NULL CHECK (length(event) BETWEEN 1 AND 100),
    properties jsonb NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX analytics_events_recorded_at_idx ON analytics_events USING brin (recorded_at);
CREATE INDEX analytics_events_event_idx ON analytics_events (event, recorded_at);
