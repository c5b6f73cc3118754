-- Events that a broker is to be told, oldest first; deleted when it has confirmed them.

CREATE TABLE events_out (
    -- Given within the transaction that states the event, while it holds the object's lock: an object's numbers follow
    -- its commits.
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL,
    name text NOT NULL,
    -- What must stay in order; null: the events of this name.
    subject uuid,
    body bytea NOT NULL,
    stated_at timestamptz NOT NULL DEFAULT now()
);
