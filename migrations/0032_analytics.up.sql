-- What apps tell of visits, by consent, and what of it is to be passed on. Nothing has written analytics_events before.

-- A visitor is a device, by a number that its app drew; somebody who is signed in has none beside their account.
ALTER TABLE analytics_events
    ADD COLUMN visitor_id uuid,
    ADD COLUMN occurred_at timestamptz NOT NULL DEFAULT now(),
    ADD CONSTRAINT analytics_events_one_subject CHECK (user_id IS NULL OR visitor_id IS NULL);
CREATE INDEX analytics_events_user_idx ON analytics_events (user_id, occurred_at) WHERE user_id IS NOT NULL;
CREATE INDEX analytics_events_occurred_at_idx ON analytics_events (occurred_at);

-- Who agreed to be counted, to which words, whether others may hear of it, and when it ended. A change is a new row.
CREATE TABLE analytics_consents (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    wording text NOT NULL,
    third_parties boolean NOT NULL,
    given_at timestamptz NOT NULL DEFAULT now(),
    withdrawn_at timestamptz
);
CREATE UNIQUE INDEX analytics_consents_one_open_idx ON analytics_consents (user_id) WHERE withdrawn_at IS NULL;
CREATE INDEX analytics_consents_user_idx ON analytics_consents (user_id, given_at);

-- An event that a vendor has not got yet. The row goes when the vendor has it; what will never go stays, with the reason.
CREATE TABLE analytics_forwards (
    event_id uuid NOT NULL REFERENCES analytics_events (id) ON DELETE CASCADE,
    vendor text NOT NULL CHECK (vendor IN ('google_analytics', 'mixpanel')),
    -- Whose event it is: a person or a visitor. Vendors never see it.
    subject uuid NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sending', 'lost', 'refused', 'expired')),
    attempts int NOT NULL DEFAULT 0,
    next_try_at timestamptz NOT NULL DEFAULT now(),
    claimed_at timestamptz,
    reason text CHECK (length(reason) <= 500),
    PRIMARY KEY (event_id, vendor),
    CHECK ((state = 'sending') = (claimed_at IS NOT NULL))
);
CREATE INDEX analytics_forwards_due_idx ON analytics_forwards (vendor, next_try_at, event_id) WHERE state = 'waiting';
CREATE INDEX analytics_forwards_subject_idx ON analytics_forwards (vendor, subject) WHERE state = 'waiting';
CREATE INDEX analytics_forwards_sending_idx ON analytics_forwards (claimed_at) WHERE state = 'sending';
