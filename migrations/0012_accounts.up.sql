-- Changed passwords, closed accounts, and invitations for staff.

ALTER TABLE sessions
    DROP CONSTRAINT sessions_end_reason_check,
    ADD CONSTRAINT sessions_end_reason_check CHECK (end_reason IN (
        'signed_out', 'password_reset', 'password_changed', 'token_reuse', 'second_factor_changed', 'account_closed',
        'by_staff'));

-- Of a closed account only a stump stays (docs/privacy.md). The time tells the sweep whom to look after.
ALTER TABLE users ADD COLUMN closed_at timestamptz CHECK (closed_at IS NULL OR account_status = 'closed');
CREATE INDEX users_closed_at_idx ON users (closed_at) WHERE closed_at IS NOT NULL;

-- The token's digest comes with the mail that carries it. An address has at most one invitation that waits.
CREATE TABLE invitations (
    id uuid PRIMARY KEY,
    email citext NOT NULL CHECK (length(email) <= 255),
    role text NOT NULL CHECK (role IN ('driver', 'agent', 'admin')),
    full_name text CHECK (length(full_name) BETWEEN 2 AND 100),
    invited_by uuid NOT NULL REFERENCES users (id),
    token_hash bytea UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    accepted_at timestamptz,
    accepted_by uuid REFERENCES users (id),
    CHECK (num_nonnulls(revoked_at, accepted_at) <= 1),
    CHECK ((accepted_at IS NULL) = (accepted_by IS NULL))
);
CREATE UNIQUE INDEX invitations_one_waiting_idx ON invitations (email)
    WHERE accepted_at IS NULL AND revoked_at IS NULL;
CREATE INDEX invitations_created_at_idx ON invitations (created_at DESC, id DESC);

-- An invitation goes to somebody who is nobody here yet.
ALTER TABLE messages ALTER COLUMN user_id DROP NOT NULL;
CREATE UNIQUE INDEX messages_to_strangers_idx ON messages (channel, fact) WHERE user_id IS NULL;
CREATE INDEX messages_user_idx ON messages (user_id, created_at);
