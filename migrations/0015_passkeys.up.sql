-- Passkeys (WebAuthn): the public halves of keys that people sign in with, and ceremonies under way.

-- sign_count is what the authenticator last said; one that does not count says 0 for ever. Whoever changes or uses a
-- passkey holds the person's row.
CREATE TABLE passkeys (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    credential_id bytea NOT NULL UNIQUE CHECK (length(credential_id) BETWEEN 1 AND 1023),
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL CHECK (sign_count BETWEEN 0 AND 4294967295),
    backup_eligible boolean NOT NULL,
    backed_up boolean NOT NULL CHECK (backup_eligible OR NOT backed_up),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz
);
CREATE INDEX passkeys_user_idx ON passkeys (user_id);

-- Each is good once: the row goes with its first answer. user_id is the person who adds a passkey, NULL to sign in.
CREATE TABLE passkey_challenges (
    challenge bytea PRIMARY KEY,
    user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL
);
CREATE INDEX passkey_challenges_expires_at_idx ON passkey_challenges (expires_at);
CREATE INDEX passkey_challenges_user_idx ON passkey_challenges (user_id) WHERE user_id IS NOT NULL;
