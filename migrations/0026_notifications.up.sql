-- Messages that are tried again, fail or are dropped; the app's own list; what people choose to hear of; promotions.

-- A message waits in the queue, or until next_try_at; it ends as sent, failed (nobody takes it) or dropped (it must not
-- go any more). reached: digests of the device tokens that have a push already, while others do not.
ALTER TABLE messages
    ADD COLUMN attempts int NOT NULL DEFAULT 0,
    ADD COLUMN next_try_at timestamptz,
    ADD COLUMN reached bytea[] NOT NULL DEFAULT '{}',
    ADD COLUMN failed_at timestamptz,
    ADD COLUMN dropped_at timestamptz,
    ADD COLUMN reason text CHECK (length(reason) <= 500);
CREATE INDEX messages_next_try_idx ON messages (next_try_at) WHERE next_try_at IS NOT NULL;
CREATE INDEX messages_failed_idx ON messages (failed_at DESC, id DESC) WHERE failed_at IS NOT NULL;
CREATE INDEX messages_created_idx ON messages (created_at DESC, id DESC);
CREATE INDEX messages_promotion_idx ON messages (fact) WHERE kind = 'promotion';

CREATE TABLE notices (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind text NOT NULL,
    fact text NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    data jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    read_at timestamptz,
    UNIQUE (user_id, fact)
);
CREATE INDEX notices_user_idx ON notices (user_id, created_at DESC, id DESC);
CREATE INDEX notices_unread_idx ON notices (user_id) WHERE read_at IS NULL;
CREATE INDEX notices_created_idx ON notices USING brin (created_at);

-- Only what differs from the default.
CREATE TABLE notification_choices (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    topic text NOT NULL,
    channel text NOT NULL CHECK (channel IN ('email', 'push')),
    enabled boolean NOT NULL,
    PRIMARY KEY (user_id, topic, channel)
);

-- Local minutes of the day; who has no row has the shop's.
CREATE TABLE quiet_hours (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    starts_minute int NOT NULL CHECK (starts_minute BETWEEN 0 AND 1439),
    ends_minute int NOT NULL CHECK (ends_minute BETWEEN 0 AND 1439),
    time_zone text NOT NULL CHECK (length(time_zone) <= 64)
);

-- Who agreed to promotions, when, where, to which words; and when and where they took it back.
CREATE TABLE promotion_consents (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    wording text NOT NULL,
    given_at timestamptz NOT NULL DEFAULT now(),
    given_by text NOT NULL CHECK (given_by IN ('preferences')),
    withdrawn_at timestamptz,
    withdrawn_by text CHECK (withdrawn_by IN ('preferences', 'unsubscribe_link', 'one_click')),
    CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL))
);
CREATE UNIQUE INDEX promotion_consents_one_open_idx ON promotion_consents (user_id) WHERE withdrawn_at IS NULL;
CREATE INDEX promotion_consents_user_idx ON promotion_consents (user_id, given_at);

CREATE TABLE promotions (
    id uuid PRIMARY KEY,
    title text NOT NULL CHECK (length(title) BETWEEN 1 AND 100),
    body text NOT NULL CHECK (length(body) BETWEEN 1 AND 2000),
    image_url text CHECK (image_url LIKE 'https://%' AND length(image_url) <= 500),
    segment jsonb NOT NULL,
    -- Where the segment's area lay when it was started: areas may be redrawn meanwhile.
    place jsonb,
    channels text[] NOT NULL CHECK (channels <@ '{email,push}' AND cardinality(channels) >= 1),
    state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'scheduled', 'sending', 'stopped', 'done')),
    starts_at timestamptz,
    -- How many it was for at the start, who came last in the order of ids, how many were looked at, and how many were
    -- passed over by reason.
    audience int CHECK (audience >= 0),
    reached_id uuid,
    looked_at int NOT NULL DEFAULT 0 CHECK (looked_at >= 0),
    skipped jsonb NOT NULL DEFAULT '{}',
    created_by uuid NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    ended_at timestamptz,
    CHECK (state NOT IN ('sending', 'done') OR started_at IS NOT NULL),
    CHECK (state <> 'scheduled' OR starts_at IS NOT NULL),
    CHECK ((state IN ('stopped', 'done')) = (ended_at IS NOT NULL))
);
CREATE INDEX promotions_created_idx ON promotions (created_at DESC, id DESC);
CREATE INDEX promotions_open_idx ON promotions (id) WHERE state IN ('scheduled', 'sending');

CREATE TABLE promotion_recipients (
    promotion_id uuid NOT NULL REFERENCES promotions (id),
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    queued_at timestamptz NOT NULL DEFAULT now(),
    opened_at timestamptz,
    PRIMARY KEY (promotion_id, user_id)
);
CREATE INDEX promotion_recipients_pace_idx ON promotion_recipients (promotion_id, queued_at);
CREATE INDEX promotion_recipients_user_idx ON promotion_recipients (user_id);
-- Segments ask when somebody ordered last, and how much in all.
CREATE INDEX orders_delivered_user_idx ON orders (user_id, delivered_at) WHERE status = 'delivered';
