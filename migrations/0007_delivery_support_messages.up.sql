-- Drivers on the road, talk with customers, and what we send them.

CREATE TABLE vehicles (
    id uuid PRIMARY KEY,
    make text NOT NULL,
    model text NOT NULL,
    plate text NOT NULL UNIQUE,
    is_active boolean NOT NULL DEFAULT true
);

CREATE TABLE driver_shifts (
    id uuid PRIMARY KEY,
    driver_id uuid NOT NULL REFERENCES users (id),
    vehicle_id uuid REFERENCES vehicles (id),
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz CHECK (ended_at >= started_at)
);
CREATE UNIQUE INDEX driver_shifts_one_open_idx ON driver_shifts (driver_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX driver_shifts_one_vehicle_idx ON driver_shifts (vehicle_id) WHERE ended_at IS NULL;

-- Which driver has the order, since when: the driver's list is in this order. A new driver starts anew.
CREATE TABLE stops (
    order_id uuid PRIMARY KEY REFERENCES orders (id) ON DELETE CASCADE,
    driver_id uuid NOT NULL REFERENCES users (id),
    assigned_by uuid NOT NULL REFERENCES users (id),
    assigned_at timestamptz NOT NULL DEFAULT now(),
    arrived_at timestamptz
);

-- A day is a partition; days are made ahead and dropped by age. A phone that sends a position twice stores it once.
CREATE TABLE driver_locations (
    driver_id uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    order_id uuid,
    latitude double precision NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude double precision NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    heading real CHECK (heading BETWEEN 0 AND 360),
    speed real CHECK (speed BETWEEN 0 AND 100),
    PRIMARY KEY (driver_id, recorded_at)
) PARTITION BY RANGE (recorded_at);
CREATE INDEX driver_locations_order_idx ON driver_locations (order_id, recorded_at DESC);
CREATE TABLE driver_locations_other PARTITION OF driver_locations DEFAULT;

-- What the driver found at the door. No birth date, no document number: only what was checked, and the outcome.
CREATE TABLE handovers (
    order_id uuid PRIMARY KEY REFERENCES orders (id),
    driver_id uuid NOT NULL REFERENCES users (id),
    method text NOT NULL CHECK (method IN ('barcode', 'visual')),
    document_type text,
    document_expires_on date NOT NULL,
    of_age boolean NOT NULL CHECK (of_age),
    name_matches boolean NOT NULL CHECK (name_matches),
    signature text,
    cash_received_cents int CHECK (cash_received_cents >= 0),
    handed_over_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE support_tickets (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id),
    order_id uuid REFERENCES orders (id),
    agent_id uuid REFERENCES users (id),
    subject text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    category text CHECK (length(category) <= 100),
    priority text NOT NULL DEFAULT 'medium' CHECK (priority IN ('low', 'medium', 'high', 'urgent')),
    status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'closed')),
    chat_status text NOT NULL DEFAULT 'waiting' CHECK (chat_status IN ('waiting', 'active', 'ended')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((chat_status = 'ended') = (status = 'closed')),
    CHECK (chat_status <> 'active' OR agent_id IS NOT NULL)
);
CREATE INDEX support_tickets_user_idx ON support_tickets (user_id, created_at DESC);
CREATE INDEX support_tickets_queue_idx ON support_tickets (priority, created_at) WHERE chat_status = 'waiting';
CREATE INDEX support_tickets_agent_idx ON support_tickets (agent_id) WHERE chat_status = 'active';

CREATE TABLE support_messages (
    id uuid PRIMARY KEY,
    ticket_id uuid NOT NULL REFERENCES support_tickets (id) ON DELETE CASCADE,
    sender_type text NOT NULL CHECK (sender_type IN ('user', 'agent')),
    sender_id uuid NOT NULL REFERENCES users (id),
    message text NOT NULL CHECK (length(message) BETWEEN 1 AND 4000),
    attachments text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    read_at timestamptz
);
CREATE INDEX support_messages_ticket_idx ON support_messages (ticket_id, created_at, id);

-- Keyed by digest: a token may be longer than an index entry can be.
CREATE TABLE device_tokens (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    token text NOT NULL CHECK (length(token) BETWEEN 1 AND 4096),
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX device_tokens_user_idx ON device_tokens (user_id, created_at);

-- One row for one message by one channel about one fact: `fact` makes a second one impossible.
CREATE TABLE messages (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    channel text NOT NULL CHECK (channel IN ('email', 'push')),
    kind text NOT NULL,
    fact text NOT NULL,
    content jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    UNIQUE (user_id, channel, fact)
);
CREATE INDEX messages_unsent_idx ON messages (created_at) WHERE sent_at IS NULL;
