-- Sign-in with Google and Apple: who a person is there, and sign-ins under way.

-- One identity belongs to one person. `subject` is the provider's own name for them and never changes; `email` is what
-- the provider said when it was linked.
CREATE TABLE identities (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider text NOT NULL CHECK (provider IN ('google', 'apple')),
    subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    email citext NOT NULL CHECK (length(email) <= 255),
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (provider, subject)
);
CREATE INDEX identities_user_idx ON identities (user_id);

-- A sign-in under way. `token_hash` is of what takes it one stage further, and each stage ends by itself:
-- asked (the state, 10 minutes), returned (the state is used, the provider is being asked), proved (the one-time code,
-- 60 seconds), to_link (the link token, 10 minutes). `browser_hash` is of the cookie of the browser that began.
CREATE TABLE federated_sign_ins (
    id uuid PRIMARY KEY,
    provider text NOT NULL CHECK (provider IN ('google', 'apple')),
    stage text NOT NULL DEFAULT 'asked' CHECK (stage IN ('asked', 'returned', 'proved', 'to_link')),
    stage_began_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    browser_hash bytea NOT NULL,
    subject text,
    email text,
    full_name text,
    user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    CHECK ((stage IN ('proved', 'to_link')) = (subject IS NOT NULL)),
    CHECK ((stage = 'to_link') = (user_id IS NOT NULL))
);
CREATE INDEX federated_sign_ins_expires_at_idx ON federated_sign_ins (expires_at);
CREATE INDEX federated_sign_ins_user_idx ON federated_sign_ins (user_id) WHERE user_id IS NOT NULL;
